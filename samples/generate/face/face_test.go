package face_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/samples/generate/face"
)

func TestTheSameFaceMakesTheSamePortrait(t *testing.T) {
	t.Parallel()
	f := face.Face{Seed: 1, Age: 30, Female: true, Hair: face.Bun}

	one := face.Draw(f)

	require.Equal(t, one, face.Draw(f))
	f.Seed = 2
	require.NotEqual(t, one, face.Draw(f))
}
