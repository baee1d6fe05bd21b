package desk

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/templates/papers"
)

// FileContent is the file with what a card application is to hold.
const FileContent = "content"

// mostContent is how much it may be, in bytes: what a chip has room for beside the eMRTD
// application.
const mostContent = 16 << 10

// manageCard orders a change in the chip of a card. With a new first PIN comes its letter;
// the same statement is answered by the same letter.
func (d *Desk) manageCard(ctx context.Context, s subject, act identity.ManageCard, signed statement.Signed, files map[string][]byte) (Answer, error) {
	serial, err := s.card()
	if err != nil {
		return Answer{}, err
	}
	content, tries := files[FileContent], 0
	if len(content) > mostContent || act.Do == identity.UpdateApplication && len(content) == 0 {
		return Answer{}, identity.RefuseField(identity.Invalid, "content", "is %d bytes; 1 to %d are accepted", len(content), mostContent)
	}
	if act.Do == identity.UnblockSignature {
		var pin string
		if pin, tries, err = d.Office.NewPIN(); err != nil {
			return Answer{}, err
		}
		content = []byte(pin)
	}
	if err := d.Registry.OrderCard(ctx, serial, act, content, signed); err != nil || act.Do != identity.UnblockSignature {
		return Answer{}, err
	}
	ordered, err := d.Registry.CardOrder(ctx, signed.ID())
	if err != nil {
		return Answer{}, err
	}
	card, err := d.Registry.CardBySerial(ctx, serial)
	if err != nil {
		return Answer{}, err
	}
	letter := papers.PINLetter{
		Application: card.Application, Holder: card.Card.Person.Name, PIN: string(ordered.Content), Tries: tries, Specimen: d.Papers.Specimen,
	}
	drawn, err := letter.Draw(d.Papers.Renderer)
	return Answer{Letter: drawn}, err
}
