package printing

import (
	"slices"
	"strings"

	"github.com/OpenPrinting/goipp"
)

// values gives the values of an attribute, or none if it is not there.
func values(list goipp.Attributes, name string) goipp.Values {
	for _, a := range list {
		if a.Name == name {
			return a.Values
		}
	}
	return nil
}

// integers gives the values of an attribute that are integers or enums.
func integers(list goipp.Attributes, name string) []int32 {
	var all []int32
	for _, v := range values(list, name) {
		if i, ok := v.V.(goipp.Integer); ok {
			all = append(all, int32(i))
		}
	}
	return all
}

// counted gives an integer or an enum, and whether there is one that is not negative.
func counted(list goipp.Attributes, name string) (n int32, there bool) {
	for _, n := range integers(list, name) {
		return n, n >= 0
	}
	return 0, false
}

// hasNoValue reports whether an attribute is there, and says that it has no value.
func hasNoValue(list goipp.Attributes, name string) bool {
	for _, v := range values(list, name) {
		return v.T == goipp.TagNoValue
	}
	return false
}

// number gives an integer or an enum, or 0.
func number(list goipp.Attributes, name string) int32 {
	n, _ := counted(list, name)
	return max(n, 0)
}

// keywords gives the values of an attribute as text, without the language that some
// printers put before it (RFC 8010, 3.9).
func keywords(list goipp.Attributes, name string) []string {
	var all []string
	for _, v := range values(list, name) {
		switch v := v.V.(type) {
		case goipp.String:
			all = append(all, string(v))
		case goipp.TextWithLang:
			all = append(all, v.Text)
		}
	}
	return all
}

// text gives the first value of an attribute as text.
func text(list goipp.Attributes, name string) string {
	for _, s := range keywords(list, name) {
		return s
	}
	return ""
}

// reasons lists the reasons of a job's state, safe to show.
func reasons(job goipp.Attributes) string {
	list := keywords(job, "job-state-reasons")
	for i, reason := range list {
		list[i] = printable(reason)
	}
	return strings.Join(list, ", ")
}

// asked has the printer answer with those attributes.
func asked(names ...string) goipp.Attribute {
	a := goipp.Attribute{Name: "requested-attributes"}
	for _, name := range names {
		a.Values.Add(goipp.TagKeyword, goipp.String(name))
	}
	return a
}

// resolutions gives the resolutions of an attribute that are the same both ways, in dpi.
func resolutions(list goipp.Attributes, name string) []int {
	var all []int
	for _, v := range values(list, name) {
		if r, ok := v.V.(goipp.Resolution); ok && r.Xres == r.Yres && r.Units == goipp.UnitsDpi {
			all = append(all, r.Xres)
		}
	}
	slices.Sort(all)
	return all
}

// longest gives the upper end of an attribute that is a range of integers, or 0.
func longest(list goipp.Attributes, name string) int {
	for _, v := range values(list, name) {
		if r, ok := v.V.(goipp.Range); ok {
			return r.Upper
		}
	}
	return 0
}

// isNo reports whether the only value of an attribute is false.
func isNo(list goipp.Attributes, name string) bool {
	v := values(list, name)
	return len(v) == 1 && v[0].V == goipp.Boolean(false)
}
