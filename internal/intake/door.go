// Package intake is the door of the office: what a station sends is checked,
// stored once and given a number, and its workflow started. The gateway and the
// command line are two ways to the same door.
//
// Start at Door.Receive.
package intake

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"image/jpeg"
	"time"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/mrz"
	"example.org/cancuoc/templates"
)

// Door receives packets.
type Door struct {
	Registry *registry.Registry
	Forms    *templates.Catalog
	Calendar *identity.Calendar
	Sizes    Sizes
	// Start starts the application's workflow, if it is not started.
	Start func(ctx context.Context, number identity.ApplicationNumber) error
}

// Receipt is what the station hands to the citizen.
type Receipt struct {
	Number   identity.ApplicationNumber
	Existing bool // the same submission was received before
	Due      time.Time
	Fee      int // VND
}

// Receive opens a packet, checks all of it, stores it in one transaction and
// starts its workflow. The same packet again gives the same receipt. A refusal
// names the field, and nothing is stored.
func (d *Door) Receive(ctx context.Context, signed []byte) (Receipt, error) {
	if int64(len(signed)) > d.Sizes.Packet {
		return Receipt{}, identity.RefuseField(identity.Invalid, "packet", "is larger than the %d bytes that are accepted", d.Sizes.Packet)
	}
	payload, station, err := d.open(ctx, signed)
	if err != nil {
		return Receipt{}, err
	}
	s, err := ParseSubmission(payload)
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
	submission.Evidence[registry.RolePacket] = signed
	stored, err := d.Registry.Receive(ctx, submission)
	if err != nil {
		return Receipt{}, fmt.Errorf("store application: %w", err)
	}
	if err := d.Start(ctx, stored.Number); err != nil {
		return Receipt{}, fmt.Errorf("start application %s: %w", stored.Number, err)
	}
	return Receipt{
		Number: stored.Number, Existing: stored.Existing,
		Due: submission.Rules.Due, Fee: submission.Rules.Fee,
	}, nil
}

// open verifies the packet with the key that its station is registered with.
func (d *Door) open(ctx context.Context, signed []byte) ([]byte, identity.StationID, error) {
	p, err := parsePacket(signed)
	if err != nil {
		return nil, "", err
	}
	station, err := d.Registry.Station(ctx, p.station)
	switch {
	case identity.Refused(err, identity.NotFound):
		return nil, "", identity.RefuseField(identity.Forbidden, "station", "no station is registered under the name in the packet's header")
	case err != nil:
		return nil, "", fmt.Errorf("find station: %w", err)
	case station.Revoked:
		return nil, "", identity.RefuseField(identity.Forbidden, "station", "the key of station %s is revoked", station.ID)
	}
	payload, err := p.open(ed25519.PublicKey(station.PublicKey))
	return payload, station.ID, err
}

// Check does everything that can be done before anything is stored: shape, law,
// images, and whether every letter can be printed and every field fits.
func (d *Door) Check(s Submission) (registry.Submission, error) {
	canonical, err := s.canonical()
	if err != nil {
		return registry.Submission{}, err
	}
	var faults faults
	app, err := s.application()
	if err != nil {
		faults.add("", err)
	}
	evidence, err := s.evidence(app)
	if err != nil {
		faults.add("", err)
	}
	if faults.any() {
		return registry.Submission{}, faults.err()
	}
	if today := identity.DateOf(time.Now()); app.FiledOn.Compare(today) > 0 {
		return registry.Submission{}, identity.RefuseField(identity.Invalid, "filed_on", "is after today; law, form and fee are those of that day")
	}
	rules, err := identity.RulesFor(app, d.Calendar)
	if err != nil {
		return registry.Submission{}, err
	}
	if err := d.preflight(app, rules, evidence); err != nil {
		return registry.Submission{}, err
	}
	return registry.Submission{Application: app, Rules: rules, Digest: sha256.Sum256(canonical), Evidence: evidence}, nil
}

// preflight lays the card out without drawing it. A number that is still to be
// allotted is as wide as any other.
func (d *Door) preflight(app identity.Application, rules identity.Rules, evidence map[registry.Role][]byte) error {
	form, err := d.Forms.Form(rules.Form)
	if err != nil {
		return fmt.Errorf("find form: %w", err)
	}
	card := identity.Card{Form: rules.Form, Person: app.Person, Issued: app.FiledOn, Expiry: rules.Expiry}
	if card.Person.Number == "" {
		card.Person.Number = "001000000000"
	}
	lines, err := mrz.Lines(card)
	if err != nil {
		return err
	}
	return form.Check(templates.Content{
		Card: card, MRZ: lines, QR: identity.QRPayload(card), Portrait: evidence[registry.RolePortrait],
	})
}

// evidence checks the images and gathers what goes to the vault.
func (s Submission) evidence(app identity.Application) (map[registry.Role][]byte, error) {
	var faults faults
	found := make(map[registry.Role][]byte)
	if s.Portrait != nil {
		if err := checkPortrait(s.Portrait); err != nil {
			faults.add("portrait", err)
		}
		found[registry.RolePortrait] = s.Portrait.Data
	}
	templates, err := s.fingers(found)
	if err != nil {
		faults.add("", err)
	}
	if app.NeedsPortrait() && s.Portrait == nil {
		faults.add("portrait", identity.Refuse(identity.Invalid, "is missing; this application needs one"))
	}
	if app.NeedsCapture() && len(s.Fingerprints) == 0 {
		faults.add("fingerprints", identity.Refuse(identity.Invalid, "are missing; give the index fingers, or why they cannot be taken"))
	}
	if len(templates) > 0 {
		found[registry.RoleTemplates] = templates
	}
	return found, faults.err()
}

// checkPortrait refuses what no later stage could read. Whether the picture is
// good is judged when the capture is.
func checkPortrait(p *Image) error {
	if p.File != "" {
		return identity.Refuse(identity.Invalid, "names a file; a packet carries the image itself")
	}
	if len(p.Data) == 0 {
		return identity.Refuse(identity.Invalid, "is empty; a JPEG picture is accepted")
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(p.Data))
	if err != nil {
		return identity.Refuse(identity.Invalid, "is no JPEG picture, or its header is damaged")
	}
	if config.Width > maxSide || config.Height > maxSide {
		return identity.Refuse(identity.Invalid, "is %d x %d pixels; at most %d a side are accepted", config.Width, config.Height, maxSide)
	}
	if _, err := jpeg.Decode(bytes.NewReader(p.Data)); err != nil {
		return identity.Refuse(identity.Invalid, "is a damaged or truncated JPEG picture")
	}
	return nil
}

// maxSide bounds a portrait in pixels, and so the memory that decoding costs.
const maxSide = 4096

// fingers gathers the finger images and gives the bundle of their templates,
// extracted here where the station sent none.
func (s Submission) fingers(found map[registry.Role][]byte) ([]byte, error) {
	var faults faults
	bundle := make(biometrics.Templates)
	for i, f := range s.Fingerprints {
		field := fmt.Sprintf("fingerprints.%d", i)
		position, err := biometrics.ParsePosition(f.Position)
		if err != nil {
			faults.add(field+".position", err)
			continue
		}
		if err := f.read(position, bundle); err != nil {
			faults.add(field, err)
			continue
		}
		if role, ok := fingerRoles[position]; ok && len(f.Data) > 0 {
			found[role] = f.Data
		}
	}
	if faults.any() || len(bundle) == 0 {
		return nil, faults.err()
	}
	b, err := bundle.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("bundle templates: %w", err)
	}
	return b, nil
}

// fingerRoles are the fingers whose images the card of 2021 prints.
var fingerRoles = map[biometrics.Position]registry.Role{
	biometrics.LeftIndex:  registry.RoleLeftIndex,
	biometrics.RightIndex: registry.RoleRightIndex,
}

// read puts the finger's template into the bundle.
func (f Fingerprint) read(position biometrics.Position, bundle biometrics.Templates) error {
	if f.Missing != "" {
		if len(f.Data) > 0 || len(f.TemplateData) > 0 {
			return identity.Refuse(identity.Invalid, "is given and said to be missing")
		}
		return biometrics.CheckMissing(f.Missing)
	}
	template := f.TemplateData
	if len(template) == 0 {
		if len(f.Data) == 0 {
			return identity.Refuse(identity.Invalid, "is empty; give an image, a template, or why it is missing")
		}
		extracted, err := biometrics.ExtractPNG(f.Data)
		if err != nil {
			return err
		}
		template = extracted
	} else if _, err := biometrics.ParseTemplate(template); err != nil {
		return err
	}
	if _, twice := bundle[position]; twice {
		return identity.Refuse(identity.Invalid, "the finger %s is given twice", position)
	}
	bundle[position] = template
	return nil
}

// Refusals lists every refusal that err joins or wraps, for an answer that tells
// all of them.
func Refusals(err error) []*identity.Refusal {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*identity.Refusal
		for _, e := range joined.Unwrap() {
			all = append(all, Refusals(e)...)
		}
		return all
	}
	if refusal, ok := err.(*identity.Refusal); ok { //nolint:errorlint // the tree is walked by hand
		return []*identity.Refusal{refusal}
	}
	return Refusals(errors.Unwrap(err))
}
