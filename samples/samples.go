// Package samples reads the sample applications: what the population registry knows
// of the people beforehand, and what officers, stations and citizens do until each
// application has ended. The people are invented, their faces drawn and their fingers
// grown; see samples/README.md. Package play plays the script; samples/generate makes
// the folder.
package samples

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"

	"gopkg.in/yaml.v3"

	"example.org/cancuoc/internal/identity"
)

// Script is script.yaml: who works in the sample office and what they do.
type Script struct {
	Stations []Station `yaml:"stations"`
	Officers []Officer `yaml:"officers"`
	Samples  []Sample  `yaml:"samples"`
}

// Station is an enrollment station; it is registered before its samples are sent.
type Station struct {
	ID       identity.StationID    `yaml:"id"`
	Province identity.ProvinceCode `yaml:"province"`
	Name     string                `yaml:"name"`
	Address  string                `yaml:"address"` // as the citizens' page shows it
	Hours    string                `yaml:"hours"`   // likewise
}

// Officer is a person who decides.
type Officer struct {
	Badge identity.OfficerID `yaml:"badge"`
	Role  Role               `yaml:"role"`
}

// Role is what an officer may do.
type Role string

// The roles.
const (
	Enroller    Role = "enroller"    // takes applications, hands cards over
	Approver    Role = "approver"    // of a province
	Adjudicator Role = "adjudicator" // judges hits of fingerprints
	Operator    Role = "operator"    // of the production center: consignments
)

// Sample is one application and what people do about it, in order.
type Sample struct {
	Name   string         `yaml:"name"`             // its folder
	Shows  string         `yaml:"shows"`            // one line
	After  *After         `yaml:"after,omitempty"`  // when it is sent; nil: at once
	Faults []Fault        `yaml:"faults,omitempty"` // of the simulated station
	Steps  []Step         `yaml:"steps,omitempty"`
	End    identity.Stage `yaml:"end"`
	Reason string         `yaml:"reason,omitempty"` // why it ends without a card
}

// After holds a sample back until another has left a stage behind.
type After struct {
	Sample string         `yaml:"sample"`
	Passed identity.Stage `yaml:"passed"`
}

// Fault is a simulated fault of the personalization station with one card of a sample.
// It is there for readers: the simulated camera sees it on the first blank of the stock
// (camera.faults of the settings), and the player sees that this sample gets that one.
type Fault struct {
	Card int            `yaml:"card"` // which of its cards, from 1
	At   identity.Stage `yaml:"at"`   // Personalization, Printing or Inspection
	What string         `yaml:"what"`
}

// Step is what one person does when an application waits for it. Consignments carry
// cards of many samples and have no steps: they are sent and received as they come.
type Step struct {
	Awaiting identity.Action    `yaml:"awaiting"` // what the application waits for when this is done
	Do       Do                 `yaml:"do"`
	By       identity.OfficerID `yaml:"by"`
	Reason   string             `yaml:"reason,omitempty"`

	Portrait string `yaml:"portrait,omitempty"` // recapture: the file, in the sample's folder

	SamePerson bool `yaml:"same_person,omitempty"` // adjudicate

	Method        identity.HandOverMethod `yaml:"method,omitempty"` // hand-over
	Position      string                  `yaml:"position,omitempty"`
	File          string                  `yaml:"file,omitempty"`     // the finger on the reader, as a picture
	Template      string                  `yaml:"template,omitempty"` // and as a record of ISO/IEC 19794-2
	Proof         string                  `yaml:"proof,omitempty"`
	OldCard       identity.OldCard        `yaml:"old_card,omitempty"` // what became of it
	OldCardReason string                  `yaml:"old_card_reason,omitempty"`
}

// Do names what is done.
type Do string

// What people do.
const (
	Recapture  Do = "recapture"
	Adjudicate Do = "adjudicate"
	Approve    Do = "approve"
	Reject     Do = "reject"
	Withdraw   Do = "withdraw"
	HandOver   Do = "hand-over"
)

// ReadScript reads and checks script.yaml in the samples' folder.
func ReadScript(fsys fs.FS) (Script, error) {
	b, err := fs.ReadFile(fsys, "script.yaml")
	if err != nil {
		return Script{}, fmt.Errorf("read script: %w", err)
	}
	var s Script
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil {
		return Script{}, fmt.Errorf("read script: %w", err)
	}
	if err := s.check(); err != nil {
		return Script{}, fmt.Errorf("read script: %w", err)
	}
	return s, nil
}

// check refuses what could not be played.
func (s Script) check() error {
	roles := make(map[identity.OfficerID]Role)
	for _, o := range s.Officers {
		roles[o.Badge] = o.Role
	}
	for i, sample := range s.Samples {
		if !sample.End.Ended() {
			return fmt.Errorf("%s: %q is not an end", sample.Name, sample.End)
		}
		if a := sample.After; a != nil && !slices.ContainsFunc(s.Samples[:i], func(o Sample) bool { return o.Name == a.Sample }) {
			return fmt.Errorf("%s: there is no sample %q before it", sample.Name, a.Sample)
		}
		for _, step := range sample.Steps {
			if roles[step.By] != step.Do.role() {
				return fmt.Errorf("%s: %s is not for %s", sample.Name, step.Do, step.By)
			}
			if err := identity.DecisionStep(step.Do).Reasons().Check(identity.ReadReason(step.Reason)); err != nil {
				return fmt.Errorf("%s: %s: %w", sample.Name, step.Do, err)
			}
		}
	}
	return nil
}

// role is the role of officers who do it; "" for what nobody does.
func (d Do) role() Role {
	switch d {
	case Recapture, HandOver, Withdraw:
		return Enroller
	case Adjudicate:
		return Adjudicator
	case Approve, Reject:
		return Approver
	}
	return ""
}
