package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/station"
)

// Make makes one card in one slot: its chip is written and locked, its sides are printed,
// and chip and print are inspected. The card holds the slot until it has left it. A
// certificate, which has no chip, is made so too, without what concerns the chip.
//
// Run again at this station, it goes on where it was: the registry has what was done, the
// station's journal and the chip have what was begun. Without a blank taken, and when
// nothing was written to it, any station may run it; a card that was begun stays at its
// station.
func (s *Station) Make(ctx context.Context, in CardInput) (MakeResult, error) {
	var passed []StagePassed
	err := s.work(ctx, in, func(j *job) error {
		defer func() { passed = j.passed }()
		return s.makeCard(ctx, j)
	})
	return MakeResult{Station: s.ID, Passed: passed}, err
}

// work has the station's line work at a card: one try at a time, in a slot that was
// issued for it, or in the one that the card is in.
func (s *Station) work(ctx context.Context, in CardInput, steps func(*job) error) error {
	pulse := beat(ctx)
	defer pulse.stop()
	own := activity.GetInfo(ctx).TaskQueue == s.Queue
	if err := s.Line.begin(ctx, in, !own); err != nil {
		return fmt.Errorf("begin to work at card %d: %w", in.Attempt, err)
	}
	stays := own
	defer func() { s.Line.end(in, stays) }()
	j, err := s.job(ctx, in, pulse)
	if err != nil {
		return err
	}
	j.issued = !own
	err = steps(j)
	stays = j.inSlot() && j.Card.Station == s.ID
	return err
}

// job is one card in work.
type job struct {
	CardInput
	registry.Making

	issued bool // in a slot that was issued for it; otherwise in the slot that the card is in
	pulse  *pulse
	began  time.Time // when the registry's clock was read, by the station's
	passed []StagePassed
	seen   bool // its print was inspected, and is well

	toldForgotten bool // the trail says that the printed sides are removed
}

// registryWithin is how long a station waits for the registry before it has a card. The
// task goes to another station then.
const registryWithin = 30 * time.Second

// job reads what a station needs to make a card, which must be no other station's.
func (s *Station) job(ctx context.Context, in CardInput, pulse *pulse) (*job, error) {
	began := time.Now()
	asking, cancel := context.WithTimeout(ctx, registryWithin)
	defer cancel()
	made, err := s.Registry.Making(asking, in.Application, in.Attempt,
		registry.EvidenceKey{Kind: identity.EvidenceChipImage, Attempt: in.Attempt},
		registry.EvidenceKey{Kind: identity.EvidencePrint, Attempt: in.Attempt},
		registry.EvidenceKey{Kind: identity.EvidencePrintPortrait, Attempt: in.Attempt})
	if err != nil {
		return nil, fmt.Errorf("read card %d: %w", in.Attempt, err)
	}
	j := &job{CardInput: in, Making: made, pulse: pulse, began: began}
	switch {
	case !made.Current:
		return nil, identity.Refuse(identity.Elsewhere, "card %d of application %s was given up for another", in.Attempt, in.Application)
	case j.inSlot() && made.Card.Station != s.ID:
		return nil, identity.Refuse(identity.Elsewhere, "card %d is in a slot of station %s", in.Attempt, made.Card.Station)
	}
	return j, nil
}

// inSlot reports whether the card is in a slot, and not yet inspected.
func (j *job) inSlot() bool { return j.Card.State.InSlot() }

// hasChip reports whether what is made has a chip.
func (j *job) hasChip() bool { return j.Card.Document.HasChip() }

// makeCard takes the card through the steps that are left.
func (s *Station) makeCard(ctx context.Context, j *job) error {
	for {
		var step func(context.Context, *job) error
		switch j.Card.State {
		case identity.CardPrepared, identity.CardBegun:
			step = s.personalize
			if !j.hasChip() {
				step = s.printBlank
			}
		case identity.CardPersonalized:
			step = s.print
		case identity.CardPrinted:
			step = s.inspect
		case identity.CardSpoiled, identity.CardFound, identity.CardDestroyed:
			s.forget(ctx, j)
			return identity.Refuse(identity.Spoiled, "card %d was given up", j.Attempt)
		case identity.CardInspected, identity.CardPacked, identity.CardArrived, identity.CardLive, identity.CardLost, identity.CardRevoked,
			identity.CardReportedLost, identity.CardDamaged, identity.CardKept, identity.CardWithdrawn, identity.CardLapsed:
			s.forget(ctx, j)
			s.Line.wentWell()
			return nil // it was made, and may have left the station
		}
		if stopping(ctx) {
			return fmt.Errorf("station %s is being stopped; card %d goes on when it is back", s.ID, j.Attempt)
		}
		if j.Card.State == identity.CardPersonalized || j.Card.State == identity.CardPrinted {
			if err := s.ofTheLiving(ctx, j); err != nil {
				return err
			}
		}
		if err := step(ctx, j); err != nil {
			return s.wentWrong(ctx, j, err)
		}
	}
}

// forget removes the printed sides of a card that needs them no more from the printer's folder.
// That it could not keeps nothing from going on: they are removed later.
func (s *Station) forget(ctx context.Context, j *job) {
	if s.Prints == nil {
		return
	}
	remove := s.remove
	if j.toldForgotten {
		remove = func(context.Context, CardInput) error { return s.Prints.Forget(PrintJob(j.Application, j.Attempt)) }
	}
	if err := remove(ctx, j.CardInput); err != nil {
		activity.GetLogger(ctx).Warn("Printed sides not removed", "application", j.Application, "card", j.Attempt, "error", err)
	}
}

// holdsPrint reports whether the printer's folder holds the printed sides of the card.
// Where that is not known, it is looked again when they are to be removed.
func (s *Station) holdsPrint(ctx context.Context, j *job) bool {
	if s.Prints == nil {
		return false
	}
	holds, err := s.Prints.Holds(PrintJob(j.Application, j.Attempt))
	if err != nil {
		activity.GetLogger(ctx).Warn("Printed sides not looked for", "application", j.Application, "card", j.Attempt, "error", err)
	}
	return holds && err == nil
}

// advance records that the card reached a state.
func (s *Station) advance(ctx context.Context, j *job, to identity.CardState, detail string) error {
	if err := s.Registry.Advance(ctx, j.Application, j.Attempt, to, detail); err != nil {
		return fmt.Errorf("note that card %d is %s: %w", j.Attempt, to, err)
	}
	j.reached(to)
	return nil
}

// reached takes over that the card reached a state.
func (j *job) reached(to identity.CardState) {
	j.Card.State = to
	if stage := registry.StageAfter(to); stage != j.Stage {
		j.Stage = stage
		j.passed = append(j.passed, StagePassed{stage, j.Now.Add(time.Since(j.began))})
	}
}

// trouble is what keeps a station from making a card, and what a person there mends.
type trouble struct {
	part  string
	clean bool // nothing was written to the blank
	err   error
}

func (t *trouble) Error() string { return t.part + ": " + t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// The parts of a station beside those of its encoder (personalization/station).
const (
	partPrinter = "printer"
	partCamera  = "camera"
	partClock   = "clock"
	partEncoder = string(station.Device)
)

// wentWrong decides what follows when a step failed. Where the station is at fault, an
// untouched blank is given back, and a station to which that happens again pauses itself.
// Whatever it is, the lists and the story tell it.
func (s *Station) wentWrong(ctx context.Context, j *job, err error) error {
	t, ok := errors.AsType[*trouble](err)
	switch {
	case ctx.Err() != nil, stopping(ctx) && errors.Is(err, context.Canceled), !ok && len(identity.Refusals(err)) > 0:
		return err
	case !ok:
		s.noteTrouble(ctx, j, err.Error())
		return err
	}
	why := fmt.Sprintf("station %s: %s", s.ID, t)
	if t.clean && j.Card.State == identity.CardBegun {
		back, err := s.Registry.GiveBack(ctx, j.Application, j.Attempt, s.ID, t.Error())
		if err != nil {
			return fmt.Errorf("give blank %s back: %w", j.Card.Blank, errors.Join(err, t))
		}
		if back {
			j.Card.State, j.Card.Blank, j.Card.Station = identity.CardPrepared, "", ""
		}
	}
	s.noteTrouble(ctx, j, t.Error())
	s.Line.wentWrong(ctx, t.part, t.Error())
	if !j.issued && j.Card.State == identity.CardPrepared {
		return identity.Refuse(identity.Elsewhere, "%s", why) // any station may make it now
	}
	return errors.New(why) // no refusal any more: it may pass
}

// noteTrouble records why the card cannot be made now. That it could not be recorded
// keeps nothing from going on.
func (s *Station) noteTrouble(ctx context.Context, j *job, what string) {
	noting, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	if err := s.Registry.NoteTrouble(noting, j.Application, s.ID, fmt.Sprintf("station %s: %s", s.ID, what)); err != nil {
		activity.GetLogger(ctx).Warn("Trouble not recorded", "trouble", what, "error", err)
	}
}

// spoil books the card as spoiled if err is that refusal, and returns err.
func (s *Station) spoil(ctx context.Context, j *job, why identity.ReasonCode, err error) error {
	if !identity.Refused(err, identity.Spoiled) {
		return err
	}
	if booked := s.Registry.Spoil(ctx, j.Application, j.Attempt, string(s.ID), identity.Reason{Code: why, Note: identity.OneLine(err.Error())}); booked != nil {
		return fmt.Errorf("book spoiled card: %w", booked) // a fault: the step is retried, and books it then
	}
	j.Card.State = identity.CardSpoiled
	s.forget(ctx, j)
	if !errors.Is(err, station.ErrUsed) {
		s.Line.wasSpoiled(ctx, err.Error())
	}
	return err
}

// maxClockError is how far the station's clock may be from the registry's: dates on cards
// and signatures come from clocks.
const maxClockError = time.Minute

// prove looks, before a blank is taken, for what would keep the station from finishing
// the card.
func (s *Station) prove(ctx context.Context, j *job) error {
	if apart := s.Now().Sub(j.Now.Add(time.Since(j.began))).Abs(); apart > maxClockError {
		return &trouble{partClock, true, fmt.Errorf("it is %s apart from the registry's", apart.Round(time.Second))}
	}
	if j.hasChip() {
		if err := s.Chip.Prove(ctx); err != nil {
			return chipTrouble(err)
		}
	}
	if err := s.Printer.Prove(ctx); err != nil {
		return &trouble{partPrinter, true, err}
	}
	if err := s.Camera.Prove(ctx); err != nil {
		return &trouble{partCamera, true, err}
	}
	return nil
}

// chipTrouble is a fault of the encoder's station as trouble.
func chipTrouble(err error) error {
	if f, ok := errors.AsType[*station.Fault](err); ok {
		return &trouble{string(f.Part), f.Clean, errors.New(err.Error())} // no refusal: it may pass
	}
	return err
}

// stopping reports whether the worker was asked to stop.
func stopping(ctx context.Context) bool {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return true
	default:
		return false
	}
}
