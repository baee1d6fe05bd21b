package render

import (
	"image"

	"golang.org/x/image/vector"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
)

// mrzBaseline is how far the MRZ's letters stand below the top of their cells, which
// are a pitch wide and forms.MRZCellHeight high, mm.
const mrzBaseline = 2.9

// zone places the lines of the MRZ.
func (f *Form) zone(g *forms.Field, lines [3]string) ([]piece, error) {
	face := f.renderer.faces["mrz"]
	pieces := make([]piece, 0, len(lines))
	for i, line := range lines {
		if _, missing := f.renderer.faces.width("mrz", line); missing != 0 || line == "" {
			return nil, identity.RefuseField(identity.Invalid, "person", "has no machine-readable zone")
		}
		pieces = append(pieces, piece{
			runs: []run{{face: face, text: line}}, x: g.X + f.mrzMargin(g), y: g.Y + float64(i)*g.Leading + mrzBaseline,
			size: g.Size, pitch: g.Pitch, color: f.color(g.Color),
		})
	}
	return pieces, nil
}

// mrzMargin is the distance from the left edge of a cell to its letter, mm.
func (f *Form) mrzMargin(g *forms.Field) float64 {
	return (g.Pitch - f.renderer.faces["mrz"].glyphs['A'].width*g.Size*point) / 2
}

// Letters draws the letters of an MRZ as they stand in their cells (pitch by
// forms.MRZCellHeight), each to a raster of w by h with 0 for black: a reader compares
// cells with them. They are drawn once; callers must not change them.
func (f *Form) Letters(g forms.Field, alphabet string, w, h int) map[byte][]uint8 {
	key := lettersKey{form: f, field: g.ID, alphabet: alphabet, w: w, h: h}
	return f.renderer.cache.letter(key, func() map[byte][]uint8 { return f.drawLetters(g, alphabet, w, h) })
}

func (f *Form) drawLetters(g forms.Field, alphabet string, w, h int) map[byte][]uint8 {
	const fine = 8 // how many times larger they are drawn before they are averaged
	face := f.renderer.faces["mrz"]
	drawn := make(map[byte][]uint8, len(alphabet))
	em := g.Size * point
	sx, sy := float64(w*fine)/g.Pitch, float64(h*fine)/forms.MRZCellHeight
	for i := range len(alphabet) {
		large := image.NewAlpha(image.Rect(0, 0, w*fine, h*fine))
		ink := vector.NewRasterizer(w*fine, h*fine)
		for _, contour := range face.contours(rune(alphabet[i])) {
			for k, p := range contour {
				px, py := float32((f.mrzMargin(&g)+p.x*em)*sx), float32((mrzBaseline+p.y*em)*sy)
				if k == 0 {
					ink.MoveTo(px, py)
				} else {
					ink.LineTo(px, py)
				}
			}
			ink.ClosePath()
		}
		ink.Draw(large, large.Rect, image.Opaque, image.Point{})
		drawn[alphabet[i]] = average(large, w, h, fine)
	}
	return drawn
}

// average reduces a mask to a raster of w by h, dark where it is full.
func average(large *image.Alpha, w, h, fine int) []uint8 {
	out := make([]uint8, w*h)
	for y := range h {
		for x := range w {
			sum := 0
			for v := range fine {
				for u := range fine {
					sum += int(large.Pix[large.PixOffset(x*fine+u, y*fine+v)])
				}
			}
			out[y*w+x] = uint8((255 - sum/(fine*fine)) & 0xFF)
		}
	}
	return out
}
