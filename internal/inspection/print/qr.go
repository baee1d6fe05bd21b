package print

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"

	"example.org/cancuoc/templates/forms"
)

// errNoQR tells that a box has no code that can be read.
var errNoQR = errors.New("there is no QR code that can be read")

// readQR reads the code in a box. The picture is cut at the card's edges, so the code is
// upright: its modules are found from its edges, and sampled at their middles. (To search
// for a code anywhere, as programs for phones do, now and then takes data for finder
// patterns.)
func (p *picture) readQR(b forms.Box) (string, error) {
	crop := p.crop(b, 0)
	area, ok := darkArea(crop)
	if !ok {
		return "", errNoQR
	}
	for _, n := range dimensions(crop, area) {
		bits, err := gozxing.NewBitMatrix(n, n)
		if err != nil {
			return "", fmt.Errorf("read QR code: %w", err)
		}
		sample(crop, area, bits)
		result, err := decoder.NewDecoder().Decode(bits, map[gozxing.DecodeHintType]any{
			gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
		})
		if err == nil {
			return result.GetText(), nil
		}
	}
	return "", errNoQR
}

// middleGray separates dark from light.
const middleGray = 128

// darkArea is the smallest rectangle around everything dark, without specks: a row or
// column at a code's edge is dark at least where its finder patterns are.
func darkArea(g *image.Gray) (image.Rectangle, bool) {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	rows, columns := make([]int, h), make([]int, w)
	for y := range h {
		for x := range w {
			if g.Pix[y*g.Stride+x] < middleGray {
				rows[y]++
				columns[x]++
			}
		}
	}
	top, bottom, ok := extent(rows, w/12)
	left, right, ok2 := extent(columns, h/12)
	return image.Rect(left, top, right, bottom), ok && ok2
}

// extent is the first place whose count is at least least, and the one after the last.
func extent(counts []int, least int) (from, to int, ok bool) {
	from = -1
	for i, n := range counts {
		if n >= least {
			if from < 0 {
				from = i
			}
			to = i + 1
		}
	}
	return from, to, from >= 0
}

// dimensions are the numbers of modules on a side that a code of that area may have, the
// likeliest first: the finder pattern at its corner is seven modules wide.
func dimensions(g *image.Gray, area image.Rectangle) []int {
	finder := 0
	y := area.Min.Y + area.Dy()/100
	for x := area.Min.X; x < area.Max.X && g.Pix[y*g.Stride+x] < middleGray; x++ {
		finder++
	}
	if finder == 0 {
		return nil
	}
	estimate := float64(area.Dx()) / (float64(finder) / 7)
	version := int(math.Round((estimate - 17) / 4))
	var list []int
	for _, v := range []int{version, version - 1, version + 1, version - 2, version + 2} {
		if v >= 1 && v <= 40 {
			list = append(list, 17+4*v)
		}
	}
	return list
}

// sample reads each module as the majority of nine dots around its middle.
func sample(g *image.Gray, area image.Rectangle, bits *gozxing.BitMatrix) {
	n := bits.GetWidth()
	mx, my := float64(area.Dx())/float64(n), float64(area.Dy())/float64(n)
	for j := range n {
		for i := range n {
			dark := 0
			for k := range 9 {
				x := float64(area.Min.X) + mx*(float64(i)+0.35+0.15*float64(k%3))
				y := float64(area.Min.Y) + my*(float64(j)+0.35+0.15*float64(k/3))
				if g.Pix[int(y)*g.Stride+int(x)] < middleGray {
					dark++
				}
			}
			if dark > 4 {
				bits.Set(i, j)
			}
		}
	}
}
