package desk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Named is what somebody looks for by what stands on a slip, a card, a blank or a box.
type Named struct {
	As    string                 `json:"as"` // what it was taken for: receipt, consignment, personal number, card or blank
	Found []registry.Whereabouts `json:"found"`
}

// FindNamed finds what a receipt, a consignment, a personal number, or the serial of a card, a
// chip or a blank names, of what an officer may see: a province's officer what was applied for there, or
// goes there. That an officer looks for a person is kept.
func (d *Desk) FindNamed(ctx context.Context, by identity.Officer, named string) (Named, error) {
	named = strings.TrimSpace(named)
	may := func(f registry.Whereabouts) bool {
		return by.Unit == identity.UnitCenter || f.Province != "" && by.Unit.Covers(f.Province) || f.Destination != "" && by.Unit.Covers(f.Destination)
	}
	number, notReceipt := identity.ParseApplicationNumber(named)
	if notReceipt == nil {
		if _, err := d.Sight(ctx, by, number); err != nil {
			return Named{}, err
		}
		found, err := d.Registry.FindApplication(ctx, number)
		return Named{"receipt", found}, err
	}
	if number, err := identity.ParseConsignmentNumber(named); err == nil && strings.HasPrefix(string(number), "C-") {
		return d.inBox(ctx, by, number)
	}
	n, err := d.findOne(ctx, by, named, may)
	if err != nil {
		return Named{}, err
	}
	if n.Found = slices.DeleteFunc(n.Found, func(f registry.Whereabouts) bool { return !may(f) }); len(n.Found) == 0 {
		nor := ""
		if errors.Is(notReceipt, identity.ErrCheckDigit) {
			nor = "; as a receipt it has a wrong check digit: a digit was mistyped"
		}
		return n, identity.RefuseField(identity.NotFound, "named", "as a %s it names nothing here that you may see%s", n.As, nor)
	}
	return n, nil
}

// findOne finds what a personal number or a serial names.
func (d *Desk) findOne(ctx context.Context, by identity.Officer, named string, may func(registry.Whereabouts) bool) (n Named, err error) {
	serial := strings.ToUpper(named)
	number, notNumber := identity.ParsePersonalNumber(named)
	_, notCard := identity.ParseCardSerial(serial)
	switch {
	case notNumber == nil:
		n.As = "personal number"
		n.Found, err = d.Registry.FindPerson(ctx, by.Badge, number, may)
	case notCard == nil:
		n.As = "card"
		n.Found, err = d.Registry.FindCard(ctx, identity.CardSerial(serial))
	case identity.BlankSerial(serial).Check("named") == nil:
		n.As = "blank"
		n.Found, err = d.Registry.FindBlank(ctx, named)
	default:
		err = identity.RefuseField(identity.Invalid, "named", "is no receipt, no consignment, no personal number, and no serial of a card, a chip or a blank")
	}
	return n, err
}

// inBox is what is in a box.
func (d *Desk) inBox(ctx context.Context, by identity.Officer, number identity.ConsignmentNumber) (Named, error) {
	box, err := d.Consignment(ctx, by, number)
	if err != nil {
		return Named{}, err
	}
	of, attempts := make([]identity.ApplicationNumber, len(box.Cards)), make([]int, len(box.Cards))
	for i, c := range box.Cards {
		of[i], attempts[i] = c.Application, c.Attempt
	}
	found, err := d.Registry.FindCards(ctx, of, attempts)
	return Named{"consignment", found}, err
}
