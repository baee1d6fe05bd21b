package workflows

import (
	"time"

	"example.org/cancuoc/internal/identity"
)

// The names below are wire format: they stand in histories and in the commands
// of programs that are not deployed together with the workers.

// Updates to a CardApplication. Each is checked by a validator, so that the
// officer hears at once whether it was accepted.
const (
	UpdateRecapture  = "recapture"  // Recapture
	UpdateAdjudicate = "adjudicate" // Adjudicate
	UpdateApprove    = "approve"    // Approve
	UpdateReject     = "reject"     // Reject
	UpdateHold       = "hold"       // Hold
	UpdateRelease    = "release"    // Release
	UpdateWithdraw   = "withdraw"   // Withdraw
	UpdateHandOver   = "hand-over"  // HandOver
)

// Updates to a Consignment.
const (
	UpdateSeal    = "seal"    // Seal
	UpdateSend    = "send"    // Send
	UpdateReceive = "receive" // Receive
)

// Queries and signals.
const (
	QueryTimeline = "timeline" // []TimelineEntry, of a CardApplication
	SignalArrived = "arrived"  // Arrived, to a CardApplication, from its consignment
	SignalFull    = "full"     // no content, to a Consignment, from the card that filled it
)

// ApplicationWorkflowID is the one workflow of that application, for ever.
func ApplicationWorkflowID(n identity.ApplicationNumber) string {
	return "application-" + string(n)
}

// ConsignmentWorkflowID is the one workflow of that consignment.
func ConsignmentWorkflowID(number string) string { return "consignment-" + number }

// CardApplicationInput starts a CardApplication. It holds references and the
// settings that are pinned for this application's life; no personal data.
type CardApplicationInput struct {
	Application  identity.ApplicationNumber
	Type         identity.ApplicationType
	Province     identity.ProvinceCode // of the enrolling station; the fairness key
	EnrolledBy   identity.OfficerID
	NeedsCapture bool // false: reissue from data on file, or a child under 6
	Urgent       bool
	Due          time.Time // the legal deadline
	Limits       Limits
}

// Limits are the office's settings that bind an application, pinned when it was
// received.
type Limits struct {
	Recapture   time.Duration // how long the citizen may take to come again
	Resolution  time.Duration // how long a contradiction may stay unresolved
	Collect     time.Duration // how long a finished card waits for the citizen
	AtRisk      time.Duration // how long before the legal deadline the application is marked and hurried
	StationWait time.Duration // how long a card's own station may stay silent before a person is asked
	Restock     time.Duration // how long until a stock that was empty is tried again
	Cards       int           // how many cards may fail before a person is asked
}

// CardApplicationResult is how it ended.
type CardApplicationResult struct {
	End    identity.Stage
	Reason identity.ReasonCode // empty when issued
	Cards  int                 // how many cards were begun
}

// Recapture says that new portrait or fingerprints are in the vault, as the
// capture of that round.
type Recapture struct {
	Officer identity.OfficerID
	Round   int // the round the new capture is stored under; one more than the last
}

// Adjudicate decides whether the applicant and the persons found are one.
type Adjudicate struct {
	Officer    identity.OfficerID
	SamePerson bool
	Reason     string
}

// Approve grants the card.
type Approve struct {
	Officer identity.OfficerID
	Reason  string
}

// Reject refuses the card.
type Reject struct {
	Officer identity.OfficerID
	Reason  string
}

// Hold stops the application where it stands, before its next stage.
type Hold struct {
	Officer      identity.OfficerID
	Reason       string
	CitizensPart bool // the citizen has to do something: the legal clock stops
}

// Release lets a held application go on; where production was given up it grants
// another card.
type Release struct {
	Officer identity.OfficerID
	Reason  string
	Remake  bool // the card at the silent station is written off and another made
}

// Withdraw takes the application back for the citizen.
type Withdraw struct {
	Officer identity.OfficerID
	Reason  string
}

// HandOver is the citizen receiving the card. The probe of the finger is in the
// vault, never here.
type HandOver struct {
	Officer          identity.OfficerID
	Method           identity.HandOverMethod
	Proof            string // proxy's paper, courier's tracking number, officer's reason; empty for a fingerprint
	Round            int    // which probe in the vault; counts the tries
	OldCardCollected bool
}

// Accepted is what an update answers: where the application stands after it.
type Accepted struct {
	Stage    identity.Stage
	Awaiting identity.Action
}

// Arrived tells a card's application that its consignment was counted in.
type Arrived struct {
	Consignment string
	Missing     bool // it was not in the box
}

// TimelineEntry is one line of an application's story. It names no citizen.
type TimelineEntry struct {
	At    time.Time
	Stage identity.Stage
	Note  string
}

// ConsignmentInput starts a Consignment.
type ConsignmentInput struct {
	Number      string
	Destination identity.StationID // an enrolment station, or "POST"
	CutOff      time.Duration      // it is sealed this long after its first card at the latest
}

// ConsignmentResult is how many cards went and came.
type ConsignmentResult struct{ Sent, Arrived, Missing int }

// Seal closes the box and prints its manifest.
type Seal struct{ Officer identity.OfficerID }

// Send hands the box to the courier.
type Send struct {
	Officer identity.OfficerID
	Courier string
	Seal    string // the number on the seal
}

// Receive counts the box in at its destination.
type Receive struct {
	Officer identity.OfficerID
	Counted int
	Missing []identity.ApplicationNumber
}

// ConsignmentState answers the updates of a Consignment.
type ConsignmentState struct {
	State identity.ConsignmentState
	Cards int
}
