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
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/render"
)

// Door receives packets.
type Door struct {
	Registry *registry.Registry
	Forms    *render.Renderer
	Calendar *identity.Calendar
	Sizes    packet.Sizes
	Chip     lds.Profile      // what is written to chips
	Now      func() time.Time // by the database's clock
	// OfficeStart is the day before which nothing was filed; what was filed more than
	// LateAfter working days before its officer signed needs a reason.
	OfficeStart identity.Date
	LateAfter   int
	// Start begins the application's workflow, unless it was begun before.
	Start  func(ctx context.Context, number identity.ApplicationNumber) error
	Logger *slog.Logger

	doorkeeper doorkeeper
}

// Receipt is what the station hands to the citizen.
type Receipt struct {
	Number   identity.ApplicationNumber
	Existing bool // the same submission was received before
	Due      time.Time
	Fee      int // VND
	Warnings []Warning
}

// Warning is something about a field that is accepted all the same, for the citizen to know.
type Warning struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// Receive opens a packet, checks all of it, stores it in one transaction and starts
// its workflow. The same submission again gives the same receipt. A refusal names
// each field that is wrong, and then nothing is stored.
func (d *Door) Receive(ctx context.Context, signed []byte) (Receipt, error) {
	opened, err := d.Open(ctx, signed)
	if err != nil {
		return Receipt{}, err
	}
	checked, err := d.Examine(opened)
	if err != nil {
		return Receipt{}, err
	}
	return d.Store(ctx, checked)
}

// Expects refuses a packet by how it begins: with a header that names a station which
// is registered. Most of what is not a packet need not be read any further.
func (d *Door) Expects(ctx context.Context, beginning []byte) error {
	id, err := packet.ParseHeader(beginning)
	if err != nil {
		return err
	}
	return d.doorkeeper.knows(ctx, id, d.station)
}

// Opened is a packet whose signatures are good.
type Opened struct {
	packet     []byte
	station    identity.StationID // that signed it
	enrolled   identity.Enroll
	statement  statement.Signed // of enrolled
	submission packet.Submission
	wrong      error // what of it could not be read
	stranger   bool  // whoever signed it may not enroll now, and is told nothing of citizens
	known      known
}

// known is what the office has of the citizen.
type known struct {
	asked  bool // whether anybody looked
	held   *identity.HeldCard
	onFile registry.Evidence // asked for only where the card may be made from it
	own    bool              // whether the number is by the register here that of who has this name and birth
	kept   bool              // whether who has that number never lost nationality, by the register here
}

// Open verifies a packet with the key that its station is registered with, and what its
// officer states, and reads its submission. What the officer may do, and whose the key is,
// is looked at where it is stored.
func (d *Door) Open(ctx context.Context, signed []byte) (Opened, error) {
	if int64(len(signed)) > d.Sizes.Packet {
		return Opened{}, identity.RefuseField(identity.Invalid, "packet", "is larger than the %d bytes that are accepted", d.Sizes.Packet)
	}
	p, err := packet.Parse(signed)
	if err != nil {
		return Opened{}, err
	}
	station, err := d.station(ctx, p.Station)
	if err != nil {
		return Opened{}, err
	}
	payload, err := p.Open(ed25519.PublicKey(station.PublicKey))
	if err != nil {
		_, stated, _ := p.Enrolled(nil) // whoever altered the packet, in whose name it came is kept
		return Opened{}, d.kept(ctx, stated, err)
	}
	o := Opened{packet: signed}
	if o.enrolled, o.statement, err = p.Enrolled(payload); err != nil {
		return Opened{}, d.kept(ctx, o.statement, err)
	}
	o.submission, err = packet.ParseSubmission(payload)
	if _, partly := errors.AsType[packet.PartlyRead](err); err != nil && !partly {
		return Opened{}, err
	}
	o.wrong = err
	if size := int64(len(payload)) - o.submission.Carried(); size > d.Sizes.Document {
		o.wrong = errors.Join(o.wrong, identity.Refuse(identity.Invalid, "the document without its images has %d bytes; at most %d are accepted", size, d.Sizes.Document))
	}
	o.station = station.ID
	if o.submission.Station != "" && o.submission.Station != string(station.ID) {
		o.wrong = errors.Join(o.wrong, identity.RefuseField(identity.Forbidden, "station", "is not the station that signed the packet"))
	}
	if named := identity.OfficerID(o.submission.Officer); named != o.enrolled.Officer && named.Check() == nil {
		o.wrong = errors.Join(o.wrong, identity.RefuseField(identity.Forbidden, "officer", "is not the officer who signed the packet"))
	}
	if err := d.Registry.MayAct(ctx, o.statement); err != nil {
		if len(identity.Refusals(err)) == 0 {
			return o, err
		}
		o.stranger = true
		return o, nil
	}
	o.known, err = d.whatIsKnown(ctx, o.submission)
	return o, err
}

// whatIsKnown looks for the card that the citizen holds and, where the card may be made from
// them, for the portrait and fingerprints on file.
func (d *Door) whatIsKnown(ctx context.Context, s packet.Submission) (known, error) {
	app, _ := s.Application(identity.DateOf(d.Now())) // what is wrong with it is told later
	k := known{asked: true}
	var err error
	if k.held, err = d.Registry.Held(ctx, app.Person.Number); err != nil {
		return known{}, err
	}
	if app.Ground == identity.GroundLost && app.Person.Number != "" {
		if k.own, err = d.Registry.HasNumber(ctx, app.Person); err != nil {
			return known{}, fmt.Errorf("ask whose card is lost: %w", err)
		}
	}
	if app.Ground == identity.GroundNationality && app.Person.Number != "" {
		if k.kept, err = d.Registry.KeptNationality(ctx, app.Person.Number); err != nil {
			return known{}, fmt.Errorf("ask who lost nationality: %w", err)
		}
	}
	if app.FromFile() {
		if k.onFile, err = d.Registry.OnFile(ctx, app.Person.Number); err != nil {
			return known{}, fmt.Errorf("read portrait and fingerprints on file: %w", err)
		}
	}
	return k, nil
}

// kept keeps that an officer's statement in a packet was refused, and returns why.
func (d *Door) kept(ctx context.Context, refused statement.Signed, why error) error {
	if refused.IsZero() || len(identity.Refusals(why)) == 0 {
		return why
	}
	return errors.Join(why, d.Registry.RefusedAct(ctx, refused, why))
}

// Examined is an opened packet of which all is known but what the registry knows.
type Examined struct {
	submission registry.Submission
	warnings   []Warning
	wrong      error // why it is refused
	stranger   bool  // as of the opened packet
}

// Examine checks all of an opened packet. What is wrong with it is told by Store,
// together with what the registry has against it.
func (d *Door) Examine(o Opened) (Examined, error) {
	submission, err := d.check(o.submission, o.wrong, o.enrolled.SignedAt, o.known)
	submission.Enrolled, submission.Signed = o.enrolled, o.statement
	if err != nil {
		if len(identity.Refusals(err)) == 0 {
			return Examined{}, err
		}
		submission.Application.Station = o.station
		return Examined{submission: submission, wrong: err, stranger: o.stranger}, nil
	}
	submission.Evidence[identity.EvidencePacket] = o.packet
	return Examined{submission: submission, warnings: append(d.warnings(submission.Application.Person), irisWarnings(o.submission)...), stranger: o.stranger}, nil
}

// warnings tells which fields many readers of chips will not show.
func (d *Door) warnings(p identity.Person) []Warning {
	var warnings []Warning
	for _, field := range d.Chip.Overlong(identity.Card{Person: p}) {
		warnings = append(warnings, Warning{"person." + field, "is accepted, but too long for many readers of chips, which will not show it"})
	}
	return warnings
}

// Store stores what was examined and starts its workflow, or refuses it with all that is
// wrong.
func (d *Door) Store(ctx context.Context, e Examined) (Receipt, error) {
	submission := e.submission
	if e.wrong != nil || e.stranger {
		before, err := d.Registry.Received(ctx, submission)
		if err != nil {
			return Receipt{}, fmt.Errorf("look for its receipt: %w", err)
		}
		if before.Existing {
			return d.receipt(ctx, before, nil), nil
		}
		submission.Application = readable(submission.Application, fieldsOf(e.wrong))
		objections, err := d.Registry.Objections(ctx, submission)
		if err != nil {
			return Receipt{}, fmt.Errorf("look for what else is wrong: %w", err)
		}
		err = packet.AndThen(e.wrong, objections)
		if identity.Refused(e.wrong, identity.Forbidden) {
			err = d.kept(ctx, submission.Signed, err)
		}
		if err != nil { // or nothing is in the way of a stranger any more
			return Receipt{}, err
		}
	}
	stored, err := d.Registry.Receive(ctx, submission)
	if err != nil {
		return Receipt{}, fmt.Errorf("store application: %w", err)
	}
	return d.receipt(ctx, stored, e.warnings), nil
}

// receipt starts the workflow of what was stored, now or before.
func (d *Door) receipt(ctx context.Context, stored registry.Receipt, warnings []Warning) Receipt {
	d.start(ctx, stored.Number)
	return Receipt{Number: stored.Number, Existing: stored.Existing, Due: stored.Due, Fee: stored.Fee, Warnings: warnings}
}

// readable is an application without those values that the registry is asked about and
// that are none.
func readable(a identity.Application, told map[string]bool) identity.Application {
	if told["enrollment_id"] {
		a.EnrollmentID = ""
	}
	if told["officer"] {
		a.Officer = ""
	}
	return a
}

// How long a station waits for the start of the workflow, and how long it is tried: the
// station has its receipt within a second, whatever becomes of Temporal.
const (
	startPatience = 300 * time.Millisecond
	startTime     = 5 * time.Second
)

// start begins the workflow of a stored application, or leaves it to the reconciler.
func (d *Door) start(ctx context.Context, number identity.ApplicationNumber) {
	begun := make(chan struct{})
	go func() {
		defer close(begun)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTime)
		defer cancel()
		if err := d.Start(ctx, number); err != nil {
			d.Logger.WarnContext(ctx, "Workflow not begun; the reconciler begins it", "application", number, "error", err)
		}
	}()
	select {
	case <-begun:
	case <-time.After(startPatience):
	}
}

// station reads a station that may send packets.
func (d *Door) station(ctx context.Context, id identity.StationID) (registry.Station, error) {
	station, err := d.Registry.Station(ctx, id)
	switch {
	case identity.Refused(err, identity.NotFound):
		return station, identity.RefuseField(identity.Forbidden, "station", "no station is registered under the name in the packet's header")
	case err != nil:
		return station, fmt.Errorf("find station: %w", err)
	case station.Kind != identity.EnrollmentStation:
		return station, identity.RefuseField(identity.Forbidden, "station", "%s is no enrollment station", station.ID)
	case station.Revoked:
		return station, identity.RefuseField(identity.Forbidden, "station", "the key of station %s is revoked", station.ID)
	}
	return station, nil
}

// Check checks everything that can be checked before anything is stored: shape, law,
// images, and whether the card can be made. It does what later stages will do with the
// application, and refuses what they would refuse without a person. Each of these is
// checked here:
//
//	BiometricCapture  reads and measures the portrait          evidenceOf: portrait.Check; portrait.Judge, of who does not pass this stage
//	                  reads the templates                      evidenceOf: fingerprint.Templates
//	Deduplication     reads the templates                      as above
//	DataPreparation   allots a personal number                 preflight: identity.DrawPersonalNumber
//	                  crops the portrait for card and chip     evidenceOf: portrait.Normalize
//	                  composes MRZ and QR code                 preflight: personalization.Compose
//	                  lays out both sides                      preflight: render.Form.Check
//	                  draws portrait and fingers               evidenceOf: portrait.Check, fingerprint.CheckImage
//	                  builds and reads back EF.DG1             preflight: mrz.Parse
//	                  builds EF.DG2                            evidenceOf: lds.CheckPortrait
//	                  builds and reads back EF.DG13            preflight: lds.Profile.EncodeDG13
//
// What they refuse besides depends on others, and waits for a person: a poor portrait
// or finger, the population registry, a hit, the stock of blanks and of personal
// numbers, a chip profile or keys that do not fit, a card that is spoiled. A
// recapture passes evidenceOf's checks too.
func (d *Door) Check(s packet.Submission) (registry.Submission, error) { return d.CheckRest(s, nil) }

// CheckRest checks a submission of which something could not be read, and refuses that
// with the rest: each fault is found whatever else is wrong, unless what is wrong is what
// it depends on. The application is given all the same, with whatever is right.
func (d *Door) CheckRest(s packet.Submission, unread error) (registry.Submission, error) {
	return d.check(s, unread, time.Time{}, known{})
}

// timely refuses what was filed before this office began, is entered late without a reason,
// or is of a day whose fees or form of card have ended.
func (d *Door) timely(app identity.Application, signed time.Time, today identity.Date) error {
	entry := identity.Entry{Signed: signingDay(app, signed, today), Came: today, OfficeStart: d.OfficeStart, LateAfter: d.LateAfter}
	if err := app.Timely(entry, d.Calendar); err != nil {
		return err
	}
	form, err := d.Forms.For(app)
	if err == nil && !form.Issued.To.IsZero() && form.Issued.To.Compare(today) < 0 {
		return identity.RefuseField(identity.Invalid, "filed_on", "is a day whose form of card is not issued any more: file anew, today")
	}
	return nil // formsOf tells that there is none
}

// signingDay is the day on which the officer says to have signed an application. It counts
// for lateness, as a packet may wait weeks for a connection; the day of arrival counts where
// the officer does not say, or says what cannot be: before it was filed, or still to come.
func signingDay(app identity.Application, signed time.Time, today identity.Date) identity.Date {
	day := identity.DateOf(signed)
	if signed.IsZero() || day.Compare(app.FiledOn) < 0 || day.Compare(today) > 0 {
		return today
	}
	return day
}

// check checks a submission that its officer signed at a time, against what is known of the
// citizen.
func (d *Door) check(s packet.Submission, unread error, signed time.Time, k known) (registry.Submission, error) {
	digest, err := s.Digest()
	if err != nil {
		return registry.Submission{}, err
	}
	today := identity.DateOf(d.Now())
	app, wrong := s.Application(today)
	wrong = packet.AndThen(unread, wrong)
	wrong = packet.AndThen(wrong, d.timely(app, signed, today))
	if k.held != nil {
		wrong = packet.AndThen(wrong, app.Against(*k.held))
	}
	wrong = packet.AndThen(wrong, app.ByNationality(k.kept, identity.Date{}))
	if fieldsOf(wrong)["filed_on"] {
		app.FiledOn = today // whose law and form count until it is known
	}
	if fieldsOf(wrong)["person.birth"] {
		app.Person.Birth = identity.Date{} // of an adult, until it is known
	}
	forms, err := d.formsOf(app, wrong)
	wrong = packet.AndThen(wrong, err)
	rules, err := identity.RulesFor(app, k.held, forms[0].ID, d.Calendar)
	wrong = packet.AndThen(wrong, err)
	evidence, err := evidenceOf(s, app, forms, k, d.Sizes)
	wrong = packet.AndThen(wrong, err)
	unprintable, err := d.preflight(forms, app, rules, evidence, wrong)
	if err != nil {
		return registry.Submission{}, err
	}
	return registry.Submission{Application: app, Rules: rules, Digest: digest, Evidence: evidence, OwnLoss: k.own}, packet.AndThen(wrong, unprintable)
}
