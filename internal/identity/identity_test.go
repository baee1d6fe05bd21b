package identity_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// day reads a complete or partial date.
func day(tb testing.TB, iso string) identity.Date {
	tb.Helper()
	d, err := identity.ParseDate(iso)
	require.NoError(tb, err)
	return d
}

func words(s string) []string { return strings.Fields(s) }

// fields lists the fields of every refusal in err, in order.
func fields(err error) []string {
	var list []string
	for _, e := range identity.Apart(err) {
		if refusal, ok := errors.AsType[*identity.Refusal](e); ok {
			list = append(list, refusal.Field)
			continue
		}
		list = append(list, "not a refusal: "+e.Error())
	}
	return list
}

func unique(list []string) []string { return slices.Compact(list) }
