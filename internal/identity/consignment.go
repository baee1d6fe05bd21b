package identity

import "strings"

// ConsignmentNumber names a consignment, for example "C-000001".
type ConsignmentNumber string

// ParseConsignmentNumber reads the number of a consignment, in capital or small letters.
func ParseConsignmentNumber(s string) (ConsignmentNumber, error) {
	if s = strings.ToUpper(s); !officeID(s) {
		return "", RefuseField(Invalid, "consignment", "is not the number of a consignment, for example C-000001")
	}
	return ConsignmentNumber(s), nil
}

// ConsignmentState is how far a consignment is. The values are wire format: the
// registry keeps them, and the search attribute Stage shows them.
type ConsignmentState string

// The states of a consignment, in order.
const (
	ConsignmentOpen     ConsignmentState = "open"     // cards may still join
	ConsignmentSealed   ConsignmentState = "sealed"   // full, or closed by an officer or at the cut-off
	ConsignmentSent     ConsignmentState = "sent"     // the courier has it
	ConsignmentReceived ConsignmentState = "received" // counted at its destination

	ConsignmentDissolved ConsignmentState = "dissolved" // it was closed with nothing in it, or the last card was taken out
)

// ConsignmentStates lists every state, in order.
var ConsignmentStates = []ConsignmentState{
	ConsignmentOpen, ConsignmentSealed, ConsignmentSent, ConsignmentReceived, ConsignmentDissolved,
}

// SurplusOutcome is what becomes of a card that was in a box and not on its manifest.
// The values are wire format: the registry keeps them.
type SurplusOutcome string

// The outcomes of a surplus card.
const (
	SurplusArrived   SurplusOutcome = "arrived"   // it belongs here: it is on the manifest now, and waits for its holder
	SurplusForwarded SurplusOutcome = "forwarded" // it belongs elsewhere: it goes there in a box of its own
	SurplusUnwanted  SurplusOutcome = "unwanted"  // nobody will collect it: two officers destroy it
	SurplusCounted   SurplusOutcome = "counted"   // it was counted in before
	SurplusUnclear   SurplusOutcome = "unclear"   // the books do not explain it: a person does
)

// SurplusOutcomes lists every outcome.
var SurplusOutcomes = []SurplusOutcome{SurplusArrived, SurplusForwarded, SurplusUnwanted, SurplusCounted, SurplusUnclear}
