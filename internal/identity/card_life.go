package identity

import "slices"

// cardLife is what may become of a card after it was issued: from each state, to which
// others. The registry's trigger move_card has the same, and a test compares them.
var cardLife = map[CardState][]CardState{
	CardLive:         {CardReportedLost, CardDamaged, CardKept, CardWithdrawn, CardLapsed, CardRevoked},
	CardReportedLost: {CardLive, CardDamaged, CardKept, CardWithdrawn, CardLapsed, CardRevoked},
	CardDamaged:      {CardReportedLost, CardWithdrawn, CardLapsed, CardRevoked},
	CardKept:         {CardLive, CardReportedLost, CardDamaged, CardWithdrawn, CardLapsed, CardRevoked},
	CardWithdrawn:    {CardDestroyed},
	CardLapsed:       {CardDestroyed},
	CardRevoked:      {CardDestroyed},
}

// MayBecome reports whether a card that was issued may go from this state to another.
func (s CardState) MayBecome(next CardState) bool { return slices.Contains(cardLife[s], next) }

// HandedOver reports whether a card in this state was handed over, and not destroyed.
func (s CardState) HandedOver() bool { return len(cardLife[s]) > 0 }

// Standing reports whether a card in this state is its holder's one card: it is valid, or
// may be again, or waits for the one that replaces it.
func (s CardState) Standing() bool { return slices.Contains(cardLife[s], CardRevoked) }
