package identity_test

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
		list, err := identity.Serials(identity.BlankSerial(first), identity.BlankSerial(last))
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		require.Equal(t, first, string(list[0]))
		require.Equal(t, last, string(list[len(list)-1]))
		require.LessOrEqual(t, len(list), identity.MaxBox)
	})
}

// A box whose serials no paper could carry is refused when it is received, not when its
// cards are to be sent: with every serial that is wrong.
func TestSerials_HaveRoomOnPapers(t *testing.T) {
	t.Parallel()
	_, err := identity.Serials("WWWW-WWWWW-WW1234501", "WWWW-WWWWW-WW1234509")
	require.NoError(t, err)
	for _, s := range []identity.BlankSerial{"WWWW-WWWWW-WWW1234501", "PT 00000001", "PƠ0001", "", "PT\x1d01"} {
		_, err := identity.Serials(s, s)
		require.ErrorContains(t, err, "first: is not a serial that papers have room for; 1 to 20 letters of A to Z, digits and hyphens are accepted")
		require.ErrorContains(t, err, "last: is not a serial")
	}
}

// What is wrong with a box is told in one round, whatever it is.
func TestReceiveBlanks_TellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"received_by", "counted_by", "box", "first", "last", "location"}, fields(identity.ReceiveBlanks{Location: "px 1"}.Check()))
	require.Equal(t, []string{"last", "location", "counted_by"}, fields(identity.ReceiveBlanks{
		ReceivedBy: "TK-01", CountedBy: "TK-01", Box: "B-1", First: "PT2", Last: "PT1", Location: "x",
	}.Check()))
	require.Equal(t, []string{"witness", "from", "to", "first"}, fields(identity.MoveBlanks{
		Officer: "TK-01", Witness: "TK-01", From: "x", To: "y", First: "PT", Last: "PT1",
	}.Check()))
}
