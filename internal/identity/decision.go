package identity

import (
	"reflect"
	"slices"
)

// DecisionStep is what a person decides on an application. The values are wire
// format: they stand in the registry's decisions and in histories.
type DecisionStep string

// The decision steps, each with who decides.
const (
	StepRecapture  DecisionStep = "recapture"  // station: portrait or fingerprints were captured again
	StepAdjudicate DecisionStep = "adjudicate" // adjudicator: one person, or two
	StepApprove    DecisionStep = "approve"    // provincial officer
	StepReject     DecisionStep = "reject"     // provincial officer
	StepHold       DecisionStep = "hold"       // provincial officer
	StepRelease    DecisionStep = "release"    // provincial officer
	StepWithdraw   DecisionStep = "withdraw"   // station, for the citizen
	StepIdentify   DecisionStep = "identify"   // resolving officer: who of the population register the applicant is
)

// DecisionSteps lists every step.
var DecisionSteps = []DecisionStep{
	StepRecapture, StepAdjudicate, StepApprove, StepReject, StepHold, StepRelease, StepWithdraw, StepIdentify,
}

// Verdict is what an adjudicator found, or who an applicant is. The values are wire format, as those of
// DecisionStep.
type Verdict string

// The verdicts of StepAdjudicate, and of StepIdentify.
const (
	SamePerson       Verdict = "same person"
	DifferentPersons Verdict = "different persons"

	KnownPerson Verdict = "known person"
	NewPerson   Verdict = "new person"
)

// ActorSystem is who acts, in the audit trail, where no person and no station
// does.
const ActorSystem = "system"

// ActorHolder is the holder of a card who did something without an officer: reported it lost.
const ActorHolder = "holder"

// Decision is a decision on an application as it is recorded, once for each
// application, step and round.
type Decision struct {
	Application ApplicationNumber
	Step        DecisionStep
	Round       int // of this step, from 1; of StepApprove the registry counts it
	Officer     OfficerID
	Verdict     Verdict // of StepAdjudicate and StepIdentify, else empty
	Reason      Reason
	ForCitizen  bool   // StepHold for something that the citizen has to do: the legal clock stops
	RunsClock   bool   // the legal clock runs again
	WriteOff    int    // StepRelease: the card in a silent station that is given up with its blank; 0 for none
	Request     string // the client's identifier of the decision, under which it asks again
	Capture     int    `json:",omitzero"` // StepApprove, StepReject and StepWithdraw: the capture that the officer saw; 0 if the client does not say

	Person   PersonID   `json:",omitzero"` // StepIdentify: whom the applicant is; empty: none of NotThese
	NotThese []PersonID `json:",omitzero"` // StepIdentify: whom the officer saw
	Paper    string     `json:",omitzero"` // StepIdentify and StepApprove: what proves a new person
}

// Check refuses, in one round, an officer who is no badge, and a reason that no line of
// the trail may hold.
func (d Decision) Check() error { return signed(d.Officer, d.Reason.Note) }

// SaysAgain reports whether two acts are one, said twice by the same officers: all that they
// say is the same, but for where each time the application or the box was seen.
func SaysAgain(x, y Act) bool { return reflect.DeepEqual(unseen(x), unseen(y)) }

// unseen is an act without where its officer saw the application.
func unseen(act Act) Act {
	switch a := act.(type) {
	case Recapture:
		a.Round = 0
		return a
	case Adjudicate:
		a.Round = 0
		return a
	case Approve:
		a.Seen, a.Capture, a.Round = "", 0, 0
		return a
	case Reject:
		a.Seen, a.Capture, a.Round = "", 0, 0
		return a
	case Hold:
		a.Round = 0
		return a
	case Release:
		a.Seen, a.Round = "", 0
		return a
	case Withdraw:
		a.Seen, a.Capture, a.Round = "", 0, 0
		return a
	case Identify:
		a.Round = 0
		return a
	case ReopenConsignment:
		a.Round = 0
		return a
	case Recount:
		a.Round = 0
		return a
	case SettleSurplus:
		a.Round = 0
		return a
	}
	return act
}

// Deciding is an act that is recorded as a decision on its application.
type Deciding interface {
	Act
	// Decision is what the act decides, without what only its workflow knows: application,
	// round, and what becomes of the legal clock and of a card.
	Decision() Decision
}

// Decision implements Deciding.
func (a Recapture) Decision() Decision {
	return Decision{Step: StepRecapture, Round: a.Round, Officer: a.Officer}
}

// Decision implements Deciding.
func (a Adjudicate) Decision() Decision {
	verdict := DifferentPersons
	if a.SamePerson {
		verdict = SamePerson
	}
	return Decision{Step: StepAdjudicate, Round: a.Round, Officer: a.Officer, Verdict: verdict, Reason: ReadReason(a.Reason)}
}

// Decision implements Deciding.
func (a Approve) Decision() Decision {
	return Decision{Step: StepApprove, Officer: a.Officer, Reason: ReadReason(a.Reason), Capture: a.Capture, Paper: a.Paper}
}

// Decision implements Deciding.
func (a Reject) Decision() Decision {
	return Decision{Step: StepReject, Round: 1, Officer: a.Officer, Reason: ReadReason(a.Reason), Capture: a.Capture}
}

// Decision implements Deciding.
func (a Hold) Decision() Decision {
	return Decision{Step: StepHold, Round: a.Round, Officer: a.Officer, Reason: ReadReason(a.Reason), ForCitizen: a.CitizensPart}
}

// Decision implements Deciding.
func (a Release) Decision() Decision {
	return Decision{Step: StepRelease, Round: a.Round, Officer: a.Officer, Reason: ReadReason(a.Reason)}
}

// Decision implements Deciding.
func (a Withdraw) Decision() Decision {
	return Decision{Step: StepWithdraw, Round: 1, Officer: a.Officer, Reason: ReadReason(a.Reason), Capture: a.Capture}
}

// BeforeApproval gives the stage at which the officer of an act that ends an application saw
// it, up to Approval; empty: at none of those. What was approved meanwhile it does not end, but
// where the application has come back to that stage since.
func BeforeApproval(act Act) Stage {
	var seen Stage
	switch act := act.(type) {
	case Reject:
		seen = act.Seen
	case Withdraw:
		seen = act.Seen
	}
	if slices.Index(Stages, seen) > slices.Index(Stages, Approval) {
		return ""
	}
	return seen
}
