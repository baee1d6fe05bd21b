package desk

import (
	"errors"
	"maps"
	"net/url"
	"slices"

	"example.org/cancuoc/internal/identity"
)

// OnlyFilters refuses a question that is narrowed by what no list is narrowed by: with a
// mistyped filter, a list would say that all is well.
func OnlyFilters(q url.Values, filters ...string) error {
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(q)) {
		wrong = append(wrong, identity.Known("filter", name, filters))
	}
	return errors.Join(wrong...)
}
