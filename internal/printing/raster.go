package printing

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/OpenPrinting/goipp"
)

// raster is how a printer takes PWG raster (PWG 5102.4): pages of dots in sRGB.
type raster struct {
	dpi      int
	media    string
	portrait bool   // the media lie upright, and a card is turned to the left on them
	tumble   bool   // the sheet is turned about its short edge
	back     string // pwg-raster-document-sheet-back: how the back's dots lie
}

// mostDPI is how fine a card is drawn at most.
const mostDPI = 600

// rasterFor chooses how a printer takes a card on such media.
func rasterFor(printer goipp.Attributes, media, sides string) (raster, error) {
	const plain = 300
	r := raster{dpi: plain, media: media, tumble: sides == shortEdge, back: text(printer, "pwg-raster-document-sheet-back")}
	if types := keywords(printer, "pwg-raster-document-type-supported"); len(types) > 0 && !slices.Contains(types, "srgb_8") {
		return raster{}, errors.New("the printer takes PWG raster, but not in colors (srgb_8): choose another driver (printing.driver)")
	}
	if all := resolutions(printer, "pwg-raster-document-resolution-supported"); len(all) > 0 {
		r.dpi = all[0]
		for _, dpi := range all {
			if dpi <= mostDPI {
				r.dpi = dpi
			}
		}
	}
	if r.dpi < plain || r.dpi > 2*mostDPI {
		return raster{}, errors.New("the printer takes PWG raster, but not at a resolution that a card can be drawn at: choose another driver (printing.driver)")
	}
	r.portrait = upright(media)
	return r, nil
}

// upright reports whether a size by PWG 5101.1, such as om_id1-card_53.98x85.6mm, is higher
// than it is wide.
func upright(media string) bool {
	size := strings.TrimRight(media[strings.LastIndexByte(media, '_')+1:], "min")
	w, h, two := strings.Cut(size, "x")
	width, err := strconv.ParseFloat(w, 64)
	height, err2 := strconv.ParseFloat(h, 64)
	return two && err == nil && err2 == nil && width < height
}

// encode gives both sides as a document.
func (r raster) encode(front, back image.Image) []byte {
	b := []byte("RaS2")
	b = r.page(b, r.turned(front, 1, 1), 1, 1)
	across, along := r.backTransform()
	return r.page(b, r.turned(back, across, along), across, along)
}

// backTransform says how the dots of the back are mirrored across and along the feed (PWG
// 5102.4, table 10).
func (r raster) backTransform() (across, along int) {
	switch {
	case r.back == "flipped" && r.tumble:
		return -1, 1
	case r.back == "flipped":
		return 1, -1
	case r.back == "manual-tumble" && r.tumble, r.back == "rotated" && !r.tumble:
		return -1, -1
	}
	return 1, 1
}

// turned lays a side on the media, and mirrors it.
func (r raster) turned(side image.Image, across, along int) *image.RGBA {
	from := image.NewRGBA(image.Rect(0, 0, side.Bounds().Dx(), side.Bounds().Dy()))
	draw.Draw(from, from.Rect, side, side.Bounds().Min, draw.Src)
	w, h := from.Rect.Dx(), from.Rect.Dy()
	if !r.portrait && across == 1 && along == 1 {
		return from
	}
	if r.portrait {
		w, h = h, w
	}
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := x, y
			if across < 0 {
				u = w - 1 - x
			}
			if along < 0 {
				v = h - 1 - y
			}
			if r.portrait {
				u, v = h-1-v, u
			}
			to.SetRGBA(x, y, from.RGBAAt(u, v))
		}
	}
	return to
}

// page appends a page: its header of 1796 bytes (PWG 5102.4, table 4), and its lines.
func (r raster) page(b []byte, img *image.RGBA, across, along int) []byte {
	const headerBytes, colors = 1796, 3
	w, h := img.Rect.Dx(), img.Rect.Dy()
	header := make([]byte, headerBytes)
	copy(header, "PwgRaster")
	copy(header[1732:], r.media)
	points := func(dots int) int { return int(math.Round(float64(dots) * 72 / float64(r.dpi))) }
	tumble := 0
	if r.tumble {
		tumble = 1
	}
	for _, field := range []struct{ at, value int }{
		{272, 1}, {276, r.dpi}, {280, r.dpi}, // both sides; resolution
		{340, 1}, {352, points(w)}, {356, points(h)}, {368, tumble}, // copies; page; turned about the short edge
		{372, w}, {376, h}, {384, 8}, {388, 8 * colors}, {392, colors * w}, {400, 19}, {420, colors}, // sRGB, dot by dot
		{452, 2}, {456, across}, {460, along}, {472, w}, {476, h}, {480, 0xffffff}, // pages; transform; the whole page is drawn on; white
	} {
		binary.BigEndian.PutUint32(header[field.at:], uint32(int32(field.value)))
	}
	b = append(b, header...)
	for y := 0; y < h; {
		line := img.Pix[y*img.Stride : y*img.Stride+4*w]
		again := 1 // the same line
		for y+again < h && again < 256 && slices.Equal(line, img.Pix[(y+again)*img.Stride:(y+again)*img.Stride+4*w]) {
			again++
		}
		b = pack(append(b, byte(again-1)), line)
		y += again
	}
	return b
}

// pack appends the dots of a line: runs of one color, and runs of different ones.
func pack(b, line []byte) []byte {
	const most = 128
	dot := func(i int) color.RGBA { return color.RGBA{line[4*i], line[4*i+1], line[4*i+2], 0} }
	add := func(c color.RGBA) { b = append(b, c.R, c.G, c.B) }
	n := len(line) / 4
	for i := 0; i < n; {
		same := 1
		for i+same < n && same < most && dot(i+same) == dot(i) {
			same++
		}
		if same > 1 || i+1 == n {
			b = append(b, byte(same-1))
			add(dot(i))
			i += same
			continue
		}
		unlike := 1
		for i+unlike < n && unlike < most && (i+unlike+1 == n || dot(i+unlike) != dot(i+unlike+1)) {
			unlike++
		}
		if unlike == 1 {
			b = append(b, 0)
		} else {
			b = append(b, byte(257-unlike))
		}
		for range unlike {
			add(dot(i))
			i++
		}
	}
	return b
}
