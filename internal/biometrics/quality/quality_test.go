package quality_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/quality"
)

func TestEveryReasonSaysWhatToDoInBothLanguages(t *testing.T) {
	t.Parallel()
	all := []quality.Code{
		quality.PortraitTooSmall, quality.PortraitShape, quality.PortraitBlurred, quality.PortraitDark, quality.PortraitBright,
		quality.PortraitFlat, quality.PortraitSideLight, quality.PortraitGray, quality.PortraitBackground,
		quality.FingerPoor, quality.FingerFewMinutiae, quality.FingersMissing, quality.FingersAlike,
	}

	against := make([]quality.Finding, len(all))
	for i, code := range all {
		against[i] = quality.Finding{Code: code}
	}

	j := quality.Judge(against, nil)

	require.False(t, j.OK)
	require.Len(t, j.Reasons, len(all))
	for _, r := range j.Reasons {
		require.NotEmpty(t, r.Vietnamese, r.Code)
		require.NotEmpty(t, r.English, r.Code)
	}
}

// Whoever captures reads by how much a sample fails.
func TestAdvice_SaysWhatWasMeasured(t *testing.T) {
	t.Parallel()
	j := quality.Judge([]quality.Finding{
		{Code: quality.PortraitTooSmall, Measured: quality.Bound("width", 300, 354, 9999)},
		{Code: quality.FingerPoor, Measured: "left-index: " + quality.Bound("finger_quality", 12, 30, 100)},
		{Code: quality.FingerPoor, Measured: "right-index: " + quality.Bound("finger_quality", 29.5, 30, 100)},
		{Code: quality.FingersMissing},
	}, nil)

	require.Equal(t, []string{"portrait-too-small", "finger-poor", "fingers-missing"}, j.Codes())
	require.Equal(t, []string{
		"The portrait is too small: move closer or raise the camera's resolution (width 300, at least 354)",
		"The fingerprint is unclear: clean the finger and the glass, and lay the whole fingertip flat (left-index: finger_quality 12, at least 30; right-index: finger_quality 29.5, at least 30)",
		"Fingerprints are missing: take both index fingers, or give the reason why one cannot be taken",
	}, j.Advice())
	require.Empty(t, quality.Bound("width", 354, 354, 9999), "what is within its bounds speaks against nothing")
	require.Equal(t, "over_exposed 0.0634, at most 0.05", quality.Bound("over_exposed", 0.06341, 0, 0.05))
}
