package registry_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// A sealed value that somebody moves to another row, or changes, opens nowhere.
func TestSealed_OpensInItsOwnPlaceOnly(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"AnotherRow":    `UPDATE applications a SET sealed = b.sealed FROM applications b WHERE a.number <> b.number`,
		"AnotherColumn": `UPDATE applications a SET sealed = c.sealed FROM cards c WHERE c.application = a.number`,
		"AnotherNumber": `UPDATE applications SET sealed_number = sealed`,
		"AnotherKey":    `UPDATE vault_keys a SET wrapped = b.wrapped FROM vault_keys b WHERE a.application <> b.application`,
		"Altered":       `UPDATE applications SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)`,
		"CutShort":      `UPDATE applications SET sealed = 'x'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			number := b.prepared(t)
			b.prepared(t)

			_, err := b.db.Exec(t.Context(), `SET session_replication_role = replica; `+change)
			require.NoError(t, err)

			_, err = b.Application(t.Context(), number)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "Nguyễn")
			entry, err := b.Entry(t.Context(), number)
			require.NoError(t, err, "where it stands is shown")
			require.NotNil(t, entry.Unread)
			require.Equal(t, identity.Personalization, entry.Stage)
			require.Empty(t, entry.Application.Person)
		})
	}
}

// One row that was damaged hides no other, in no list and in no extract: it is shown without
// what cannot be read, says so, and is counted.
func TestSealed_OneThatIsDamagedHidesNoOther(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	damaged, serial := b.issued(t, holder)
	other := b.received(t, of(holder))
	_, err := b.db.Exec(t.Context(), `SET session_replication_role = replica; UPDATE applications SET sealed = 'x' WHERE number = '`+string(damaged)+`'; UPDATE cards SET sealed = 'x'`)
	require.NoError(t, err)

	list, err := b.List(t.Context(), registry.Filter{})
	require.NoError(t, err)
	require.Len(t, list, 2)
	for _, a := range list {
		require.Equal(t, a.Number == damaged, a.Unread != nil)
		require.Equal(t, a.Number == other, a.Application.Person.Name.Text != "")
	}
	require.InDelta(t, 1, testutil.ToFloat64(b.NotRead()), 0)

	act := identity.ExtractRecord{Officer: "CB-001-0012", Reason: "17/2026"}
	e, err := b.Extract(t.Context(), registry.ExtractOf{Card: serial}, act, registrytest.Signed(act, statement.Card(serial)))
	require.NoError(t, err)
	require.NotEmpty(t, e.Cards[0].Fault)
	require.Equal(t, identity.CardLive, e.Cards[0].State)
	require.Len(t, e.Applications, 2)
	require.Contains(t, e.Applications[0].Fault, "cannot be read")
	require.NotEmpty(t, e.Applications[0].Trail)
	require.Empty(t, e.Applications[1].Fault)
	require.NotEmpty(t, e.Applications[1].Person.Name.Text)

	_, _, err = b.LookUp(t.Context(), damaged, []byte("a client"), []byte("a receipt"))
	require.Error(t, err, "there is no birth date to compare with")
}

// Without its data key, an application is an entry in the books about nobody, and everything
// else goes on.
func TestSealed_IsGoneWithItsKey(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	erased := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(erased)))
	other := b.received(t)

	_, err := b.db.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	_, err = b.db.Exec(t.Context(), `DELETE FROM vault_keys WHERE application = $1`, erased)
	require.NoError(t, err)

	record, err := b.Application(t.Context(), erased)
	require.NoError(t, err)
	require.Equal(t, identity.Issued, record.Stage)
	require.Equal(t, identity.Person{}, record.Application.Person)
	card, err := b.Card(t.Context(), erased, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardLive, card.State)
	require.Equal(t, identity.Person{}, card.Card.Person)
	list, err := b.List(t.Context(), registry.Filter{})
	require.NoError(t, err)
	require.Len(t, list, 2)
	gallery, err := b.Gallery(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, gallery, 1)
	require.Equal(t, other, gallery[0].Application)
	_, err = b.Evidence(t.Context(), erased, identity.EvidencePortrait, 1)
	require.ErrorIs(t, err, identity.NotFound)
	require.NoError(t, b.VerifyAudit(t.Context(), erased))
	b.balanced(t)
}
