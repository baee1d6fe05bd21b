package identity

import (
	"errors"
	"slices"
	"strings"
)

// HandOverMethod is how it was made sure that the card reached its holder. The
// values are wire format: they stand in the registry and in histories.
type HandOverMethod string

// The hand-over methods. All but the fingerprint need a proof in words.
const (
	HandOverByFingerprint HandOverMethod = "fingerprint" // the holder's finger matched
	HandOverByProxy       HandOverMethod = "proxy"       // for children and the ill; proof: the proxy's paper
	HandOverByPost        HandOverMethod = "post"        // proof: the tracking number
	HandOverByOfficer     HandOverMethod = "officer"     // the finger did not match; proof: the officer's reason
)

// HandOverMethods lists every method.
var HandOverMethods = []HandOverMethod{HandOverByFingerprint, HandOverByProxy, HandOverByPost, HandOverByOfficer}

// OldCard is what became of the card, or of the CMND, that the citizen had before: the
// receiver of a new card hands it in (art. 21.3 of Decree 70/2024/NĐ-CP). The values are
// wire format.
type OldCard string

// The fates of an old card. Who has lost it, or has it kept elsewhere, says why.
const (
	OldCardReceived OldCard = "received"
	OldCardLost     OldCard = "lost"
	OldCardKept     OldCard = "kept" // elsewhere: by an authority, in custody
	OldCardNone     OldCard = "none" // there never was one
)

// OldCards lists every fate.
var OldCards = []OldCard{OldCardReceived, OldCardLost, OldCardKept, OldCardNone}

// Fate is what became of the old card. Statements of before it was asked for say only
// whether it was collected.
func (a HandOverCard) Fate() OldCard {
	if a.OldCard == "" && a.OldCardCollected {
		return OldCardReceived
	}
	return a.OldCard
}

// checkOldCard refuses what cannot be said of an old card.
func (a HandOverCard) checkOldCard() error {
	var wrong []error
	if a.OldCard != "" && !slices.Contains(OldCards, a.OldCard) {
		wrong = append(wrong, RefuseField(Invalid, "old_card", "must be one of %s", join(OldCards)))
	}
	if a.OldCardCollected && a.OldCard != "" && a.OldCard != OldCardReceived {
		wrong = append(wrong, RefuseField(Invalid, "old_card", "is %s, but the old card was collected", a.OldCard))
	}
	if (a.OldCard == OldCardLost || a.OldCard == OldCardKept) && strings.TrimSpace(a.OldCardReason) == "" {
		wrong = append(wrong, RefuseField(Invalid, "old_card_reason", "is missing; say how it was lost, or who keeps it"))
	}
	return errors.Join(append(wrong, CheckNote("old_card_reason", a.OldCardReason))...)
}

// HandsInOldCard reports whether the law has the old card handed in before the new one is
// given: on exchange, from the CMND, and where the card is damaged.
func (a Application) HandsInOldCard() bool {
	return a.Type == Exchange || a.Type == CertificateExchange || a.Ground == GroundFromCMND || a.Ground == GroundDamaged
}

// MayReceive refuses a hand-over that does not say what became of an old card which the law
// asks for.
func (a Application) MayReceive(h HandOverCard) error {
	if fate := h.Fate(); a.HandsInOldCard() && (fate == "" || fate == OldCardNone) {
		return RefuseField(Invalid, "old_card", "is %q, but the old card is handed in on this ground: say %s, or %s or %s with the reason",
			fate, OldCardReceived, OldCardLost, OldCardKept)
	}
	return nil
}
