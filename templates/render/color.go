package render

import (
	"image/color"
	"math"
	"strconv"
	"strings"
)

// rgb is a color.
type rgb struct{ r, g, b uint8 }

// color finds a color by its name; black if there is none of that name.
func (f *Form) color(name string) rgb {
	n, err := strconv.ParseUint(strings.TrimPrefix(f.Colors[name], "#"), 16, 32)
	if err != nil {
		return rgb{}
	}
	return rgb{uint8(n >> 16 & 0xff), uint8(n >> 8 & 0xff), uint8(n & 0xff)}
}

func blend(a, b rgb, t float64) rgb {
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-t) + float64(y)*t)) }
	return rgb{mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)}
}

func (c rgb) rgba() color.RGBA { return color.RGBA{c.r, c.g, c.b, 255} }
