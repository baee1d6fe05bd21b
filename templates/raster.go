package templates

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Bitmaps draws both sides at a resolution, from the same layout as PDF: for
// printers that take bitmaps, and for what a camera would see. QR modules fall on
// whole dots. Safe for concurrent use.
func (f *Form) Bitmaps(c Content, dpi int, o Options) (front, back *image.RGBA, err error) {
	l, err := f.layout(c)
	if err != nil {
		return nil, nil, err
	}
	var sides [2]*image.RGBA
	for i, side := range []Side{Front, Back} {
		b := &bitmap{scale: float64(dpi) / 25.4}
		b.img = b.blank(f, i, o)
		for _, t := range f.fixed(side, o) {
			b.text(t)
		}
		for _, p := range l.pictures[i] {
			if err := b.picture(p); err != nil {
				return nil, nil, err
			}
		}
		for _, q := range l.codes[i] {
			b.code(q)
		}
		for _, t := range l.pieces[i] {
			b.text(t)
		}
		sides[i] = b.img
	}
	return sides[0], sides[1], nil
}

// fixed are the fixed texts that this mode draws.
func (f *Form) fixed(side Side, o Options) []piece {
	if o.Mode == Overlay {
		return nil
	}
	return f.texts(side)
}

// bitmap draws on one side.
type bitmap struct {
	img   *image.RGBA
	scale float64 // dots per mm
	buf   sfnt.Buffer
	ink   vector.Rasterizer
}

// blank gives a side with its background, which is drawn once and copied.
func (b *bitmap) blank(f *Form, side int, o Options) *image.RGBA {
	if o.Mode == Overlay {
		img := image.NewRGBA(b.bounds(f))
		draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
		return img
	}
	key := backgroundKey{f, side, b.scale, o.Specimen}
	background := f.catalog.background(key, func() *image.RGBA {
		b.img = image.NewRGBA(b.bounds(f))
		draw.Draw(b.img, b.img.Rect, image.White, image.Point{}, draw.Src)
		shapes := f.art[side].shapes
		if o.Specimen {
			shapes = append(shapes[:len(shapes):len(shapes)], f.art[side].specimen...)
		}
		for _, s := range shapes {
			b.shape(s)
		}
		return b.img
	})
	img := image.NewRGBA(background.Rect)
	copy(img.Pix, background.Pix)
	return img
}

func (b *bitmap) bounds(f *Form) image.Rectangle {
	return image.Rect(0, 0, int(math.Round(f.Page.W*b.scale)), int(math.Round(f.Page.H*b.scale)))
}

// shape draws a filled area, or a line as quadrangles, within its own bounds.
func (b *bitmap) shape(s shape) {
	area := s.bounds(b.scale).Intersect(b.img.Rect)
	if area.Empty() {
		return
	}
	b.ink.Reset(area.Dx(), area.Dy())
	origin := dot{float64(area.Min.X), float64(area.Min.Y)}
	for _, contour := range s.contours {
		if s.width == 0 {
			b.contour(contour, origin)
			continue
		}
		half := s.width / 2
		for i := 1; i < len(contour); i++ {
			p, q := contour[i-1], contour[i]
			length := math.Hypot(q.x-p.x, q.y-p.y)
			if length == 0 {
				continue
			}
			nx, ny := -(q.y-p.y)/length*half, (q.x-p.x)/length*half
			b.contour([]dot{{p.x + nx, p.y + ny}, {q.x + nx, q.y + ny}, {q.x - nx, q.y - ny}, {p.x - nx, p.y - ny}}, origin)
		}
	}
	b.ink.Draw(b.img, area, image.NewUniform(s.color.rgba()), image.Point{})
}

// bounds are the dots that a shape may touch.
func (s shape) bounds(scale float64) image.Rectangle {
	low, high := dot{math.Inf(1), math.Inf(1)}, dot{math.Inf(-1), math.Inf(-1)}
	for _, contour := range s.contours {
		for _, p := range contour {
			low.x, low.y = min(low.x, p.x), min(low.y, p.y)
			high.x, high.y = max(high.x, p.x), max(high.y, p.y)
		}
	}
	return image.Rect(
		int(math.Floor((low.x-s.width)*scale)), int(math.Floor((low.y-s.width)*scale)),
		int(math.Ceil((high.x+s.width)*scale))+1, int(math.Ceil((high.y+s.width)*scale))+1)
}

// contour adds a contour; origin is the dot at which the rasterizer begins.
func (b *bitmap) contour(points []dot, origin dot) {
	for i, p := range points {
		x, y := float32(p.x*b.scale-origin.x), float32(p.y*b.scale-origin.y)
		if i == 0 {
			b.ink.MoveTo(x, y)
		} else {
			b.ink.LineTo(x, y)
		}
	}
	b.ink.ClosePath()
}

// text draws a line, letter by letter.
func (b *bitmap) text(t piece) {
	ink := image.NewUniform(t.color.rgba())
	em := t.size * point * b.scale // dots
	for _, r := range t.runs {
		x, y := t.x*b.scale+r.x*em, t.y*b.scale-r.rise*em
		for _, letter := range r.text {
			b.letter(r.face, letter, x, y, em, ink)
			x += r.face.width[letter] * em
		}
	}
}

// letter fills one glyph's outline, origin at (x, y).
func (b *bitmap) letter(face *typeface, r rune, x, y, em float64, ink image.Image) {
	glyph, err := face.font.GlyphIndex(&b.buf, r)
	if err != nil {
		return
	}
	segments, err := face.font.LoadGlyph(&b.buf, glyph, fixed.Int26_6(math.Round(em*64)), nil)
	if err != nil || len(segments) == 0 {
		return
	}
	bounds := segments.Bounds()
	left, top := math.Floor(x+float64(bounds.Min.X)/64), math.Floor(y+float64(bounds.Min.Y)/64)
	w := int(math.Ceil(x+float64(bounds.Max.X)/64)-left) + 1
	h := int(math.Ceil(y+float64(bounds.Max.Y)/64)-top) + 1
	b.ink.Reset(w, h)
	at := func(p fixed.Point26_6) (float32, float32) {
		return float32(x - left + float64(p.X)/64), float32(y - top + float64(p.Y)/64)
	}
	for _, s := range segments {
		ax, ay := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			b.ink.ClosePath()
			b.ink.MoveTo(ax, ay)
		case sfnt.SegmentOpLineTo:
			b.ink.LineTo(ax, ay)
		case sfnt.SegmentOpQuadTo:
			bx, by := at(s.Args[1])
			b.ink.QuadTo(ax, ay, bx, by)
		case sfnt.SegmentOpCubeTo:
			bx, by := at(s.Args[1])
			cx, cy := at(s.Args[2])
			b.ink.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	b.ink.ClosePath()
	b.ink.Draw(b.img, image.Rect(int(left), int(top), int(left)+w, int(top)+h), ink, image.Point{})
}

// code draws a QR code with modules of whole dots, centred in its place.
func (b *bitmap) code(c code) {
	n := len(c.rows)
	module := max(1, int(c.module*b.scale))
	spare := c.module*b.scale*float64(n) - float64(module*n)
	left, top := int(math.Round(c.x*b.scale+spare/2)), int(math.Round(c.y*b.scale+spare/2))
	for y, row := range c.rows {
		for x, dark := range row {
			if dark {
				draw.Draw(b.img, image.Rect(left+x*module, top+y*module, left+(x+1)*module, top+(y+1)*module), image.Black, image.Point{}, draw.Src)
			}
		}
	}
}

// picture draws an image scaled to its box.
func (b *bitmap) picture(p picture) error {
	decode := jpeg.Decode
	if p.kind == "png" {
		decode = png.Decode
	}
	src, err := decode(bytes.NewReader(p.bytes))
	if err != nil {
		return fmt.Errorf("read picture: %w", err)
	}
	box := image.Rect(
		int(math.Round(p.box.X*b.scale)), int(math.Round(p.box.Y*b.scale)),
		int(math.Round((p.box.X+p.box.W)*b.scale)), int(math.Round((p.box.Y+p.box.H)*b.scale)))
	draw.ApproxBiLinear.Scale(b.img, box, src, src.Bounds(), draw.Src, nil)
	return nil
}

func (c rgb) rgba() color.RGBA { return color.RGBA{c.r, c.g, c.b, 255} }

// CellHeight is the height of an MRZ cell, from the top of the field's line, in mm:
// letters stand in its middle.
const CellHeight = 3.6

// Letters draws the MRZ's letters as they stand in their cells (pitch by
// CellHeight), each to a raster of w by h, dark on light: what a reader compares
// with.
func (f *Form) Letters(g Field, alphabet string, w, h int) map[byte][]uint8 {
	const fine = 8 // drawn so many times larger, then averaged
	face := f.catalog.faces["mrz"]
	glyphs := make(map[byte][]uint8, len(alphabet))
	for i := range len(alphabet) {
		sx, sy := float64(w*fine)/g.Pitch, float64(h*fine)/CellHeight
		mask := image.NewAlpha(image.Rect(0, 0, w*fine, h*fine))
		ink := vector.NewRasterizer(w*fine, h*fine)
		em := g.Size * point
		x, y := (g.Pitch-face.width['A']*em)/2, mrzBaseline
		for _, contour := range face.contours(rune(alphabet[i])) {
			for k, p := range contour {
				px, py := float32((x+p.x*em)*sx), float32((y+p.y*em)*sy)
				if k == 0 {
					ink.MoveTo(px, py)
				} else {
					ink.LineTo(px, py)
				}
			}
			ink.ClosePath()
		}
		ink.Draw(mask, mask.Rect, image.Opaque, image.Point{})
		glyphs[alphabet[i]] = average(mask, w, h, fine)
	}
	return glyphs
}

// average brings a mask to a raster, dark where it is full.
func average(mask *image.Alpha, w, h, fine int) []uint8 {
	out := make([]uint8, w*h)
	for y := range h {
		for x := range w {
			sum := 0
			for v := range fine {
				for u := range fine {
					sum += int(mask.Pix[mask.PixOffset(x*fine+u, y*fine+v)])
				}
			}
			out[y*w+x] = uint8(255 - sum/(fine*fine))
		}
	}
	return out
}
