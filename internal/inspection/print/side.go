package print

import (
	"errors"
	"fmt"
	"image"
	"math"

	"example.org/cancuoc/templates/forms"
)

// located is a side that was found in a picture.
type located struct {
	picture *image.RGBA // reduced
	half    *image.RGBA // of half its dots
	place   transform   // from mm on the expected print to dots of the picture
	shift   [2]float64  // of the print on the card, mm
	turn    float64     // of the print on the card, degrees; 0 where the card fills the picture
	of      int         // places by which the print was sought,
	agree   int         // and that were found where they should be
}

// found reports whether the expected print was found; otherwise place is the card's.
func (l *located) found() bool { return l.agree >= max(leastAgree, l.of/4) }

const leastAgree = 6

// locate finds the expected print in a picture of a side: roughly by the card's edges,
// then by places of the print, at 75 and at 150 dpi.
func locate(picture *image.RGBA, expected *plane, page forms.Page) *located {
	l := &located{picture: picture, half: averaged(picture, 2)}
	seen := grayOf(l.half)
	seen.soften()
	card, edges := cardIn(l.half, page)
	rough := expected.halved()
	anchors := anchorsOf(rough, workScale/2)
	l.of = len(anchors)
	coarse := seen.halved()
	defer done(rough, coarse, seen)
	place := card
	for _, pass := range []struct {
		want, seen *plane
		k, scale   float64 // dots of half for one of seen; dots per mm of want
		reach      int
		tolerance  float64 // mm
	}{
		{rough, coarse, 2, workScale / 2, 8, 0.5},
		{expected, seen, 1, workScale, 3, 0.25},
	} {
		view := warped(pass.seen, pass.k, place, pass.want.w, pass.want.h, pass.scale)
		moved, inliers := agree(find(pass.want, view, pass.scale, anchors, pass.reach), pass.tolerance)
		done(view)
		if l.agree = len(inliers); !l.found() {
			place = card
			break
		}
		place = place.after(moved)
	}
	if l.found() {
		x, y := place.at(page.W/2, page.H/2)
		cx, cy := card.at(page.W/2, page.H/2)
		l.shift = [2]float64{(x - cx) / card.scale(), (y - cy) / card.scale()}
		if edges {
			l.turn = (place.angle() - card.angle()) * 180 / math.Pi
		}
	}
	l.place = place.times(2)
	return l
}

// Limits of a print on its card.
const (
	mostShift = 0.5 // mm, each way
	mostSkew  = 0.6 // degrees
)

// misplaced says how the print lies wrong on its card.
func (l *located) misplaced() []finding {
	var findings []finding
	if dx, dy := l.shift[0], l.shift[1]; max(math.Abs(dx), math.Abs(dy)) > mostShift {
		findings = append(findings, finding{"", fmt.Sprintf("the print is shifted by %.1f mm across and %.1f mm down; %.1f mm is the most", dx, dy, mostShift)})
	}
	if math.Abs(l.turn) > mostSkew {
		findings = append(findings, finding{"", fmt.Sprintf("the print is turned by %.1f degrees on its card; %.1f is the most", l.turn, mostSkew)})
	}
	return findings
}

// shows reports whether a point on the card (mm) is in the picture.
func (l *located) shows(x, y float64) bool {
	u, v := l.place.at(x, y)
	return u >= 1 && v >= 1 && u < float64(l.picture.Rect.Dx()-1) && v < float64(l.picture.Rect.Dy()-1)
}

// errCut tells that a picture does not show the whole card.
var errCut = errors.New("a part of the card is outside the picture")

// whole reports an error if the picture does not show the whole card, but its corners.
func (l *located) whole(page forms.Page) error {
	const corner = 2.5
	for _, x := range []float64{corner, page.W - corner} {
		for _, y := range []float64{corner, page.H - corner} {
			if !l.shows(x, y) {
				return errCut
			}
		}
	}
	return nil
}

// crop gives a box, widened by margin mm, in gray, as it lies on the expected print and
// as bright as that. Gray is the green of the picture: in it the background's red and
// blue are light, and what is read is black.
func (l *located) crop(b forms.Box, margin, scale, gain float64) *image.Gray {
	w, h := int(math.Ceil((b.W+2*margin)*scale)), int(math.Ceil((b.H+2*margin)*scale))
	out := image.NewGray(image.Rect(0, 0, w, h))
	right, low := float64(l.picture.Rect.Dx()-1)-1e-6, float64(l.picture.Rect.Dy()-1)-1e-6
	dx, dy := l.place.xx/scale, l.place.yx/scale
	by := 1 / gain
	for j := range h {
		x, y := l.place.at(b.X-margin+0.5/scale, b.Y-margin+(float64(j)+0.5)/scale)
		x, y = x-0.5, y-0.5
		row := out.Pix[j*out.Stride:][:w]
		for i := range row {
			cx, cy := min(max(x, 0), right), min(max(y, 0), low)
			u, v := int(cx), int(cy)
			fx, fy := cx-float64(u), cy-float64(v)
			at := v*l.picture.Stride + 4*u + 1
			a, c := l.picture.Pix[at:at+5], l.picture.Pix[at+l.picture.Stride:at+l.picture.Stride+5]
			top, bottom := float64(a[0])*(1-fx)+float64(a[4])*fx, float64(c[0])*(1-fx)+float64(c[4])*fx
			row[i] = uint8(min((top*(1-fy)+bottom*fy)*by+0.5, 255))
			x, y = x+dx, y+dy
		}
	}
	return out
}
