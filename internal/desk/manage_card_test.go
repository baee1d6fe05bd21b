package desk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// An application that is to hold nothing, or more than a chip has room for, is not ordered: no chip
// could be given it.
func TestManageCard_RefusesWhatNoApplicationCanHold(t *testing.T) {
	t.Parallel()
	for size, says := range map[int]string{0: "is 0 bytes; 1 to 16384 are accepted", mostContent + 1: "is 16385 bytes; 1 to 16384 are accepted"} {
		act := identity.ManageCard{Do: identity.UpdateApplication, Application: "health-insurance"}

		_, err := (&Desk{}).manageCard(t.Context(), "card/0123456789ABCDEF", act, statement.Signed{}, map[string][]byte{FileContent: make([]byte, size)})

		require.ErrorIs(t, err, identity.Invalid)
		require.ErrorContains(t, err, says)
	}
}
