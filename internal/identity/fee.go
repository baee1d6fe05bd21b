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
	kind    ApplicationType
	ground  Ground  // empty: every ground without a line
	held    Law     // of the card that is exchanged; empty: of any
	through Channel // empty: every channel
	amount  int     // VND
	source  string
}

// fees are the tables of both circulars, the first line that fits first. A reissue costs the same for
// what was lost and for nationality regained (được trở lại quốc tịch Việt Nam). What has no line is
// free, as the first card is by law (art. 38 of Law 26/2023/QH15).
var fees = []fee{
	{circular59of2019, FirstIssue, GroundFromCMND, "", "", 30_000, "Circular 59/2019/TT-BTC, art. 4"},
	{circular59of2019, Exchange, GroundAge, "", "", 0, "Circular 59/2019/TT-BTC, art. 5"},
	{circular59of2019, Exchange, GroundBoundaries, "", "", 0, "Circular 59/2019/TT-BTC, art. 5"},
	{circular59of2019, Exchange, "", "", "", 50_000, "Circular 59/2019/TT-BTC, art. 4"},
	{circular59of2019, Reissue, "", "", "", 70_000, "Circular 59/2019/TT-BTC, art. 4"},
	{circular73of2024, Exchange, GroundAge, "", "", 0, "Law 26/2023/QH15, art. 38"},
	{circular73of2024, Exchange, GroundBoundaries, "", "", 0, "Circular 73/2024/TT-BTC, art. 5"},
	{circular73of2024, Exchange, "", Law2014, "", 30_000, "Circular 73/2024/TT-BTC, art. 4"},
	{circular73of2024, Exchange, "", "", "", 50_000, "Circular 73/2024/TT-BTC, art. 4"},
	{circular73of2024, Reissue, "", "", "", 70_000, "Circular 73/2024/TT-BTC, art. 4"},
}

// reduction is a period in which half the fee is charged.
type reduction struct {
	period
	through Channel // empty: every channel
	source  string
}

// reductions of the finance ministry. Where two coincide, half is charged, not a
// quarter.
var reductions = []reduction{
	{period{Date{2021, 1, 1}, Date{2022, 6, 30}}, "", "Circulars 112/2020, 47/2021 and 120/2021/TT-BTC"},
	{period{Date{2023, 7, 1}, Date{2023, 12, 31}}, "", "Circular 44/2023/TT-BTC"},
	{period{Date{2023, 12, 1}, Date{2025, 12, 31}}, Online, "Circular 63/2023/TT-BTC"},
	{period{Date{2025, 7, 1}, Date{2026, 12, 31}}, "", "Circular 64/2025/TT-BTC"},
}

// TariffLine is what applications of a type cost on a day, filed through a channel.
type TariffLine struct {
	Type    ApplicationType `json:"type"`
	Ground  Ground          `json:"ground,omitzero"` // empty: every other
	Held    Law             `json:"held,omitzero"`   // of the card that is exchanged; empty: every other
	Channel Channel         `json:"channel"`
	Amount  int             `json:"amount"` // VND
	Source  string          `json:"source"`
}

// Tariff lists what applications cost that are filed on a day. What has no line is free, and so is
// an error of the authority (art. 38 of Law 26/2023/QH15); exemptions are besides.
func Tariff(day Date) []TariffLine {
	var lines []TariffLine
	for _, f := range fees {
		if !f.includes(day) {
			continue
		}
		for _, through := range []Channel{AtStation, Online} {
			if f.through != "" && f.through != through {
				continue
			}
			line := TariffLine{f.kind, f.ground, f.held, through, f.amount, f.source}
			if r, is := reductionOn(day, through); is && f.amount > 0 {
				line.Amount, line.Source = f.amount/2, f.source+"; half by "+r.source
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// exemption is a case of art. 5 of a circular, by the code that an application
// gives for it.
type exemption struct {
	period
	code   string
	ages   ages
	proven bool // by a paper; otherwise the age is the proof
}

// ages are those from an age to below another; below 0 is without end.
type ages struct{ from, below int }

func (a ages) include(age int) bool { return age >= a.from && (a.below == 0 || age < a.below) }

// The exemption of ethnic minorities in communes of special difficulty, and who is of none.
const minority, majority = "minority", "Kinh"

// Islands were districts until there were none.
var (
	islandDistricts = period{circular73of2024.from, lastOf63}
	specialZones    = period{from: firstOf34} // Circular 71/2025/TT-BTC
)

var exemptions = []exemption{
	{circular59of2019, "martyr", ages{}, true},      // parents, spouse, children under 18 of martyrs
	{circular59of2019, "war-invalid", ages{}, true}, // war invalids and equals, their children under 18
	{circular59of2019, "sick-soldier", ages{}, true},
	{circular59of2019, "orphan", ages{below: 18}, true}, // both parents dead, no support
	{circular59of2019, minority, ages{}, true},
	{circular59of2019, "border", ages{}, true},
	{circular59of2019, "island", ages{}, true},
	{circular59of2019, "poor", ages{}, true},
	{circular73of2024, "child", ages{below: 16}, false},  // Law 102/2016/QH13 on Children
	{circular73of2024, "elderly", ages{from: 60}, false}, // Law 39/2009/QH12 on the Elderly
	{circular73of2024, "disabled", ages{}, true},         // người khuyết tật
	{circular73of2024, "merit", ages{}, true},            // persons with merits to the revolution, and their relatives
	{circular73of2024, minority, ages{}, true},           // ethnic minorities in communes of special difficulty
	{circular73of2024, "border", ages{}, true},           // residents of border communes
	{islandDistricts, "island", ages{}, true},            // residents of island districts
	{specialZones, "special-zone", ages{}, true},         // residents of special zones (đặc khu)
	{circular73of2024, "poor", ages{}, true},             // poor households
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

// exemptionOf finds the case that an application claims.
func exemptionOf(a Application) (exemption, bool) {
	i := slices.IndexFunc(exemptions, func(e exemption) bool { return e.code == a.Exemption && e.includes(a.FiledOn) })
	if i < 0 {
		return exemption{}, false
	}
	return exemptions[i], true
}

// Fee is what an application costs, in VND. The card that the applicant holds decides: who
// exchanges a card of the law of 2014 pays less. Where the card record has none, it is what
// the ground says.
func Fee(a Application, held *HeldCard) int {
	if exempt(a) || a.Type == Exchange && a.Ground == GroundPrintError && a.ErrorBy == ErrorByAuthority {
		return 0
	}
	of := Law2023
	switch {
	case held != nil:
		of = held.law()
	case a.Ground == GroundFromCCCD:
		of = Law2014
	}
	amount := fullFee(a, of)
	if reduced(a.FiledOn, a.Channel) {
		return amount / 2
	}
	return amount
}

// FeeByRegister is what the application costs the person who is the holder by the population
// register and holds that card by the card record. At the door both were what a station typed.
func (a Application) FeeByRegister(holder Person, held *HeldCard) int {
	a.Person = holder
	return Fee(a, held)
}

// reduced reports whether half is charged on a day.
func reduced(day Date, through Channel) bool {
	_, is := reductionOn(day, through)
	return is
}

// reductionOn is the first by which half is charged on a day, if there is one.
func reductionOn(day Date, through Channel) (reduction, bool) {
	i := slices.IndexFunc(reductions, func(r reduction) bool { return r.includes(day) && (r.through == "" || r.through == through) })
	if i < 0 {
		return reduction{}, false
	}
	return reductions[i], true
}

// exempt reports whether the applicant pays nothing, by age or by a paper.
func exempt(a Application) bool {
	age := a.Person.Birth.AgeOn(a.FiledOn)
	return slices.ContainsFunc(exemptions, func(e exemption) bool {
		return e.includes(a.FiledOn) && e.ages.include(age) && (!e.proven || e.code == a.Exemption)
	})
}

// fullFee is the first line of the table that is about the application and the card that
// is exchanged.
func fullFee(a Application, held Law) int {
	for _, f := range fees {
		if f.includes(a.FiledOn) && f.kind == a.Type && (f.ground == "" || f.ground == a.Ground) && (f.held == "" || f.held == held) && (f.through == "" || f.through == a.Channel) {
			return f.amount
		}
	}
	return 0
}

// sameTariff reports whether the same circular and reduction are in force on both days.
func sameTariff(a, b Date, through Channel) bool {
	return circular73of2024.includes(a) == circular73of2024.includes(b) && reduced(a, through) == reduced(b, through)
}
