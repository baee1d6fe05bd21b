package identity

import "slices"

// period is a span of days, both ends included; a zero end is open.
type period struct{ from, to Date }

func (p period) includes(day Date) bool {
	return day.Compare(p.from) >= 0 && (p.to.IsZero() || day.Compare(p.to) <= 0)
}

// The two circulars of the finance ministry.
var (
	circular59of2019 = period{to: Date{2024, 10, 20}}
	circular73of2024 = period{from: Date{2024, 10, 21}}
)

// fee is one line of a circular's table.
type fee struct {
	period
	kind   ApplicationType
	ground Ground // empty: every ground without a line
	amount int    // VND
}

// fees are the tables of both circulars. What has no line is free, as the first
// card is by law (art. 38 of Law 26/2023/QH15).
var fees = []fee{
	{circular59of2019, FirstIssue, GroundFromCMND, 30_000},
	{circular59of2019, Exchange, "", 50_000},
	{circular59of2019, Reissue, "", 70_000},
	{circular73of2024, FirstIssue, GroundFromCCCD, 30_000},
	{circular73of2024, Exchange, "", 50_000},
	{circular73of2024, Reissue, "", 70_000},
}

// uncharged are the grounds of exchange that are free under both circulars: age, an
// error of the authority, rearranged administrative units.
var uncharged = []Ground{GroundAge, GroundPrintError, GroundBoundaries}

// reduction is a period in which half the fee is charged.
type reduction struct {
	period
	channel Channel // empty: every channel
}

// reductions of the finance ministry. Where two coincide, half is charged, not a
// quarter.
var reductions = []reduction{
	{period{Date{2021, 1, 1}, Date{2022, 6, 30}}, ""},       // Circulars 112/2020, 47/2021, 120/2021
	{period{Date{2023, 7, 1}, Date{2023, 12, 31}}, ""},      // Circular 44/2023
	{period{Date{2023, 12, 1}, Date{2025, 12, 31}}, Online}, // Circular 63/2023
	{period{Date{2025, 7, 1}, Date{2026, 12, 31}}, ""},      // Circular 64/2025
}

// exemption is a case of art. 5 of a circular, by the code that an application
// gives for it.
type exemption struct {
	period
	code string
}

var exemptions = []exemption{
	{circular59of2019, "martyr"},      // parents, spouse, children under 18 of martyrs
	{circular59of2019, "war-invalid"}, // war invalids and equals, their children under 18
	{circular59of2019, "sick-soldier"},
	{circular59of2019, "orphan"}, // under 18, both parents dead, no support
	{circular59of2019, "minority"},
	{circular59of2019, "border"},
	{circular59of2019, "island"},
	{circular59of2019, "poor"},
	{circular73of2024, "child"},    // under 16, Law on Children
	{circular73of2024, "elderly"},  // 60 and over
	{circular73of2024, "disabled"}, // người khuyết tật
	{circular73of2024, "merit"},    // persons with merits to the revolution, and their relatives
	{circular73of2024, "minority"}, // ethnic minorities in communes of special difficulty
	{circular73of2024, "border"},   // residents of border communes
	{circular73of2024, "island"},   // residents of island districts
	{circular73of2024, "poor"},     // poor households
}

// Exemptions lists the codes of exemption from the fee that are valid on a day
// (art. 5 of Circulars 59/2019/TT-BTC and 73/2024/TT-BTC).
func Exemptions(day Date) []string {
	var codes []string
	for _, e := range exemptions {
		if e.includes(day) {
			codes = append(codes, e.code)
		}
	}
	return codes
}

// The ages at which Circular 73/2024/TT-BTC exempts without further proof.
const (
	childUntil  = 16 // the first age that pays
	elderlyFrom = 60
)

// Fee is what an application costs, in VND.
func Fee(a Application) int {
	if exempt(a) || slices.Contains(uncharged, a.Ground) {
		return 0
	}
	amount := fullFee(a)
	for _, r := range reductions {
		if r.includes(a.FiledOn) && (r.channel == "" || r.channel == a.Channel) {
			return amount / 2
		}
	}
	return amount
}

// exempt reports whether the applicant pays nothing, by age or by a code.
func exempt(a Application) bool {
	age := a.Person.Birth.AgeOn(a.FiledOn)
	byAge := circular73of2024.includes(a.FiledOn) && (age < childUntil || age >= elderlyFrom)
	return byAge || slices.Contains(Exemptions(a.FiledOn), a.Exemption)
}

// fullFee is the amount of the table: of the ground's line, or else of the type's.
func fullFee(a Application) int {
	amount := 0
	for _, f := range fees {
		if f.kind != a.Type || !f.includes(a.FiledOn) {
			continue
		}
		if f.ground == a.Ground {
			return f.amount
		}
		if f.ground == "" {
			amount = f.amount
		}
	}
	return amount
}
