package print

import (
	"fmt"
	"image"
	"sync"

	"example.org/cancuoc/templates/forms"
)

// A specimen's mark is as sheer as the art is uneven, so that no cell shows it alone. Seen and
// expected are compared where it is against beside it, over the whole of it.
const (
	markBlock = 24   // dots: in a square of four millimeters the light is even
	markInk   = 0.2  // how much of the mark's color is in a dot,
	markGreen = 30.0 // and how green that is, in levels
	markClear = 0.88 // of the levels by which it darkens a dot are needed: an overexposed picture has fewer
	markGone  = 0.8  // of them, or more, have to be missing where it is not there: in glare half of them may be misjudged
	markThere = 0.5  // of them are seen where it is and should not be
	inkDark   = 80   // levels: what is darker is ink, over or under it
)

// checkMark finds a specimen's mark that should not be there, or is not where it should be.
func (i *inspection) checkMark(except []forms.Box) []finding {
	mark := marks.softened(i.form.Mark(i.side, drawnDPI))
	var all markSums
	for y := 0; y+markBlock <= mark.h; y += markBlock {
		for x := 0; x+markBlock <= mark.w; x += markBlock {
			if mark.shows(x, y, markBlock) {
				all.add(i.markIn(mark, x, y, except))
			}
		}
	}
	const little = 50.0 // dots of the mark: the side has none
	if all.inked < little || all.clear < markClear*all.plain {
		return nil
	}
	switch share := all.together / all.alone; {
	case i.specimen && share > markGone:
		return []finding{{"specimen", fmt.Sprintf("%.0f%% of its mark is there", 100*max(0, 1-share))}}
	case !i.specimen && share < -markThere:
		return []finding{{"specimen", fmt.Sprintf("%.0f%% of a mark is there that must not be", -100*share)}}
	}
	return nil
}

// marks are those of the sides that were inspected last, softened.
var marks markCache

type markCache struct {
	mu   sync.Mutex
	kept map[*image.RGBA]*raster
}

// mostMarks bounds what is kept: of a card, one is a megabyte.
const mostMarks = 16

// softened softens a mark as it was drawn, once. Callers must not change it.
func (c *markCache) softened(drawn *image.RGBA) *raster {
	c.mu.Lock()
	defer c.mu.Unlock()
	if mark := c.kept[drawn]; mark != nil {
		return mark
	}
	if c.kept == nil || len(c.kept) >= mostMarks {
		c.kept = make(map[*image.RGBA]*raster)
	}
	sharp := halved(drawn)
	defer done(sharp)
	c.kept[drawn] = sharp.softened()
	return c.kept[drawn]
}

// shows reports whether a softened raster, black on white, has anything in a square.
func (r *raster) shows(x, y, size int) bool {
	const white = brightest * lanes
	for j := range size {
		for _, dot := range r.pix[(y+j)*r.w+x:][:size] {
			if dot != white {
				return true
			}
		}
	}
	return false
}

// markSums are what a square adds to a comparison of the mark.
type markSums struct {
	together, alone float64 // of the difference with the mark's levels, and of these, about their means
	inked           float64 // dots of the mark
	clear, plain    float64 // levels by which it darkens them, and would in less light
}

func (s *markSums) add(t markSums) {
	s.together, s.alone, s.inked = s.together+t.together, s.alone+t.alone, s.inked+t.inked
	s.clear, s.plain = s.clear+t.clear, s.plain+t.plain
}

// markIn compares a square.
func (i *inspection) markIn(mark *raster, x, y int, except []forms.Box) (s markSums) {
	const green = 1
	shift, shade, light := shifts[green], i.shade[green], 1.0
	if i.gain[green] > fullGain {
		light = i.gain[green] // that is in what is expected
	}
	var n, m, d, mm, md float64
	for at := range markBlock * markBlock {
		px, py := x+at%markBlock, y+at/markBlock
		dot := py*mark.w + px
		want := float64(lane(i.comparison.want.pix[dot], shift)) / soft
		mx, my := (float64(px)+0.5)/workScale, (float64(py)+0.5)/workScale
		if want < inkDark || atEdge(i.form.Page, mx, my) || within(except, mx, my) || !i.shows(mx, my) {
			continue
		}
		inked := 1 - float64(lane(mark.pix[dot], shift))/(255*soft)
		with, without := want/light, want/light
		if i.specimen {
			without = (with - markInk*inked*markGreen) / (1 - markInk*inked)
		} else {
			with = without + markInk*inked*(markGreen-without)
		}
		darker := shade * (min(255, light*without) - min(255, light*with))
		off := float64(lane(i.seen.pix[dot], shift))/soft - shade*want
		n, m, d, mm, md = n+1, m+darker, d+off, mm+darker*darker, md+darker*off
		s.inked, s.plain = s.inked+inked, s.plain+shade*light*(without-with)
	}
	if n > 0 {
		s.together, s.alone, s.clear = md-m*d/n, mm-m*m/n, m
	}
	return s
}
