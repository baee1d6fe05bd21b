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
	strewn := finger.Strew(1).Impression(2)
	require.Equal(t, strewn, finger.Strew(1).Impression(2))
	require.NotEqual(t, strewn, finger.Strew(2).Impression(2))
}
