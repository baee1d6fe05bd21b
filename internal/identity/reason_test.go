package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestReasonTables_SayEveryCodeOnceInTwoLanguages(t *testing.T) {
	t.Parallel()
	seen := make(map[identity.ReasonCode]identity.ReasonEntry)
	for _, table := range identity.ReasonTables {
		require.Len(t, table.Codes(), len(table))
		for _, e := range table {
			require.NotEmpty(t, e.VI, e.Code)
			require.NotEmpty(t, e.EN, e.Code)
			require.NotContains(t, e.Code, ":", "a note begins there")
			if before, twice := seen[e.Code]; twice {
				require.Equal(t, identity.ReasonOther, e.Code, "one code, one meaning")
				require.Equal(t, before, e)
			}
			seen[e.Code] = e
		}
	}
}

func TestReason_ReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]identity.Reason{
		"":                                    {},
		"card-found":                          {Code: "card-found"},
		"papers-forged: birth certificate: 2": {Code: "papers-forged", Note: "birth certificate: 2"},
		"not collected within the time":       {Code: identity.ReasonNotCollected},
		"found the old card":                  {Note: "found the old card"}, // as it was written before there were codes
		"note: papers-forged":                 {Note: "note: papers-forged"},
	} {
		require.Equal(t, want, identity.ReadReason(text), text)
		require.Equal(t, text, want.String())
	}
}

func TestReason_InWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Đã tìm thấy thẻ cũ / the old card was found", identity.Reason{Code: "card-found"}.InWords())
	require.Equal(t, "Đã tìm thấy thẻ cũ / the old card was found: at home", identity.Reason{Code: "card-found", Note: "at home"}.InWords())
	require.Equal(t, "both index fingers agree", identity.Reason{Note: "both index fingers agree"}.InWords())
}

func TestReasonTable_Check(t *testing.T) {
	t.Parallel()
	for _, step := range []identity.DecisionStep{identity.StepReject, identity.StepHold, identity.StepRelease, identity.StepWithdraw} {
		table := step.Reasons()
		for _, code := range table.Codes() {
			require.NoError(t, table.Check(identity.Reason{Code: code, Note: "a note"}), code)
		}
		require.NoError(t, table.Check(identity.Reason{Code: table[0].Code}))
		require.NoError(t, table.Check(identity.Reason{Note: "in my words"}), "another reason")
		for _, bad := range []identity.Reason{{}, {Note: " "}, {Code: identity.ReasonReplaced}, {Code: identity.ReasonOther}, {Code: identity.ReasonOther, Note: " "}} {
			err := table.Check(bad)
			require.ErrorIs(t, err, identity.Invalid, "%+v", bad)
			require.True(t, strings.HasPrefix(err.Error(), "reason: "), err)
		}
	}
	for _, step := range []identity.DecisionStep{identity.StepApprove, identity.StepAdjudicate, identity.StepRecapture} {
		require.NoError(t, step.Reasons().Check(identity.Reason{Note: "in my words"}), step)
	}
}

// What was meant for a code and is none would be the citizen's whole reason.
func TestReject_RefusesAMistypedCode(t *testing.T) {
	t.Parallel()
	of := func(reason string) error { return identity.Reject{Officer: "PD-001-0001", Reason: reason}.Check() }

	require.NoError(t, of("papers-missing: the birth certificate"))
	require.NoError(t, of("in my words"))
	require.NoError(t, of("fraud"))
	require.NoError(t, of("deceased"))
	require.ErrorContains(t, of("deceasd"), "did you mean deceased?")
	err := of("papr-missing: the birth certificate")
	require.ErrorIs(t, err, identity.Invalid)
	require.ErrorContains(t, err, "did you mean papers-missing?")
	require.ErrorIs(t, identity.Hold{Officer: "PD-001-0001", Reason: "papers-awaitd"}.Check(), identity.Invalid)
}
