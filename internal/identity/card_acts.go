package identity

import (
	"errors"
	"slices"
)

// CardAct is an act on a card that was issued.
type CardAct interface {
	Act
	Why() Reason // kept with the card
}

// OnCard is what every such act says. Its reason is a note; for one that the law allows on
// some grounds only, the ground, and as its note the number of the authority's record.
type OnCard struct {
	Officer OfficerID
	Reason  string
}

// By implements Act.
func (a OnCard) By() []OfficerID { return []OfficerID{a.Officer} }

// Check implements Act.
func (a OnCard) Check() error { return signed(a.Officer, a.Reason) }

// Why implements CardAct.
func (a OnCard) Why() Reason { return ReadReason(a.Reason) }

// ReportLost records that its holder lost a card. Any officer who sees citizens takes it, at
// once: the card is dead from then on.
type ReportLost struct{ OnCard }

// ReportFound records that a lost card is where it was before: with its holder, or with the
// authority that keeps it.
type ReportFound struct{ OnCard }

// ReportDamaged records that a card is of no use any more.
type ReportDamaged struct{ OnCard }

// KeepCard records that an authority keeps a card for a time, on one of KeepReasons.
type KeepCard struct{ OnCard }

// ReturnCard records that a card that was kept was given back.
type ReturnCard struct{ OnCard }

// WithdrawCard ends a card for good, on one of WithdrawCardReasons. Of a holder whom the office's
// own population register knows, loss of nationality is marked there instead, and the card ends.
type WithdrawCard struct{ OnCard }

// LapseCard ends the card of a holder who died and whom another population register than
// the office's own knows: there is nobody here whom an officer could mark.
type LapseCard struct{ OnCard }

// ActName implements Act.
func (ReportLost) ActName() string { return "report-lost" }

// ActName implements Act.
func (ReportFound) ActName() string { return "report-found" }

// ActName implements Act.
func (ReportDamaged) ActName() string { return "report-damaged" }

// ActName implements Act.
func (KeepCard) ActName() string { return "keep-card" }

// ActName implements Act.
func (ReturnCard) ActName() string { return "return-card" }

// ActName implements Act.
func (WithdrawCard) ActName() string { return "withdraw-card" }

// ActName implements Act.
func (LapseCard) ActName() string { return "lapse-card" }

// Check implements Act.
func (a KeepCard) Check() error { return a.onRecord(KeepReasons) }

// Check implements Act.
func (a ReturnCard) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// Check implements Act.
func (a WithdrawCard) Check() error { return a.onRecord(WithdrawCardReasons) }

// Check implements Act.
func (a LapseCard) Check() error { return a.onRecord(LapseReasons) }

// onRecord checks an act that the law allows on some grounds only, each with a record.
func (a OnCard) onRecord(grounds ReasonTable) error {
	problems := []error{a.Check()}
	if why := a.Why(); !slices.Contains(grounds.Codes(), why.Code) || why.Note == "" {
		problems = append(problems, RefuseField(Invalid, "reason", "must be one of %s, and after a colon the number of the record, for example %s: 12/QD", join(grounds.Codes()), grounds[0].Code))
	}
	return errors.Join(problems...)
}

// cardActs says of each act on a card what it makes of it, and where the table of its life
// allows more than the act does, of which. A card that is found or given back may be again
// what it was before, which is not always live.
var cardActs = map[string]struct {
	from, becomes CardState
	orAgain       []CardState
}{
	ReportLost{}.ActName():    {becomes: CardReportedLost},
	ReportFound{}.ActName():   {from: CardReportedLost, becomes: CardLive, orAgain: []CardState{CardDamaged, CardKept}},
	ReportDamaged{}.ActName(): {becomes: CardDamaged},
	KeepCard{}.ActName():      {becomes: CardKept},
	ReturnCard{}.ActName():    {from: CardKept, becomes: CardLive, orAgain: []CardState{CardDamaged}},
	WithdrawCard{}.ActName():  {becomes: CardWithdrawn},
	LapseCard{}.ActName():     {becomes: CardLapsed},
}

// Becomes is what an act makes of a card that was live before.
func Becomes(act CardAct) CardState { return cardActs[act.ActName()].becomes }

// HolderBecomes is what an act says that the holder of the card became, with which the card ends;
// empty: nothing.
func HolderBecomes(act CardAct) CitizenStatus {
	switch act := act.(type) {
	case LapseCard:
		return Deceased
	case WithdrawCard:
		if slices.Contains(LossesOfNationality, act.Why().Code) {
			return NationalityLost
		}
	}
	return ""
}

// Makes reports whether an act may have made that of a card.
func Makes(act CardAct, became CardState) bool {
	of := cardActs[act.ActName()]
	return became == of.becomes || slices.Contains(of.orAgain, became)
}

// Allows reports whether an act may be done to a card in this state.
func (s CardState) Allows(act CardAct) bool {
	from := cardActs[act.ActName()].from
	return (from == "" || from == s) && s.MayBecome(Becomes(act))
}
