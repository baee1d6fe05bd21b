package print

import (
	"fmt"
	"image"
	"math"
	"sync"

	"golang.org/x/image/draw"

	"example.org/cancuoc/templates/forms"
)

// Pictures are compared at 150 dpi, half of what the expected print is drawn at: fine
// enough for the smallest letters, and a quarter of the work.
const (
	drawnDPI   = 300
	workScale  = float64(drawnDPI) / 2 / 25.4 // dots per mm
	leastDPI   = 200
	reducedDPI = 250 // a picture with at least twice as many is reduced
)

// reduce gives a picture at 250 to 500 dpi, and how many of its dots became one.
func reduce(img image.Image, page forms.Page) (*image.RGBA, error) {
	b := img.Bounds()
	dpi := float64(b.Dx()) / page.W * 25.4
	if dpi < leastDPI || b.Dx() < b.Dy() {
		return nil, fmt.Errorf("a picture has %d by %d dots; a card lying across, at %d dpi or more, is needed", b.Dx(), b.Dy(), leastDPI)
	}
	rgba, ok := img.(*image.RGBA)
	if !ok || b.Min != (image.Point{}) {
		rgba = image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	}
	if k := int(dpi / reducedDPI); k > 1 {
		return averaged(rgba, k), nil
	}
	return rgba, nil
}

// averaged reduces a picture: k by k dots become one.
func averaged(in *image.RGBA, k int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, in.Rect.Dx()/k, in.Rect.Dy()/k))
	w := out.Rect.Dx()
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride:][:4*w]
		if k == 2 {
			a, b := in.Pix[2*y*in.Stride:][:8*w], in.Pix[(2*y+1)*in.Stride:][:8*w]
			for x := range w {
				d, p, q := row[4*x:][:4:4], a[8*x:][:8:8], b[8*x:][:8:8]
				d[0] = uint8((int(p[0]) + int(p[4]) + int(q[0]) + int(q[4]) + 2) >> 2)
				d[1] = uint8((int(p[1]) + int(p[5]) + int(q[1]) + int(q[5]) + 2) >> 2)
				d[2] = uint8((int(p[2]) + int(p[6]) + int(q[2]) + int(q[6]) + 2) >> 2)
			}
			continue
		}
		for x := range w {
			var sum [3]int
			for j := range k {
				part := in.Pix[(y*k+j)*in.Stride+4*k*x:][:4*k]
				for i := 0; i < len(part); i += 4 {
					sum[0], sum[1], sum[2] = sum[0]+int(part[i]), sum[1]+int(part[i+1]), sum[2]+int(part[i+2])
				}
			}
			for c, v := range sum {
				row[4*x+c] = uint8((v + k*k/2) / (k * k))
			}
		}
	}
	return out
}

// plane is a picture in one color.
type plane struct {
	w, h int
	pix  []float32
}

// sheets are planes that are used again: an inspection takes some ten megabytes of them.
var sheets sync.Pool

// newPlane gives a plane in which anything may be.
func newPlane(w, h int) *plane {
	if p, ok := sheets.Get().(*plane); ok && cap(p.pix) >= w*h {
		p.w, p.h, p.pix = w, h, p.pix[:w*h]
		return p
	}
	return &plane{w, h, make([]float32, w*h)}
}

// done gives planes back that nobody looks at any more.
func done(planes ...*plane) {
	for _, p := range planes {
		sheets.Put(p)
	}
}

// grayOf is the gray of a picture; see [colors.gray].
func grayOf(img *image.RGBA) *plane {
	p := newPlane(img.Rect.Dx(), img.Rect.Dy())
	for y := range p.h {
		row, out := img.Pix[y*img.Stride:], p.pix[y*p.w:][:p.w]
		for x := range out {
			s := row[4*x:][:3]
			out[x] = float32(int(s[0])+2*int(s[1])+int(s[2])) * 0.25
		}
	}
	return p
}

// halved averages two by two dots.
func (p *plane) halved() *plane {
	out := newPlane(p.w/2, p.h/2)
	for y := range out.h {
		a, b := p.pix[2*y*p.w:][:p.w], p.pix[(2*y+1)*p.w:][:p.w]
		row := out.pix[y*out.w:][:out.w]
		for x := range row {
			row[x] = (a[2*x] + a[2*x+1] + b[2*x] + b[2*x+1]) * 0.25
		}
	}
	return out
}

// soften blurs a plane a little (1 2 1, both ways), so that pictures of different
// sharpness can be compared.
func (p *plane) soften() {
	line := make([]float32, max(p.w, p.h))
	for y := range p.h {
		row := p.pix[y*p.w:][:p.w]
		copy(line, row)
		for x := 1; x < p.w-1; x++ {
			row[x] = (line[x-1] + 2*line[x] + line[x+1]) * 0.25
		}
	}
	before := make([]float32, p.w)
	for y := 1; y < p.h-1; y++ {
		row, next := p.pix[y*p.w:][:p.w], p.pix[(y+1)*p.w:][:p.w]
		if y == 1 {
			copy(before, p.pix[:p.w])
		}
		for x := range row {
			v := row[x]
			row[x] = (before[x] + 2*v + next[x]) * 0.25
			before[x] = v
		}
	}
}

// transform maps mm on a card to dots of a picture.
type transform struct{ xx, xy, x0, yx, yy, y0 float64 }

func (t transform) at(x, y float64) (float64, float64) {
	return t.xx*x + t.xy*y + t.x0, t.yx*x + t.yy*y + t.y0
}

// after gives the transform that applies u first.
func (t transform) after(u transform) transform {
	x0, y0 := t.at(u.x0, u.y0)
	return transform{
		t.xx*u.xx + t.xy*u.yx, t.xx*u.xy + t.xy*u.yy, x0,
		t.yx*u.xx + t.yy*u.yx, t.yx*u.xy + t.yy*u.yy, y0,
	}
}

// times gives the same place in a picture with k times as many dots.
func (t transform) times(k float64) transform {
	return transform{k * t.xx, k * t.xy, k * t.x0, k * t.yx, k * t.yy, k * t.y0}
}

func (t transform) scale() float64 { return math.Sqrt(math.Abs(t.xx*t.yy - t.xy*t.yx)) }
func (t transform) angle() float64 { return math.Atan2(t.yx-t.xy, t.xx+t.yy) }

// upright is the transform of a page that fills a picture.
func upright(w, h int, page forms.Page) transform {
	return transform{xx: float64(w) / page.W, yy: float64(h) / page.H}
}

// warped samples a plane, which is 1/k of the picture, at each dot of a raster of w by h
// dots with that many dots per mm.
func warped(src *plane, k float64, t transform, w, h int, scale float64) *plane {
	out := newPlane(w, h)
	dx, dy := t.xx/scale/k, t.yx/scale/k
	for j := range h {
		x, y := t.at(0.5/scale, (float64(j)+0.5)/scale)
		x, y = x/k-0.5, y/k-0.5
		row := out.pix[j*w:][:w]
		for i := range row {
			row[i] = src.sample(x, y)
			x, y = x+dx, y+dy
		}
	}
	return out
}

// sample interpolates between four dots; beyond the edge it is the edge's.
func (p *plane) sample(x, y float64) float32 {
	x, y = min(max(x, 0), float64(p.w-1)-1e-6), min(max(y, 0), float64(p.h-1)-1e-6)
	u, v := int(x), int(y)
	fx, fy := float32(x-float64(u)), float32(y-float64(v))
	at := v*p.w + u
	a, b := p.pix[at:at+2:at+2], p.pix[at+p.w:at+p.w+2:at+p.w+2]
	top, low := a[0]+(a[1]-a[0])*fx, b[0]+(b[1]-b[0])*fx
	return top + (low-top)*fy
}

// colors are the three planes of a picture in the raster in which it is compared.
type colors [3]*plane

// warpedColors samples a picture, which is 1/k of another, in the raster of the comparison.
func warpedColors(src *image.RGBA, k float64, t transform, w, h int) colors {
	out := colors{newPlane(w, h), newPlane(w, h), newPlane(w, h)}
	dx, dy := t.xx/workScale/k, t.yx/workScale/k
	sw, sh := float64(src.Rect.Dx()-1)-1e-6, float64(src.Rect.Dy()-1)-1e-6
	for j := range h {
		x, y := t.at(0.5/workScale, (float64(j)+0.5)/workScale)
		x, y = x/k-0.5, y/k-0.5
		r, g, b := out[0].pix[j*w:][:w], out[1].pix[j*w:][:w], out[2].pix[j*w:][:w]
		for i := range r {
			cx, cy := min(max(x, 0), sw), min(max(y, 0), sh)
			u, v := int(cx), int(cy)
			fx, fy := float32(cx-float64(u)), float32(cy-float64(v))
			at := v*src.Stride + 4*u
			p, q := src.Pix[at:at+8:at+8], src.Pix[at+src.Stride:at+src.Stride+8:at+src.Stride+8]
			pq, qp := fx*(1-fy), fx*fy
			pp, qq := (1-fx)*(1-fy), (1-fx)*fy
			r[i] = float32(p[0])*pp + float32(p[4])*pq + float32(q[0])*qq + float32(q[4])*qp
			g[i] = float32(p[1])*pp + float32(p[5])*pq + float32(q[1])*qq + float32(q[5])*qp
			b[i] = float32(p[2])*pp + float32(p[6])*pq + float32(q[2])*qq + float32(q[6])*qp
			x, y = x+dx, y+dy
		}
	}
	return out
}

// split gives the colors of a picture.
func split(img *image.RGBA) colors {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := colors{newPlane(w, h), newPlane(w, h), newPlane(w, h)}
	for y := range h {
		row := img.Pix[y*img.Stride:]
		r, g, b := out[0].pix[y*w:][:w], out[1].pix[y*w:][:w], out[2].pix[y*w:][:w]
		for x := range r {
			s := row[4*x:][:3]
			r[x], g[x], b[x] = float32(s[0]), float32(s[1]), float32(s[2])
		}
	}
	return out
}

func (c colors) soften() {
	for _, p := range c {
		p.soften()
	}
}

func (c colors) clone() colors {
	for i, p := range c {
		c[i] = newPlane(p.w, p.h)
		copy(c[i].pix, p.pix)
	}
	return c
}

// gray weighs the colors as an eye about does.
func (c colors) gray() *plane {
	out := newPlane(c[0].w, c[0].h)
	r, g, b := c[0].pix, c[1].pix, c[2].pix
	for i := range out.pix {
		out.pix[i] = (r[i] + 2*g[i] + b[i]) * 0.25
	}
	return out
}
