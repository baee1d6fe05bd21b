package print

import (
	"fmt"
	"image"
	"math"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// alphabet of the MRZ.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"

// The reader compares cells of fixed pitch with the letters of the font, both reduced to a
// raster of cellW by cellH. Programs that read running text fail on long runs of fillers;
// here nothing is guessed but each letter.
const (
	cellW, cellH = 12, 18
	searchMM     = 0.4  // how far a print may be shifted
	stepMM       = 0.1  // the steps in which the shift is searched
	leastSure    = 0.55 // least correlation of a cell with its letter
	surely       = 0.9  // at which no shift is searched for
)

// checkMRZ reads the three lines and compares them with what should be there.
func (i *inspection) checkMRZ(form *render.Form, field forms.Field, want [3]string) []finding {
	got, ok := i.readMRZ(form, field)
	if !ok {
		return []finding{{field.ID, "the MRZ is missing, or too faint to read"}}
	}
	var findings []finding
	for n := range want {
		wrong := 0
		for j := range want[n] {
			if got[n][j] != want[n][j] {
				wrong++
			}
		}
		if wrong > 0 {
			findings = append(findings, finding{field.ID, fmt.Sprintf("line %d of the MRZ differs at %d place(s)", n+1, wrong)})
		}
	}
	return findings
}

// readMRZ reads each cell where it should be. Unless all are clear there, it finds the
// shift at which the zone is clearest, first roughly and then finely, and reads each cell
// at that. It fails if a cell is not clear enough.
func (i *inspection) readMRZ(form *render.Form, field forms.Field) (lines [3]string, ok bool) {
	scale := i.place.scale()
	r := &zoneReader{gray: i.crop(field.Box, 2*searchMM, scale, i.gain[1]), scale: scale, field: field}
	letters := form.Letters(field, alphabet, cellW, cellH)
	for n := range len(alphabet) {
		r.letters[n] = normalize(letters[alphabet[n]])
	}
	if lines, ok = r.read(0, 0, surely); ok {
		return lines, true
	}
	dx, dy := r.clearest(0, 0, searchMM, 2*stepMM)
	dx, dy = r.clearest(dx, dy, stepMM, stepMM)
	return r.read(dx, dy, leastSure)
}

// vector is a cell without its brightness and contrast: the sum of its elements is 0, that
// of their squares 1. A cell without ink is all zeros.
type vector [cellW * cellH]float32

// normalize removes brightness and contrast.
func normalize(cell []uint8) vector {
	var sum, squares float64
	for _, v := range cell {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(cell))
	variance := squares - sum*sum/n
	var out vector
	if variance <= n {
		return out
	}
	mean, scale := sum/n, 1/math.Sqrt(variance)
	for i, v := range cell {
		out[i] = float32((float64(v) - mean) * scale)
	}
	return out
}

// zoneReader reads the zone of one picture.
type zoneReader struct {
	gray    *image.Gray // the zone and its surroundings
	scale   float64     // dots per mm
	field   forms.Field
	letters [len(alphabet)]vector
}

// read reads each cell at a shift. It fails if one is less like its letter than least.
func (r *zoneReader) read(dx, dy, least float64) (lines [3]string, ok bool) {
	for i := range lines {
		b := make([]byte, 30)
		for j := range b {
			letter, score := r.letter(i, j, dx, dy)
			if score < least {
				return lines, false
			}
			b[j] = letter
		}
		lines[i] = string(b)
	}
	return lines, true
}

// probes are the cells (line and column) by which the shift is found.
var probes = [][2]int{{0, 0}, {1, 9}, {2, 3}, {0, 14}, {1, 22}, {2, 0}}

// clearest finds the shift within a distance of (x, y), in mm, at which the probes are
// most like letters.
func (r *zoneReader) clearest(x, y, within, step float64) (dx, dy float64) {
	best := -1.0
	for sy := y - within; sy <= y+within+1e-9; sy += step {
		for sx := x - within; sx <= x+within+1e-9; sx += step {
			sum := 0.0
			for _, at := range probes {
				_, score := r.letter(at[0], at[1], sx, sy)
				sum += score
			}
			if sum > best {
				best, dx, dy = sum, sx, sy
			}
		}
	}
	return dx, dy
}

// letter finds the letter that is most like a cell, and their correlation.
func (r *zoneReader) letter(line, column int, dx, dy float64) (byte, float64) {
	f := r.field
	cell := normalize(r.cell(2*searchMM+float64(column)*f.Pitch+dx, 2*searchMM+float64(line)*f.Leading+dy, f.Pitch, forms.MRZCellHeight))
	best, found := float32(-1), byte('<')
	for i := range r.letters {
		if score := r.letters[i].like(&cell); score > best {
			best, found = score, alphabet[i]
		}
	}
	return found, float64(best)
}

// like is the correlation of two cells. It is summed in four parts, which a processor can
// add at the same time.
func (v *vector) like(w *vector) float32 {
	var a, b, c, d float32
	for k := 0; k < len(v); k += 4 {
		a += v[k] * w[k]
		b += v[k+1] * w[k+1]
		c += v[k+2] * w[k+2]
		d += v[k+3] * w[k+3]
	}
	return a + b + c + d
}

// cell reduces a rectangle (mm) to the raster by averaging.
func (r *zoneReader) cell(x, y, w, h float64) []uint8 {
	out := make([]uint8, cellW*cellH)
	for j := range cellH {
		y0 := int(math.Round((y + h*float64(j)/cellH) * r.scale))
		y1 := max(int(math.Round((y+h*float64(j+1)/cellH)*r.scale)), y0+1)
		for i := range cellW {
			x0 := int(math.Round((x + w*float64(i)/cellW) * r.scale))
			x1 := max(int(math.Round((x+w*float64(i+1)/cellW)*r.scale)), x0+1)
			area := image.Rect(x0, y0, x1, y1).Intersect(r.gray.Rect)
			sum, n := 0, 0
			for v := area.Min.Y; v < area.Max.Y; v++ {
				row := r.gray.Pix[r.gray.PixOffset(area.Min.X, v):]
				for u := range area.Dx() {
					sum += int(row[u])
					n++
				}
			}
			if n > 0 {
				out[j*cellW+i] = uint8(sum / n & 0xFF)
			}
		}
	}
	return out
}
