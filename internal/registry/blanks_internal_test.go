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
