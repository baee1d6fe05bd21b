package identity_test

import (
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
