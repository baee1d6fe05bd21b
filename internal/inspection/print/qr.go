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

// code is a code that was read.
type code struct {
	text    string
	modules *gozxing.BitMatrix
}

// checkQR reads the code and compares it, and where it is stained, which readers can correct.
// Where it cannot be read, since the picture is not sharp enough, its modules are compared with
// those that were sent.
func (i *inspection) checkQR(field forms.Field, want string) []finding {
	b := field.Box
	crop := i.crop(b, 0, i.place.scale(), i.gain[1])
	got, err := readQR(crop)
	if err == nil && got.text == want {
		return i.checkStain(field, crop, got.modules)
	}
	if err == nil {
		return []finding{{field.ID, "the QR code says something else than the application"}}
	}
	sent := &located{picture: i.expected, place: upright(i.expected.Rect.Dx(), i.expected.Rect.Dy(), i.form.Page)}
	drawn, err := readQR(sent.crop(b, 0, sent.place.scale(), 1))
	if err != nil {
		return []finding{{field.ID, "the QR code cannot be read"}}
	}
	const nearlyAll = 0.93 // of the modules; of another code, half are the same
	if same := modulesLike(crop, drawn.modules); same < nearlyAll {
		return []finding{{field.ID, fmt.Sprintf("the QR code cannot be read, and %.0f%% of its modules are as they were sent; %.0f%% are needed", 100*same, 100*nearlyAll)}}
	}
	return nil
}

// checkStain looks for a part of a code that was read in which many modules are not as they were
// sent.
func (i *inspection) checkStain(field forms.Field, picture *image.Gray, seen *gozxing.BitMatrix) []finding {
	const side, most = 6, 9 // modules: of a part, and of those that are wrong in it
	sent := &located{picture: i.expected, place: upright(i.expected.Rect.Dx(), i.expected.Rect.Dy(), i.form.Page)}
	crop := sent.crop(field.Box, 0, sent.place.scale(), 1)
	n := seen.GetWidth()
	drawn, err := gozxing.NewBitMatrix(n, n)
	area, ok := darkArea(crop)
	if err != nil || !ok {
		return nil
	}
	sample(crop, area, drawn)
	worst := mostApart(seen, drawn, side)
	if around := i.inkAround(field, picture, n); around > mostInkAround {
		return []finding{{field.ID, fmt.Sprintf("there is ink around the QR code, on %.1f mm²; %.1f are the most", around, mostInkAround)}}
	}
	if worst > most {
		return []finding{{field.ID, fmt.Sprintf("the QR code can be read, but is stained: %d of %d modules side by side are not as they were sent; %d are the most", worst, side*side, most)}}
	}
	return nil
}

// mostInkAround is how much ink may be around a code, mm².
const mostInkAround = 0.2

// mostApart is how many modules of two codes differ in the part of so many by as many where
// most do.
func mostApart(a, b *gozxing.BitMatrix, side int) (most int) {
	n := a.GetWidth()
	columns := make([]int, n) // what differs in the last rows
	for y := range n {
		wrong := 0
		for x := range n {
			if a.Get(x, y) != b.Get(x, y) {
				columns[x]++
			}
			if y >= side && a.Get(x, y-side) != b.Get(x, y-side) {
				columns[x]--
			}
			wrong += columns[x]
			if x >= side {
				wrong -= columns[x-side]
			}
			most = max(most, wrong)
		}
	}
	return most
}

// inkAround is how much is dark in the quiet zone of a code of n modules, mm². What is next to
// the code, where it may be blurred, is left out, and so is what is next to the art.
func (i *inspection) inkAround(field forms.Field, crop *image.Gray, n int) float64 {
	const edge = 0.3 // mm
	scale := i.place.scale()
	quiet := int(scale * (field.W*float64(field.Quiet)/float64(n+2*field.Quiet) - edge))
	outer := crop.Rect.Inset(int(scale * edge))
	code, dark := crop.Rect.Inset(quiet), 0
	for y := outer.Min.Y; y < outer.Max.Y; y++ {
		for x := outer.Min.X; x < outer.Max.X; x++ {
			if !image.Pt(x, y).In(code) && crop.Pix[y*crop.Stride+x] < middleGray {
				dark++
			}
		}
	}
	return float64(dark) / (scale * scale)
}

// modulesLike is the share of a code's modules that are as dark or light as they should be.
func modulesLike(crop *image.Gray, modules *gozxing.BitMatrix) float64 {
	area, ok := darkArea(crop)
	if !ok {
		return 0
	}
	n := modules.GetWidth()
	seen, err := gozxing.NewBitMatrix(n, n)
	if err != nil {
		return 0
	}
	sample(crop, area, seen)
	same := 0
	for y := range n {
		for x := range n {
			if seen.Get(x, y) == modules.Get(x, y) {
				same++
			}
		}
	}
	return float64(same) / float64(n*n)
}

// readQR reads a code. It is upright in the picture: its modules are found from its
// edges, and sampled at their middles. (To search for a code anywhere, as programs for
// phones do, now and then takes data for finder patterns.)
func readQR(crop *image.Gray) (code, error) {
	area, ok := darkArea(crop)
	if !ok {
		return code{}, errNoQR
	}
	for _, n := range dimensions(crop, area) {
		bits, err := gozxing.NewBitMatrix(n, n)
		if err != nil {
			return code{}, fmt.Errorf("read QR code: %w", err)
		}
		sample(crop, area, bits)
		result, err := decoder.NewDecoder().Decode(bits, map[gozxing.DecodeHintType]any{
			gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
		})
		if err == nil {
			sample(crop, area, bits) // decoding took the mask away
			return code{result.GetText(), bits}, nil
		}
	}
	return code{}, errNoQR
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
	bits.Clear()
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
