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
	place   transform   // from mm on the expected print to dots of the picture
	shift   [2]float64  // of the print on the card, mm
	turn    float64     // of the print on the card, degrees; 0 where the card fills the picture
	larger  [2]float64  // the print than it should be, on the card: across and down; 0 likewise
	page    forms.Page
	of      int // places by which the print was sought,
	agree   int // and that were found where they should be
}

// found reports whether the expected print was found; otherwise place is the card's.
func (l *located) found() bool { return l.agree >= max(leastAgree, l.of/4) }

const (
	leastAgree = 6
	mostAgree  = 2.0 / 3 // of the places of a print that is there without a doubt
)

// locate finds the expected print, which is softened, in a picture of a side, of which
// half has half the dots, in whole levels: roughly by the card's edges, then by places of
// the print. Where no edges are seen, the card is where it was sought, if it was.
func locate(picture *image.RGBA, half, expected *raster, page forms.Page, sought func(w, h int) transform) *located {
	rough := expected.reduced(soft)
	defer done(rough)
	s := &search{half: half, rough: pattern{rough, workScale / 2, whole}, expected: pattern{expected, workScale, soft}}
	s.anchors = anchorsOf(rough, workScale/2)
	l := &located{picture: picture, page: page, of: len(s.anchors)}
	card, edges := cardIn(half, page)
	if !edges && sought != nil {
		card = sought(half.w, half.h)
	}
	place, agree := s.near(card)
	const sure = 0.9                                  // of a print that was sought far away and is exactly there
	near := float64(agree) >= mostAgree*float64(l.of) // of where the card was thought to be
	if !near {
		place, agree = s.far(card)
	}
	lies := float64(agree) >= mostAgree*float64(l.of) // where the card does
	if l.agree = agree; !near && float64(agree) < sure*float64(l.of) && !edges {
		// The card is as bright as what it lies on, and where its edges are, nobody knows.
		for _, rough := range append(byLook(half, expected), byInk(half, expected)...) {
			if there, agree := s.far(rough); agree > l.agree {
				place, l.agree = there, agree
				if !lies {
					card = there
				}
			}
			if float64(l.agree) > sure*float64(l.of) {
				break
			}
		}
		if there, agree := s.near(place); agree >= l.agree {
			place, l.agree = there, agree
			if !lies {
				card = there
			}
		}
	}
	if !l.found() {
		l.place = card.times(2)
		return l
	}
	if !edges && sought != nil {
		card = place
	}
	x, y := place.at(page.W/2, page.H/2)
	cx, cy := card.at(page.W/2, page.H/2)
	l.shift = [2]float64{(x - cx) / card.scale(), (y - cy) / card.scale()}
	if edges {
		l.turn = (place.angle() - card.angle()) * 180 / math.Pi
		l.larger = [2]float64{math.Hypot(place.xx, place.yx)/math.Hypot(card.xx, card.yx) - 1, math.Hypot(place.xy, place.yy)/math.Hypot(card.xy, card.yy) - 1}
	}
	l.place = place.times(2)
	return l
}

// search is that for a print in a picture.
type search struct {
	half            *raster // the picture, with half its dots
	rough, expected pattern // the print, at 75 and at 150 dpi
	anchors         []anchor
}

// How far anchors are sought, in dots of the pattern, and how near, in mm, they have to be
// to where the others are.
const (
	roughReach, roughNear = 8, 0.5
	fineReach, fineNear   = 3, 0.25
	looksRight            = 0.6 // dots: no place lies farther from where it is thought to be, and it need not be sought again
)

// near looks at 150 dpi for a print that lies where the card has it, as nearly all do. One
// that may lie farther away it does not find. Some places of a print that another engine drew
// never lie exactly where they should: then it is enough that most are near.
func (s *search) near(card transform) (place transform, agree int) {
	place = card
	for look := range 2 {
		moved, inliers := s.look(s.expected, &view{raster: s.half, place: place, k: 1, scale: workScale}, fineReach, fineNear)
		place = place.after(moved)
		const most = fineReach - 1.0 // dots
		switch off := farthest(inliers) * workScale; {
		case off > most:
			return card, 0
		case off < looksRight, look > 0 && float64(len(inliers)) >= mostAgree*float64(len(s.anchors)):
			return place, len(inliers)
		}
	}
	return card, 0
}

// far looks at 75 dpi, and then at 150, for one that may lie anywhere.
func (s *search) far(card transform) (place transform, agree int) {
	blurred := s.half.softened()
	coarse := blurred.reduced(16 * whole)
	defer done(blurred, coarse)
	moved, inliers := s.look(s.rough, &view{raster: coarse, place: card, k: 2, scale: workScale / 2, softened: true}, roughReach, roughNear)
	if len(inliers) < leastAgree {
		return card, len(inliers)
	}
	place = card.after(moved)
	for range 2 { // of a print that is turned, the first look may not reach every place
		moved, inliers = s.look(s.expected, &view{raster: s.half, place: place, k: 1, scale: workScale}, fineReach, fineNear)
		place = place.after(moved)
		if farthest(inliers)*workScale < looksRight || float64(len(inliers)) < mostAgree*float64(len(s.anchors)) {
			break // it is there, or there is no such print
		}
	}
	return place, len(inliers)
}

// look finds the anchors in a view, and how those lie there that agree.
func (s *search) look(expected pattern, seen *view, reach int, near float64) (moved transform, inliers []match) {
	return agree(find(expected, seen, s.anchors, reach), near)
}

// farthest is how far an anchor is from its place at most, in each direction, mm.
func farthest(list []match) float64 {
	most := 0.0
	for _, m := range list {
		most = max(most, math.Abs(m.dx), math.Abs(m.dy))
	}
	return most
}

// Limits of a print on its card.
const (
	mostShift = 0.5 // mm, each way
	mostSkew  = 0.6 // degrees
	mostSize  = 1.5 // percent larger or smaller, each way
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
	if w, h := l.larger[0], l.larger[1]; 100*max(math.Abs(w), math.Abs(h)) > mostSize {
		findings = append(findings, finding{"", fmt.Sprintf("the print is %.1f%% as wide as it should be and %.1f%% as high; %.1f%% more or less is the most", 100*(1+w), 100*(1+h), mostSize)})
	}
	return findings
}

// bounds are those of the page in the half of the picture.
func (l *located) bounds() image.Rectangle {
	var b image.Rectangle
	for _, x := range []float64{0, l.page.W} {
		for _, y := range []float64{0, l.page.H} {
			u, v := l.place.at(x, y)
			at := image.Pt(int(u/2), int(v/2))
			b = b.Union(image.Rectangle{at, at.Add(image.Pt(1, 1))})
		}
	}
	return b
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
	right, low := (l.picture.Rect.Dx()-1)*fine-1, (l.picture.Rect.Dy()-1)*fine-1
	dx, dy := int(l.place.xx/scale*fine), int(l.place.yx/scale*fine)
	var light [256]uint8
	for v := range light {
		light[v] = uint8(min(float64(v)/gain+0.5, 255))
	}
	for j := range h {
		mx, my := l.place.at(b.X-margin+0.5/scale, b.Y-margin+(float64(j)+0.5)/scale)
		x, y := int((mx-0.5)*fine), int((my-0.5)*fine)
		row := out.Pix[j*out.Stride:][:w]
		endX, endY := x+(w-1)*dx, y+(w-1)*dy
		inside := min(x, endX, y, endY) >= 0 && max(x, endX) <= right && max(y, endY) <= low
		for i := range row {
			cx, cy := x, y
			if !inside { // beyond the picture's edge, it is the edge
				cx, cy = min(max(x, 0), right), min(max(y, 0), low)
			}
			fx, fy := cx%fine>>8, cy%fine>>8
			at := cy/fine*l.picture.Stride + cx/fine*4 + 1
			p, q := l.picture.Pix[at:at+5:at+5], l.picture.Pix[at+l.picture.Stride:at+l.picture.Stride+5:at+l.picture.Stride+5]
			upper, lower := int(p[0])*(256-fx)+int(p[4])*fx, int(q[0])*(256-fx)+int(q[4])*fx
			row[i] = light[(upper*(256-fy)+lower*fy+1<<15)>>16&0xff]
			x, y = x+dx, y+dy
		}
	}
	return out
}
