package papers

import (
	"image/color"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"

	"example.org/cancuoc/internal/identity"
)

// The bars of Code 128 (ISO/IEC 15417).
const (
	quietZone    = 10   // modules of white at either end
	widestModule = 0.33 // mm
	leastModule  = 0.19 // mm; office scanners do not read finer bars
)

// barcode draws a text as Code 128 in the middle of a box, which includes the quiet zones.
// It refuses a text that does not fit.
func (s *sheet) barcode(x, y, w, h float64, text string) {
	if s.err != nil {
		return
	}
	bars, err := code128.Encode(text)
	if err != nil {
		s.err = identity.Refuse(identity.Invalid, "%q cannot be written as a barcode", text)
		return
	}
	modules := bars.Bounds().Dx()
	module := min(widestModule, w/float64(modules+2*quietZone))
	if module < leastModule {
		s.err = identity.Refuse(identity.Invalid, "%q is too long for a barcode on this paper", text)
		return
	}
	pdf := s.paper.Draw()
	pdf.SetFillColor(0, 0, 0)
	x += (w - float64(modules)*module) / 2
	for from := 0; from < modules; {
		to := from
		for to < modules && dark(bars, to) {
			to++
		}
		if to > from {
			pdf.Rect(x+float64(from)*module, y, float64(to-from)*module, h, "F")
		}
		from = to + 1
	}
}

func dark(bars barcode.Barcode, i int) bool {
	return color.GrayModel.Convert(bars.At(i, 0)).(color.Gray).Y < 128
}
