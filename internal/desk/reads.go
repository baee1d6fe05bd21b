package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Listed is one line of the list of applications.
type Listed struct {
	Application identity.ApplicationNumber `json:"application"`
	Type        identity.ApplicationType   `json:"type"`
	Province    identity.ProvinceCode      `json:"province"`
	Stage       identity.Stage             `json:"stage"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Why         string                     `json:"why,omitzero"`
	Since       time.Time                  `json:"since,omitzero"`
	Trouble     string                     `json:"trouble,omitzero"` // at the station that makes its card
	Station     identity.StationID         `json:"station,omitzero"`
	Consignment identity.ConsignmentNumber `json:"consignment,omitzero"`
	Due         time.Time                  `json:"due"`
	Fault       string                     `json:"fault,omitzero"`    // why what it says of persons cannot be read
	Deadline    registry.Deadline          `json:"deadline,omitzero"` // late, or at risk
}

// Status is where one application is, and what has happened.
type Status struct {
	Application  identity.ApplicationNumber `json:"application"`
	Stage        identity.Stage             `json:"stage"`
	Awaiting     identity.Action            `json:"awaiting,omitzero"`
	Held         bool                       `json:"held,omitzero"`
	Why          string                     `json:"why,omitzero"`     // why it waits
	Since        time.Time                  `json:"since,omitzero"`   // since when
	Trouble      string                     `json:"trouble,omitzero"` // at the station that makes its card
	Due          time.Time                  `json:"due"`
	Cards        int                        `json:"cards"`
	CaptureRound int                        `json:"capture_round"`
	Round        int                        `json:"round"`  // of the next hold, release or identification
	Search       int                        `json:"search"` // whose hits an adjudicator judges
	Consignment  identity.ConsignmentNumber `json:"consignment,omitzero"`
	Requested    Requested                  `json:"requested"`
	Payment      registry.Payment           `json:"payment"`
	FiledOn      identity.Date              `json:"filed_on"`
	Nowhere      bool                       `json:"nowhere,omitzero"`     // whoever approves registers the applicant, by a paper
	LateReason   string                     `json:"late_reason,omitzero"` // why it was entered so long after that
	Fault        string                     `json:"fault,omitzero"`       // why what it says of persons cannot be read
	Timeline     []Event                    `json:"timeline"`
}

// Requested is what was applied for, and by which claims: whoever approves judges them.
type Requested struct {
	Type           identity.ApplicationType `json:"type"`
	Ground         identity.Ground          `json:"ground"`
	Channel        identity.Channel         `json:"channel"`
	ErrorBy        identity.Party           `json:"error_by,omitzero"`
	Exemption      string                   `json:"exemption,omitzero"`
	ExemptionProof string                   `json:"exemption_proof,omitzero"`
	Representative string                   `json:"representative,omitzero"`
	OriginProof    string                   `json:"origin_proof,omitzero"`
	ResidingSince  string                   `json:"residing_since,omitzero"`
}

func requestedOf(a identity.Application) Requested {
	r := Requested{
		Type: a.Type, Ground: a.Ground, Channel: a.Channel, ErrorBy: a.ErrorBy, Exemption: a.Exemption, ExemptionProof: a.ExemptionProof,
		Representative: a.Representative.Text, OriginProof: a.OriginProof,
	}
	if !a.ResidingSince.IsZero() {
		r.ResidingSince = a.ResidingSince.Display()
	}
	return r
}

// Claims are those that the applicant makes, in words.
func (r Requested) Claims() []string {
	var claims []string
	for _, c := range []struct{ what, said, proof string }{
		{"error by", string(r.ErrorBy), ""},
		{"exempt as", r.Exemption, r.ExemptionProof},
		{"through", r.Representative, ""},
		{"origin proven by", r.OriginProof, ""},
		{"residing since", r.ResidingSince, ""},
	} {
		switch {
		case c.said == "":
		case c.proof != "":
			claims = append(claims, c.what+" "+c.said+", by: "+c.proof)
		default:
			claims = append(claims, c.what+" "+c.said)
		}
	}
	return claims
}

// Event is one entry of the audit trail.
type Event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitzero"`
}

// Applications lists applications for an officer: a province's sees its own.
func (d *Desk) Applications(ctx context.Context, by identity.Officer, f registry.Filter) ([]Listed, error) {
	f, now, err := d.ofOfficer(ctx, by, f)
	if err != nil {
		return nil, err
	}
	records, err := d.Registry.List(ctx, f)
	if err != nil {
		return nil, err
	}
	all := make([]*registry.ApplicationRecord, len(records))
	for i := range records {
		all[i] = &records[i]
	}
	if err := d.explain(ctx, all...); err != nil {
		return nil, err
	}
	list := make([]Listed, len(records))
	for i, r := range records {
		list[i] = Listed{
			Application: r.Number, Type: r.Application.Type, Province: r.Province, Stage: r.Stage, Awaiting: r.Awaiting,
			Why: r.AwaitingWhy, Since: r.Since, Trouble: r.Trouble, Station: r.Station, Consignment: r.Consignment, Due: r.Due, Deadline: r.Standing(now, f.Near),
		}
		if r.Unread != nil {
			list[i].Fault = r.Unread.Error()
		}
	}
	return list, nil
}

// ofOfficer has a filter find what its officer may see, and what is at risk now.
func (d *Desk) ofOfficer(ctx context.Context, by identity.Officer, f registry.Filter) (registry.Filter, time.Time, error) {
	if f.Province == "" && by.Unit != identity.UnitCenter {
		f.Province = identity.ProvinceCode(by.Unit)
	}
	if err := known(f); err != nil {
		return f, time.Time{}, err
	}
	if f.Province != "" && !by.Unit.Covers(f.Province) {
		return f, time.Time{}, identity.RefuseField(identity.Forbidden, "province", "is another than yours, %s", by.Unit)
	}
	now, err := d.Registry.Now(ctx)
	if err != nil {
		return f, now, err
	}
	f.Near, err = d.Near(now)
	return f, now, err
}

// MaxListed is how many applications one list may have, and how far those of one are counted.
const MaxListed = 10_000

// UsuallyListed is how many a list may have where nobody says.
const UsuallyListed = 1000

// Total is how many applications there are of a list, of which a part is shown.
type Total struct {
	Count int  `json:"count"`
	More  bool `json:"more"` // there are more than that, which nobody counted
}

// CountApplications says how many applications [Desk.Applications] would list without a limit.
func (d *Desk) CountApplications(ctx context.Context, by identity.Officer, f registry.Filter) (Total, error) {
	f, _, err := d.ofOfficer(ctx, by, f)
	if err != nil {
		return Total{}, err
	}
	n, err := d.Registry.Count(ctx, f, MaxListed+1)
	return Total{min(n, MaxListed), n > MaxListed}, err
}

// known refuses to look for stages, waits and provinces that do not exist, which would be
// nothing for ever.
func known(f registry.Filter) error {
	problems := []error{identity.Known("awaiting", f.Awaiting, identity.Actions), identity.Known("province", f.Province, identity.EveryProvince()), identity.Known("deadline", f.Deadline, registry.Deadlines)}
	for _, stage := range f.Stages {
		problems = append(problems, identity.Known("stage", stage, identity.Stages))
	}
	if f.Limit < 1 || f.Limit > MaxListed {
		problems = append(problems, identity.RefuseField(identity.Invalid, "limit", "is not between 1 and %d", MaxListed))
	}
	return errors.Join(problems...)
}

// Status says where an application is, to an officer of its province or of the one in
// which its card is handed over.
func (d *Desk) Status(ctx context.Context, by identity.Officer, number identity.ApplicationNumber) (Status, error) {
	s, err := d.Sight(ctx, by, number)
	if err != nil {
		return Status{}, err
	}
	entries, err := d.Registry.Audit(ctx, number)
	if err != nil {
		return Status{}, err
	}
	if s.Payment, err = d.Registry.Payment(ctx, number); err != nil {
		return Status{}, err
	}
	s.Timeline = make([]Event, len(entries))
	for i, e := range entries {
		s.Timeline[i] = Event{At: e.At, Actor: identity.OneLine(e.Actor), What: identity.OneLine(e.Event), Reason: identity.OneLine(e.Reason)}
	}
	return s, nil
}

// Sight is a status without its story and its fee: what an officer has to see who decides on
// many.
func (d *Desk) Sight(ctx context.Context, by identity.Officer, number identity.ApplicationNumber) (Status, error) {
	standing, err := d.Registry.Standing(ctx, number) // first: a round that has passed decides nothing
	if err != nil {
		return Status{}, err
	}
	record, err := d.seen(ctx, by, number)
	if err != nil {
		return Status{}, err
	}
	if err := d.explain(ctx, &record); err != nil {
		return Status{}, err
	}
	s := Status{
		Nowhere:   record.Stage == identity.Approval && record.Application.Person.Number == "",
		Requested: requestedOf(record.Application), FiledOn: record.Application.FiledOn, LateReason: record.Application.LateReason,
		Application: number, Stage: record.Stage, Awaiting: record.Awaiting, Held: record.Held, Why: record.AwaitingWhy, Since: record.Since, Trouble: record.Trouble, Due: record.Due,
		Cards: record.Attempt, CaptureRound: record.CaptureRound, Round: standing.Releases + 1, Search: standing.Search, Consignment: record.Consignment,
	}
	if record.Unread != nil {
		s.Fault = record.Unread.Error()
	}
	return s, nil
}

// Saw is an act with what its officer saw of the application, which the officer signs too.
func (s Status) Saw(act identity.Act) identity.Act {
	switch act := act.(type) {
	case identity.Approve:
		act.Seen, act.Capture, act.Round = s.Stage, s.CaptureRound, s.Round
		return act
	case identity.Reject:
		act.Seen, act.Capture, act.Round = s.Stage, s.CaptureRound, s.Round
		return act
	case identity.Withdraw:
		act.Seen, act.Capture, act.Round = s.Stage, s.CaptureRound, s.Round
		return act
	case identity.Adjudicate:
		act.Round = s.Search
		return act
	case identity.Hold:
		act.Round = s.Round
		return act
	case identity.Release:
		act.Round, act.Seen = s.Round, s.Awaiting
		if s.Held {
			act.Seen = identity.ToRelease
		}
		return act
	case identity.Identify:
		act.Round = s.Round
		return act
	case identity.HandOverCard:
		act.Card = s.Cards
		return act
	}
	return act
}

// seen reads an application that an officer may see.
func (d *Desk) seen(ctx context.Context, by identity.Officer, number identity.ApplicationNumber) (registry.ApplicationRecord, error) {
	record, err := d.Registry.Entry(ctx, number)
	if err != nil || by.Unit.Covers(record.Province) {
		return record, err
	}
	destination, err := d.Registry.Station(ctx, record.Destination)
	if err == nil && by.Unit.Covers(destination.Province) {
		return record, nil
	}
	if err == nil || identity.Refused(err, identity.NotFound) {
		err = identity.Refuse(identity.Forbidden, "application %s is another province's than yours, %s", number, by.Unit)
	}
	return registry.ApplicationRecord{}, err
}

// Consignments lists the boxes of cards that an officer may see: a province's officer
// those that come to it, or that it sends on.
func (d *Desk) Consignments(ctx context.Context, by identity.Officer, receivedSince time.Time) ([]registry.Consignment, error) {
	list, err := d.Registry.Consignments(ctx, receivedSince)
	if err != nil || by.Unit == identity.UnitCenter {
		return list, err
	}
	return slices.DeleteFunc(list, func(c registry.Consignment) bool { return !concerns(by, c) }), nil
}

// concerns reports whether a box goes to an officer's province, or is sent on by it.
func concerns(by identity.Officer, c registry.Consignment) bool {
	return slices.ContainsFunc(c.Provinces, by.Unit.Covers)
}

// Consignment is one box of cards that an officer may see.
func (d *Desk) Consignment(ctx context.Context, by identity.Officer, number identity.ConsignmentNumber) (registry.Consignment, error) {
	c, err := d.Registry.Consignment(ctx, number)
	if err == nil && by.Unit != identity.UnitCenter && !concerns(by, c) {
		err = identity.Refuse(identity.Forbidden, "consignment %s is another province's than yours, %s", number, by.Unit)
	}
	return c, err
}

// Center refuses an officer of a province what only the center's may see.
func Center(by identity.Officer) error {
	if by.Unit != identity.UnitCenter {
		return identity.Refuse(identity.Forbidden, "only officers of the center may see this")
	}
	return nil
}

// Stock is the blanks in each account, of all documents and of each, and those that no station can take.
type Stock struct {
	registry.Stock

	Of       []registry.DocumentStock `json:"of"` // the same of each document
	Stranded []registry.Stranded      `json:"stranded,omitzero"`
}

// Stock counts the blanks.
func (d *Desk) Stock(ctx context.Context) (Stock, error) {
	stock, err := d.Registry.Stock(ctx)
	if err != nil {
		return Stock{}, err
	}
	of, err := d.Registry.StockOfDocuments(ctx)
	if err != nil {
		return Stock{}, err
	}
	stranded, err := d.Registry.Stranded(ctx)
	return Stock{stock, of, stranded}, err
}

// Notifications are what receivers have not taken.
type Notifications struct {
	Receivers []registry.Backlog `json:"receivers"`
	Letters   []registry.Letter  `json:"letters"` // that were tried: dead ones first, the oldest first
}

// maxLetters is how many are listed of each state.
const maxLetters = 1000

// Notifications lists what receivers have not taken.
func (d *Desk) Notifications(ctx context.Context) (Notifications, error) {
	receivers, err := d.Registry.Backlogs(ctx)
	if err != nil {
		return Notifications{}, err
	}
	letters, err := d.Registry.Letters(ctx, maxLetters)
	return Notifications{receivers, letters}, err
}
