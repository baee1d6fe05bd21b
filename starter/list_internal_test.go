package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListable(t *testing.T) {
	t.Parallel()
	require.EqualError(t, listable(0), "limit: is 0; 1 to 10000 is accepted")
	require.EqualError(t, listable(10_001), "limit: is 10001; 1 to 10000 is accepted")
	require.NoError(t, listable(10_000))
}
