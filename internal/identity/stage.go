package identity

import "slices"

// Stage is where an application stands. The strings are wire format: they stand
// in the registry, in histories and in the search attribute Stage.
type Stage string

// The stages, in the order an application passes them, then the ends.
const (
	Received         Stage = "Received"         // the packet is stored; station
	BiometricCapture Stage = "BiometricCapture" // portrait and fingerprints are judged; station, system
	Validation       Stage = "Validation"       // law and population registry; system
	Deduplication    Stage = "Deduplication"    // no other person has these fingers; ABIS, adjudicator
	Approval         Stage = "Approval"         // four eyes; provincial officer
	DataPreparation  Stage = "DataPreparation"  // LDS, SOD, printed sides; system, HSM
	Personalization  Stage = "Personalization"  // the chip is written and locked; station
	Printing         Stage = "Printing"         // both sides; the same station
	Inspection       Stage = "Inspection"       // read back and compared; the same station
	Dispatch         Stage = "Dispatch"         // packed, sent, received at the destination; centre
	HandOver         Stage = "HandOver"         // the citizen receives the card; station

	Issued    Stage = "Issued"    // the card is live in the citizen's record
	Rejected  Stage = "Rejected"  // an officer refused
	Withdrawn Stage = "Withdrawn" // the citizen took the application back
	Expired   Stage = "Expired"   // never recaptured or collected within the legal time
)

// Stages lists every stage in order, the ends last.
var Stages = []Stage{
	Received, BiometricCapture, Validation, Deduplication, Approval, DataPreparation,
	Personalization, Printing, Inspection, Dispatch, HandOver,
	Issued, Rejected, Withdrawn, Expired,
}

// next lists, for every stage, the stages that may follow it. A card that was
// begun can no longer be withdrawn; one that was ruined, or lost on its way, goes
// back to DataPreparation: another blank gets data of its own.
var next = map[Stage][]Stage{
	Received:         {BiometricCapture, Validation, Withdrawn},
	BiometricCapture: {Validation, Rejected, Withdrawn, Expired},
	Validation:       {Deduplication, Approval, Rejected, Withdrawn, Expired},
	Deduplication:    {Approval, Rejected, Withdrawn},
	Approval:         {DataPreparation, Rejected, Withdrawn},
	DataPreparation:  {Personalization, Rejected, Withdrawn},
	Personalization:  {Printing, DataPreparation, Rejected},
	Printing:         {Inspection, DataPreparation, Rejected},
	Inspection:       {Dispatch, DataPreparation, Rejected},
	Dispatch:         {HandOver, DataPreparation, Expired},
	HandOver:         {Issued, Expired},
}

// Enter returns to, the stage that an application at s is to enter, or refuses.
// Entering the stage one is at already changes nothing.
func (s Stage) Enter(to Stage) (Stage, error) {
	if s == to || slices.Contains(next[s], to) {
		return to, nil
	}
	return s, Refuse(Conflict, "an application at %s cannot enter %s", s, to)
}

// Ended reports whether nothing follows s.
func (s Stage) Ended() bool {
	switch s {
	case Issued, Rejected, Withdrawn, Expired:
		return true
	case Received, BiometricCapture, Validation, Deduplication, Approval, DataPreparation,
		Personalization, Printing, Inspection, Dispatch, HandOver:
		return false
	}
	return false
}

// Open lists the stages of applications that have not ended.
func Open() []Stage {
	return slices.DeleteFunc(slices.Clone(Stages), Stage.Ended)
}
