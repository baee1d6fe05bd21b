package workflows

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// The names below are wire format: they stand in histories and in the commands of
// programs that are not deployed together with the workers. People's updates are the
// acts of package identity, each under its ActName.

// Queries, signals, and the update that no person sends.
const (
	QueryTimeline = "timeline" // []TimelineEntry, of a CardApplication
	UpdateArrived = "arrived"  // Arrived, to a CardApplication, from its consignment
	SignalArrived = "arrived"  // the same, where the update is not answered at once
	SignalLook    = "look"     // no content, to both: the registry has news; read it
	SignalFull    = "full"     // no content, to a Consignment, from the card that filled it
	SignalLetGo   = "let-go"   // LetGo, to both: the registry does not know it, and will not; end
)

// Acts are those that are updates of either workflow, each under its ActName.
var Acts = []identity.Act{
	identity.Recapture{},
	identity.Adjudicate{},
	identity.Approve{},
	identity.Reject{},
	identity.Hold{},
	identity.Release{},
	identity.Identify{},
	identity.Withdraw{},
	identity.HandOverCard{},
	identity.SealConsignment{},
	identity.SendConsignment{},
	identity.ReceiveConsignment{},
}

const (
	applicationPrefix = "application-"
	consignmentPrefix = "consignment-"
)

// ApplicationWorkflowID names the only workflow that an application ever has.
func ApplicationWorkflowID(n identity.ApplicationNumber) string {
	return applicationPrefix + string(n)
}

// ApplicationOf gives the application whose workflow has that ID; false: it is another's.
func ApplicationOf(workflowID string) (identity.ApplicationNumber, bool) {
	number, ok := strings.CutPrefix(workflowID, applicationPrefix)
	return identity.ApplicationNumber(number), ok
}

// SubjectOf gives what statements call that of which a workflow is; empty: no act is sent to it.
func SubjectOf(workflowID string) string {
	if number, is := ApplicationOf(workflowID); is {
		return statement.Application(number)
	}
	if number, is := strings.CutPrefix(workflowID, consignmentPrefix); is {
		return statement.Consignment(identity.ConsignmentNumber(number))
	}
	return ""
}

// ConsignmentWorkflowID names the only workflow that a consignment ever has.
func ConsignmentWorkflowID(n identity.ConsignmentNumber) string {
	return consignmentPrefix + string(n)
}

// CardApplicationInput starts a CardApplication. It holds references and the settings
// pinned for this application's life, and no personal data.
type CardApplicationInput struct {
	Application  identity.ApplicationNumber
	Type         identity.ApplicationType
	Province     identity.ProvinceCode // of the enrollment station; the fairness key
	EnrolledBy   identity.OfficerID
	NeedsCapture bool // false: reissue from data on file, or a child under 6
	Urgent       bool
	Due          time.Time // the legal deadline
	RiskAt       time.Time // when the deadline comes near
	Limits       Limits
	Release      Release `json:",omitzero"` // of this package, that began the run

	Resumed bool            // the application has lived before: begin by reading where it stands
	Story   []TimelineEntry `json:",omitzero"` // the last lines of the timeline of the run before
}

// Limits are the office's settings for one application when its run was begun. How long a citizen
// has is what the registry kept when the wait began, by the settings of then.
type Limits struct {
	Recapture   time.Duration // how long the citizen has to come again
	Resolution  time.Duration // how long a contradiction may stay unresolved
	Collect     time.Duration // how long a finished card waits for the citizen
	StationWait time.Duration // how long a card's own station may stay silent before a person is asked
	Cards       int           // how many cards may fail before a person is asked
}

// MarshalJSON writes the limits in nanoseconds, which workers of every release read, and once
// more for people.
func (l Limits) MarshalJSON() ([]byte, error) {
	type plain Limits
	return json.Marshal(struct { //nolint:wrapcheck // Temporal's converter says what it was about
		plain
		Readable string
	}{plain(l), l.String()})
}

// String is what operators read.
func (l Limits) String() string {
	return fmt.Sprintf("recapture %s, resolution %s, collect %s, silent station %s",
		activities.Readable(l.Recapture), activities.Readable(l.Resolution), activities.Readable(l.Collect), activities.Readable(l.StationWait))
}

// LetGo is an operator's word that what the registry does not know is not waited for.
type LetGo struct {
	Officer identity.OfficerID
	Reason  string
}

// CardApplicationResult is how it ended.
type CardApplicationResult struct {
	End    identity.Stage      // where it stood, if the registry did not know it and an operator let it go
	Reason identity.ReasonCode // empty when issued
	Cards  int                 // how many cards were begun
}

// Accepted answers the updates of a CardApplication: where it stands after the act.
type Accepted struct {
	Stage    identity.Stage
	Awaiting identity.Action
	Act      string `json:",omitempty"` // the decision that is answered; none in answers of before
}

// Arrived tells a card's application that its consignment was counted in.
type Arrived struct {
	Consignment identity.ConsignmentNumber
	Missing     bool // it was not in the box
}

// TimelineEntry is one line of an application's timeline. It names no citizen.
type TimelineEntry struct {
	At    time.Time
	Stage identity.Stage
	Note  string
}

// ConsignmentInput starts a Consignment.
type ConsignmentInput struct {
	Number      identity.ConsignmentNumber
	Destination identity.StationID // an enrollment station, or identity.DestinationPost
	CutOff      time.Duration      // sealed at the latest this long after it was opened
}

// MarshalJSON writes the cut-off in nanoseconds, which workers of every release read, and
// once more for people.
func (in ConsignmentInput) MarshalJSON() ([]byte, error) {
	type plain ConsignmentInput
	return json.Marshal(struct { //nolint:wrapcheck // Temporal's converter says what it was about
		plain
		Readable string
	}{plain(in), "cut-off " + activities.Readable(in.CutOff)})
}

// ConsignmentResult is how many cards went and came.
type ConsignmentResult struct{ Sent, Arrived, Missing int }

// ConsignmentState answers the updates of a Consignment.
type ConsignmentState struct {
	State identity.ConsignmentState
	Cards int
}
