package activities

import (
	"context"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
)

// Holders is what the makers of cards ask of the population register.
type Holders interface {
	// PersonByNumber reads the record of the person who has a number or had it, or
	// refuses with NotFound.
	PersonByNumber(ctx context.Context, n identity.PersonalNumber) (population.Record, error)
}

// alive refuses a person who can have no card, and has the registry know it.
func alive(ctx context.Context, known *registry.Registry, holder population.Record) error {
	if holder.Status != identity.Alive {
		if err := known.HolderIs(ctx, holder.Person.Number, holder.Status); err != nil {
			return err
		}
		return identity.RefuseField(identity.Conflict, "person", "is %s by the population register: no card is made or handed over; reject the application", holder.Status)
	}
	return nil
}

// stillSo looks at the holder of a card again. It refuses with Conflict one who can have no
// card, and with Outdated where the register's record is not the one any more that the card
// was prepared from.
func stillSo(ctx context.Context, known *registry.Registry, register Holders, card registry.CardRecord) error {
	holder, err := register.PersonByNumber(ctx, card.Card.Person.Number)
	if err != nil {
		return fmt.Errorf("ask population register: %w", err)
	}
	if err := alive(ctx, known, holder); err != nil {
		return err
	}
	if holder.Person.Number != card.Card.Person.Number || card.Person != "" && (holder.ID != card.Person || holder.Version != card.Version) {
		return identity.Refuse(identity.Outdated, "the population register's record changed after card %d was prepared", card.Attempt)
	}
	return nil
}
