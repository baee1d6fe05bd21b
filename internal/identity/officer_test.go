package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestOfficerID_TakesNothingThatLooksLikeABadge(t *testing.T) {
	t.Parallel()
	for _, badge := range []string{"CB-001-0007", "GV-01", "BC-VNPOST-0001", strings.Repeat("A", 32)} {
		require.NoError(t, identity.OfficerID(badge).Check())
	}
	for _, badge := range []string{"", " ", "CB-001-0007 ", " CB-001-0007", "cb-001-0007", "\u0421B-001-0007", "CB\u2010001-0007", "CB-001-0007\n", "CB-001-0007\u200b", strings.Repeat("A", 33)} {
		require.ErrorIs(t, identity.OfficerID(badge).Check(), identity.Invalid, "%q", badge)
	}
}

// No reason can forge a line of the trail, or turn one around.
func TestCheckNote_RefusesWhatIsReadAsSomethingElse(t *testing.T) {
	t.Parallel()
	for _, note := range []string{"", "other: giấy tờ đã đủ (2 tờ), số 12/2026", "A\u0302\u0301n", strings.Repeat("ă", 500)} {
		require.NoError(t, identity.CheckNote("reason", note))
	}
	for _, note := range []string{"a\nb", "a\x1b[2Kb", "a\u202eb", "a\u2066b", "a\u200bb", "a\u2028b", "a\x00", "\xff", strings.Repeat("a", 501), "other: \u0301", "\u3164", "\u2800\u2800", "\u034f", "\u115f", "a\u0301\u0301\u0301", "1\u0301"} {
		require.ErrorIs(t, identity.CheckNote("reason", note), identity.Invalid, "%q", note)
	}
}
