package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/templates/papers"
	"example.org/cancuoc/templates/render"
)

// Papers is what the desk draws papers with.
type Papers struct {
	Renderer   *render.Renderer
	StatusPage string // address of the citizens' page
	Specimen   bool   // every paper says that it is one
}

// PaperRequest names a paper.
type PaperRequest struct {
	Kind     string // slip, capture-sheet, refusal, manifest or destruction
	Of       string // the consignment of a manifest, the application of the others
	From, To string // first and last day of a record of destruction
}

// Paper draws a paper that an officer may have, as a PDF.
func (d *Desk) Paper(ctx context.Context, by identity.Officer, r PaperRequest) ([]byte, error) {
	switch r.Kind {
	case "slip":
		slip, err := d.slip(ctx, by, r.Of)
		if err != nil {
			return nil, err
		}
		return slip.Draw(d.Papers.Renderer)
	case "capture-sheet":
		sheet, err := d.captureSheet(ctx, by, r.Of)
		if err != nil {
			return nil, err
		}
		return sheet.Draw(d.Papers.Renderer)
	case "refusal":
		refusal, err := d.refusal(ctx, by, r.Of)
		if err != nil {
			return nil, err
		}
		return refusal.Draw(d.Papers.Renderer)
	case "manifest":
		number, err := identity.ParseConsignmentNumber(r.Of)
		if err != nil {
			return nil, err
		}
		manifest, err := d.manifest(ctx, by, number)
		if err != nil {
			return nil, err
		}
		return manifest.Draw(d.Papers.Renderer)
	case "destruction":
		record, err := d.destruction(ctx, by, r)
		if err != nil {
			return nil, err
		}
		return record.Draw(d.Papers.Renderer)
	}
	return nil, identity.RefuseField(identity.NotFound, "paper", "is none of slip, capture-sheet, refusal, manifest, destruction")
}

// slip is the appointment slip of an application that has not ended.
func (d *Desk) slip(ctx context.Context, by identity.Officer, of string) (papers.Slip, error) {
	number, err := identity.ParseApplicationNumber(of)
	if err != nil {
		return papers.Slip{}, err
	}
	record, err := d.seen(ctx, by, number)
	if err != nil {
		return papers.Slip{}, err
	}
	if record.Stage.Ended() {
		return papers.Slip{}, identity.Refuse(identity.Conflict, "application %s has ended (%s): there is no card to collect", number, record.Stage)
	}
	station, err := d.Registry.Station(ctx, record.Application.Station)
	return papers.Slip{
		Application: number, Form: record.Rules.Form, Type: record.Application.Type, Ground: record.Application.Ground,
		FiledOn: record.Application.FiledOn, Due: identity.DateOf(record.Due.Add(-time.Nanosecond)),
		Station: papers.Station{ID: station.ID, Name: station.Name}, Post: record.Destination == identity.DestinationPost,
		Fee: record.Rules.Fee, Officer: record.Application.Officer, StatusPage: d.Papers.StatusPage, Specimen: d.Papers.Specimen,
	}, err
}

// filed is an application that an officer may see, and where it was filed.
func (d *Desk) filed(ctx context.Context, by identity.Officer, of string) (registry.ApplicationRecord, papers.Station, error) {
	number, err := identity.ParseApplicationNumber(of)
	if err != nil {
		return registry.ApplicationRecord{}, papers.Station{}, err
	}
	record, err := d.seen(ctx, by, number)
	if err == nil && record.Erased {
		err = identity.Refuse(identity.Conflict, "application %s: what it said of persons was erased, and no paper can say it", number)
	}
	if err := cmp.Or(err, readable(record)); err != nil {
		return registry.ApplicationRecord{}, papers.Station{}, err
	}
	station, err := d.Registry.Station(ctx, record.Application.Station)
	return record, papers.Station{ID: station.ID, Name: station.Name}, err
}

// captureSheet is what the applicant signs: the population register's record, once it is known
// whose the application is, and until then what the station typed. That the officer had it is kept.
func (d *Desk) captureSheet(ctx context.Context, by identity.Officer, of string) (papers.CaptureSheet, error) {
	record, station, err := d.filed(ctx, by, of)
	if err == nil {
		err = d.Registry.LookedAt(ctx, by.Badge, record.Number)
	}
	if err != nil {
		return papers.CaptureSheet{}, err
	}
	sheet := papers.CaptureSheet{Number: record.Number, Application: record.Application, Station: station, Specimen: d.Papers.Specimen}
	known, is, err := d.applicant(ctx, record)
	if err != nil || !is {
		return sheet, err
	}
	if known, err = d.Registry.CaptureSheet(ctx, record.Number, known); err != nil {
		return papers.CaptureSheet{}, err
	}
	sheet.Application.Person, sheet.Registered = known.Person, true
	return sheet, d.Registry.AskedFor(ctx, by.Badge, known.ID)
}

// applicant reads the population register's record of an applicant; false: nobody can say yet
// whose the application is, or nothing is left of it.
func (d *Desk) applicant(ctx context.Context, record registry.ApplicationRecord) (population.Record, bool, error) {
	claim := record.Application.Person
	if claim.Number == "" {
		return population.Record{}, false, nil
	}
	known, err := d.Population.PersonByNumber(ctx, claim.Number)
	if identity.Refused(err, identity.NotFound) {
		return population.Record{}, false, nil
	}
	if err != nil {
		return population.Record{}, false, err
	}
	said, err := d.Registry.Identification(ctx, record.Number)
	passed := slices.Index(identity.Stages, record.Stage) > slices.Index(identity.Stages, identity.Validation) && (!record.Stage.Ended() || record.Stage == identity.Issued)
	return known, passed || said.Person == known.ID || len(population.Contradictions(population.Compare(claim, known))) == 0, err
}

// refusal is the notice of an application that was rejected. That the officer had it is kept.
func (d *Desk) refusal(ctx context.Context, by identity.Officer, of string) (papers.Refusal, error) {
	record, station, err := d.filed(ctx, by, of)
	if err != nil {
		return papers.Refusal{}, err
	}
	if record.Stage != identity.Rejected {
		return papers.Refusal{}, identity.Refuse(identity.Conflict, "application %s is not rejected: it is at %s", record.Number, record.Stage)
	}
	if err := d.Registry.LookedAt(ctx, by.Badge, record.Number); err != nil {
		return papers.Refusal{}, err
	}
	refund, err := d.Registry.FeeDueBack(ctx, record.Number)
	return papers.Refusal{
		Number: record.Number, Applicant: record.Application.Person.Name, Type: record.Application.Type, Ground: record.Application.Ground,
		FiledOn: record.Application.FiledOn, RejectedOn: identity.DateOf(record.EnteredAt), Reason: record.Why(), Refund: refund,
		Station: station, Specimen: d.Papers.Specimen,
	}, err
}

// manifest lists the cards of a consignment.
func (d *Desk) manifest(ctx context.Context, by identity.Officer, number identity.ConsignmentNumber) (papers.Manifest, error) {
	consignment, err := d.Consignment(ctx, by, number)
	if err != nil {
		return papers.Manifest{}, err
	}
	m := papers.Manifest{
		Consignment: string(consignment.Number), State: consignment.State, Courier: consignment.Courier, Seal: consignment.Seal,
		Destination: papers.Station{ID: consignment.Destination}, Post: consignment.Destination == identity.DestinationPost, Specimen: d.Papers.Specimen,
	}
	if !m.Post {
		station, err := d.Registry.Station(ctx, consignment.Destination)
		if err != nil {
			return papers.Manifest{}, err
		}
		m.Destination.Name = station.Name
	}
	for _, card := range consignment.Cards {
		m.Cards = append(m.Cards, papers.ManifestCard{
			Application: card.Application, Attempt: card.Attempt, Blank: string(card.Blank), Missing: card.Missing,
		})
	}
	return m, nil
}

// destruction is the record of the blanks that were spoiled or destroyed in a period.
func (d *Desk) destruction(ctx context.Context, by identity.Officer, r PaperRequest) (papers.Destruction, error) {
	if err := Center(by); err != nil {
		return papers.Destruction{}, err
	}
	from, err := day("from", r.From)
	if err != nil {
		return papers.Destruction{}, err
	}
	to, err := day("to", r.To)
	if err != nil {
		return papers.Destruction{}, err
	}
	blanks, err := d.Registry.WrittenOff(ctx, from, to)
	return destruction(from, to, blanks, d.Papers.Specimen), err
}

// destruction makes the paper of the registry's list.
func destruction(from, to identity.Date, blanks []registry.WrittenOff, specimen bool) papers.Destruction {
	record := papers.Destruction{From: from, To: to, Specimen: specimen}
	for _, b := range blanks {
		off := papers.WrittenOff{Serial: string(b.Serial), Lost: b.Lost}
		for _, e := range b.Events {
			off.Events = append(off.Events, papers.WriteOff(e))
		}
		record.Blanks = append(record.Blanks, off)
	}
	return record
}

// day reads a day of a period.
func day(field, text string) (identity.Date, error) {
	var date identity.Date
	if err := date.UnmarshalText([]byte(text)); err != nil || !date.Complete() {
		return date, identity.RefuseField(identity.Invalid, field, "is not a day; yyyy-mm-dd is accepted")
	}
	return date, nil
}
