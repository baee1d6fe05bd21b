package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/station"
)

// personalize takes a blank, writes the card's chip and locks it. It goes on with the
// blank that the card has: the station's journal and the chip itself tell how far it is.
// A chip that cannot become this card is spoiled.
func (s *Station) personalize(ctx context.Context, j *job) error {
	image, err := chipImage(j.Evidence)
	if err != nil {
		return err
	}
	begun, err := s.Chip.BlankOf(image)
	if err != nil {
		return chipTrouble(err)
	}
	if err := s.takeBlank(ctx, j, identity.BlankSerial(begun)); err != nil {
		return err
	}
	made, err := s.write(ctx, j, image)
	if err != nil {
		return s.spoil(ctx, j, identity.ReasonChipFailed, fmt.Errorf("personalize blank %s: %w", j.Card.Blank, err))
	}
	return s.advance(ctx, j, identity.CardPersonalized, fmt.Sprintf("chip %X", made.ChipSerial))
}

// takeBlank takes a blank for the card, when all that the station needs to finish it is
// well: the one that was begun for it, if there is one. A card that has a blank keeps it.
func (s *Station) takeBlank(ctx context.Context, j *job, begun identity.BlankSerial) error {
	if j.Card.State == identity.CardPrepared {
		if !j.issued {
			return identity.Refuse(identity.Elsewhere, "card %d is in no slot of station %s", j.Attempt, s.ID)
		}
		if err := s.prove(ctx, j); err != nil {
			return err
		}
		if err := s.ofToday(ctx, j); err != nil {
			return err
		}
		if err := s.ofHolder(ctx, j); err != nil {
			return err
		}
	}
	taking, cancel := context.WithTimeout(ctx, registryWithin)
	defer cancel()
	move := registry.StageChange{Application: j.Application, To: j.Card.Document.MakingBegins(), Attempt: j.Attempt, Actor: string(s.ID)}
	blank, err := s.Registry.BeginCard(taking, move, s.ID, begun)
	if identity.Refused(err, identity.OutOfStock) && s.Line.turnedAway(ctx) {
		return fmt.Errorf("station %s is paused, or has no blank and other stations have", s.ID) // no refusal: they make the card
	}
	if err != nil {
		return fmt.Errorf("enter %s and take a blank: %w", move.To, err)
	}
	j.Stage = move.To
	j.Card.State, j.Card.Blank, j.Card.Station = identity.CardBegun, blank, s.ID
	return nil
}

// ofToday refuses a card that was prepared on another day than it would be personalized,
// which is its date of issue. It is given up, and prepared anew.
func (s *Station) ofToday(ctx context.Context, j *job) error {
	today := identity.DateOf(j.Now)
	if j.Card.Card.Issued == today {
		return nil
	}
	if err := s.giveUp(ctx, j, identity.ReasonOutdated); err != nil {
		return err
	}
	return identity.Refuse(identity.Outdated, "card %d was prepared on %s, and is made on %s", j.Attempt, j.Card.Card.Issued.Display(), today.Display())
}

// ofHolder refuses a card for somebody who has died or is no citizen any more; a person
// decides then. A card whose holder's record changed since it was prepared is given up, and
// prepared anew.
func (s *Station) ofHolder(ctx context.Context, j *job) error {
	asking, cancel := context.WithTimeout(ctx, registryWithin)
	defer cancel()
	err := stillSo(asking, s.Registry, s.Holders, j.Card)
	if !identity.Refused(err, identity.Outdated) {
		return err
	}
	if failed := s.giveUp(ctx, j, identity.ReasonRecordChanged); failed != nil {
		return failed
	}
	return err
}

// ofTheLiving refuses to go on with a card whose holder has died or is no citizen any more
// since its blank was taken. A register that does not answer keeps no card in its slot: it is
// asked again before the card is packed, and before it is handed over.
func (s *Station) ofTheLiving(ctx context.Context, j *job) error {
	asking, cancel := context.WithTimeout(ctx, registryWithin)
	defer cancel()
	holder, err := s.Holders.PersonByNumber(asking, j.Card.Card.Person.Number)
	if err != nil {
		activity.GetLogger(ctx).Warn("The population register does not say whether the holder lives", "error", err)
		return nil
	}
	return alive(asking, s.Registry, holder)
}

// giveUp spoils a card that has no blank yet.
func (s *Station) giveUp(ctx context.Context, j *job, why identity.ReasonCode) error {
	if err := s.Registry.Spoil(ctx, j.Application, j.Attempt, string(s.ID), identity.Reason{Code: why}); err != nil {
		return fmt.Errorf("give up card %d: %w", j.Attempt, err)
	}
	j.Card.State = identity.CardSpoiled
	return nil
}

// write writes the chip.
func (s *Station) write(ctx context.Context, j *job, image *chip.Image) (station.Result, error) {
	var made station.Result
	err := s.atCard(ctx, j, func() (err error) {
		made, err = s.Chip.Personalize(ctx, string(j.Card.Blank), image)
		return err
	})
	return made, err
}

// atCard does something with the card in the slot. Where another card is there, it waits
// for the operator to put the right one in.
func (s *Station) atCard(ctx context.Context, j *job, do func() error) error {
	began := time.Now()
	var told string
	for {
		err := do()
		fault, ok := errors.AsType[*station.Fault](err)
		if !ok || fault.Part != station.Slot || time.Since(began) > s.InsertWait || stopping(ctx) {
			return chipTrouble(err)
		}
		if wanted := fmt.Sprintf("put blank %s into the slot: %v", j.Card.Blank, err); wanted != told {
			told = wanted
			j.pulse.tell(wanted)
			s.noteTrouble(ctx, j, wanted)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// chipImage reads what is to be written to the card's chip.
func chipImage(evidence registry.Evidence) (*chip.Image, error) {
	b, err := evidence.Get(identity.EvidenceChipImage)
	if err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	var image chip.Image
	if err := image.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	return &image, nil
}
