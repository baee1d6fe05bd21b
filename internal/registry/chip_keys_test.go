package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

func transportKey(version int) identity.ChipKey {
	return identity.ChipKey{Use: identity.TransportUse, Version: version, Bits: 128, Diversification: identity.ByEMV, Check: []byte{1, 2, 3}}
}

func masterKey(version int) identity.ChipKey {
	return identity.ChipKey{
		Use: identity.CardUse, Version: version, Bits: 128, Diversification: identity.BySP800108, Check: []byte{4, 5, 6},
		From: identity.Date{Year: 2027, Month: 1, Day: 1},
	}
}

// A master key of chips is known by what two officers of the office's keys signed, once for each
// version number; blanks whose maker's key nobody brought in are not taken in.
func TestChipKeys_AreBroughtInByTwoOfficers(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	do := func(act identity.Act) error {
		return b.OnOffice(t.Context(), act, registrytest.Signed(act, statement.Office))
	}
	imported := func(k identity.ChipKey) identity.Act {
		return identity.ImportTransportKey{Officer: "KH-C06-0001", Witness: "KH-C06-0002", Key: k}
	}
	made := func(k identity.ChipKey) identity.Act {
		return identity.MakeChipMaster{Officer: "KH-C06-0001", Witness: "KH-C06-0002", Key: k}
	}
	box := identity.ReceiveBlanks{ReceivedBy: "TK-01", CountedBy: "TK-02", Box: "B-30", First: "PT00000001", Last: "PT00000001", Location: identity.LocationCenter}
	chip := identity.DeliveredChip{Blank: "PT00000001", Chip: "479051630000000001ba", KeyVersion: 0x30}
	err := b.ReceiveBlanks(t.Context(), box, chip)
	require.ErrorIs(t, err, identity.Invalid)
	require.ErrorContains(t, err, "manifest.0.key_version: is 30, of which the office has no key")

	require.NoError(t, do(imported(transportKey(0x30))))
	require.NoError(t, do(imported(transportKey(0x30))), "the same again")
	require.NoError(t, do(made(masterKey(0x02))))
	require.NoError(t, b.ReceiveBlanks(t.Context(), box, chip))

	other := transportKey(0x30)
	other.Check = []byte{9, 9, 9}
	require.ErrorIs(t, do(imported(other)), identity.Duplicate)
	require.ErrorIs(t, do(made(masterKey(0x30))), identity.Duplicate, "a chip tells nothing but the version")
	for _, act := range []identity.Act{
		imported(transportKey(identity.FirstCardVersion)), imported(transportKey(0x80)), imported(masterKey(0x03)),
		made(masterKey(identity.FirstTransportVersion)), made(transportKey(0x03)),
		identity.ImportTransportKey{Officer: "KH-C06-0001", Witness: "KH-C06-0001", Key: transportKey(0x31)},
		identity.ImportTransportKey{Officer: "KH-C06-0001", Witness: "TK-C06-0001", Key: transportKey(0x31)},
	} {
		require.NotEmpty(t, identity.Refusals(do(act)), "%+v", act)
	}
	list, err := b.ChipKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, []identity.ChipKey{masterKey(0x02), transportKey(0x30)}, list)
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}
