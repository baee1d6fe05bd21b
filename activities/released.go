package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
)

// The steps of Make one by one, for applications whose workflows were begun before it
// was one activity.

// Personalize writes the card's chip and locks it.
func (s *Station) Personalize(ctx context.Context, in CardInput) (PersonalizeResult, error) {
	return PersonalizeResult{Station: s.ID}, s.alone(ctx, in, identity.CardPersonalized, s.personalize)
}

// PrintCard prints both sides once.
func (s *Station) PrintCard(ctx context.Context, in CardInput) error {
	return s.alone(ctx, in, identity.CardPrinted, s.print)
}

// Inspect reads chip and print back.
func (s *Station) Inspect(ctx context.Context, in CardInput) error {
	return s.alone(ctx, in, identity.CardInspected, s.inspect)
}

// alone takes one step of a card, unless it was taken before.
func (s *Station) alone(ctx context.Context, in CardInput, to identity.CardState, step func(context.Context, *job) error) error {
	return s.work(ctx, in, func(j *job) error {
		switch at := j.Card.State; {
		case at == identity.CardSpoiled:
			return identity.Refuse(identity.Spoiled, "card %d was given up", in.Attempt)
		case at.Past(to):
			return nil
		}
		err := step(ctx, j)
		if err == nil {
			return nil
		}
		err = s.wentWrong(ctx, j, fmt.Errorf("card %d: %w", in.Attempt, err))
		if j.issued && j.inSlot() { // the next try is for this station alone
			return identity.Refuse(identity.Elsewhere, "%v", err)
		}
		return err
	})
}
