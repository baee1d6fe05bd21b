package identity

import (
	"errors"
	"fmt"
	"slices"
)

// A Refusal is a no by law, rule or state: what was asked will not be done, and
// asking again changes nothing. Every other error is a fault, which may pass.
type Refusal struct {
	Field  string `json:"field,omitzero"` // as the application's JSON names it ("person.residence.text"); empty when no single field is at fault
	Kind   Kind   `json:"kind,omitzero"`
	Detail string `json:"detail"` // for the officer who reads it; without personal data
}

// Error gives the field and the sentence, as an officer reads them.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Detail
	}
	return r.Field + ": " + r.Detail
}

// Unwrap returns the Kind, so that errors.Is(err, NotFound) asks for it.
func (r *Refusal) Unwrap() error { return r.Kind }

// Kind is why something was refused. A Kind is itself an error, so
// errors.Is(err, identity.NotFound) asks any error for its kind.
type Kind string

// Error returns the kind's name.
func (k Kind) Error() string { return string(k) }

// The kinds of refusal. The names are wire format: they are the types of
// Temporal failures and stand in histories.
const (
	Invalid    Kind = "Invalid"    // the request makes no sense, or the law forbids it
	NotFound   Kind = "NotFound"   // what was named does not exist
	Conflict   Kind = "Conflict"   // its state does not allow that
	Forbidden  Kind = "Forbidden"  // this person may not do that (four eyes)
	Duplicate  Kind = "Duplicate"  // it was done before; the detail names the result
	Spoiled    Kind = "Spoiled"    // the blank was ruined in the making
	OutOfStock Kind = "OutOfStock" // there is no blank to take
	Outdated   Kind = "Outdated"   // what was prepared is of another day
	Unproven   Kind = "Unproven"   // who the applicant is, an officer has to say
	Elsewhere  Kind = "Elsewhere"  // the application stands elsewhere than the step that asked believes: read where, and go on from there
	Broken     Kind = "Broken"     // a mistake in the program: a person looks, and lets it be tried again
	Stranger   Kind = "Stranger"   // a workflow that is not the application's or the box's own: it ends
	NotNow     Kind = "NotNow"     // a Conflict with where whoever answers sees the application or the box, who may be behind the registry
)

// Is reports what kind a kind is of.
func (k Kind) Is(target error) bool { return k == NotNow && target == error(Conflict) }

// Refuse makes a refusal that concerns no single field.
func Refuse(kind Kind, format string, args ...any) error {
	return &Refusal{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// RefuseField makes a refusal of one field. The detail says what is wrong and what
// is accepted, and never quotes the value, which is personal data.
func RefuseField(kind Kind, field, format string, args ...any) error {
	return &Refusal{Kind: kind, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// Refused reports whether err is, wraps or joins a refusal of that kind.
func Refused(err error, kind Kind) bool { return errors.Is(err, kind) }

// Apart takes err apart into everything that was joined into it, in order: each
// refusal by itself, without what was wrapped around it, and every other error
// whole.
func Apart(err error) []error {
	switch e := err.(type) { //nolint:errorlint // the tree is walked by hand
	case nil:
		return nil
	case *Refusal:
		return []error{e}
	case interface{ Unwrap() []error }:
		var all []error
		for _, joined := range e.Unwrap() {
			all = append(all, Apart(joined)...)
		}
		return all
	}
	if inner := Apart(errors.Unwrap(err)); slices.ContainsFunc(inner, isRefusal) {
		return inner
	}
	return []error{err}
}

// Refusals lists the refusals that err is, wraps or joins, in order.
func Refusals(err error) []*Refusal {
	var refusals []*Refusal
	for _, e := range Apart(err) {
		if refusal, ok := errors.AsType[*Refusal](e); ok {
			refusals = append(refusals, refusal)
		}
	}
	return refusals
}

// InField puts every refusal in err below a field: "text" below "residence" is
// "residence.text". What is not a refusal stays as it is, and nil is nil.
func InField(field string, err error) error {
	problems := Apart(err)
	for i, problem := range problems {
		if refusal, ok := errors.AsType[*Refusal](problem); ok {
			inside := *refusal
			inside.Field = fieldBelow(field, refusal.Field)
			problems[i] = &inside
		}
	}
	return errors.Join(problems...)
}

func fieldBelow(outer, inner string) string {
	switch {
	case inner == "" || inner == outer:
		return outer
	case outer == "":
		return inner
	}
	return outer + "." + inner
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*Refusal](err)
	return ok
}
