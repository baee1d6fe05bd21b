package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestParseManifest_TellsEveryFault(t *testing.T) {
	t.Parallel()
	const header = "blank,chip,key_version\n"

	list, err := identity.ParseManifest(strings.NewReader(header + "PT0001,479051630000000001BA,7F\nPT0002,479051630000000002ba,30\n"))

	require.NoError(t, err)
	require.Equal(t, []identity.DeliveredChip{{Blank: "PT0001", Chip: "479051630000000001ba", KeyVersion: 0x7F}, {Blank: "PT0002", Chip: "479051630000000002ba", KeyVersion: 0x30}}, list)
	for text, want := range map[string][]string{
		"":                                  {"manifest: does not begin with the line blank,chip,key_version"},
		"serial,chip\n":                     {"manifest: does not begin with the line blank,chip,key_version"},
		header + "PT0001,47,80\n,zz,\n":     {"manifest.0.chip: is not a serial of 20 hexadecimal digits", "manifest.0.key_version: is not a key version number from 01 to 7F", "manifest.1.blank: is empty", "manifest.1.chip: is not", "manifest.1.key_version: is not"},
		header + "PT0001,47\n":              {"manifest.0: is not a line of three values"},
		header + strings.Repeat("x", 9<<20): {"manifest: is larger than 8388608 bytes"},
	} {
		_, err := identity.ParseManifest(strings.NewReader(text))

		for _, w := range want {
			require.ErrorContains(t, err, w)
		}
		require.True(t, identity.Refused(err, identity.Invalid))
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add("blank,chip,key_version\nPT0001,479051630000000001BA,7F\n")
	f.Add("blank,chip,key_version\n\"PT\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := identity.ParseManifest(strings.NewReader(text))
		if err == nil {
			for _, c := range list {
				require.Len(t, c.Chip, 20)
				require.Positive(t, c.KeyVersion)
			}
		}
	})
}
