// Package population is what the engine asks of the population register: who somebody is,
// and whether a person can have a card. What a station typed is a claim that is compared
// with the register's record; what a card shows is the record.
//
// The built-in register is in internal/registry; package osia speaks to another one by the
// Population Registry interface of OSIA.
package population

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
)

// Record is what the register knows of a person.
type Record struct {
	ID      identity.PersonID
	Version string // another one after every change of the person's data; a card is pinned to one
	Person  identity.Person
	Status  identity.CitizenStatus
	Since   identity.Date // of the status; zero: from birth on
}

// Numbers are those under which the person may have cards and applications.
func (r Record) Numbers() []identity.PersonalNumber {
	return slices.DeleteFunc([]identity.PersonalNumber{r.Person.Number, r.Person.CancelledNumber}, func(n identity.PersonalNumber) bool { return n == "" })
}

// Registration asks for a person who is nowhere to be registered.
type Registration struct {
	Application identity.ApplicationNumber // that needs it: asked again, it is answered by whom it registered
	Person      identity.Person            // without a number
	Paper       string                     // that proves the person
	NotThese    []identity.PersonID        // whom an officer saw, and who are other persons
}

// Proven is the person as a paper of birth proves it. Numbers that somebody had stand in the
// register or nowhere: one that a station typed might be another person's.
func (r Registration) Proven() identity.Person {
	p := r.Person
	p.Number, p.CancelledNumber, p.OldNumber = "", "", ""
	return p
}

// Key is a digest of the data that make a person one: whoever registers the same person
// at the same moment has the same key. Case and the two styles of tone placement make no
// difference.
func (r Registration) Key() []byte { return r.key(len(r.NotThese) > 0) }

// Keys are those that the person may have been registered with for the application, whoever was
// looked at by then.
func (r Registration) Keys() [][]byte { return [][]byte{r.key(false), r.key(true)} }

func (r Registration) key(looked bool) []byte {
	p := r.Person
	birth, _ := p.Birth.MarshalText() // a date that was parsed
	parts := []string{p.Name.Key(), string(birth), string(p.Sex), p.Father.Key(), p.Mother.Key(), placeKey(p.BirthRegistration.Text)}
	if looked {
		parts = append(parts, string(r.Application)) // an officer saw that they are two
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return sum[:]
}

// Match is a person of the register who is likely to be the one who is looked for.
type Match struct {
	Record

	Score int // up to 110
}

// MostLikely is how many may be likely to be one person. An officer who is shown so many is helped
// by none of them.
const MostLikely = 500

// Likely scores how likely a record is of the person who is looked for, and reports
// whether it is likely enough for an officer to look.
//
// The name decides first: the same but for tones, one letter, one word, or the order of its
// words. Then the birth. A parent who differs tells two children of one name apart, who were
// born on one day and registered in two places. Who was given another name, or is a twin, an
// officer tells: see [renamed] and [adopted]; and so of whom most was mistyped: see [mistyped].
func Likely(claim identity.Person, r Record) (score int, likely bool) {
	name := nameScore(claim.Name, r.Person.Name)
	birth, near := birthScore(claim.Birth, r.Person.Birth)
	other := name == 0 && (renamed(claim, r.Person) || adopted(claim, r.Person)) || name >= 40 && mistyped(claim, r.Person)
	if !other && (name == 0 || !near && !sameParents(claim, r.Person)) {
		return 0, false
	}
	// A station may have typed the one where the other belongs.
	score = name + birth + max(
		parentScore(claim.Mother, r.Person.Mother)+parentScore(claim.Father, r.Person.Father),
		parentScore(claim.Mother, r.Person.Father)+parentScore(claim.Father, r.Person.Mother))
	sameSex, samePlace := claim.Sex == r.Person.Sex, registeredTogether(claim, r.Person)
	if sameSex {
		score += 5
	}
	switch {
	case samePlace:
		score += 5
	case claim.BirthRegistration.Text != "" && r.Person.BirthRegistration.Text != "":
		score -= 5
	}
	const enough = 60
	// Of that name, born that day and registered there: whoever the parents are said to be. Of that
	// name and of both parents: whenever the birth is said to be.
	return score, other || score >= enough || name >= 40 && birth == 30 && sameSex && samePlace || name >= 40 && sameParents(claim, r.Person)
}

// renamed reports whether a record of another name may be of the person who is looked for: a
// child of both parents, whose birth is that one as far as both are known, of whichever sex, which
// may have been determined anew; where one of the parents is not known, a child of the other, of
// that sex, born that day and registered there.
func renamed(claim, known identity.Person) bool {
	if claim.Name.IsZero() || claim.Birth.IsZero() {
		return false
	}
	if score, _ := birthScore(claim.Birth, known.Birth); score >= 20 && sameParents(claim, known) {
		return true
	}
	unknown := func(a, b identity.Name) bool { return a.IsZero() || b.IsZero() }
	return claim.Sex == known.Sex && claim.Birth == known.Birth && registeredTogether(claim, known) &&
		(sameName(claim.Mother, known.Mother) && unknown(claim.Father, known.Father) || sameName(claim.Father, known.Father) && unknown(claim.Mother, known.Mother))
}

// adopted reports whether a record may be of the person who is looked for before an adoption, which
// changes the family name and both parents: of the same other names and sex, born that day and
// registered there.
func adopted(claim, known identity.Person) bool {
	_, mine, is := strings.Cut(toneless(claim.Name.Text), " ")
	_, others, also := strings.Cut(toneless(known.Name.Text), " ")
	return is && also && mine == others && claim.Sex == known.Sex && claim.Birth.Complete() && claim.Birth == known.Birth && registeredTogether(claim, known)
}

// mistyped reports whether a record of that name may be of the person who is looked for, whose birth
// and one parent are written otherwise: the other parent, the sex and the place of registration agree.
func mistyped(claim, known identity.Person) bool {
	alike := func(a, b, c, d identity.Name) bool {
		return sameName(a, b) && nameScore(c, d) > 0 || nameScore(a, b) > 0 && sameName(c, d)
	}
	return claim.Sex == known.Sex && registeredTogether(claim, known) &&
		(alike(claim.Mother, known.Mother, claim.Father, known.Father) || alike(claim.Mother, known.Father, claim.Father, known.Mother))
}

// sameParents reports whether both parents are known and the same but for tones, whichever is
// which.
func sameParents(a, b identity.Person) bool {
	return sameName(a.Mother, b.Mother) && sameName(a.Father, b.Father) || sameName(a.Mother, b.Father) && sameName(a.Father, b.Mother)
}

// sameName reports whether both names are known and the same but for tones.
func sameName(a, b identity.Name) bool { return nameScore(a, b) >= 40 }

// registeredTogether reports whether both places of registration are known and one place.
func registeredTogether(a, b identity.Person) bool {
	place := a.BirthRegistration.Text
	return place != "" && placeKey(place) == placeKey(b.BirthRegistration.Text)
}

// Rank gives the likely ones of those records, the likeliest first.
func Rank(claim identity.Person, records []Record) []Match {
	var matches []Match
	for _, r := range records {
		if score, likely := Likely(claim, r); likely {
			matches = append(matches, Match{Record: r, Score: score})
		}
	}
	slices.SortStableFunc(matches, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return matches
}

func nameScore(a, b identity.Name) int {
	switch {
	case a.IsZero() || b.IsZero():
		return 0
	case a.Key() == b.Key():
		return 50
	case toneless(a.Text) == toneless(b.Text):
		return 40
	}
	x, y := strings.Fields(toneless(a.Text)), strings.Fields(toneless(b.Text))
	if wordsInAnyOrder(x, y) || oneApart([]rune(strings.Join(x, " ")), []rune(strings.Join(y, " "))) || len(x) != len(y) && oneApart(x, y) {
		return 30
	}
	return 0
}

// wordsInAnyOrder reports whether two names have the same words, in whichever order.
func wordsInAnyOrder(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// birthScore compares two days of birth; near: they may be one.
func birthScore(a, b identity.Date) (score int, near bool) {
	same := func(x, y int) bool { return x == y || x == 0 || y == 0 }
	switch {
	case a == b:
		return 30, true
	case same(a.Year, b.Year) && same(a.Month, b.Month) && same(a.Day, b.Day):
		return 20, true // as far as they are known
	case a.Year == b.Year && a.Day == b.Month && a.Month == b.Day:
		return 15, true
	}
	differ := 0
	for _, d := range [][2]int{{a.Year, b.Year}, {a.Month, b.Month}, {a.Day, b.Day}} {
		if d[0] != d[1] {
			differ++
		}
	}
	return 0, differ == 1
}

func parentScore(a, b identity.Name) int {
	if a.IsZero() || b.IsZero() {
		return 0
	}
	switch score := nameScore(a, b); {
	case score == 50:
		return 10
	case score > 0:
		return 7
	}
	return -20
}

// oneApart reports whether two lists differ by one element, which is another in the second
// or in one of them alone.
func oneApart[T comparable](a, b []T) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(a) == 0 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i < len(a) && slices.Equal(a[i+1:], b[i+1:])
	}
	return slices.Equal(a[i:], b[i+1:])
}
