package forms

import (
	"math"
	"slices"
)

// grid checks where baselines lie.
func (v *validation) grid() {
	if g := v.Grid; g != (Grid{}) && (g.Step < 0.5 || g.Step > 20 || g.From < 0) {
		v.wrong(g.line, "grid", "step is %.4g mm and from is %.4g; 0.5 to 20 are accepted, and 0 or more", g.Step, g.From)
	}
}

// baseline checks that a text stands on the grid.
func (v *validation) baseline(line int, what string, baseline float64) {
	g := v.Grid
	if g.Step <= 0 {
		return
	}
	if off := (baseline - g.From) / g.Step; math.Abs(off-math.Round(off))*g.Step > 0.005 {
		v.wrong(line, what, "baseline is %.4g mm, off the grid: %.4g mm and every %.4g from there are on it", baseline, g.From, g.Step)
	}
}

// under checks that what a text or field stands under is there, before it.
func (v *validation) under(line int, what, id string, side Side) {
	if id == "" {
		return
	}
	i := slices.IndexFunc(v.Fields, func(g Field) bool { return g.ID == id })
	if i < 0 || v.Fields[i].Side != side || v.Fields[i].Kind != TextField || v.Fields[i].Rise <= 0 {
		v.wrong(line, what, "there is no text field %q with a rise on its side, which it stands under", id)
	}
}

// flow checks how a text field moves, and moves what is under it.
func (v *validation) flow(g Field, what string) {
	v.under(g.Line, what, g.Under, g.Side)
	if g.Rise < 0 || g.Rise > 0 && (g.Lines == 1 || g.Under != "") {
		v.wrong(g.Line, what, "only a field of several lines, which is under no other, has a rise")
	}
	if g.Rise > 0 && g.Rise >= g.H {
		v.wrong(g.Line, what, "rise is %.4g mm, and the field no more than %.4g high", g.Rise, g.H)
	}
	if i := slices.IndexFunc(v.Texts, func(t Text) bool { return t.ID != "" && t.ID == g.After }); i >= 0 && v.Texts[i].Under != g.Under {
		v.wrong(g.Line, what, "it comes after %q, and must be under the same field", g.After)
	}
	before := slices.IndexFunc(v.Fields, func(f Field) bool { return f.ID == g.Under })
	own := slices.IndexFunc(v.Fields, func(f Field) bool { return f.ID == g.ID })
	if before > own {
		v.wrong(g.Line, what, "it is listed before %q, which it stands under", g.Under)
	}
}
