package activities

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/render"
)

// PrepareData makes everything that one card carries: its chip's files with
// their security object, and both printed sides. What it made the first time
// stays: keys and signatures are random, and a card is never half of one and
// half of another.
func (p *Pipeline) PrepareData(ctx context.Context, in CardInput) error {
	record, captured, err := p.enterWith(ctx, EnterInput{Application: in.Application, To: identity.DataPreparation, Attempt: in.Attempt},
		registry.Wanted{Role: registry.RolePortrait}, registry.Wanted{Role: registry.RoleLeftIndex}, registry.Wanted{Role: registry.RoleRightIndex})
	if err != nil {
		return err
	}
	card, err := p.card(ctx, record)
	if err != nil {
		return err
	}
	content, chipPortrait, err := content(record, captured, card)
	if err != nil {
		return err
	}
	image, err := personalization.Prepare(personalization.PrepareInput{
		Card: card, MRZ: content.MRZ, Portrait: chipPortrait, Profile: p.Profile,
		Signer: p.Signer, Rand: rand.Reader, At: p.Now(),
	})
	if err != nil {
		return fmt.Errorf("prepare chip: %w", err)
	}
	chip, err := image.MarshalBinary()
	if err != nil {
		return fmt.Errorf("write chip image: %w", err)
	}
	form, err := p.Forms.Form(card.Form)
	if err != nil {
		return fmt.Errorf("find form: %w", err)
	}
	pdf, err := form.PDF(content, p.Print)
	if err != nil {
		return fmt.Errorf("draw card: %w", err)
	}
	err = p.Registry.SaveCard(ctx, registry.CardData{
		Application: in.Application, Attempt: in.Attempt, Card: card,
		DigestSOD: sha256.Sum256(image.Files.SOD), DigestPrint: sha256.Sum256(pdf),
		Evidence: map[registry.Role][]byte{
			registry.RoleChipImage:     chip,
			registry.RolePrint:         pdf,
			registry.RolePrintPortrait: content.Portrait,
		},
	})
	if err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	return nil
}

// card is what the new card says, as of today and by the rules pinned to the
// application. A person without a number is allotted one here.
func (p *Pipeline) card(ctx context.Context, record registry.Record) (identity.Card, error) {
	person := record.Application.Person
	if person.Number == "" {
		number, err := p.Registry.AllotNumber(ctx, record.Number, func() (identity.PersonalNumber, error) {
			return identity.DrawPersonalNumber(rand.Reader, person)
		})
		if err != nil {
			return identity.Card{}, fmt.Errorf("allot number: %w", err)
		}
		person.Number = number
	}
	serial, err := identity.NewCardSerial(rand.Reader)
	if err != nil {
		return identity.Card{}, fmt.Errorf("draw card serial: %w", err)
	}
	issued := identity.DateOf(p.Now())
	return identity.Card{
		Form: record.Rules.Form, Serial: serial, Person: person, Issued: issued,
		Expiry: identity.Validity(record.Rules.Law, person.Birth, issued),
	}, nil
}

// content is what is printed, and the portrait for the chip.
func content(record registry.Record, captured registry.Evidence, card identity.Card) (render.Content, []byte, error) {
	lines, err := mrz.Lines(card)
	if err != nil {
		return render.Content{}, nil, fmt.Errorf("compose MRZ: %w", err)
	}
	content := render.Content{Card: card, MRZ: lines, QR: identity.QRPayload(card)}
	if !record.Application.NeedsPortrait() {
		return content, nil, nil
	}
	portrait, err := captured.Get(registry.RolePortrait)
	if err != nil {
		return render.Content{}, nil, err
	}
	onCard, onChip, err := biometrics.NormalizePortrait(portrait)
	if err != nil {
		return render.Content{}, nil, fmt.Errorf("crop portrait: %w", err)
	}
	content.Portrait = onCard
	if card.Form == identity.FormCCCD2021 {
		content.LeftIndex, content.RightIndex = captured[registry.RoleLeftIndex], captured[registry.RoleRightIndex]
	}
	return content, onChip, nil
}
