package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/camera/fault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]fault.Fault{
		"blank":          {Kind: fault.Blank},
		"smear@1":        {Kind: fault.Smear, First: 1},
		"shift=-0.8":     {Kind: fault.Shift, Amount: -0.8},
		"brightness=1@3": {Kind: fault.Brightness, Amount: 1, First: 3},
	} {
		got, err := fault.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

// Each error says what is accepted.
func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":             "accepted are blank, cyan",
		"blank cyan":   "accepted are blank, cyan",
		"smudge":       "accepted are blank, cyan",
		"shift":        "an amount is needed",
		"blank=1":      "is too much",
		"shift=far":    "a number from -5 to 5",
		"noise=NaN":    "a number from 0 to 128",
		"rotation=100": "a number from -10 to 10",
		"smear@0":      "1 or more",
		"smear@":       "1 or more",
	} {
		_, err := fault.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestFault_StrikesTheFirstBlanks(t *testing.T) {
	t.Parallel()
	two := fault.Fault{Kind: fault.Blank, First: 2}
	for blank, want := range map[string]bool{"PT00000001": true, "PT00000002": true, "PT00000003": false, "PT00000000": false, "PT": false, "": false} {
		require.Equal(t, want, two.Strikes(blank), blank)
	}
	require.True(t, fault.Fault{Kind: fault.Blank}.Strikes("PT00000900"), "without a number, every card")
}

func FuzzParse(f *testing.F) {
	f.Add("shift=0.3@2")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := fault.Parse(text); err == nil {
			require.NotEmpty(t, got.Kind)
			require.GreaterOrEqual(t, got.First, 0)
		}
	})
}
