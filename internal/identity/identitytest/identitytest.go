// Package identitytest makes random valid citizens, cards and applications for
// property tests: of every shape that life and law know, the awkward ones more
// often than in life. The same source of randomness gives the same person; no
// person is real. Personal numbers are drawn at random and may repeat.
//
//	card := identitytest.Card(identitytest.Seeded(7))
package identitytest

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"example.org/cancuoc/internal/identity"
)

// The last day on which anything here happens.
var lastDay = identity.Date{Year: 2026, Month: 12, Day: 31}

// law2023 is the first day of the law of 2023, chipCards that of chip cards.
var (
	law2023   = identity.Date{Year: 2024, Month: 7, Day: 1}
	chipCards = identity.Date{Year: 2021, Month: 1, Day: 23}
)

// Seeded is a source of randomness that gives the same for the same seed.
func Seeded(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0))
}

// Person makes a citizen of any age.
func Person(r *rand.Rand) identity.Person {
	return person(r, identity.Date{Year: 1900, Month: 1, Day: 1}, lastDay)
}

// Holders are those to whom some cards are issued.
type Holders struct {
	From, To       identity.Date // first and last day of issue; until the last day of all when To is zero
	FromAge, ToAge int           // completed years on the day of issue; any when ToAge is 0
}

// Card makes a card of either law, of no form.
func Card(r *rand.Rand) identity.Card {
	if r.IntN(5) == 0 {
		return CardOf(r, "", Holders{From: chipCards, To: law2023.AddDays(-1), FromAge: 14})
	}
	return CardOf(r, "", Holders{From: law2023})
}

// CardOf makes a card of a form, valid as the law of the day of issue says.
func CardOf(r *rand.Rand, form identity.FormID, h Holders) identity.Card {
	if h.To.IsZero() {
		h.To = lastDay
	}
	if h.ToAge == 0 {
		h.ToAge = 110
	}
	issued := between(r, h.From, h.To)
	p := aged(r, issued, h.FromAge, h.ToAge)
	return identity.Card{
		Form: form, Serial: identity.CardSerial(fmt.Sprintf("%016X", r.Uint64())), Person: p, Issued: issued,
		Expiry: identity.Validity(identity.LawOn(issued), p.Birth, issued),
	}
}

// aged makes a citizen who has completed youngest to oldest years on that day.
func aged(r *rand.Rand, on identity.Date, youngest, oldest int) identity.Person {
	first := on.AddYears(-oldest - 1).AddDays(1)
	if first.Year < 1900 {
		first = identity.Date{Year: 1900, Month: 1, Day: 1}
	}
	for {
		p := person(r, first, on.AddYears(-youngest))
		// An unknown day, or 29 February, may fall outside.
		if age := p.Birth.AgeOn(on); age >= youngest && age <= oldest && p.Birth.Compare(on) <= 0 {
			return p
		}
	}
}

// person makes a citizen born in that time.
func person(r *rand.Rand, first, last identity.Date) identity.Person {
	sex := identity.Male
	if r.IntN(2) == 1 {
		sex = identity.Female
	}
	p := identity.Person{
		Sex: sex, Name: Name(r, sex), Birth: birth(r, first, last),
		Ethnicity: pick(r, ethnicities), Religion: pick(r, religions), BloodGroup: pick(r, bloodGroups),
		Origin: place(r, lastDay), Residence: address(r, lastDay), Marks: pick(r, marks),
		Father: parent(r, identity.Male), Mother: parent(r, identity.Female),
	}
	p.BirthRegistration = place(r, identity.Date{Year: p.Birth.Year, Month: max(p.Birth.Month, 1), Day: max(p.Birth.Day, 1)})
	if r.IntN(20) == 0 {
		p.BirthRegistration = identity.Place{Text: "Thành phố Praha, Cộng hòa Séc", Province: identity.ProvinceCode(strconv.Itoa(101 + r.IntN(200)))}
	}
	p.Number = number(r, p)
	if p.Birth.Year < 1995 {
		p.Spouse = parent(r, other(sex))
	}
	if p.Birth.Year < 2005 && r.IntN(3) == 0 {
		p.OldNumber = identity.OldNumber(fmt.Sprintf("%09d", r.IntN(1_000_000_000)))
	}
	if r.IntN(30) == 0 {
		if n := number(r, p); n != p.Number {
			p.CancelledNumber = n
		}
	}
	return p
}

func other(sex identity.Sex) identity.Sex {
	if sex == identity.Male {
		return identity.Female
	}
	return identity.Male
}

// parent is the name of a relative; sometimes none is known.
func parent(r *rand.Rand, sex identity.Sex) identity.Name {
	if r.IntN(8) == 0 {
		return identity.Name{}
	}
	return Name(r, sex)
}

// birth is a day of birth; of a few, who are old, only the year or the month is
// known; more than in life are born on 29 February.
func birth(r *rand.Rand, first, last identity.Date) identity.Date {
	d := between(r, first, last)
	switch chance := r.IntN(18); {
	case d.Year < 1960 && chance < 3:
		return identity.Date{Year: d.Year}
	case d.Year < 1960 && chance < 6:
		return identity.Date{Year: d.Year, Month: d.Month}
	case chance == 17:
		leap := identity.Date{Year: d.Year - d.Year%4, Month: 2, Day: 29}
		if leap.Year != 1900 && leap.Compare(first) >= 0 && leap.Compare(last) <= 0 {
			return leap
		}
	}
	return d
}

// number is a personal number that agrees with the person.
func number(r *rand.Rand, p identity.Person) identity.PersonalNumber {
	code := 2 * (p.Birth.Year/100 - 19)
	if p.Sex == identity.Female {
		code++
	}
	tail := r.IntN(1_000_000)
	if r.IntN(50) == 0 {
		tail = pick(r, []int{0, 1, 999_999})
	}
	n, err := identity.ParsePersonalNumber(fmt.Sprintf("%s%d%02d%06d", p.BirthRegistration.Province, code, p.Birth.Year%100, tail))
	must(err)
	return n
}

// between is a day from the first to the last, both of which come more often
// than others.
func between(r *rand.Rand, first, last identity.Date) identity.Date {
	days := int(last.Midnight().Sub(first.Midnight()).Hours() / 24)
	switch r.IntN(50) {
	case 0:
		return first
	case 1:
		return last
	}
	return first.AddDays(r.IntN(days + 1))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// must panics: the generator itself is wrong.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("identitytest: %v", err))
	}
}
