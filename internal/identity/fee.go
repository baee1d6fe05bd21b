package identity

import "slices"

// fee is one line of the finance ministry's tables, in VND.
type fee struct {
	from, to Date // to is the last day; zero while it stands
	grounds  []Ground
	kind     ApplicationType
	amount   int
}

// fees: Circular 59/2019/TT-BTC until 20 October 2024, then Circular
// 73/2024/TT-BTC. A first card is not charged, nor an exchange that age, a fault
// of the authority or new boundaries make necessary.
var fees = []fee{
	{to: Date{2024, 10, 20}, grounds: []Ground{GroundFromCMND}, kind: FirstIssue, amount: 30_000},
	{to: Date{2024, 10, 20}, kind: Exchange, amount: 50_000},
	{to: Date{2024, 10, 20}, kind: Reissue, amount: 70_000},
	{from: Date{2024, 10, 21}, kind: Exchange, amount: 50_000},
	{from: Date{2024, 10, 21}, kind: Reissue, amount: 70_000},
}

// halves are the times when half was charged: Circulars 112/2020, 47/2021 and
// 120/2021; 44/2023; 64/2025. Online filing: Circular 63/2023. Half is charged
// once, not twice.
var halves = []struct {
	from, to Date
	channel  Channel // empty: every channel
}{
	{from: Date{2021, 1, 1}, to: Date{2022, 6, 30}},
	{from: Date{2023, 7, 1}, to: Date{2023, 12, 31}},
	{from: Date{2023, 12, 1}, to: Date{2025, 12, 31}, channel: Online},
	{from: Date{2025, 7, 1}, to: Date{2026, 12, 31}},
}

// free are grounds that are never charged.
var free = []Ground{GroundFirstCard, GroundAge, GroundPrintError, GroundBoundaries, GroundNumberChanged}

// Exemptions of art. 5 of Circulars 59/2019 and 73/2024, by the code that an
// application gives.
var Exemptions = []string{
	"child",       // under 16
	"elderly",     // 60 and over
	"disabled",    // người khuyết tật
	"merit",       // persons with merits to the revolution, and their relatives
	"minority",    // ethnic minorities in communes of special difficulty
	"border",      // residents of border communes
	"island",      // residents of island districts
	"poor",        // poor households
	"orphan",      // under 18, no parents, no support (2019)
	"war-invalid", // war invalids and their children under 18 (2019)
}

// Fee is what the application costs, in VND.
func Fee(a Application) int {
	if slices.Contains(free, a.Ground) || a.Exemption != "" {
		return 0
	}
	age := a.Person.Birth.AgeOn(a.FiledOn)
	if a.FiledOn.Compare(Date{2024, 10, 21}) >= 0 && (age < 16 || age >= 60) {
		return 0
	}
	for _, f := range fees {
		if f.kind != a.Type || !within(a.FiledOn, f.from, f.to) || len(f.grounds) > 0 && !slices.Contains(f.grounds, a.Ground) {
			continue
		}
		for _, h := range halves {
			if within(a.FiledOn, h.from, h.to) && (h.channel == "" || h.channel == a.Channel) {
				return f.amount / 2
			}
		}
		return f.amount
	}
	return 0
}

// within reports whether day lies from the first to the last day; zero bounds
// are open.
func within(day, first, last Date) bool {
	return day.Compare(first) >= 0 && (last.IsZero() || day.Compare(last) <= 0)
}
