package printing

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// What a program of others says reaches logs and lists as one short line.
func FuzzParseState(f *testing.F) {
	f.Add("jammed open the cover\nand more")
	f.Add("done")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseState(text)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len([]rune(a.why)), 120)
		for _, r := range a.why {
			require.True(t, unicode.IsPrint(r))
		}
	})
}
