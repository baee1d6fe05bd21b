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
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
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
// images, and whether the card can be made. It does what later stages will do with the
// application, and refuses what they would refuse without a person. Each of these is
// checked here:
//
//	BiometricCapture  reads and measures the portrait          evidenceOf: portrait.Check
//	                  reads the templates                      evidenceOf: fingerprint.Templates
//	Deduplication     reads the templates                      as above
//	DataPreparation   allots a personal number                 preflight: identity.DrawPersonalNumber
//	                  crops the portrait for card and chip     evidenceOf: portrait.Normalize
//	                  composes MRZ and QR code                 preflight: personalization.Compose
//	                  lays out both sides                      preflight: render.Form.Check
//	                  draws portrait and fingers               evidenceOf: portrait.Check, fingerprint.CheckImage
//	                  builds and reads back EF.DG1             preflight: mrz.Parse
//	                  builds EF.DG2                            evidenceOf: lds.CheckPortrait
//	                  builds and reads back EF.DG13            preflight: lds.EncodeDG13
//
// What they refuse besides depends on others, and waits for a person: a poor portrait
// or finger, the population registry, a hit, the stock of blanks and of personal
// numbers, a chip profile or keys that do not fit, a card that is spoiled. A
// recapture passes evidenceOf's checks too.
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

// preflight makes the card as DataPreparation will, without keys and without drawing
// it.
func preflight(form *render.Form, app identity.Application, rules identity.Rules, evidence map[identity.EvidenceKind][]byte) error {
	card := identity.Card{Form: rules.Form, Person: app.Person, Issued: app.FiledOn, Expiry: rules.Expiry}
	var err error
	if card.Serial, err = identity.NewCardSerial(rand.Reader); err != nil {
		return fmt.Errorf("draw card serial: %w", err)
	}
	if card.Person.Number == "" { // any that may be allotted: one is as wide as the other
		if card.Person.Number, err = identity.DrawPersonalNumber(rand.Reader, card.Person); err != nil {
			return err
		}
	}
	content, err := personalization.Compose(form, card, render.Pictures{
		Portrait: evidence[identity.EvidencePortrait], LeftIndex: evidence[identity.EvidenceLeftIndex], RightIndex: evidence[identity.EvidenceRightIndex],
	})
	if err != nil {
		return err
	}
	_, unreadable := mrz.Parse(content.MRZ)
	_, overlong := lds.EncodeDG13(card)
	return errors.Join(form.Check(content), identity.InField("person", unreadable), identity.InField("person", overlong))
}
