package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/registry"
)

func TestListable(t *testing.T) {
	t.Parallel()
	require.EqualError(t, listable(0), "limit: is 0; 1 to 10000 is accepted")
	require.EqualError(t, listable(10_001), "limit: is 10001; 1 to 10000 is accepted")
	require.NoError(t, listable(10_000))
}

// A list of which the newest part is shown says of how many.
func TestPrintDecodes_SaysOfHowMany(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	printDecodes(&out, []registry.Decode{{Officer: "KT-C06-0001", Line: 4321}, {Officer: "KT-C06-0001", Line: 4320}})
	require.Contains(t, out.String(), "2 listed, the newest first, of 4321\n")
}
