package identity

import (
	"errors"
	"time"
)

// Act is what a person does to an application or to a consignment. Workflow,
// activities and registry share one type for each act; its fields are wire format.
type Act interface {
	// ActName is the update that carries the act to a workflow and, for a decision,
	// the step under which the registry keeps it.
	ActName() string
	// Check refuses, in one round, an officer who is no badge and texts that are too long
	// or hold what no line of the trail may hold.
	Check() error
	// By gives the officers who do it, each of whom signs.
	By() []OfficerID
}

// Enroll is what an enrolling officer says of an application that a station sends: this is
// what I took in. Its statement travels in the packet, and its subject is the station.
type Enroll struct {
	Officer  OfficerID
	Payload  []byte    // SHA-256 of the packet's payload, as it is signed
	SignedAt time.Time `json:",omitzero"` // by the clock of who signs; zero if the client does not say
}

// Recapture announces that a new portrait or new fingerprints are in the vault, as
// the capture of that round.
type Recapture struct {
	Officer  OfficerID
	Round    int    // the round the new capture is stored under; one more than the last
	Captured []byte `json:",omitzero"` // SHA-256 of what was captured, as package statement computes it
}

// Adjudicate decides whether the applicant and the persons found are one.
type Adjudicate struct {
	Officer    OfficerID
	SamePerson bool
	Reason     string
	Round      int `json:",omitzero"` // the search whose hits the officer saw; 0 if the client does not say
}

// What an officer saw when he decided is part of what he signs, in the fields Round, Capture,
// Card and Seen: an act that comes late, or is sent again after it was refused, decides
// nothing that its officer did not see. Of a zero value the client does not say, and nothing
// is compared.

// Approve grants the card.
type Approve struct {
	Officer OfficerID
	Reason  string
	Capture int   `json:",omitzero"` // whose portrait and fingerprints the officer saw
	Seen    Stage `json:",omitzero"` // where the officer saw the application; only Approval can be approved
	Round   int   `json:",omitzero"` // which round of holds and releases the officer saw, from 1; one more after each release

	// Paper is what proves the person where the population register has nobody: the officer saw
	// it, and by it the person is registered.
	Paper string `json:",omitzero"`
}

// Reject refuses the card.
type Reject struct {
	Officer OfficerID
	Reason  string
	Seen    Stage `json:",omitzero"` // where the officer saw the application: it is not rejected when it was approved meanwhile
	Capture int   `json:",omitzero"` // as in Approve
	Round   int   `json:",omitzero"` // so here
}

// Hold stops the application where it stands, before its next stage.
type Hold struct {
	Officer      OfficerID
	Reason       string
	CitizensPart bool // the citizen has to do something: the legal clock stops
	Round        int  `json:",omitzero"` // the hold's, from 1; one more after each release
}

// Release lets a held application go on; where production was given up it grants
// another card.
type Release struct {
	Officer OfficerID
	Reason  string
	Remake  bool // the card at the silent station is written off and another made
	Round   int  `json:",omitzero"` // the release's, from 1

	Seen Action `json:",omitzero"` // with a Round: what it waited for, which is ToRelease while it is held
}

// Withdraw takes the application back for the citizen.
type Withdraw struct {
	Officer OfficerID
	Reason  string
	Seen    Stage `json:",omitzero"` // as in Reject
	Capture int   `json:",omitzero"`
	Round   int   `json:",omitzero"`
}

// HandOverCard gives the card to the citizen. The probe of the finger is in the
// vault, never here.
type HandOverCard struct {
	Officer          OfficerID
	Method           HandOverMethod
	Proof            string  // proxy's paper, courier's tracking number, officer's reason; empty for a fingerprint
	Probe            int     `json:"Round"` // which probe in the vault, counting the tries; the office's to say, and not stated by the officer
	OldCardCollected bool    // as statements say it that do not name what became of the old card
	OldCard          OldCard `json:",omitzero"`
	OldCardReason    string  `json:",omitzero"` // why it was not received
	Captured         []byte  `json:",omitzero"` // SHA-256 of the image of the finger, as package statement computes it
	Card             int     `json:",omitzero"` // which card of the application lay on the counter, from 1
}

// Stated is the act as the officer states it.
func (a HandOverCard) Stated() Act {
	a.Probe = 0
	return a
}

// What an officer saw of a box is in the field Round of the acts on boxes, which counts what
// became of the box: each step of its way, each recount, and each card that joined or left it
// when it was sealed. A zero value does not say, as above.

// SealConsignment closes the box and prints its manifest.
type SealConsignment struct {
	Officer OfficerID
	Round   int `json:",omitzero"`
}

// SendConsignment hands the box to the courier.
type SendConsignment struct {
	Officer OfficerID
	Courier string
	Seal    string // the number on the seal
	Round   int    `json:",omitzero"`
}

// ReceiveConsignment counts the box in at its destination.
type ReceiveConsignment struct {
	Officer OfficerID
	Counted int                 // how many cards are in the box
	Missing []ApplicationNumber // on the manifest, and not in the box
	Surplus []string            `json:",omitzero"` // in the box, and not on the manifest: applications, or serials of blanks
	Round   int                 `json:",omitzero"`
}

// ActName implements Act.
func (Enroll) ActName() string { return "enroll" }

// ActName implements Act.
func (Recapture) ActName() string { return string(StepRecapture) }

// ActName implements Act.
func (Adjudicate) ActName() string { return string(StepAdjudicate) }

// ActName implements Act.
func (Approve) ActName() string { return string(StepApprove) }

// ActName implements Act.
func (Reject) ActName() string { return string(StepReject) }

// ActName implements Act.
func (Hold) ActName() string { return string(StepHold) }

// ActName implements Act.
func (Release) ActName() string { return string(StepRelease) }

// ActName implements Act.
func (Withdraw) ActName() string { return string(StepWithdraw) }

// ActName implements Act.
func (HandOverCard) ActName() string { return "hand-over" }

// ActName implements Act.
func (SealConsignment) ActName() string { return "seal" }

// ActName implements Act.
func (SendConsignment) ActName() string { return "send" }

// ActName implements Act.
func (ReceiveConsignment) ActName() string { return "receive" }

// Check implements Act.
func (a Enroll) Check() error {
	problems := []error{checkBadge("officer", a.Officer)}
	if len(a.Payload) != 32 {
		problems = append(problems, RefuseField(Invalid, "payload", "is not a SHA-256 hash of 32 bytes"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a Recapture) Check() error { return checkBadge("officer", a.Officer) }

// Check implements Act.
func (a Adjudicate) Check() error { return signed(a.Officer, a.Reason) }

// Check implements Act.
func (a Approve) Check() error {
	return errors.Join(signed(a.Officer, a.Reason), CheckNote("paper", a.Paper))
}

// Check implements Act.
func (a Reject) Check() error {
	return errors.Join(signed(a.Officer, a.Reason), RejectReasons.mistyped(a.Reason))
}

// Check implements Act.
func (a Hold) Check() error {
	return errors.Join(signed(a.Officer, a.Reason), HoldReasons.mistyped(a.Reason))
}

// Check implements Act.
func (a Release) Check() error {
	return errors.Join(signed(a.Officer, a.Reason), ReleaseReasons.mistyped(a.Reason))
}

// Check implements Act.
func (a Withdraw) Check() error {
	return errors.Join(signed(a.Officer, a.Reason), WithdrawReasons.mistyped(a.Reason))
}

// Check implements Act.
func (a HandOverCard) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), CheckNote("proof", a.Proof), a.checkOldCard())
}

// Check implements Act.
func (a SealConsignment) Check() error { return checkBadge("officer", a.Officer) }

// By implements Act.
func (a Enroll) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Recapture) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Adjudicate) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Approve) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Reject) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Hold) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Release) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a Withdraw) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a HandOverCard) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a SealConsignment) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a SendConsignment) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a ReceiveConsignment) By() []OfficerID { return []OfficerID{a.Officer} }

// signed checks the badge and the reason of an act.
func signed(officer OfficerID, reason string) error {
	return errors.Join(checkBadge("officer", officer), CheckNote("reason", reason))
}
