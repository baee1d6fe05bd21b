package population

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
)

// toneless folds a text as the register's search does: without case, tones and the marks
// of letters.
func toneless(text string) string {
	var out strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case r == 'đ':
			out.WriteRune('d')
		case !unicode.Is(unicode.Mn, r):
			out.WriteRune(r)
		}
	}
	return out.String()
}

// units are the kinds of administrative units as addresses begin with them, long and
// short, without tones. The kind tells nothing of which unit it is: a district town became
// a ward, a province a city.
var units = []string{
	"thanh pho", "thi tran", "thi xa", "dac khu", "phuong", "quan", "huyen", "tinh", "xa", "tp", "tt", "tx", "p", "q", "h", "x", "t",
}

// placeKey folds a place: the parts between commas, without the kinds of units, the
// province by its name of today. Districts, which have ended, are told from communes by
// nothing in the text: see samePlace.
func placeKey(text string) string { return strings.Join(placeParts(text), ",") }

func placeParts(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(toneless(text), ",") {
		part = strings.Join(strings.FieldsFunc(part, func(r rune) bool { return unicode.IsSpace(r) || r == '.' || r == '-' }), " ")
		for _, unit := range units {
			if name, is := strings.CutPrefix(part, unit+" "); is {
				part = name
				break
			}
		}
		if part != "" && part != "viet nam" {
			parts = append(parts, part)
		}
	}
	if n := len(parts); n > 0 {
		if now, merged := provincesNow[parts[n-1]]; merged {
			parts[n-1] = now
		}
	}
	return parts
}

// samePlace reports whether two texts name one place, as it was called before the units
// were rearranged or since: the province by either name, with the district or without it.
func samePlace(a, b string) bool {
	short, long := placeParts(a), placeParts(b)
	if len(short) > len(long) {
		short, long = long, short
	}
	switch len(long) - len(short) {
	case 0:
		return strings.Join(short, ",") == strings.Join(long, ",")
	case 1: // the district, which stood before the province until 30 June 2025
		n := len(long)
		return n > 2 && strings.Join(short, ",") == strings.Join(append(long[:n-2:n-2], long[n-1]), ",")
	}
	return false
}

// provincesNow gives the name of today, folded, for each name that a province had or has, and
// for those that it is often written by.
var provincesNow = func() map[string]string {
	names := map[string]string{"hcm": "ho chi minh", "sai gon": "ho chi minh", "dac lac": "dak lak"}
	fold := func(name string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(toneless(name), "-", " ")), " ")
	}
	now := identity.Date{Year: 2025, Month: 7, Day: 1}
	for _, before := range []identity.Date{{Year: 2024, Month: 12, Day: 31}, {Year: 2025, Month: 6, Day: 30}} {
		for _, code := range identity.ProvinceCodes(before) {
			old, _ := identity.ProvinceOn(code, before)
			today, _ := identity.ProvinceOn(identity.ProvinceNow(code), now)
			names[fold(old)] = fold(today)
		}
	}
	for _, code := range identity.ProvinceCodes(now) {
		today, _ := identity.ProvinceOn(code, now)
		names[fold(today)] = fold(today) // a name of today is not taken for another of before
	}
	return names
}()
