package identity

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxSerial = 40     // characters of what names a card: an application, or a blank
	maxNamed  = 10_000 // cards that one act names
)

// Check implements Act.
func (a SendConsignment) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("courier", a.Courier), checkGiven("seal", a.Seal))
}

// checkGiven is CheckNote for a text that must not be empty.
func checkGiven(field, text string) error {
	if strings.TrimSpace(text) == "" {
		return RefuseField(Invalid, field, "is empty; up to %d characters are accepted", maxNote)
	}
	return CheckNote(field, text)
}

// Check implements Act.
func (a ReceiveConsignment) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkNamed("missing", a.Missing), checkNamed("surplus", a.Surplus)}
	if a.Counted < 0 {
		problems = append(problems, RefuseField(Invalid, "counted", "is less than 0; how many cards are in the box is accepted"))
	}
	if len(a.Surplus) > max(a.Counted, 0) {
		problems = append(problems, RefuseField(Invalid, "surplus", "names %d cards, more than the %d counted; surplus cards are counted with the others", len(a.Surplus), a.Counted))
	}
	return errors.Join(problems...)
}

// Recount puts a count right after the box was received.
type Recount struct {
	Officer OfficerID
	Witness OfficerID           // counted with them
	Found   []ApplicationNumber // booked as missing, and in the box after all
	Missing []ApplicationNumber // counted in, and not there
	Surplus []string            // in the box, not on the manifest, and overlooked: applications, or serials of blanks
	Round   int                 `json:",omitzero"`
}

// Check refuses what no recount can be, all in one round.
func (m Recount) Check() error {
	problems := []error{checkBadge("officer", m.Officer), checkWitness(m.Officer, m.Witness), checkNamed("found", m.Found), checkNamed("missing", m.Missing), checkNamed("surplus", m.Surplus)}
	if slices.ContainsFunc(m.Found, func(n ApplicationNumber) bool { return slices.Contains(m.Missing, n) }) {
		problems = append(problems, RefuseField(Invalid, "missing", "names a card that is named as found as well"))
	}
	if len(m.Found)+len(m.Missing)+len(m.Surplus) == 0 {
		problems = append(problems, Refuse(Invalid, "nothing is to be put right: name the cards that were found, are missing, or are surplus"))
	}
	return errors.Join(problems...)
}

// checkWitness refuses a second officer who is none.
func checkWitness(officer, witness OfficerID) error {
	if err := checkBadge("witness", witness); err != nil {
		return err
	}
	if witness == officer {
		return RefuseField(Forbidden, "witness", "is the same officer; another one has to have counted with them")
	}
	return nil
}

// Finding is a lost card that turned up.
type Finding struct {
	Officer OfficerID
	Place   string // where it is kept
}

// Check refuses what no finding can be, all in one round.
func (f Finding) Check() error {
	return errors.Join(checkBadge("officer", f.Officer), checkGiven("place", f.Place))
}

// Settlement is how a person explained a surplus card.
type Settlement struct {
	Officer OfficerID
	Reason  string
}

// Check refuses what settles nothing, all in one round.
func (s Settlement) Check() error {
	return errors.Join(checkBadge("officer", s.Officer), checkGiven("reason", s.Reason))
}

// checkNamed refuses a list that names a card twice, in words too long, or too many.
func checkNamed[T ~string](field string, named []T) error {
	if len(named) > maxNamed {
		return RefuseField(Invalid, field, "names more than %d cards", maxNamed)
	}
	for _, name := range named {
		if err := checkGiven(field, string(name)); err != nil {
			return err
		}
		if utf8.RuneCountInString(string(name)) > maxSerial {
			return RefuseField(Invalid, field, "names a card in more than %d characters; an application or the serial of a blank is accepted", maxSerial)
		}
	}
	if sorted := slices.Sorted(slices.Values(named)); len(slices.Compact(sorted)) != len(named) {
		return RefuseField(Invalid, field, "names a card twice")
	}
	return nil
}

// ReopenConsignment opens a sealed box again.
type ReopenConsignment struct {
	Officer OfficerID
	Round   int `json:",omitzero"`
}

// SettleSurplus says what was done with a surplus card that nobody could place.
type SettleSurplus struct {
	Settlement

	Named string // the card, as it was named when it was counted
	Round int    `json:",omitzero"`
}

// ActName implements Act.
func (Recount) ActName() string { return "recount" }

// ActName implements Act.
func (ReopenConsignment) ActName() string { return "reopen" }

// ActName implements Act.
func (SettleSurplus) ActName() string { return "settle-surplus" }

// Check implements Act.
func (a ReopenConsignment) Check() error { return checkBadge("officer", a.Officer) }

// Check implements Act.
func (a SettleSurplus) Check() error {
	return errors.Join(a.Settlement.Check(), checkGiven("named", a.Named))
}

// By implements Act.
func (m Recount) By() []OfficerID { return []OfficerID{m.Officer, m.Witness} }

// By implements Act.
func (a ReopenConsignment) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a SettleSurplus) By() []OfficerID { return []OfficerID{a.Officer} }
