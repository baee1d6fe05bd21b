package activities

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Inputs and results are wire format. They hold references and small facts, and nothing
// about a person.

// StandingInput names an application.
type StandingInput struct{ Application identity.ApplicationNumber }

// Standing is where an application stands, as its workflow needs it to go on.
type Standing struct {
	Stage         identity.Stage
	Awaiting      identity.Action
	Why           string
	Reason        identity.ReasonCode
	Attempt       int
	CaptureRound  int
	Releases      int
	Clock         LegalClock
	Hold          *identity.Hold
	ApprovedBy    identity.OfficerID
	AdjudicatedBy identity.OfficerID
	Verdict       identity.Verdict
	Ending        identity.DecisionStep
	EndingBy      identity.OfficerID
	Requests      []string
	Requested     []identity.DecisionStep // which decision each of those is of; none from an earlier release
	Station       identity.StationID      // that has the card in its slot
	Consignment   identity.ConsignmentNumber
	Card          identity.CardState `json:",omitzero"` // of the card being made; empty before its data is prepared
	Trouble       string             `json:",omitzero"` // why its station cannot make it now
	OutdatedBy    identity.OfficerID `json:",omitzero"` // approved it before it was said whose it is
}

// LegalClock is the legal deadline, when it comes near, and since when the clock stands
// still, which is zero while it runs.
type LegalClock struct {
	Due, RiskAt time.Time
	Stopped     time.Time `json:",omitzero"`
}

// EnterInput records that an application waits at a stage.
type EnterInput struct {
	Application identity.ApplicationNumber
	To          identity.Stage
	Attempt     int
	Awaiting    identity.Action
	Why         string
	StopsClock  bool
	Limit       time.Duration `json:",omitzero"` // 0: it waits without end; else for as long as the office's settings say
	Round       int
	Found       []byte // what the stage found in that round, as JSON
}

// MarshalJSON writes the limit in nanoseconds, which workers of every release read, and once
// more for people.
func (in EnterInput) MarshalJSON() ([]byte, error) {
	type plain EnterInput
	within := ""
	if in.Limit != 0 {
		within = Readable(in.Limit)
	}
	return json.Marshal(struct { //nolint:wrapcheck // Temporal's converter says what it was about
		plain
		Within string `json:",omitzero"`
	}{plain(in), within})
}

// Readable is a span of time as people write it: 720h, not 720h0m0s.
func Readable(d time.Duration) string {
	text := d.String()
	if short, whole := strings.CutSuffix(text, "m0s"); whole {
		text = short + "m"
	}
	if short, whole := strings.CutSuffix(text, "h0m"); whole {
		text = short + "h"
	}
	return text
}

// EnterResult tells since when the application waits, and until when, by the database's clock.
type EnterResult struct {
	Since, Now time.Time
	Until      time.Time `json:",omitzero"` // zero: without end, or it was not said
}

// EndInput takes an application to one of its ends.
type EndInput struct {
	Application identity.ApplicationNumber
	To          identity.Stage
	Attempt     int
	Reason      identity.ReasonCode
}

// JudgeCaptureInput names one round of capture, from 1.
type JudgeCaptureInput struct {
	Application identity.ApplicationNumber
	Round       int
	Approved    bool `json:",omitzero"` // it comes back from behind Approval
}

// JudgeCaptureResult tells whether the capture is good enough, and if not, for which
// codes of packages portrait and fingerprint.
type JudgeCaptureResult struct {
	Good    bool
	Reasons []string
	Fingers []string `json:",omitempty"` // that have to be taken again, by position
	Advice  []string `json:",omitempty"` // what was measured, what is accepted and what to do, for each reason
}

// Summary lists the reasons for an operator.
func (r JudgeCaptureResult) Summary() string {
	summary := strings.Join(r.Reasons, ", ")
	if len(r.Fingers) > 0 {
		summary += " (" + strings.Join(r.Fingers, ", ") + ")"
	}
	return strings.Join(slices.Concat([]string{summary}, r.Advice), ". ")
}

// ValidateInput names the round of validation, so that each is recorded once.
type ValidateInput struct {
	Application identity.ApplicationNumber
	Round       int
	Approved    bool `json:",omitzero"` // as in JudgeCaptureInput
}

// ValidateResult lists the fields that contradict the law or the population
// registry; their values stay in the registry.
type ValidateResult struct {
	Contradictions []string
	Matches        int `json:",omitzero"` // persons of the register who are likely to be the applicant, who named no number
}

// DeduplicateInput names the capture that is searched with.
type DeduplicateInput struct {
	Application identity.ApplicationNumber
	Round       int
}

// DeduplicateResult lists applications of other persons with these fingers whom no adjudicator has
// judged, and says which search of the application it was, from 1; 0 where an earlier release made it,
// or nothing was found.
type DeduplicateResult struct {
	Hits   []identity.ApplicationNumber
	Search int `json:",omitzero"`
}

// CardInput names one card: the application and which of its cards, from 1.
type CardInput struct {
	Application identity.ApplicationNumber
	Attempt     int
}

// MakeResult names the station that made the card, and the stages that it took it to.
type MakeResult struct {
	Station identity.StationID
	Passed  []StagePassed
}

// StagePassed is a stage that an application came to, and when, by the registry's clock.
type StagePassed struct {
	Stage identity.Stage
	At    time.Time
}

// PersonalizeResult names the station whose slot the card is in.
type PersonalizeResult struct{ Station identity.StationID }

// PackResult names the consignment that the card is in, or was in when it was counted.
type PackResult struct {
	Consignment identity.ConsignmentNumber // none where the card was given up before it was packed
	Card        identity.CardState         // packed, arrived, or given up
}

// DecideInput records a decision, as its officer signed it.
type DecideInput struct {
	identity.Decision

	Signed statement.Signed
}

// HandOverInput hands the card of Attempt over.
type HandOverInput struct {
	identity.HandOverCard

	Application  identity.ApplicationNumber
	Attempt      int
	CaptureRound int // the capture whose fingerprints the probe is matched with
	Signed       statement.Signed
}

// SealInput closes a consignment. The act of the system, at the cut-off, names no
// officer.
type SealInput struct {
	identity.SealConsignment

	Consignment identity.ConsignmentNumber
	Signed      statement.Signed // by the officer; none at the cut-off
}

// SealResult is the consignment once sealed, and how many cards are on its manifest.
type SealResult struct {
	State identity.ConsignmentState
	Cards int
}

// ConsignmentInput names a consignment.
type ConsignmentInput struct{ Consignment identity.ConsignmentNumber }

// ConsignmentStanding is how far a consignment is.
type ConsignmentStanding struct {
	State     identity.ConsignmentState
	Cards     int
	OpenedAt  time.Time
	Announced bool
	Now       time.Time // by the database's clock, as OpenedAt
}

// SendInput hands a consignment to a courier.
type SendInput struct {
	identity.SendConsignment

	Consignment identity.ConsignmentNumber
	Signed      statement.Signed
}

// ReceiveInput counts a consignment in.
type ReceiveInput struct {
	identity.ReceiveConsignment

	Consignment identity.ConsignmentNumber
	Signed      statement.Signed
}

// AnnounceResult counts the cards.
type AnnounceResult struct{ Arrived, Missing int }
