package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// All that is held on a citizen is for the officers of the citizen's province, and of the
// center those who resolve: no postman.
func TestExtract_InTheCitizensProvinceOrTheCenter(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	_, serial := b.issued(t, holder)
	for officer, may := range map[identity.OfficerID]bool{"CB-001-0012": true, "CB-048-0012": false, "BC-VNPOST-0001": false, "GD-01": true} {
		act := identity.ExtractRecord{Officer: officer, Reason: "17/2026"}
		_, err := b.Extract(t.Context(), serial, act, registrytest.Signed(act, statement.Card(serial)))
		if may {
			require.NoError(t, err, officer)
			continue
		}
		require.ErrorIs(t, err, identity.Forbidden, officer)
	}
	require.Equal(t, 2, b.count(t, "acts WHERE act = 'extract-record'"))
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// Who logs in again and again ends sessions of before, and after a while adds nothing to the
// acts any more.
func TestBeginSession_LimitsLogIns(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	login := identity.LogIn{Officer: "CB-001-0012"}
	begin := func(token string) error {
		return errOf(b.BeginSession(t.Context(), login, registrytest.Signed(login, statement.Office), token, registry.LogIns{AnHour: 3, Open: 2}))
	}
	for _, token := range []string{"one", "two", "three"} {
		require.NoError(t, begin(token))
	}
	require.ErrorIs(t, begin("four"), identity.Forbidden)
	require.Equal(t, 3, b.count(t, "acts WHERE act = 'log-in'"))
	require.ErrorIs(t, errOf(b.Session(t.Context(), "one")), identity.Forbidden)
	require.NoError(t, errOf(b.Session(t.Context(), "two")))
	require.NoError(t, errOf(b.Session(t.Context(), "three")))
}
