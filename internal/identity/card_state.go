package identity

import "slices"

// CardState is how far a card is. The values are wire format: the registry
// keeps them.
type CardState string

// The states of a card: those it passes one after the other, then what else may
// become of it.
const (
	CardPrepared     CardState = "prepared"     // its data is ready; it has no blank yet
	CardBegun        CardState = "begun"        // it has a blank
	CardPersonalized CardState = "personalized" // its chip is written and locked
	CardPrinted      CardState = "printed"
	CardInspected    CardState = "inspected"
	CardPacked       CardState = "packed"  // in a consignment
	CardArrived      CardState = "arrived" // counted in at its destination
	CardLive         CardState = "live"    // handed over; the citizen's one valid card

	// After issue. One that is lost, damaged or kept is the citizen's one card still, until
	// another takes its place.
	CardReportedLost CardState = "reported-lost" // by its holder; a card that is lost on its way is CardLost
	CardDamaged      CardState = "damaged"
	CardKept         CardState = "kept"      // by an authority, to be given back: article 29 of the law of 2023
	CardWithdrawn    CardState = "withdrawn" // for good: article 29
	CardLapsed       CardState = "lapsed"    // its holder died

	CardRevoked   CardState = "revoked"   // another card took its place
	CardSpoiled   CardState = "spoiled"   // ruined in the making
	CardLost      CardState = "lost"      // missing when its consignment was counted
	CardFound     CardState = "found"     // it was lost, and turned up when it was of no use any more: to be destroyed
	CardDestroyed CardState = "destroyed" // by two officers
)

// AtStation reports whether a card in this state is in the slot of the station that
// makes it. One that was inspected is, until it is packed.
func (s CardState) AtStation() bool {
	return s == CardBegun || s == CardPersonalized || s == CardPrinted || s == CardInspected
}

// InSlot reports whether a card in this state holds a slot of its station.
func (s CardState) InSlot() bool { return s.AtStation() && s != CardInspected }

// Past reports whether a card in this state has reached another one, of those that it
// passes.
func (s CardState) Past(reached CardState) bool {
	return slices.Index(CardStates, s) >= slices.Index(CardStates, reached)
}

// GivenUp reports whether a card in this state will never be handed over, so that its
// application needs another one.
func (s CardState) GivenUp() bool {
	return s == CardSpoiled || s == CardLost || s == CardFound || s == CardDestroyed
}

// Way lists the states that the document passes on its way to its holder, in order: what has
// no chip is never personalized.
func (d Document) Way() []CardState {
	way := CardStates[:slices.Index(CardStates, CardLive)+1]
	if d.HasChip() {
		return way
	}
	return slices.DeleteFunc(slices.Clone(way), func(s CardState) bool { return s == CardPersonalized })
}

// CardStates lists every state, in order.
var CardStates = []CardState{
	CardPrepared, CardBegun, CardPersonalized, CardPrinted, CardInspected, CardPacked, CardArrived, CardLive,
	CardReportedLost, CardDamaged, CardKept, CardWithdrawn, CardLapsed,
	CardRevoked, CardSpoiled, CardLost, CardFound, CardDestroyed,
}
