package activities

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/render"
)

// PrepareData makes everything that one card carries but what depends on its chip's keys,
// which the chip makes: the files of its chip, and both printed sides. What the first run
// stored stays, because the serial is random and parts of two runs must not mix.
func (p *Pipeline) PrepareData(ctx context.Context, in CardInput) error {
	record, captured, _, err := p.begin(ctx, registry.StageChange{Application: in.Application, To: identity.DataPreparation, Attempt: in.Attempt}, nil,
		registry.EvidenceKey{Kind: identity.EvidencePortrait}, registry.EvidenceKey{Kind: identity.EvidenceLeftIndex}, registry.EvidenceKey{Kind: identity.EvidenceRightIndex})
	if err != nil {
		return err
	}
	outOfStock := func() error {
		return identity.Refuse(identity.OutOfStock, "there is no blank for a %s in stock", record.Application.Type.Document())
	}
	if !record.Stocked && record.Application.Person.Number != "" { // nobody has to be registered, so nothing else is asked while there is none
		return outOfStock()
	}
	card, holder, err := p.card(ctx, record)
	if err != nil {
		return err
	}
	if !record.Stocked {
		return outOfStock()
	}
	form, err := p.form(record, &card)
	if err != nil {
		return err
	}
	input := personalization.PrepareInput{
		Form: form, Card: card, Print: p.Print, Profile: p.Profile, Applications: p.Applications,
		Pictures: render.Pictures{LeftIndex: captured[identity.EvidenceLeftIndex], RightIndex: captured[identity.EvidenceRightIndex]},
	}
	if form.Shows("portrait") {
		if input.Pictures.Portrait, input.ChipPortrait, err = cropped(captured); err != nil {
			return err
		}
	}
	prepared, err := personalization.Prepare(input)
	if err != nil {
		return err
	}
	evidence := map[identity.EvidenceKind][]byte{
		identity.EvidencePrint:         prepared.PDF,
		identity.EvidencePrintPortrait: prepared.Content.Portrait,
	}
	if prepared.Chip != nil {
		if evidence[identity.EvidenceChipImage], err = prepared.Chip.MarshalBinary(); err != nil {
			return fmt.Errorf("write chip image: %w", err)
		}
	}
	err = p.Registry.SaveCard(ctx, registry.CardData{
		Application: in.Application, Attempt: in.Attempt, Card: card, Holder: holder,
		DigestForm: form.Digest(), DigestPrint: sha256.Sum256(prepared.PDF),
		Evidence: evidence,
	})
	if err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	return nil
}

// form is the form of the card: the one pinned to the application or, for a child who has
// outgrown it, the one that is issued to those of that age. It refuses with Outdated until
// portrait and fingerprints of that child were taken.
func (p *Pipeline) form(record registry.ApplicationRecord, card *identity.Card) (*render.Form, error) {
	if !record.Application.OutgrewCapture(card.Person, card.Issued) {
		form, err := p.Forms.Form(card.Form)
		if err != nil {
			return nil, fmt.Errorf("find form: %w", err)
		}
		return form, nil
	}
	if record.CaptureRound < 2 {
		return nil, identity.Refuse(identity.Outdated, "the child is old enough now for a portrait and fingerprints, which are taken before the card is made")
	}
	today := record.Application
	today.Person, today.FiledOn = card.Person, card.Issued
	form, err := p.Forms.For(today)
	if err != nil {
		return nil, err
	}
	card.Form = form.ID
	return form, nil
}

// card is what the new card says: the population register's record as of today, by the
// rules pinned to the application. Nothing that a station typed is on it.
func (p *Pipeline) card(ctx context.Context, record registry.ApplicationRecord) (identity.Card, population.Record, error) {
	holder, err := p.holder(ctx, record)
	if err != nil {
		return identity.Card{}, holder, err
	}
	if err := alive(ctx, p.Registry, holder); err != nil {
		return identity.Card{}, holder, err
	}
	if why := record.Application.ByRecord(holder.Person); why != nil { // it may have been corrected since it was validated
		return identity.Card{}, holder, identity.RefuseField(identity.Conflict, "person", "is one by the population register of now to whom the law gives no such document (%v): correct the record, or reject the application", why)
	}
	if err := p.asValidated(ctx, record, holder); err != nil {
		return identity.Card{}, holder, err
	}
	serial, err := identity.NewCardSerial(rand.Reader)
	if err != nil {
		return identity.Card{}, holder, fmt.Errorf("draw card serial: %w", err)
	}
	issued := identity.DateOf(record.Now)
	return identity.Card{
		Form: record.Rules.Form, Serial: serial, Person: holder.Person, Issued: issued,
		Expiry: record.Application.Type.Document().Validity(record.Rules.Law, holder.Person.Birth, issued),
	}, holder, nil
}

// asValidated refuses with Unproven to make the first card of an application of which the
// registers know by now that it costs otherwise, or is no first one: it is validated again.
func (p *Pipeline) asValidated(ctx context.Context, record registry.ApplicationRecord, holder population.Record) error {
	if record.Attempt > 1 {
		return nil
	}
	held, err := p.Registry.Held(ctx, holder.Numbers()...)
	switch {
	case err != nil:
		return fmt.Errorf("look for the card held: %w", err)
	case record.Application.FeeByRegister(holder.Person, held) != record.Rules.Fee:
		return identity.Refuse(identity.Unproven, "The fee is another by the registers of now")
	case record.Application.Type == identity.FirstIssue && record.Application.ByCard(holder.Person, held) != nil:
		return identity.Refuse(identity.Unproven, "The applicant holds a card by now, or held one")
	}
	return nil
}

// holder is the person whose card is made; who is nowhere is registered now.
func (p *Pipeline) holder(ctx context.Context, record registry.ApplicationRecord) (population.Record, error) {
	var said registry.Identification // of who named no number
	if record.Application.Person.Number == "" {
		var err error
		if said, err = p.Registry.Identification(ctx, record.Number); err != nil {
			return population.Record{}, fmt.Errorf("read who the applicant is: %w", err)
		}
		if said.Person == "" {
			return p.registered(ctx, record, said)
		}
	}
	holder, open, err := p.whoIs(ctx, record, said)
	if err == nil && open != nil {
		err = identity.RefuseField(identity.Conflict, "person", "is not known to the population register by this application: reject it, and have it filed again")
	}
	return holder, err
}

// cropped is the captured portrait, cropped for the print and for the chip.
func cropped(captured registry.Evidence) (onCard, onChip []byte, err error) {
	picture, err := captured.Get(identity.EvidencePortrait)
	if err != nil {
		return nil, nil, err
	}
	onCard, onChip, err = portrait.Normalize(picture)
	if err != nil {
		return nil, nil, fmt.Errorf("crop portrait: %w", err)
	}
	return onCard, onChip, nil
}
