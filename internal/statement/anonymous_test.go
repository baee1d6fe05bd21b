package statement_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// A personal number is seen however it is written; receipts, serials and digests are none.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"001099000001"`, `"of 001099000001."`, `"001 099 000 001"`, `"001.099.000.001"`, `"00109900000\u0031"`, `001099000001`,
		`"001-099-000-001"`, `"001,099,000,001"`, `"001_099000001"`, `"001  099  000  001"`, `"００１０９９０００００１"`, `"٠٠١٠٩٩٠٠٠٠٠١"`,
		`"001 - 099 - 000 - 001"`, `"001·099·000·001"`, `"001|099|000|001"`, `"001 099 (000) 001"`, `"001...099...000...001"`,
	} {
		require.ErrorIs(t, statement.Signed{Statement: []byte(`{"reason":` + text + `}`)}.Anonymous(), identity.Invalid, text)
	}
	for _, text := range []string{`"PT00000001"`, `"2026-11-28T23:20:00.123456789Z"`, `"7QF3M-9T2XK-D"`, `"0010990000011"`, `"00109900000"`, `"EE001099000001VN"`, `"00:12:00.123456Z"`, `"2026-11-28 23:20"`, `"CARD-0A1099000001"`, `"seals 88213 and 88214"`, `"01/12/2026 - 01/12"`, `{`} {
		require.NoError(t, statement.Signed{Statement: []byte(`{"reason":` + text + `}`)}.Anonymous(), text)
	}
}
