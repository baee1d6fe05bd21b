package registry

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func FuzzSerials(f *testing.F) {
	f.Add("PT00000001", "PT00000500")
	f.Add("PT01", "PT+5")
	f.Add("001", "999")
	f.Add("PT", "PT")
	f.Fuzz(func(t *testing.T, first, last string) {
		list, err := serials(identity.ReceiveBlanks{First: identity.BlankSerial(first), Last: identity.BlankSerial(last)})
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		require.Equal(t, first, list[0])
		require.Equal(t, last, list[len(list)-1])
		require.LessOrEqual(t, len(list), maxBox)
	})
}

// A box whose serials no paper could carry is refused when it is received, not when its
// cards are to be sent: with every serial that is wrong.
func TestSerials_HaveRoomOnPapers(t *testing.T) {
	t.Parallel()
	_, err := serials(identity.ReceiveBlanks{First: "WWWW-WWWWW-WW1234501", Last: "WWWW-WWWWW-WW1234509"})
	require.NoError(t, err)
	for _, s := range []identity.BlankSerial{"WWWW-WWWWW-WWW1234501", "PT 00000001", "PƠ0001", "", "PT\x1d01"} {
		_, err := serials(identity.ReceiveBlanks{First: s, Last: s})
		require.ErrorContains(t, err, "first: is not a serial that papers have room for; 1 to 20 letters of A to Z, digits and hyphens are accepted")
		require.ErrorContains(t, err, "last: is not a serial")
	}
}
