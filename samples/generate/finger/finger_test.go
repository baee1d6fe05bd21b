package finger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/samples/generate/finger"
)

func TestTheSameSeedMakesTheSameFinger(t *testing.T) {
	t.Parallel()

	one := finger.Grow(1).Impression(2, finger.Conditions{})

	require.Equal(t, one, finger.Grow(1).Impression(2, finger.Conditions{}))
	require.NotEqual(t, one, finger.Grow(1).Impression(3, finger.Conditions{}))
	require.Equal(t, finger.Strew(1).Impression(2), finger.Strew(1).Impression(2))
	require.NotEqual(t, finger.Strew(1).Impression(2), finger.Strew(2).Impression(2))
}
