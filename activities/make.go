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
// and chip and print are inspected. The card holds the slot until it has left it.
//
// Run again at this station, it goes on where it was: the registry has what was done, the
// station's journal and the chip have what was begun. Without a blank taken, and when
// nothing was written to it, any station may run it; a card that was begun stays at its
// station.
func (s *Station) Make(ctx context.Context, in CardInput) (MakeResult, error) {
	own := activity.GetInfo(ctx).TaskQueue == s.Queue
	paused, err := s.Line.begin(ctx, in, !own)
	if err != nil {
		return MakeResult{}, fmt.Errorf("wait for the work at card %d to end: %w", in.Attempt, err)
	}
	if paused != "" {
		return MakeResult{}, fmt.Errorf("station %s is paused: %s", s.ID, paused)
	}
	stays := own
	defer func() { s.Line.end(in, stays) }()
	pulse := beat(ctx)
	defer pulse.stop()
	j, err := s.job(ctx, in, pulse)
	if err != nil {
		return MakeResult{}, err
	}
	err = s.makeCard(ctx, j)
	stays = j.Card.State.InSlot()
	return MakeResult{Station: s.ID, Passed: j.passed}, err
}

// job is one card in work.
type job struct {
	CardInput
	registry.Making

	pulse  *pulse
	read   time.Time // when the registry's clock was read, by the station's
	passed []StagePassed
}

// job reads what a station needs to make a card.
func (s *Station) job(ctx context.Context, in CardInput, pulse *pulse) (*job, error) {
	made, err := s.Registry.Making(ctx, in.Application, in.Attempt,
		registry.EvidenceKey{Kind: identity.EvidenceChipImage, Attempt: in.Attempt},
		registry.EvidenceKey{Kind: identity.EvidencePrint, Attempt: in.Attempt},
		registry.EvidenceKey{Kind: identity.EvidencePrintPortrait, Attempt: in.Attempt})
	if err != nil {
		return nil, fmt.Errorf("read card %d: %w", in.Attempt, err)
	}
	if !made.Current {
		return nil, identity.Refuse(identity.Elsewhere, "card %d of application %s was given up for another", in.Attempt, in.Application)
	}
	return &job{CardInput: in, Making: made, pulse: pulse}, nil
}

// inSlot reports whether the card is in a slot, and not yet inspected.
func (j *job) inSlot() bool {
	return j.Card.State.AtStation() && j.Card.State != identity.CardInspected
}

// makeCard takes the card through the steps that are left.
func (s *Station) makeCard(ctx context.Context, j *job) error {
	for {
		var step func(context.Context, *job) error
		switch j.Card.State {
		case identity.CardPrepared, identity.CardBegun:
			step = s.personalize
		case identity.CardPersonalized:
			step = s.print
		case identity.CardPrinted:
			step = s.inspect
		case identity.CardSpoiled, identity.CardFound, identity.CardDestroyed:
			return identity.Refuse(identity.Spoiled, "card %d was given up", j.Attempt)
		case identity.CardInspected, identity.CardPacked, identity.CardArrived, identity.CardLive, identity.CardLost, identity.CardRevoked:
			s.Line.wentWell()
			return nil // it was made, and may have left the station
		}
		if stopping(ctx) {
			return fmt.Errorf("station %s is being stopped; card %d goes on when it is back", s.ID, j.Attempt)
		}
		if err := step(ctx, j); err != nil {
			return s.wentWrong(ctx, j, err)
		}
	}
}

// advance records that the card reached a state.
func (s *Station) advance(ctx context.Context, j *job, to identity.CardState, detail string) error {
	if err := s.Registry.Advance(ctx, j.Application, j.Attempt, to, detail); err != nil {
		return fmt.Errorf("note that card %d is %s: %w", j.Attempt, to, err)
	}
	j.Card.State = to
	if stage := registry.StageAfter(to); stage != j.Stage {
		j.Stage = stage
		j.passed = append(j.passed, StagePassed{stage, j.Now.Add(time.Since(j.read))})
	}
	return nil
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
func (s *Station) wentWrong(ctx context.Context, j *job, err error) error {
	t, ok := errors.AsType[*trouble](err)
	if !ok || ctx.Err() != nil {
		return err
	}
	if t.clean && j.Card.State == identity.CardBegun {
		back, err := s.Registry.GiveBack(ctx, j.Application, j.Attempt, s.ID, t.Error())
		if err != nil {
			return fmt.Errorf("give blank %s back: %w", j.Card.Blank, errors.Join(err, t))
		}
		if back {
			j.Card.State, j.Card.Blank = identity.CardPrepared, ""
		}
	}
	why := fmt.Sprintf("station %s: %s", s.ID, t)
	if err := s.Registry.NoteTrouble(ctx, j.Application, s.ID, why); err != nil {
		return fmt.Errorf("note trouble: %w", errors.Join(err, t))
	}
	s.Line.wentWrong(ctx, t.part, t.Error())
	return errors.New(why) // no refusal any more: it may pass
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
	s.Line.wasSpoiled(ctx, err.Error())
	return err
}

// maxClockError is how far the station's clock may be from the registry's: dates on cards
// and signatures come from clocks.
const maxClockError = time.Minute

// prove looks, before a blank is taken, for what would keep the station from finishing
// the card.
func (s *Station) prove(ctx context.Context, j *job) error {
	if apart := s.Now().Sub(j.Now).Abs(); apart > maxClockError {
		return &trouble{partClock, true, fmt.Errorf("it is %s apart from the registry's", apart.Round(time.Second))}
	}
	if err := s.Chip.Prove(ctx); err != nil {
		return chipTrouble(err)
	}
	if err := s.Printer.Prove(ctx); err != nil {
		return &trouble{partPrinter, true, err}
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
