// Package intake is the door of the office: a packet that a station sends is
// checked, stored once and given a number, and its workflow is started. The gateway
// and the command line are two ways to the same door. docs/packet.md says what a
// packet is.
//
// Start at Door.Receive.
package intake

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/render"
)

// Door receives packets.
type Door struct {
	Registry *registry.Registry
	Forms    *render.Renderer
	Calendar *identity.Calendar
	Sizes    packet.Sizes
	Now      func() time.Time // an application is not filed after today
	// Start begins the application's workflow, unless it was begun before.
	Start  func(ctx context.Context, number identity.ApplicationNumber) error
	Logger *slog.Logger
}

// Receipt is what the station hands to the citizen.
type Receipt struct {
	Number   identity.ApplicationNumber
	Existing bool // the same submission was received before
	Due      time.Time
	Fee      int // VND
}

// Receive opens a packet, checks all of it, stores it in one transaction and starts
// its workflow. The same submission again gives the same receipt. A refusal names
// each field that is wrong, and then nothing is stored.
func (d *Door) Receive(ctx context.Context, signed []byte) (Receipt, error) {
	if int64(len(signed)) > d.Sizes.Packet {
		return Receipt{}, identity.RefuseField(identity.Invalid, "packet", "is larger than the %d bytes that are accepted", d.Sizes.Packet)
	}
	payload, station, err := d.open(ctx, signed)
	if err != nil {
		return Receipt{}, err
	}
	s, err := packet.ParseSubmission(payload)
	if err != nil {
		return Receipt{}, err
	}
	if s.Station != string(station) {
		return Receipt{}, identity.RefuseField(identity.Forbidden, "station", "is not the station that signed the packet")
	}
	submission, err := d.Check(s)
	if err != nil {
		return Receipt{}, err
	}
	submission.Evidence[identity.EvidencePacket] = signed
	stored, err := d.Registry.Receive(ctx, submission)
	if err != nil {
		return Receipt{}, fmt.Errorf("store application: %w", err)
	}
	d.start(ctx, stored.Number)
	return Receipt{
		Number: stored.Number, Existing: stored.Existing,
		Due: submission.Rules.Due, Fee: submission.Rules.Fee,
	}, nil
}

// startPatience is how long a station waits for the start of the workflow: it has its
// receipt within a second, whatever becomes of Temporal.
const startPatience = 700 * time.Millisecond

// start begins the workflow of a stored application, or leaves it to the reconciler.
func (d *Door) start(ctx context.Context, number identity.ApplicationNumber) {
	begun := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startPatience)
		defer cancel()
		begun <- d.Start(ctx, number)
	}()
	select {
	case err := <-begun:
		if err != nil {
			d.Logger.WarnContext(ctx, "Workflow not begun; the reconciler begins it", "application", number, "error", err)
		}
	case <-time.After(startPatience):
		d.Logger.WarnContext(ctx, "Workflow not begun in time; the reconciler begins it", "application", number)
	}
}

// open verifies a packet with the key that its station is registered with, and gives
// its payload.
func (d *Door) open(ctx context.Context, signed []byte) ([]byte, identity.StationID, error) {
	p, err := packet.Parse(signed)
	if err != nil {
		return nil, "", err
	}
	station, err := d.Registry.Station(ctx, p.Station)
	switch {
	case identity.Refused(err, identity.NotFound):
		return nil, "", identity.RefuseField(identity.Forbidden, "station", "no station is registered under the name in the packet's header")
	case err != nil:
		return nil, "", fmt.Errorf("find station: %w", err)
	case station.Revoked:
		return nil, "", identity.RefuseField(identity.Forbidden, "station", "the key of station %s is revoked", station.ID)
	}
	payload, err := p.Open(ed25519.PublicKey(station.PublicKey))
	return payload, station.ID, err
}

// Check checks everything that can be checked before anything is stored: shape, law,
// images, and whether every letter can be printed and every field fits the card.
func (d *Door) Check(s packet.Submission) (registry.Submission, error) {
	digest, err := s.Digest()
	if err != nil {
		return registry.Submission{}, err
	}
	app, wrong := s.Application()
	var form *render.Form
	if wrong == nil {
		form, wrong = d.Forms.For(app)
	}
	evidence, err := evidenceOf(s, app, form, d.Sizes)
	if err := errors.Join(wrong, err); err != nil {
		return registry.Submission{}, err
	}
	if today := identity.DateOf(d.Now()); app.FiledOn.Compare(today) > 0 {
		return registry.Submission{}, identity.RefuseField(identity.Invalid, "filed_on", "is after today; law, form and fee are those of that day")
	}
	rules, err := identity.RulesFor(app, form.ID, d.Calendar)
	if err != nil {
		return registry.Submission{}, err
	}
	if err := preflight(form, app, rules, evidence); err != nil {
		return registry.Submission{}, err
	}
	return registry.Submission{Application: app, Rules: rules, Digest: digest, Evidence: evidence}, nil
}

// preflight lays the card out without drawing it. A number that has not been allotted
// yet is as wide as any other.
func preflight(form *render.Form, app identity.Application, rules identity.Rules, evidence map[identity.EvidenceKind][]byte) error {
	card := identity.Card{Form: rules.Form, Person: app.Person, Issued: app.FiledOn, Expiry: rules.Expiry}
	if card.Person.Number == "" {
		card.Person.Number = "001000000000"
	}
	content, err := personalization.Compose(form, card, render.Pictures{
		Portrait: evidence[identity.EvidencePortrait], LeftIndex: evidence[identity.EvidenceLeftIndex], RightIndex: evidence[identity.EvidenceRightIndex],
	})
	if err != nil {
		return err
	}
	return form.Check(content)
}
