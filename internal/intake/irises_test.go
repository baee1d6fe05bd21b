package intake_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
)

// eyePNG is an image of nothing much, of that size.
func eyePNG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))))
	return b.Bytes()
}

func TestCheck_KeepsEyesThatAreTaken(t *testing.T) {
	t.Parallel()
	s := sample(t)
	s.IrisLeft, s.IrisRight = &packet.Iris{Data: eyePNG(t, 640, 480)}, &packet.Iris{Missing: "BANDAGED"}

	checked, err := newDoor(t, filed).Check(s)

	require.NoError(t, err)
	require.Equal(t, s.IrisLeft.Data, checked.Evidence[identity.EvidenceLeftIris])
	require.NotContains(t, checked.Evidence, identity.EvidenceRightIris)
}

// Eyes may be captured again, alone too.
func TestRecapture_OfEyes(t *testing.T) {
	t.Parallel()
	s := packet.Submission{IrisLeft: &packet.Iris{Data: eyePNG(t, 640, 480)}}

	found, err := intake.Recapture(s, nil, sizes)

	require.NoError(t, err)
	require.Equal(t, map[identity.EvidenceKind][]byte{identity.EvidenceLeftIris: s.IrisLeft.Data}, found)
	s.IrisRight = &packet.Iris{Data: []byte("no eye")}
	_, err = intake.Recapture(s, nil, sizes)
	require.ErrorContains(t, err, "iris_right: is neither PNG nor")
}

func TestCheck_RefusesEyesThatAreNone(t *testing.T) {
	t.Parallel()
	for told, eye := range map[string]*packet.Iris{
		"iris_left: is empty":                  {},
		"iris_left: is neither PNG nor":        {Data: []byte("IIR")},
		"iris_left: has 100 x 100 pixels":      {Data: eyePNG(t, 100, 100)},
		"iris_left.missing: is given together": {Data: eyePNG(t, 640, 480), Missing: "DAMAGED"},
		"iris_left.missing: ":                  {Missing: "TIRED"},
	} {
		s := sample(t)
		s.IrisLeft = eye

		_, err := newDoor(t, filed).Check(s)

		require.ErrorIs(t, err, identity.Invalid, told)
		require.ErrorContains(t, err, told)
	}
	tight := newDoor(t, filed)
	tight.Sizes.Finger = 100
	s := sample(t)
	s.IrisRight = &packet.Iris{Data: eyePNG(t, 640, 480)}
	_, err := tight.Check(s)
	require.ErrorContains(t, err, "iris_right: is larger than the 100 bytes")
}
