package desk

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// onCard does what changes a card after its issue.
func (d *Desk) onCard(ctx context.Context, s subject, act identity.CardAct, signed statement.Signed) (Answer, error) {
	serial, err := s.card()
	if err != nil {
		return Answer{}, err
	}
	became, underWay, err := d.Registry.ChangeCard(ctx, serial, act, signed)
	return Answer{Became: became, UnderWay: underWay}, err
}

// onVerifier does what changes who may ask for the status of cards.
func (d *Desk) onVerifier(ctx context.Context, id identity.VerifierID, act identity.Act, signed statement.Signed) error {
	switch act := act.(type) {
	case identity.RegisterVerifier:
		return d.Registry.RegisterVerifier(ctx, id, act, signed)
	case identity.RevokeVerifier:
		return d.Registry.RevokeVerifier(ctx, id, act, signed)
	}
	return identity.RefuseField(identity.Invalid, "act", "%s is not done to a verifier", act.ActName())
}

// Issued finds cards that were issued, by a serial or by their holder's number, for an
// officer of any province: a card is reported lost wherever its holder is. That the officer
// asked is kept. What it says names nobody.
func (d *Desk) Issued(ctx context.Context, by identity.Officer, asked registry.CardQuery) ([]registry.IssuedCard, error) {
	if err := asked.Check(); err != nil {
		return nil, err
	}
	return d.Registry.Issued(ctx, by.Badge, asked)
}
