package print

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// The colors of a picture are compared in cells of about a millimeter; cells that differ
// are reported by the field or text that they are in, or by the place of the art.
const (
	cellDots  = 6   // a cell's side
	placeMM   = 5.0 // the grid of places of the art
	edgeMM    = 1.7 // not compared: where the card is cut, and shades
	cornerMM  = 4.5 // likewise
	fixedOff  = 10  // levels that a cell may differ in any light
	litOff    = 16  // and those that the light multiplies
	glareOff  = 40  // likewise, where it is overexposed
	manyCells = 3   // so many cells that differ are a fault; one is, that differs twice as much
	allOver   = 0.4 // the share of the cells that is called all over
)

// area is a part of a side that findings name.
type area struct {
	name string
	box  forms.Box
}

// finding is what is wrong with an area.
type finding struct {
	area string // "" for the whole side
	text string
}

// mostFindings is how many findings of a side are told: enough to know what went wrong.
const mostFindings = 8

// told gives the findings as text: one for each area, and not too many.
func told(list []finding) []string {
	var texts []string
	areas := make(map[string]bool)
	for _, f := range list {
		switch {
		case f.area == "":
			texts = append(texts, f.text)
		case !areas[f.area]:
			areas[f.area] = true
			texts = append(texts, f.area+": "+f.text)
		}
	}
	if more := len(texts) - mostFindings; more > 0 {
		texts = append(texts[:mostFindings], fmt.Sprintf("%d more places are wrong", more))
	}
	return texts
}

// off is how an area differs.
type off struct {
	area
	cells  int
	worst  float64 // levels of 255, positive if too bright
	color  int
	severe bool
}

// checkCells compares the colors everywhere but in boxes that are looked at otherwise.
func (c *comparison) checkCells(page forms.Page, areas []area, except []forms.Box, visible func(x, y float64) bool) []finding {
	found := make(map[string]*off)
	var wrong [3]int // cells, by color
	var sums [3]float64
	all := 0
	for y := 0; y+cellDots <= c.want.h; y += cellDots {
		for x := 0; x+cellDots <= c.want.w; x += cellDots {
			mx, my := (float64(x)+cellDots/2)/workScale, (float64(y)+cellDots/2)/workScale
			if atEdge(page, mx, my) || within(except, mx, my) || !visible(mx, my) {
				continue
			}
			all++
			worst, color, fault := 0.0, 0, 0.0
			for i, d := range c.differs(x, y) {
				tolerance := fixedOff + litOff*c.gain[i] + glareOff*max(0, c.gain[i]-1)
				if math.Abs(d) > tolerance {
					wrong[i], sums[i] = wrong[i]+1, sums[i]+d
				}
				if math.Abs(d)/tolerance > fault {
					worst, color, fault = d, i, math.Abs(d)/tolerance
				}
			}
			if fault > 1 {
				note(found, areaAt(areas, mx, my), worst, color, fault > 2)
			}
		}
	}
	for i := range wrong {
		if float64(wrong[i]) > allOver*float64(all) {
			return []finding{{"", fmt.Sprintf("%s is %s all over", colorNames[i], levels(sums[i]/float64(wrong[i])))}}
		}
	}
	return report(found)
}

// note adds a cell that differs to its area.
func note(found map[string]*off, a area, worst float64, color int, severe bool) {
	o := found[a.name]
	if o == nil {
		o = &off{area: a}
		found[a.name] = o
	}
	if o.cells++; math.Abs(worst) > math.Abs(o.worst) {
		o.worst, o.color = worst, color
	}
	o.severe = o.severe || severe
}

var colorNames = [3]string{"red", "green", "blue"}

func levels(d float64) string {
	if d > 0 {
		return fmt.Sprintf("%.0f levels too bright", d)
	}
	return fmt.Sprintf("%.0f levels too dark", -d)
}

// report names the areas that differ, the art's last.
func report(found map[string]*off) []finding {
	var list []*off
	for _, o := range found {
		if o.severe || o.cells >= manyCells {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *off) int {
		return cmp.Or(cmp.Compare(artLast(a), artLast(b)), cmp.Compare(b.cells, a.cells), cmp.Compare(a.name, b.name))
	})
	findings := make([]finding, len(list))
	for i, o := range list {
		findings[i] = finding{o.name, fmt.Sprintf("%s is %s on %d mm²", colorNames[o.color], levels(o.worst), o.cells)}
	}
	return findings
}

// artLast is 1 for a place of the art.
func artLast(o *off) int {
	if o.box == (forms.Box{}) {
		return 1
	}
	return 0
}

// differs is the mean difference of a cell, by color.
func (c *comparison) differs(x, y int) (off [3]float64) {
	var want, seen uint64 // in quarter levels, of which a cell has no more than 16 bits
	const quarters = 0x3ff * lanes
	for j := range cellDots {
		at := (y+j)*c.want.w + x
		p, s := c.want.pix[at:at+cellDots:at+cellDots], c.seen.pix[at:at+cellDots:at+cellDots]
		for i, v := range p {
			want, seen = want+v>>4&quarters, seen+s[i]>>4&quarters
		}
	}
	for i, shift := range shifts {
		off[i] = (float64(lane(seen, shift)) - c.shade[i]*float64(lane(want, shift))) / (cellDots * cellDots * quarter)
	}
	return off
}

// areaAt is the area at a point: a field or text, or a place of the art.
func areaAt(areas []area, x, y float64) area {
	for _, a := range areas {
		if inBox(a.box, x, y) {
			return a
		}
	}
	px, py := (math.Floor(x/placeMM)+0.5)*placeMM, (math.Floor(y/placeMM)+0.5)*placeMM
	return area{name: fmt.Sprintf("art at %.1f, %.1f mm", px, py)}
}

func inBox(b forms.Box, x, y float64) bool {
	return x >= b.X && x < b.X+b.W && y >= b.Y && y < b.Y+b.H
}

func within(boxes []forms.Box, x, y float64) bool {
	return slices.ContainsFunc(boxes, func(b forms.Box) bool { return inBox(b, x, y) })
}

// atEdge reports whether a point is where the card is cut.
func atEdge(p forms.Page, x, y float64) bool {
	dx, dy := min(x, p.W-x), min(y, p.H-y)
	return dx < edgeMM || dy < edgeMM || dx+dy < cornerMM
}

// areasOf lists what can be named on a side: fields, then fixed texts.
func areasOf(form forms.Form, side forms.Side) []area {
	var list []area
	for _, f := range form.Fields {
		if f.Side == side {
			list = append(list, area{f.ID, f.Box})
		}
	}
	for _, t := range form.Texts {
		if t.Side == side {
			list = append(list, area{textName(t), t.Box})
		}
	}
	return list
}

// textName names a fixed text.
func textName(t forms.Text) string {
	if t.ID != "" {
		return t.ID
	}
	return fmt.Sprintf("text %q", t.Text)
}
