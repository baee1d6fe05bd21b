package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// name says what strikes, and whom.
func (f fault) name() string {
	if f.target == "" {
		return f.String()
	}
	return f.String() + ", " + f.target
}

// matrix shows how long each fault, at each place, was felt.
func (r *report) matrix(b *strings.Builder) {
	b.WriteString("\n## Every fault at every place\n\nSeconds from the fault until whoever was there had gone on, to another place; what was frozen was so for ")
	fmt.Fprintf(b, "%d of them.\nWhoever waits for people, or is in a box, goes on when they act again. A dash: never struck.\n\n| struck at |", int(thaw.Seconds()))
	for _, f := range columns {
		fmt.Fprintf(b, " %s |", f.name())
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, p := range places {
		fmt.Fprintf(b, "| %s |", p)
		for _, f := range columns {
			fmt.Fprintf(b, " %s |", r.felt(f, p))
		}
		b.WriteString("\n")
	}
	all := slices.SortedFunc(slices.Values(r.hits), func(x, y *hit) int { return cmp.Compare(y.after, x.after) })
	fmt.Fprintf(b, "\n%d of %d pairs were struck.", len(all), len(places)*len(columns))
	if len(all) > 0 {
		fmt.Fprintf(b, " The longest, %s, was %s, at %s.", all[0].after.Round(time.Second), all[0].fault.name(), all[0].place)
	}
	b.WriteString("\n")
}

// felt is how long a fault was felt at a place.
func (r *report) felt(f fault, p place) string {
	for _, h := range r.hits {
		switch {
		case h.fault != f || h.place != p:
		case h.after == 0:
			return "never"
		default:
			return fmt.Sprintf("%.0f", h.after.Seconds())
		}
	}
	return "-"
}

// sweep shows what became of each outage.
func (r *report) sweep(b *strings.Builder) {
	b.WriteString("\n## Outages\n\n| away | for | receipts meanwhile | open then | all had gone on, after it was back |\n|---|---|---|---|---|\n")
	for _, o := range r.outages {
		after := "never"
		if o.after > 0 {
			after = o.after.Round(time.Second).String()
		}
		fmt.Fprintf(b, "| %s | %s | %s | %d | %s |\n", o.target, o.lasted, spread(o.receipts), o.open, after)
	}
}
