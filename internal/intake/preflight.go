package intake

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/templates/render"
)

// oldest is an age that nobody exceeds by so much that another form would be theirs.
const oldest = 120

// formsOf gives the form of the card that is applied for; where the birth is wrong, each
// that it may be. There is always one, so that the rest can be tried.
func (d *Door) formsOf(app identity.Application, wrong error) ([]*render.Form, error) {
	if !fieldsOf(wrong)["person.birth"] && !app.Person.Birth.IsZero() {
		form, err := d.Forms.For(app)
		if err == nil {
			return []*render.Form{form}, nil
		}
		return d.everyForm(app.Type.Document()), err
	}
	var forms []*render.Form
	var none error
	for age := range oldest {
		app.Person.Birth = app.FiledOn.AddYears(-age)
		form, err := d.Forms.For(app)
		if err != nil {
			none = err
		} else if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	if len(forms) == 0 { // on that day none is issued, whatever the age
		return d.everyForm(app.Type.Document()), none
	}
	return forms, nil
}

// everyForm gives all forms of a document.
func (d *Door) everyForm(document identity.Document) []*render.Form {
	var every []*render.Form
	for _, id := range d.Forms.IDs() {
		if form, err := d.Forms.Form(id); err == nil && form.Issued.Document == document {
			every = append(every, form)
		}
	}
	return every
}

// fieldsOf gives the fields that were refused.
func fieldsOf(wrong error) map[string]bool {
	told := make(map[string]bool)
	for _, r := range identity.Refusals(wrong) {
		told[r.Field] = true
	}
	return told
}

// preflight makes the card as DataPreparation will, without keys and without drawing it,
// and gives what is wrong with it. Where several forms may be the card's, it gives what is
// wrong on each of them.
func (d *Door) preflight(forms []*render.Form, app identity.Application, rules identity.Rules, evidence map[identity.EvidenceKind][]byte, wrong error) (unprintable, fault error) {
	for i, form := range forms {
		rules.Form = form.ID
		on := d.trial(form, app, rules, evidence, wrong)
		if len(identity.Apart(on)) > len(identity.Refusals(on)) {
			return nil, on
		}
		if i == 0 {
			unprintable = on
		} else {
			unprintable = both(unprintable, on)
		}
	}
	return unprintable, nil
}

// both keeps the refusals of those fields that the other refuses too.
func both(refused, other error) error {
	told := fieldsOf(other)
	var kept []error
	for _, r := range identity.Refusals(refused) {
		if told[r.Field] {
			kept = append(kept, r)
		}
	}
	return errors.Join(kept...)
}

// trial makes the card on one form. Instead of what is wrong already it takes what is
// good, so that the rest is tried.
func (d *Door) trial(form *render.Form, app identity.Application, rules identity.Rules, evidence map[identity.EvidenceKind][]byte, wrong error) error {
	told := fieldsOf(wrong)
	card := identity.Card{Form: rules.Form, Person: standIn(app.Person, told), Issued: app.FiledOn, Expiry: rules.Expiry}
	var problems []error
	var err error
	if card.Serial, err = identity.NewCardSerial(rand.Reader); err != nil {
		return fmt.Errorf("draw card serial: %w", err)
	}
	if card.Person.Number == "" { // any that may be allotted: one is as wide as the other
		card.Person.Number, err = identity.DrawPersonalNumber(rand.Reader, card.Person)
		problems = append(problems, err)
	}
	if told["person.number"] || err != nil {
		card.Person.Number = anyNumber
	}
	pictures := render.Pictures{
		Portrait: evidence[identity.EvidencePortrait], LeftIndex: evidence[identity.EvidenceLeftIndex], RightIndex: evidence[identity.EvidenceRightIndex],
	}
	content, err := personalization.Compose(form, card, pictures)
	if err != nil {
		if told["person.name"] || !identity.Refused(err, identity.Invalid) { // what is good can be composed
			return err
		}
		unwritable := identity.InField("person.name", err)
		return packet.AndThen(unwritable, d.trial(form, app, rules, evidence, errors.Join(wrong, unwritable)))
	}
	problems = append(problems, form.Check(content))
	if form.HasChip() {
		_, unreadable := mrz.Parse(content.MRZ)
		_, overlong := d.Chip.EncodeDG13(card)
		problems = append(problems, identity.InField("person", unreadable), identity.InField("person", overlong))
	}
	return packet.AndThen(wrong, errors.Join(problems...))
}

// anyNumber stands for a personal number: one is as wide as the other.
const anyNumber = "001090000000"

// standIn is the person with something good in place of what was refused, and of what no
// card can be without.
func standIn(p identity.Person, told map[string]bool) identity.Person {
	refused := func(fields ...string) bool {
		return told["person"] || slices.ContainsFunc(fields, func(f string) bool { return told["person."+f] })
	}
	if refused("name", "family_name_words") || p.Name.IsZero() {
		p.Name = identity.Name{Text: "Nguyễn Văn A"}
	}
	if refused("birth") || p.Birth.IsZero() {
		p.Birth = identity.Date{Year: 1990, Month: 1, Day: 1}
	}
	if refused("sex") {
		p.Sex = identity.Male
	}
	if refused("number") {
		p.Number = anyNumber
	}
	for field, place := range map[string]*identity.Place{"residence": &p.Residence, "origin": &p.Origin, "birth_registration": &p.BirthRegistration} {
		if refused(field, field+".province") {
			place.Province = "001"
		}
	}
	return p
}
