package station

import (
	"context"
	"errors"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/profile"
)

// Change is what is changed on a card that was issued.
type Change struct {
	Do          identity.CardManagement
	Application string          // of the table of card applications
	Content     profile.Content // what it is given
}

// ChangeOf is a change by which an application is given that content.
func ChangeOf(catalog *profile.Catalog, do identity.CardManagement, application string, content []byte) (Change, error) {
	switch do {
	case identity.RotateKeys:
		return Change{Do: do}, nil
	case identity.UnblockSignature:
		return Change{Do: do, Application: profile.DigitalSignature, Content: profile.Content{chip.TransportPIN: content}}, nil
	case identity.UpdateApplication:
	}
	a, err := catalog.Application(application)
	if err != nil {
		return Change{}, err
	}
	if len(a.Files) != 1 || a.LDS || a.GenerateKey || len(a.Secrets) > 0 {
		return Change{}, identity.RefuseField(identity.Invalid, "application", "is none that holds a document alone")
	}
	return Change{Do: do, Application: application, Content: profile.Content{a.Files[0].Content: content}}, nil
}

// Manage changes the card of a blank that was issued, whose chip has that serial, through its
// security domain. Done again, it is as done once. Another card in the slot is refused with
// [identity.Conflict], since it has not the chip's keys.
func (s *Station) Manage(ctx context.Context, blank string, chipSerial []byte, changes ...Change) error {
	session, err := s.Encoder.Open(ctx, blank)
	if err != nil {
		return fmt.Errorf("open the card: %w", err)
	}
	defer session.Close()
	card := &apdu.Watch{Card: session}
	for _, c := range changes {
		err := s.atLength(card, func(short bool) error { return s.change(ctx, card, chipSerial, c, short) })
		switch {
		case isOther(err):
			return errors.Join(identity.Refuse(identity.Conflict, "the card in the reader is another one, or its keys are not this office's"), err)
		case err != nil:
			return fmt.Errorf("%s: %w", c.Do, err)
		}
	}
	return nil
}

// change makes one change.
func (s *Station) change(ctx context.Context, card apdu.Card, chipSerial []byte, c Change, short bool) error {
	p, err := s.Catalog.Profile(s.Profile)
	if err != nil {
		return err
	}
	now, next, err := s.keysOfIssued(ctx, card, chipSerial)
	if err != nil {
		return err
	}
	job := profile.Job{Card: card, Keys: now, NextKeys: now, Content: c.Content, Short: short, Random: s.random()}
	if c.Do == identity.RotateKeys {
		job.NextKeys = next
		return p.Rotate(ctx, job)
	}
	a, err := s.Catalog.Application(c.Application)
	if err != nil {
		return err
	}
	job.Applications = []*profile.Application{a}
	if c.Do == identity.UnblockSignature {
		return p.StoreSecrets(ctx, job)
	}
	return p.Update(ctx, job)
}

// keysOfIssued finds the key set that an issued card has, and the one of now.
func (s *Station) keysOfIssued(ctx context.Context, card apdu.Card, chipSerial []byte) (now, next securechannel.KeySet, err error) {
	found, err := look(ctx, card)
	switch {
	case err != nil:
		return now, next, err
	case !found.locked:
		return now, next, identity.Refuse(identity.Conflict, "the chip in the reader is not locked: it is no card that was issued")
	}
	found.serial = chipSerial
	return s.keysOfCard(ctx, found)
}
