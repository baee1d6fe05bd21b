package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/render"
)

// Pipeline is the systems of the center.
type Pipeline struct {
	Registry   *registry.Registry
	Population population.Register
	ABIS       interface {
		// Identify lists the applications of other persons with these fingers, which
		// were captured for app. It may be called twice.
		Identify(ctx context.Context, app identity.ApplicationNumber, fingers fingerprint.Templates) ([]identity.ApplicationNumber, error)
	}
	Applications []string // of cards, beside the eMRTD application
	Profile      lds.Profile
	Forms        *render.Renderer
	Print        render.Options
	Calendar     *identity.Calendar
	Consignments interface {
		// Packed starts the consignment's workflow unless it was started, and tells it
		// when it is full.
		Packed(ctx context.Context, number identity.ConsignmentNumber, destination identity.StationID, full bool) error
	}
	Limits          map[identity.Action]time.Duration // how long a wait that has a limit may last, by what is waited for
	ConsignmentSize int                               // cards in a box
	AtRiskDays      int                               // how many working days before the legal deadline an application is hurried
	Logger          *slog.Logger
}

// Standing reads where an application stands.
func (p *Pipeline) Standing(ctx context.Context, in StandingInput) (Standing, error) {
	s, err := p.Registry.Standing(ctx, in.Application)
	if err != nil {
		return Standing{}, fmt.Errorf("read where the application stands: %w", err)
	}
	clock, err := p.clock(s.Clock)
	if err != nil {
		return Standing{}, err
	}
	out := Standing{
		Stage: s.Stage, Awaiting: s.Awaiting, Why: s.Why, Reason: s.Reason, Attempt: s.Attempt, CaptureRound: s.CaptureRound,
		Releases: s.Releases, Clock: clock, Hold: s.Hold, ApprovedBy: s.ApprovedBy, AdjudicatedBy: s.AdjudicatedBy,
		Verdict: s.Verdict, Ending: s.Ending, EndingBy: s.EndingBy, Requests: s.Requests, Requested: s.Requested, Consignment: s.Consignment, Card: s.Card, Trouble: s.Trouble, OutdatedBy: s.OutdatedBy,
	}
	if s.Card.AtStation() {
		out.Station = s.Station
	}
	return out, nil
}

// clock adds to the legal clock when the deadline comes near.
func (p *Pipeline) clock(c registry.LegalClock) (LegalClock, error) {
	riskAt, err := p.Calendar.Before(c.Due, p.AtRiskDays)
	if err != nil {
		return LegalClock{}, fmt.Errorf("compute when the deadline is near: %w", err)
	}
	return LegalClock{Due: c.Due, RiskAt: riskAt, Stopped: c.Stopped}, nil
}

// Enter records that an application waits at a stage, and returns since when it does, and until
// when. A second call changes nothing. For how long is the office's to say: nobody who begins a
// workflow ends an application by the limits that it is begun with.
func (p *Pipeline) Enter(ctx context.Context, in EnterInput) (EnterResult, error) {
	var limit time.Duration
	if in.Limit > 0 {
		limit = p.Limits[in.Awaiting]
	}
	entered, err := p.Registry.Enter(ctx, registry.StageChange{
		Application: in.Application, To: in.To, Actor: identity.ActorSystem, Attempt: in.Attempt,
		Awaiting: in.Awaiting, Why: in.Why, StopsClock: in.StopsClock, Limit: limit, Round: in.Round, Found: in.Found,
	})
	if err != nil {
		return EnterResult{}, fmt.Errorf("enter %s: %w", in.To, err)
	}
	return EnterResult(entered), nil
}

// End takes an application to one of its ends. A card that is still at its station is
// spoiled with it. One of somebody who is in the population register already leads there.
func (p *Pipeline) End(ctx context.Context, in EndInput) error {
	err := p.Registry.End(ctx, registry.StageChange{
		Application: in.Application, To: in.To, Actor: identity.ActorSystem, Attempt: in.Attempt, Reason: in.Reason,
	})
	if err != nil {
		return fmt.Errorf("enter %s: %w", in.To, err)
	}
	if in.Reason == identity.ReasonDuplicate {
		return p.nameDuplicate(ctx, in.Application)
	}
	return nil
}

// begin enters a stage and reads application and evidence, in one round trip. If the stage
// was run in that round before, what it found then is read into found, and true returned.
func (p *Pipeline) begin(ctx context.Context, m registry.StageChange, found any, wanted ...registry.EvidenceKey) (registry.ApplicationRecord, registry.Evidence, bool, error) {
	m.Actor = identity.ActorSystem
	record, evidence, err := p.Registry.EnterWith(ctx, m, wanted...)
	if err != nil {
		return registry.ApplicationRecord{}, nil, false, fmt.Errorf("enter %s: %w", m.To, err)
	}
	if record.Found == nil || found == nil {
		return record, evidence, false, nil
	}
	if err := json.Unmarshal(record.Found, found); err != nil {
		return registry.ApplicationRecord{}, nil, false, fmt.Errorf("read what %s found: %w", m.To, err)
	}
	return record, evidence, true, nil
}
