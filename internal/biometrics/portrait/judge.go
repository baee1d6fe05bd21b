package portrait

import (
	"image"
	"math"
	"slices"
	"strings"

	"example.org/cancuoc/internal/biometrics/quality"
)

// Limits are what a portrait must reach.
type Limits struct {
	MinWidth, MinHeight int     // pixels
	MinAspect           float64 // width divided by height
	MaxAspect           float64
	MinSharpness        float64 // variance of the Laplacian of the face, at 320 pixels width, less that of the noise
	MinLuminance        float64 // mean of the face, 0 to 1
	MaxLuminance        float64
	MaxUnderExposed     float64 // share of the face that is black, 0 to 1
	MaxOverExposed      float64 // share of the face that is burned out, 0 to 1
	MinDynamicRange     float64 // entropy of the face's brightness in bits, 0 to 8
	MaxSideLight        float64 // difference of the two halves of the face divided by their sum, 0 to 1
	MinColor            float64 // mean distance of the face's colors from gray, 0 to 181
	MinBackground       float64 // mean brightness of the background, 0 to 1
	MaxBackgroundSpread float64 // standard deviation of its brightness, 0 to 1
}

// DefaultLimits are for portraits taken at a counter in front of a white screen, at
// least 3 x 4 cm at 300 dpi.
func DefaultLimits() Limits {
	return Limits{
		MinWidth: 354, MinHeight: 472, MinAspect: 0.6, MaxAspect: 0.85,
		MinSharpness: 25,
		MinLuminance: 0.25, MaxLuminance: 0.80,
		MaxUnderExposed: 0.25, MaxOverExposed: 0.05,
		MinDynamicRange: 4.0,
		MaxSideLight:    0.30,
		MinColor:        4,
		MinBackground:   0.59, MaxBackgroundSpread: 0.08,
	}
}

// Names of the measures; units as in Limits.
const (
	MeasureWidth            = "width"
	MeasureHeight           = "height"
	MeasureSharpness        = "sharpness"
	MeasureLuminance        = "luminance"
	MeasureUnderExposed     = "under_exposed"
	MeasureOverExposed      = "over_exposed"
	MeasureDynamicRange     = "dynamic_range"
	MeasureSideLight        = "side_light"
	MeasureColor            = "color"
	MeasureBackground       = "background"
	MeasureBackgroundSpread = "background_spread"
)

// against lists what in the measures speaks against a portrait.
func (l Limits) against(m quality.Measures) []quality.Finding {
	var findings []quality.Finding
	find := func(code quality.Code, bounds ...string) {
		said := slices.DeleteFunc(bounds, func(b string) bool { return b == "" })
		if len(said) > 0 {
			findings = append(findings, quality.Finding{Code: code, Measured: strings.Join(said, ", ")})
		}
	}
	within := func(name string, least, most float64) string { return quality.Bound(name, m[name], least, most) }
	none := math.Inf(1)
	find(quality.PortraitTooSmall, within(MeasureWidth, float64(l.MinWidth), none), within(MeasureHeight, float64(l.MinHeight), none))
	find(quality.PortraitShape, quality.Bound("width by height", m[MeasureWidth]/m[MeasureHeight], l.MinAspect, l.MaxAspect))
	find(quality.PortraitBlurred, within(MeasureSharpness, l.MinSharpness, none))
	find(quality.PortraitDark, within(MeasureLuminance, l.MinLuminance, none), within(MeasureUnderExposed, 0, l.MaxUnderExposed))
	find(quality.PortraitBright, within(MeasureLuminance, 0, l.MaxLuminance), within(MeasureOverExposed, 0, l.MaxOverExposed))
	find(quality.PortraitFlat, within(MeasureDynamicRange, l.MinDynamicRange, none))
	find(quality.PortraitSideLight, within(MeasureSideLight, 0, l.MaxSideLight))
	find(quality.PortraitGray, within(MeasureColor, l.MinColor, none))
	find(quality.PortraitBackground, within(MeasureBackground, l.MinBackground, none), within(MeasureBackgroundSpread, 0, l.MaxBackgroundSpread))
	return findings
}

// face is where a portrait has its face: in the middle. Whether there is one is for
// the officer to see.
func (p *portrait) face() image.Rectangle {
	return image.Rect(p.width*28/100, p.height*22/100, p.width*72/100, p.height*72/100)
}

// measuredWidth is the width to which a portrait is reduced before its texture is
// measured, so that its resolution does not matter: the eyes are then about 90
// pixels apart.
const measuredWidth = 320

func (p *portrait) measure() quality.Measures {
	face := p.face()
	bright := brightness(p.pixels)
	small, scale := bright.reduced(measuredWidth)
	zone := scaled(face, scale).Intersect(image.Rect(1, 1, small.w-1, small.h-1))
	m := quality.Measures{
		MeasureWidth: float64(p.width), MeasureHeight: float64(p.height),
		MeasureColor: colorfulness(p.pixels, face),
	}
	small.light(zone, m)
	left, right := zone, zone
	left.Max.X, right.Min.X = (zone.Min.X+zone.Max.X)/2, (zone.Min.X+zone.Max.X)/2
	l, _ := small.statistics(left)
	r, _ := small.statistics(right)
	m[MeasureSideLight] = math.Abs(l-r) / max(l+r, 1)
	background := small.background()
	m[MeasureBackground], m[MeasureBackgroundSpread] = background.mean/255, background.deviation/255
	m[MeasureSharpness] = max(small.laplacian(zone)-background.noise, 0)
	return m
}

// luma is the brightness of a picture, row by row.
type luma struct {
	w, h   int
	stride int
	v      []uint8
}

func brightness(p *image.YCbCr) luma { return luma{p.Rect.Dx(), p.Rect.Dy(), p.YStride, p.Y} }

// reduced averages a picture down to a width, and gives the scale; a narrower one
// stays as it is.
func (l luma) reduced(width int) (luma, float64) {
	if l.w <= width {
		return l, 1
	}
	scale := float64(width) / float64(l.w)
	out := luma{width, max(int(float64(l.h)*scale), 3), width, nil}
	out.v = make([]uint8, out.w*out.h)
	columns := spans(l.w, out.w)
	line := make([]float32, l.w)
	for y, rows := range spans(l.h, out.h) {
		clear(line)
		for _, s := range rows {
			row := l.v[s.at*l.stride:][:l.w]
			for x, v := range row {
				line[x] += s.weight * float32(v)
			}
		}
		for x, cells := range columns {
			sum := float32(0)
			for _, s := range cells {
				sum += s.weight * line[s.at]
			}
			out.v[y*out.w+x] = uint8(sum + 0.5)
		}
	}
	return out, scale
}

// span is a source pixel's share in a reduced one.
type span struct {
	at     int
	weight float32
}

// spans cuts from pixels into to equal parts.
func spans(from, to int) [][]span {
	all := make([][]span, to)
	step := float64(from) / float64(to)
	for i := range all {
		low, high := float64(i)*step, float64(i+1)*step
		for at := int(low); at < from && float64(at) < high; at++ {
			share := (min(high, float64(at+1)) - max(low, float64(at))) / step
			all[i] = append(all[i], span{at, float32(share)})
		}
	}
	return all
}

func scaled(r image.Rectangle, scale float64) image.Rectangle {
	s := func(v int) int { return int(float64(v) * scale) }
	return image.Rect(s(r.Min.X), s(r.Min.Y), s(r.Max.X), s(r.Max.Y))
}

// light measures exposure and contrast of a zone.
func (l luma) light(zone image.Rectangle, m quality.Measures) {
	var histogram [256]int
	for y := zone.Min.Y; y < zone.Max.Y; y++ {
		for _, v := range l.v[y*l.stride+zone.Min.X : y*l.stride+zone.Max.X] {
			histogram[v]++
		}
	}
	const black, burnt = 25, 247
	n := float64(max(zone.Dx()*zone.Dy(), 1))
	mean, entropy, dark, bright := 0.0, 0.0, 0.0, 0.0
	for v, count := range histogram {
		if count == 0 {
			continue
		}
		share := float64(count) / n
		mean += share * float64(v) / 255
		entropy -= share * math.Log2(share)
		if v <= black {
			dark += share
		}
		if v >= burnt {
			bright += share
		}
	}
	m[MeasureLuminance], m[MeasureDynamicRange] = mean, entropy
	m[MeasureUnderExposed], m[MeasureOverExposed] = dark, bright
}

// statistics gives mean and standard deviation of a zone.
func (l luma) statistics(zone image.Rectangle) (mean, deviation float64) {
	sum, squares := 0, 0
	for y := zone.Min.Y; y < zone.Max.Y; y++ {
		for _, v := range l.v[y*l.stride+zone.Min.X : y*l.stride+zone.Max.X] {
			sum += int(v)
			squares += int(v) * int(v)
		}
	}
	n := float64(max(zone.Dx()*zone.Dy(), 1))
	mean = float64(sum) / n
	return mean, math.Sqrt(max(float64(squares)/n-mean*mean, 0))
}

// laplacian gives the variance of the Laplacian in a zone that keeps one pixel
// from the edge.
func (l luma) laplacian(zone image.Rectangle) float64 {
	sum, squares := 0, 0
	for y := zone.Min.Y; y < zone.Max.Y; y++ {
		above, row, below := l.v[(y-1)*l.stride:], l.v[y*l.stride:], l.v[(y+1)*l.stride:]
		for x := zone.Min.X; x < zone.Max.X; x++ {
			d := 4*int(row[x]) - int(row[x-1]) - int(row[x+1]) - int(above[x]) - int(below[x])
			sum += d
			squares += d * d
		}
	}
	n := float64(max(zone.Dx()*zone.Dy(), 1))
	mean := float64(sum) / n
	return float64(squares)/n - mean*mean
}

// background is what surrounds head and shoulders.
type background struct {
	mean, deviation float64
	noise           float64 // variance of the Laplacian in its quietest part
}

// background measures the upper corners and the strips beside the head; what is
// above it may be hair.
func (l luma) background() background {
	edge, top, corner, side := 2, l.h*8/100, l.w*28/100, l.w*7/100
	zones := []image.Rectangle{
		image.Rect(edge, edge, corner, top),
		image.Rect(l.w-corner, edge, l.w-edge, top),
		image.Rect(edge, top, side, l.h*45/100),
		image.Rect(l.w-side, top, l.w-edge, l.h*45/100),
	}
	var b background
	b.noise = math.Inf(1)
	area := 0.0
	squares := 0.0
	for _, z := range zones {
		z = z.Intersect(image.Rect(1, 1, l.w-1, l.h-1))
		mean, deviation := l.statistics(z)
		n := float64(z.Dx() * z.Dy())
		area += n
		b.mean += n * mean
		squares += n * (deviation*deviation + mean*mean)
		if z.Dx() > 0 && z.Dy() > 0 {
			b.noise = min(b.noise, l.laplacian(z))
		}
	}
	b.mean /= max(area, 1)
	b.deviation = math.Sqrt(max(squares/max(area, 1)-b.mean*b.mean, 0))
	if math.IsInf(b.noise, 1) {
		b.noise = 0
	}
	return b
}

// colorfulness is the mean distance of a zone's colors from gray.
func colorfulness(p *image.YCbCr, zone image.Rectangle) float64 {
	const step = 4
	sum, n := 0.0, 0
	for y := zone.Min.Y; y < zone.Max.Y; y += step {
		for x := zone.Min.X; x < zone.Max.X; x += step {
			i := p.COffset(x, y)
			sum += math.Hypot(float64(p.Cb[i])-128, float64(p.Cr[i])-128)
			n++
		}
	}
	return sum / float64(max(n, 1))
}
