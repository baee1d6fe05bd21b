package printing_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
)

func TestOpenIPP_RefusesBadSettings(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(page, []byte("not a certificate"), 0o600))
	for want, o := range map[string]printing.IPPOptions{
		"printing.uri must be ipp://HOST/PATH": {URI: "http://printer/ipp", Ledger: t.TempDir()},
		"ipps://HOST/PATH":                     {URI: "ipp:/print", Ledger: t.TempDir()},
		"printing.uri holds a user":            {URI: "ipp://station:s3cret@printer/ipp/print", Ledger: t.TempDir()},
		"printing.ledger is empty":             {URI: "ipp://printer/ipp/print"},
		"there is no certificate in":           {URI: "ipps://printer/ipp/print", CAFile: page, Ledger: t.TempDir()},
		"read certificate authorities":         {URI: "ipps://printer/ipp/print", CAFile: page + "x", Ledger: t.TempDir()},
	} {
		_, err := printing.OpenIPP(o)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// Something else where a printer should be gives an error but loses no card: the job
// was not sent, and may go to the right printer afterwards.
func TestIPP_ReportsThatThisIsNotAPrinter(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"a web page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>Log in</html>"))
		},
		"a fault": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"noise": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/ipp")
			_, _ = w.Write([]byte("\x02\x00\xff\xff"))
		},
		"endless noise": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/ipp")
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte{1}, 1<<16)); err != nil {
					return
				}
			}
		},
		"the answer to another request": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/ipp")
			_, _ = w.Write([]byte{2, 0, 0, 0, 9, 9, 9, 9, 3})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			ledger := t.TempDir()
			p, err := printing.OpenIPP(printing.IPPOptions{URI: strings.Replace(server.URL, "http", "ipp", 1) + "/ipp/print", Ledger: ledger})
			require.NoError(t, err)

			err = p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)

			require.ErrorContains(t, err, "look for job CARD-1: Get-Jobs: ")
			require.NotErrorIs(t, err, identity.Spoiled)
			jobs, err := filepath.Glob(filepath.Join(ledger, "*.job"))
			require.NoError(t, err)
			require.Empty(t, jobs)
		})
	}
}

func TestFolders_PrintOnce(t *testing.T) {
	t.Parallel()
	draw := func(gray byte) func(int) (image.Image, image.Image, error) {
		return func(dpi int) (front, back image.Image, err error) {
			picture := image.NewGray(image.Rect(0, 0, dpi, dpi))
			picture.Pix[0] = gray
			return picture, picture, nil
		}
	}
	for name, open := range map[string]func(dir string) (printing.Printer, []string){
		"PDF": func(dir string) (printing.Printer, []string) {
			return &printing.Spool{Dir: dir}, []string{"CARD-1.pdf"}
		},
		"Bitmaps": func(dir string) (printing.Printer, []string) {
			return &printing.Bitmaps{Dir: dir, DPI: 300}, []string{"CARD-1-back.png", "CARD-1-front.png"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "prints")
			p, want := open(dir)
			for range 2 {
				require.NoError(t, p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1), Draw: draw(1)}, ignore))
			}
			err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(2), Draw: draw(2)}, ignore)
			require.ErrorIs(t, err, identity.Spoiled)
			require.ErrorIs(t, p.Print(t.Context(), "../CARD-1", printing.Sides{PDF: pdf(1), Draw: draw(1)}, ignore), identity.Invalid)

			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			var names []string
			for _, file := range files {
				names = append(names, file.Name())
			}
			require.Equal(t, want, names)
		})
	}
}

func TestBitmaps_HaveTheResolutionAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &printing.Bitmaps{Dir: dir, DPI: 600, Time: time.Millisecond}
	err := p.Print(t.Context(), "CARD-1", printing.Sides{Draw: func(dpi int) (front, back image.Image, err error) {
		return image.NewGray(image.Rect(0, 0, dpi, 1)), image.NewGray(image.Rect(0, 0, dpi, 2)), nil
	}}, ignore)
	require.NoError(t, err)
	for side, height := range map[string]int{"front": 1, "back": 2} {
		f, err := os.Open(filepath.Join(dir, "CARD-1-"+side+".png"))
		require.NoError(t, err)
		picture, err := png.Decode(f)
		require.NoError(t, errors.Join(err, f.Close()))
		require.Equal(t, image.Rect(0, 0, 600, height), picture.Bounds())
	}
}
