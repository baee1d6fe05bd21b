package intake

import (
	"errors"

	"example.org/cancuoc/internal/identity"
)

// refusals gathers what is wrong, so that a station hears all of it at once.
type refusals struct{ list []error }

// add notes what is wrong with a field; nil is nothing. Each refusal in err keeps
// its own place below the field.
func (r *refusals) add(field string, err error) {
	if err != nil {
		r.list = append(r.list, below(field, err))
	}
}

// err joins what is wrong; nil if nothing is.
func (r *refusals) err() error { return errors.Join(r.list...) }

// below puts every refusal in err below a field. An error without refusals, a fault,
// is given as it is.
func below(field string, err error) error {
	found := identity.Refusals(err)
	if len(found) == 0 {
		return err
	}
	list := make([]error, len(found))
	for i, refusal := range found {
		at := *refusal
		at.Field = joinField(field, at.Field)
		list[i] = &at
	}
	return errors.Join(list...)
}

func joinField(outer, inner string) string {
	switch {
	case inner == "" || inner == outer:
		return outer
	case outer == "":
		return inner
	}
	return outer + "." + inner
}
