package activities

import (
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
)

// Inputs and results are wire format. They hold references and small facts, and nothing
// about a person.

// EnterInput moves an application to a stage that begins with no other activity.
type EnterInput struct {
	Application identity.ApplicationNumber
	To          identity.Stage
	Attempt     int
	Awaiting    identity.Action
	Reason      string
}

// JudgeCaptureInput names one round of capture, from 1.
type JudgeCaptureInput struct {
	Application identity.ApplicationNumber
	Round       int
}

// JudgeCaptureResult tells whether the capture is good enough, and if not, for which
// codes of packages portrait and fingerprint.
type JudgeCaptureResult struct {
	Good    bool
	Reasons []string
}

// Summary lists the reasons for an operator.
func (r JudgeCaptureResult) Summary() string { return strings.Join(r.Reasons, ", ") }

// ValidateInput names the round of validation, so that each is recorded once.
type ValidateInput struct {
	Application identity.ApplicationNumber
	Round       int
}

// ValidateResult lists the fields that contradict the law or the population
// registry; their values stay in the registry.
type ValidateResult struct{ Contradictions []string }

// DeduplicateInput names the capture that is searched with.
type DeduplicateInput struct {
	Application identity.ApplicationNumber
	Round       int
}

// DeduplicateResult lists applications of other persons with these fingers.
type DeduplicateResult struct{ Hits []identity.ApplicationNumber }

// DecideInput is one person's decision, to be recorded before it takes effect.
type DecideInput struct {
	identity.Decision

	ResumesClock   bool // the legal clock runs again from now
	Due            time.Time
	ClockStoppedAt time.Time

	WriteOff bool // the card of Attempt is in a silent station and given up
	Attempt  int
}

// DecideResult gives the legal deadline after the decision.
type DecideResult struct{ Due time.Time }

// CardInput names one card: the application and which of its cards, from 1.
type CardInput struct {
	Application identity.ApplicationNumber
	Attempt     int
}

// PersonalizeResult names the station whose slot the card is in.
type PersonalizeResult struct{ Station identity.StationID }

// PackResult names the consignment that the card is in.
type PackResult struct{ Consignment identity.ConsignmentNumber }

// HandOverInput hands the card of Attempt over.
type HandOverInput struct {
	identity.HandOverCard

	Application  identity.ApplicationNumber
	Attempt      int
	CaptureRound int // the capture whose fingerprints the probe is matched with
	At           time.Time
}

// SealInput closes a consignment. The act of the system, at the cut-off, names no
// officer.
type SealInput struct {
	identity.SealConsignment

	Consignment identity.ConsignmentNumber
}

// SealResult counts the cards on the manifest.
type SealResult struct{ Cards int }

// SendInput hands a consignment to a courier.
type SendInput struct {
	identity.SendConsignment

	Consignment identity.ConsignmentNumber
}

// ReceiveInput counts a consignment in.
type ReceiveInput struct {
	identity.ReceiveConsignment

	Consignment identity.ConsignmentNumber
}

// AnnounceInput tells every application of a consignment what became of its card.
type AnnounceInput struct{ Consignment identity.ConsignmentNumber }

// AnnounceResult counts them.
type AnnounceResult struct{ Arrived, Missing int }
