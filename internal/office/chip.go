package office

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/inspection"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/templates/render"
)

// ChipImage reads what was written to the chip of a card, without what depends on its keys.
func (o *Office) ChipImage(ctx context.Context, number identity.ApplicationNumber, attempt int) (*chip.Image, error) {
	b, err := o.Registry.Evidence(ctx, number, identity.EvidenceChipImage, attempt)
	if identity.Refused(err, identity.NotFound) {
		return nil, identity.Refuse(identity.NotFound, "the vault has no chip image of card %d of application %s; one that had the chip's keys in it is erased", attempt, number)
	}
	if err != nil {
		return nil, err
	}
	var image chip.Image
	if err := image.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("read chip image: %w", err)
	}
	return &image, nil
}

// FirstPIN is the PIN with which a card's digital signature is delivered, and how many wrong
// ones in a row block it.
func (o *Office) FirstPIN(ctx context.Context, number identity.ApplicationNumber, card int) (pin string, tries int, err error) {
	image, err := o.ChipImage(ctx, number, card)
	if err != nil {
		return "", 0, err
	}
	return image.TransportPIN, chip.PINTries, nil
}

// NewPIN draws a PIN for a digital signature that is unblocked.
func (o *Office) NewPIN() (pin string, tries int, err error) {
	pin, err = personalization.NewPIN()
	return pin, chip.PINTries, err
}

// ManageChip does what is ordered for a card that is in this machine's encoder, in the order in
// which it was ordered, and gives what was done. What was done is done no second time. It refuses
// with Conflict where the card has not been valid since: who brings it may have found it.
func (o *Office) ManageChip(ctx context.Context, card registry.CardRecord) (done []registry.CardOrder, err error) {
	if card.State != identity.CardLive {
		return nil, identity.Refuse(identity.Conflict, "card %s is %s: nothing is changed in its chip", card.Card.Serial, card.State)
	}
	authority, err := o.Authority()
	if err != nil {
		return nil, err
	}
	at, err := o.chipStation(ctx, authority.Store(), "inspection")
	if err != nil {
		return nil, err
	}
	serial, err := o.Registry.ChipOf(ctx, card)
	if err != nil {
		return nil, err
	}
	orders, err := o.Registry.CardOrders(ctx, card)
	if err != nil {
		return nil, err
	}
	return doOrders(ctx, orders, func(order registry.CardOrder) error {
		change, err := station.ChangeOf(at.Catalog, order.Do, order.Application, order.Content)
		if err != nil {
			return err
		}
		if err := at.Manage(ctx, string(card.Blank), serial, change); err != nil {
			return err
		}
		return o.Registry.OrderDone(ctx, order.Act)
	})
}

// doOrders does orders, also those that follow one that cannot be done, unless another card is in
// the encoder.
func doOrders(ctx context.Context, orders []registry.CardOrder, do func(registry.CardOrder) error) (done []registry.CardOrder, err error) {
	var failed []error
	for _, order := range orders {
		err := do(order)
		if err == nil {
			done = append(done, order)
			continue
		}
		failed = append(failed, fmt.Errorf("ordered by act %s: %w", order.Act, err))
		if identity.Refused(err, identity.Conflict) || ctx.Err() != nil {
			break
		}
	}
	return done, errors.Join(failed...)
}

// InspectChip brings the blank of a finished card to this machine's encoder, reads its
// chip and judges it.
func (o *Office) InspectChip(ctx context.Context, card registry.CardRecord) (chipinspection.Result, error) {
	if !card.Document.HasChip() {
		return chipinspection.Result{}, identity.Refuse(identity.Conflict, "a %s has no chip", card.Document)
	}
	image, err := o.ChipImage(ctx, card.Application, card.Attempt)
	if err != nil {
		return chipinspection.Result{}, err
	}
	authority, err := o.Authority()
	if err != nil {
		return chipinspection.Result{}, err
	}
	trust, err := authority.TrustStore()
	if err != nil {
		return chipinspection.Result{}, err
	}
	form, err := o.Forms.Form(card.Card.Form)
	if err != nil {
		return chipinspection.Result{}, err
	}
	content, err := personalization.Compose(form, card.Card, render.Pictures{}) // the chip has its own
	if err != nil {
		return chipinspection.Result{}, err
	}
	expected, err := inspection.Expect(form, content, image)
	if err != nil {
		return chipinspection.Result{}, err
	}
	certificate, err := o.Registry.Certificate(ctx, card.Application, card.Attempt)
	if err != nil {
		return chipinspection.Result{}, err
	}
	if certificate != nil {
		expected = expected.WithSignature(chipinspection.ExpectSignature{Certificate: sha256.Sum256(certificate.DER)})
	}
	chip, err := o.chipStation(ctx, authority.Store(), "inspection")
	if err != nil {
		return chipinspection.Result{}, err
	}
	read := func() (result chipinspection.Result, err error) {
		session, err := chip.Encoder.Open(ctx, string(card.Blank))
		if err != nil {
			return result, err
		}
		defer session.Close()
		err = chip.Read(session, func(slot apdu.Card, short bool) error {
			result, err = expected.WithShortAPDUs(short).Chip(ctx, slot, trust, o.Now())
			return err
		})
		return result, err
	}
	result, err := chipinspection.Confirm(read)
	if err != nil {
		return chipinspection.Confirm(read) // with short commands, if the reader does not pass on others
	}
	return result, nil
}

// SimulatedChip opens the software chip of a finished card in this machine's magazine, for
// development: a real chip is in its card.
func (o *Office) SimulatedChip(ctx context.Context, card registry.CardRecord) (station.Session, error) {
	switch {
	case o.config.Production():
		return nil, identity.Refuse(identity.Forbidden, "chips are served in development only; in production a chip is read in its card")
	case o.config.Station.Driver != "simulated":
		return nil, identity.Refuse(identity.Invalid, "station.driver is %s; only simulated chips are served", o.config.Station.Driver)
	case card.Blank == "":
		return nil, identity.Refuse(identity.Conflict, "card %d of application %s has no chip yet", card.Attempt, card.Application)
	}
	authority, err := o.Authority()
	if err != nil {
		return nil, err
	}
	chip, err := o.chipStation(ctx, authority.Store(), "inspection")
	if err != nil {
		return nil, err
	}
	return chip.Encoder.Open(ctx, string(card.Blank))
}
