package print

import (
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"math/bits"
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
	cut        = 0.9 // of the card's height, at least, is in a picture that is as wide as it
	slender    = 8   // no picture of a card is so many times longer than it is wide
)

// reduce gives a picture at 250 to 500 dpi, if the card fills it.
func reduce(img image.Image, page forms.Page) (*image.RGBA, error) {
	b := img.Bounds()
	dpi := 25.4 * min(float64(b.Dx())/page.W, float64(b.Dy())/(cut*page.H))
	if dpi < leastDPI || max(b.Dx(), b.Dy()) > slender*min(b.Dx(), b.Dy()) {
		return nil, errShape(b, page)
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

// errShape tells that a picture cannot show the card as it has to lie in it.
func errShape(b image.Rectangle, page forms.Page) error {
	lying := "a card lying across"
	if page.W < page.H {
		lying = "a paper standing upright"
	}
	return fmt.Errorf("a picture has %d by %d dots; %s, at %d dpi or more, is needed", b.Dx(), b.Dy(), lying, leastDPI)
}

// averaged reduces a picture: k by k dots become one.
func averaged(in *image.RGBA, k int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, in.Rect.Dx()/k, in.Rect.Dy()/k))
	w := out.Rect.Dx()
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride:][:4*w]
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

// raster is a picture whose dots have their colors side by side, in 16 bits each: red,
// blue, green, and one that nobody reads. One addition adds them all, and one
// multiplication weighs them.
type raster struct {
	w, h int
	pix  []uint64
}

// shifts of red, green and blue in a dot.
var shifts = [3]uint{0, 32, 16}

// How much a level (of 255) is in a raster. Softening multiplies by 16.
const (
	whole     = 1
	quarter   = 4
	sixteenth = 16
	soft      = 16 * quarter
)

// lanes is a number in each color.
const lanes = 0x0001_0001_0001_0001

// sheets are rasters that are used again: an inspection takes some ten megabytes of them.
var sheets sync.Pool

// newRaster gives a raster in which anything may be.
func newRaster(w, h int) *raster {
	if r, ok := sheets.Get().(*raster); ok && cap(r.pix) >= w*h {
		r.w, r.h, r.pix = w, h, r.pix[:w*h]
		return r
	}
	return &raster{w, h, make([]uint64, w*h)}
}

// done gives rasters back that nobody looks at any more.
func done(rasters ...*raster) {
	for _, r := range rasters {
		sheets.Put(r)
	}
}

// halved gives a picture with half its dots, in quarter levels.
func halved(in *image.RGBA) *raster {
	out := newRaster(in.Rect.Dx()/2, in.Rect.Dy()/2)
	const other = 0xff * lanes // every other byte
	for y := range out.h {
		a, b := in.Pix[2*y*in.Stride:][:8*out.w], in.Pix[(2*y+1)*in.Stride:][:8*out.w]
		row := out.pix[y*out.w:][:out.w]
		for x := range row {
			p, q := binary.LittleEndian.Uint64(a[8*x:][:8]), binary.LittleEndian.Uint64(b[8*x:][:8])
			redBlue, green := p&other+q&other, p>>8&other+q>>8&other
			row[x] = (redBlue+redBlue>>32)&0xffff_ffff | (green+green>>32)<<32
		}
	}
	return out
}

// rounded turns quarter levels into whole ones.
func (r *raster) rounded() *raster {
	for i, v := range r.pix {
		r.pix[i] = (v + 2*lanes) >> 2 & (0xff * lanes)
	}
	return r
}

// reduced gives a raster, of so much to a level, with half its dots, in whole levels.
func (r *raster) reduced(level int) *raster {
	out := newRaster(r.w/2, r.h/2)
	half, bits := uint64(2*level)*lanes, bits.TrailingZeros(uint(4*level))
	for y := range out.h {
		a, b := r.pix[2*y*r.w:][:2*out.w], r.pix[(2*y+1)*r.w:][:2*out.w]
		row := out.pix[y*out.w:][:out.w]
		for x := range row {
			p, q := a[2*x:][:2], b[2*x:][:2]
			row[x] = (p[0] + p[1] + q[0] + q[1] + half) >> bits & (0xff * lanes)
		}
	}
	return out
}

// softened blurs a little (1 2 1, both ways), so that pictures of different sharpness can
// be compared. A level is 16 times as much in the result.
func (r *raster) softened() *raster {
	out := newRaster(r.w, r.h)
	for y := range r.h {
		mid := r.pix[y*r.w:][:r.w]
		above, below := mid, mid // at the edges, there is only the edge
		if y > 0 && y < r.h-1 {
			above, below = r.pix[(y-1)*r.w:][:r.w], r.pix[(y+1)*r.w:][:r.w]
		}
		to := out.pix[y*r.w:][:r.w]
		a := above[0] + 2*mid[0] + below[0]
		b := above[1] + 2*mid[1] + below[1]
		to[0] = 4 * a
		for x := 1; x < len(to)-1; x++ {
			c := above[x+1] + 2*mid[x+1] + below[x+1]
			to[x] = a + 2*b + c
			a, b = b, c
		}
		to[len(to)-1] = 4 * b
	}
	return out
}

// softenedAgain softens what was softened before; a level stays as much as it was.
func (r *raster) softenedAgain() *raster {
	flat := newRaster(r.w, r.h)
	defer done(flat)
	for i, v := range r.pix {
		flat.pix[i] = v >> 4 & (0x3ff * lanes)
	}
	return flat.softened()
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

// fine is one dot of a picture, in the numbers by which it is sampled.
const fine = 1 << 16

// path is a straight line through a raster in whole levels.
type path struct {
	*raster

	x, y, dx, dy int // fine: where it begins, and its steps
}

// path begins at a point (mm); r is 1/k of the picture of the transform, and there are so
// many steps in a millimeter.
func (r *raster) path(t transform, k, scale, x, y float64) path {
	x, y = t.at(x, y)
	return path{r, int((x/k - 0.5) * fine), int((y/k - 0.5) * fine), int(t.xx / scale / k * fine), int(t.yx / scale / k * fine)}
}

// sample interpolates between four dots at each step; beyond the edge it is the edge's. A
// level becomes 256.
func (p path) sample(to []uint64) {
	x, y, right, low := p.x, p.y, (p.w-1)*fine-1, (p.h-1)*fine-1
	endX, endY := x+(len(to)-1)*p.dx, y+(len(to)-1)*p.dy
	inside := min(x, endX, y, endY) >= 0 && max(x, endX) <= right && max(y, endY) <= low
	for i := range to {
		cx, cy := x, y
		if !inside {
			cx, cy = min(max(x, 0), right), min(max(y, 0), low)
		}
		at := cy/fine*p.w + cx/fine
		a, b := p.pix[at:at+2:at+2], p.pix[at+p.w:at+p.w+2:at+p.w+2]
		fx, fy := uint64(cx)%fine>>8, uint64(cy)%fine>>8
		both := fx * fy >> 8
		to[i] = a[0]*(256-fx-fy+both) + a[1]*(fx-both) + b[0]*(fy-both) + b[1]*both
		x, y = x+p.dx, y+p.dy
	}
}

// warped samples a raster in whole levels, which is half a picture, at each dot of the
// raster of the comparison, in quarter levels.
func (r *raster) warped(t transform, w, h int) *raster {
	out := newRaster(w, h)
	for j := range h {
		row := out.pix[j*w:][:w]
		r.path(t, 2, workScale, 0.5/workScale, (float64(j)+0.5)/workScale).sample(row)
		for i, v := range row {
			row[i] = (v + 32*lanes) >> 6 & (0x3ff * lanes)
		}
	}
	return out
}

// lane is a color of a dot.
func lane(dot uint64, shift uint) int { return int(dot >> (shift & 63) & 0xffff) }

// gray weighs the colors of a dot about as an eye does; a level is four times as much.
func gray(dot uint64) int {
	return int(dot&0xffff + dot>>31&0x1fffe + dot>>16&0xffff)
}
