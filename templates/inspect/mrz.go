package inspect

import (
	"fmt"
	"image"
	"math"

	"example.org/cancuoc/templates"
)

// alphabet of the MRZ.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"

// The matcher compares cells of fixed pitch with the font's own letters, both
// brought to a raster of cellW x cellH. OCR programs made for running text fail on
// long runs of fillers; this one has nothing to guess but each letter.
const (
	cellW, cellH = 12, 18
	searchMM     = 0.4  // a print may be shifted by so much
	stepMM       = 0.1  // and is looked for in steps of so much
	leastSure    = 0.55 // correlation below which a cell is no letter
)

// checkMRZ reads the three lines and compares them.
func (p *picture) checkMRZ(form *templates.Form, field templates.Field, want [3]string) []string {
	got, ok := p.readMRZ(form, field)
	if !ok {
		return []string{"the MRZ is missing, or too faint to read"}
	}
	var findings []string
	for i := range want {
		wrong := 0
		for j := range want[i] {
			if got[i][j] != want[i][j] {
				wrong++
			}
		}
		if wrong > 0 {
			findings = append(findings, fmt.Sprintf("line %d of the MRZ reads otherwise at %d place(s)", i+1, wrong))
		}
	}
	return findings
}

// readMRZ finds the shift at which the zone is clearest, then reads each cell.
func (p *picture) readMRZ(form *templates.Form, field templates.Field) (lines [3]string, ok bool) {
	glyphs := form.Letters(field, alphabet, cellW, cellH)
	best, dx, dy := -1.0, 0.0, 0.0
	probe := [][2]int{{0, 0}, {1, 9}, {2, 3}, {0, 14}, {1, 22}, {2, 0}} // cells by which the shift is found
	for sy := -searchMM; sy <= searchMM+1e-9; sy += stepMM {
		for sx := -searchMM; sx <= searchMM+1e-9; sx += stepMM {
			sum := 0.0
			for _, at := range probe {
				_, score := p.letter(field, glyphs, at[0], at[1], sx, sy)
				sum += score
			}
			if sum > best {
				best, dx, dy = sum, sx, sy
			}
		}
	}
	for i := range lines {
		b := make([]byte, 30)
		for j := range b {
			letter, score := p.letter(field, glyphs, i, j, dx, dy)
			if score < leastSure {
				return lines, false
			}
			b[j] = letter
		}
		lines[i] = string(b)
	}
	return lines, true
}

// letter finds the letter most like a cell.
func (p *picture) letter(field templates.Field, glyphs map[byte][]uint8, line, column int, dx, dy float64) (byte, float64) {
	cell := p.cell(field.X+float64(column)*field.Pitch+dx, field.Y+float64(line)*field.Leading+dy, field.Pitch, templates.CellHeight)
	best, found := -1.0, byte('<')
	for i := range len(alphabet) {
		if score := correlate(cell, glyphs[alphabet[i]]); score > best {
			best, found = score, alphabet[i]
		}
	}
	return found, best
}

// cell brings a rectangle (mm) to the raster by averaging.
func (p *picture) cell(x, y, w, h float64) []uint8 {
	out := make([]uint8, cellW*cellH)
	r := p.grey.Rect
	for j := range cellH {
		y0 := int(math.Round((y + h*float64(j)/cellH) * p.scale))
		y1 := max(int(math.Round((y+h*float64(j+1)/cellH)*p.scale)), y0+1)
		for i := range cellW {
			x0 := int(math.Round((x + w*float64(i)/cellW) * p.scale))
			x1 := max(int(math.Round((x+w*float64(i+1)/cellW)*p.scale)), x0+1)
			area := image.Rect(x0, y0, x1, y1).Intersect(r)
			sum, n := 0, 0
			for v := area.Min.Y; v < area.Max.Y; v++ {
				row := p.grey.Pix[p.grey.PixOffset(area.Min.X, v):]
				for u := range area.Dx() {
					sum += int(row[u])
					n++
				}
			}
			if n > 0 {
				out[j*cellW+i] = uint8(sum / n)
			}
		}
	}
	return out
}
