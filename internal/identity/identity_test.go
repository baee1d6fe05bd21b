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

func splitBars(s string) []string { return strings.Split(s, "|") }
func words(s string) []string     { return strings.Fields(s) }

// fields lists the fields of every refusal in err, in order.
func fields(err error) []string {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range joined.Unwrap() {
			all = append(all, fields(e)...)
		}
		return all
	}
	if refusal, ok := errors.AsType[*identity.Refusal](err); ok {
		return []string{refusal.Field}
	}
	return []string{"not a refusal: " + err.Error()}
}

func unique(list []string) []string { return slices.Compact(list) }
