package camera

import (
	"fmt"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// engine is PDFium, started once in a program that looks with a simulated camera. It
// draws one card after the other, so that it takes the memory of one.
var engine = sync.OnceValues(startEngine)

// startEngine starts PDFium. Its machine code is kept in the user's cache: to make it
// takes seconds and 300 MB.
func startEngine() (pdfium.Pool, error) {
	run := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	if dir, err := os.UserCacheDir(); err == nil {
		if cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(dir, "cancuoc", "pdfium")); err == nil {
			run = run.WithCompilationCache(cache)
		}
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxIdle: 1, MaxTotal: 1, ReuseWorkers: true, RuntimeConfig: run,
		FSConfig: wazero.NewFSConfig(), // it sees no files
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return pool, nil
}

// takeTurn is how long a card may wait for those before it.
const takeTurn = 5 * time.Minute

// rasterize draws the two pages of a PDF.
func rasterize(pdf []byte, dpi int) (sides [2]*image.RGBA, err error) {
	pool, err := engine()
	if err != nil {
		return sides, err
	}
	instance, err := pool.GetInstance(takeTurn)
	if err != nil {
		return sides, fmt.Errorf("wait for PDFium: %w", err)
	}
	defer func() { _ = instance.Close() }() // goes back to the pool
	opened, err := instance.OpenDocument(&requests.OpenDocument{File: &pdf})
	if err != nil {
		return sides, fmt.Errorf("open PDF: %w", err)
	}
	defer func() { // without effect if it fails: the pool would not take it back
		_, _ = instance.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: opened.Document})
	}()
	for page := range sides {
		drawn, err := instance.RenderPageInDPI(&requests.RenderPageInDPI{
			DPI: dpi, Page: requests.Page{ByIndex: &requests.PageByIndex{Document: opened.Document, Index: page}},
		})
		if err != nil {
			return sides, fmt.Errorf("draw page %d of PDF: %w", page+1, err)
		}
		seen := drawn.Result.RenderedImage // in PDFium's memory, which it takes back
		sides[page] = image.NewRGBA(seen.Bounds())
		draw.Draw(sides[page], sides[page].Rect, seen, seen.Bounds().Min, draw.Src)
		drawn.Cleanup()
	}
	return sides, nil
}
