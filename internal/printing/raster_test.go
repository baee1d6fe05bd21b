package printing_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/OpenPrinting/goipp"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/printing"
)

// sheet is a page of PWG raster as a printer reads it (PWG 5102.4, 4.3).
type sheet struct {
	dpi, width, height, across, along uint32
	duplex, tumble                    uint32
	media                             string
	img                               *image.RGBA
}

// readSheets reads a document of PWG raster.
func readSheets(t *testing.T, document []byte) []sheet {
	t.Helper()
	r := bytes.NewReader(document)
	word := make([]byte, 4)
	_, err := io.ReadFull(r, word)
	require.NoError(t, err)
	require.Equal(t, "RaS2", string(word))
	var sheets []sheet
	for r.Len() > 0 {
		header := make([]byte, 1796)
		_, err := io.ReadFull(r, header)
		require.NoError(t, err)
		at := func(offset int) uint32 { return binary.BigEndian.Uint32(header[offset:]) }
		require.Equal(t, "PwgRaster\x00", string(header[:10]))
		s := sheet{
			dpi: at(276), width: at(372), height: at(376), across: at(456), along: at(460), duplex: at(272), tumble: at(368),
			media: string(bytes.TrimRight(header[1732:], "\x00")),
		}
		require.Equal(t, []uint32{8, 24, 3 * s.width, 0, 19, 3, 2}, []uint32{at(384), at(388), at(392), at(396), at(400), at(420), at(452)})
		require.Equal(t, s.dpi, at(280))
		s.img = image.NewRGBA(image.Rect(0, 0, int(s.width), int(s.height)))
		for y := 0; y < int(s.height); {
			again, err := r.ReadByte()
			require.NoError(t, err)
			line := readLine(t, r, int(s.width))
			for range int(again) + 1 {
				for x, c := range line {
					s.img.SetRGBA(x, y, c)
				}
				y++
			}
		}
		sheets = append(sheets, s)
	}
	return sheets
}

func readLine(t *testing.T, r *bytes.Reader, width int) []color.RGBA {
	t.Helper()
	var line []color.RGBA
	dot := func() color.RGBA {
		var c [3]byte
		_, err := io.ReadFull(r, c[:])
		require.NoError(t, err)
		return color.RGBA{c[0], c[1], c[2], 255}
	}
	for len(line) < width {
		n, err := r.ReadByte()
		require.NoError(t, err)
		if n > 128 {
			for range 257 - int(n) {
				line = append(line, dot())
			}
			continue
		}
		require.NotEqual(t, byte(128), n)
		c := dot()
		for range int(n) + 1 {
			line = append(line, c)
		}
	}
	require.Len(t, line, width)
	return line
}

// speckled is a picture with runs and without, and with lines that are the same.
func speckled(seed uint64, w, h int) *image.RGBA {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same every time
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{200, 100, uint8(x / 150), 255}
			if y%7 == 3 && random.IntN(3) > 0 {
				c = color.RGBA{uint8(random.IntN(3)), uint8(random.IntN(256)), 9, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// rasters is a printer that takes PWG raster alone.
func rasters(back string, more ...goipp.Attribute) manner {
	return is(append([]goipp.Attribute{
		keyword("document-format-supported", "image/pwg-raster", "image/urf"),
		keyword("pwg-raster-document-type-supported", "sgray_8", "srgb_8"),
		keyword("pwg-raster-document-sheet-back", back),
		goipp.MakeAttr("pwg-raster-document-resolution-supported", goipp.TagResolution,
			goipp.Resolution{Xres: 1200, Yres: 1200, Units: goipp.UnitsDpi}, goipp.Resolution{Xres: 300, Yres: 300, Units: goipp.UnitsDpi}),
		keyword("sides-supported", "two-sided-long-edge", "two-sided-short-edge"),
	}, more...)...)
}

// A printer that takes no PDF gets both sides as dots, at its resolution, and each as its
// way of turning the sheet wants it.
func TestIPP_PrintsDotsWhereThePrinterTakesNoPDF(t *testing.T) {
	t.Parallel()
	const one, mirrored = 1, 0xffffffff
	front, back := speckled(1, 1011, 638), speckled(2, 1011, 638)
	for name, c := range map[string]struct {
		sheetBack, sides, media string
		across, along           uint32
		at                      func(x, y int) (int, int) // the dot of the back
		tumble, width, height   uint32
	}{
		"normal":        {"normal", "", "", one, one, func(x, y int) (int, int) { return x, y }, 0, 1011, 638},
		"rotated":       {"rotated", "", "", mirrored, mirrored, func(x, y int) (int, int) { return 1010 - x, 637 - y }, 0, 1011, 638},
		"flipped":       {"flipped", "", "", one, mirrored, func(x, y int) (int, int) { return x, 637 - y }, 0, 1011, 638},
		"flipped short": {"flipped", "two-sided-short-edge", "", mirrored, one, func(x, y int) (int, int) { return 1010 - x, y }, 1, 1011, 638},
		"tumbled":       {"manual-tumble", "two-sided-short-edge", "", mirrored, mirrored, func(x, y int) (int, int) { return 1010 - x, 637 - y }, 1, 1011, 638},
		"not tumbled":   {"manual-tumble", "", "", one, one, func(x, y int) (int, int) { return x, y }, 0, 1011, 638},
		"upright":       {"normal", "", "om_id1-card_53.98x85.6mm", one, one, func(x, y int) (int, int) { return 1010 - y, x }, 0, 638, 1011},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &machine{manner: rasters(c.sheetBack)}
			p := open(t, m, printing.IPPOptions{Sides: c.sides, Media: c.media})
			require.NoError(t, p.Prove(t.Context()))

			require.NoError(t, p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1), Draw: func(dpi int) (image.Image, image.Image, error) {
				require.Equal(t, 300, dpi)
				return front, back, nil
			}}, ignore))

			require.Equal(t, "image/pwg-raster", m.jobs[0].format)
			sheets := readSheets(t, m.jobs[0].document)
			require.Len(t, sheets, 2)
			for _, s := range sheets {
				require.Equal(t, []uint32{300, c.width, c.height, 1, c.tumble}, []uint32{s.dpi, s.width, s.height, s.duplex, s.tumble})
				require.Equal(t, c.media, s.media)
			}
			require.Equal(t, []uint32{one, one, c.across, c.along}, []uint32{sheets[0].across, sheets[0].along, sheets[1].across, sheets[1].along})
			if c.width == 1011 {
				require.Equal(t, front.Pix, sheets[0].img.Pix)
			}
			for y := range int(c.height) {
				for x := range int(c.width) {
					u, v := c.at(x, y)
					if sheets[1].img.RGBAAt(x, y) != back.RGBAAt(u, v) {
						t.Fatalf("dot %d,%d of the back is not the one at %d,%d", x, y, u, v)
					}
				}
			}
		})
	}
}

func TestIPP_RefusesAPrinterWhoseDotsDoNotServe(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]manner{
		"not in colors": rasters("normal", keyword("pwg-raster-document-type-supported", "sgray_8")),
		"not at a resolution": rasters("normal", goipp.MakeAttr("pwg-raster-document-resolution-supported", goipp.TagResolution,
			goipp.Resolution{Xres: 150, Yres: 150, Units: goipp.UnitsDpi})),
	} {
		printer := &machine{manner: m}
		require.ErrorContains(t, printer.driver(t).Prove(t.Context()), want)
	}
}
