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

	j := quality.Judge(all, nil)

	require.False(t, j.OK)
	require.Len(t, j.Reasons, len(all))
	for _, r := range j.Reasons {
		require.NotEmpty(t, r.Vietnamese, r.Code)
		require.NotEmpty(t, r.English, r.Code)
	}
}
