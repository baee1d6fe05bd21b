package desk

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/templates/papers"
)

// pinLetter draws the letter with the PIN of a card, once. The statement by which it was drawn
// is answered by the same letter again: the first answer may have been lost.
func (d *Desk) pinLetter(ctx context.Context, s subject, act identity.PrintPINLetter, signed statement.Signed) (Answer, error) {
	number, err := s.application()
	if err != nil {
		return Answer{}, err
	}
	if err := d.Registry.PrintPINLetter(ctx, number, act, signed); err != nil {
		return Answer{}, err
	}
	card, err := d.Registry.Card(ctx, number, act.Card)
	if err != nil {
		return Answer{}, err
	}
	pin, tries, err := d.Office.FirstPIN(ctx, number, act.Card)
	if err != nil {
		return Answer{}, err
	}
	letter := papers.PINLetter{Application: number, Holder: card.Card.Person.Name, PIN: pin, Tries: tries, Specimen: d.Papers.Specimen}
	drawn, err := letter.Draw(d.Papers.Renderer)
	return Answer{Application: number, Card: act.Card, Letter: drawn}, err
}
