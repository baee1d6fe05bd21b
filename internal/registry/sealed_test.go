package registry_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
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

// What programs wrote before anything was sealed reads as it did, and nothing of it is left
// in clear. It needs the vault, and says so.
func TestMigrate_SealsWhatIsInClear(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	owner, behind := registrytest.As(t, url, roles.Owner), connect(t, registrytest.Behind(t, url))
	_, err := behind.Exec(t.Context(), `
		DO $$ DECLARE name text := current_schema(); BEGIN
			EXECUTE format('DROP SCHEMA %I CASCADE; CREATE SCHEMA %I AUTHORIZATION cancuoc_owner', name, name);
		END $$`)
	require.NoError(t, err)
	require.NoError(t, registry.MigrateTo(t.Context(), owner, 169))
	b := &bundle{}
	s := b.submission(func(s *registry.Submission) {
		a := &s.Application
		a.Representative, a.Delivery, a.DeliveryTo, a.Exemption = identity.Name{Text: "Trần Văn Bố"}, identity.Post, "1 Tràng Tiền, Hà Nội", "POOR"
	})
	a := s.Application
	person, err := json.Marshal(a.Person)
	require.NoError(t, err)
	representative, err := json.Marshal(a.Representative)
	require.NoError(t, err)
	card := identity.Card{
		Form: "can-cuoc-2024", Serial: "00000000000000AA", Person: a.Person, Issued: identity.Date{Year: 2026, Month: 3, Day: 4},
		Expiry: identity.Expiry{Date: identity.Date{Year: 2041, Month: 2, Day: 28}},
	}
	said, err := json.Marshal(card)
	require.NoError(t, err)
	const written, numberless = identity.ApplicationNumber("7QF3M-9T2XK-D"), identity.ApplicationNumber("0QF3M-9T2XK-D")
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "master.key"), true)
	require.NoError(t, err)
	v := vault.New(master)
	require.NoError(t, v.Put(t.Context(), behind, vault.Key{Application: string(written), Kind: "portrait", Attempt: 1}, []byte("face")))
	_, err = behind.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `
		INSERT INTO applications (number, stage, attempt, due, station, enrollment_id, officer, digest, province, type, ground, channel, filed_on, delivery, delivery_to,
			destination, urgent, exemption, representative, personal_number, person, law, form, processing_days, fee)
		SELECT n, 'Dispatch', 1, now(), $2, $3 || n, $4, sha256('x'), '001', $5, $6, $7, '2026-03-02', $8, $9, 'POST', false, $10, $11::jsonb, p, $13::jsonb, 'law-2023', 'can-cuoc-2024', 7, 0
		FROM (VALUES ($1, $12), ('0QF3M-9T2XK-D', '001301000077')) AS of (n, p)`,
		written, a.Station, a.EnrollmentID, a.Officer, a.Type, a.Ground, a.Channel, a.Delivery, a.DeliveryTo, a.Exemption, representative, string(a.Person.Number), person)
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `
		INSERT INTO cards (application, attempt, state, personal_number, serial, form, issued, expires, card)
		VALUES ($1, 1, 'inspected', $2, $3, $4, '2026-03-04', '2041-02-28', $5), (NULL, NULL, 'live', '001301000088', 'AB', 'cccd-2021', '2021-05-01', '2031-05-01', NULL)`,
		written, string(a.Person.Number), card.Serial, card.Form, said)
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `INSERT INTO allotments (number, application) VALUES ('001301000077', $1)`, numberless)
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `INSERT INTO citizens (number, person, status) VALUES ('001301000088', '{}', 'alive')`)
	require.NoError(t, err)

	_, err = registry.Migrate(t.Context(), owner, nil)
	require.ErrorIs(t, err, registry.ErrNoVault)
	_, err = registry.Migrate(t.Context(), owner, func() (*vault.Vault, error) { return nil, errors.New("no such file") })
	require.ErrorContains(t, err, "no such file")
	m, err := registry.Migrate(t.Context(), owner, func() (*vault.Vault, error) { return v, nil })
	require.NoError(t, err)
	require.Contains(t, m.Applied, "0171_seal_what_is_in_clear")

	r, err := registry.Open(t.Context(), url, registry.Options{Vault: v})
	require.NoError(t, err)
	defer r.Close()
	record, err := r.Application(t.Context(), written)
	require.NoError(t, err)
	a.EnrollmentID += string(written)
	require.Equal(t, a, record.Application)
	read, err := r.Card(t.Context(), written, 1)
	require.NoError(t, err)
	require.Equal(t, card, read.Card)
	face, err := r.Evidence(t.Context(), written, identity.EvidencePortrait, 1)
	require.NoError(t, err)
	require.Equal(t, "face", string(face))
	allotted, err := r.Application(t.Context(), numberless)
	require.NoError(t, err)
	require.Equal(t, identity.PersonalNumber("001301000077"), allotted.Application.Person.Number)
	known, err := r.Citizen(t.Context(), "001301000088")
	require.NoError(t, err)
	require.Equal(t, identity.Date{Year: 2031, Month: 5, Day: 1}, known.LiveCard.Expiry.Date)
	for column, text := range registrytest.Columns(t, url) {
		if column != "citizens.number" && column != "person_numbers.number" {
			require.NotRegexp(t, `Ánh|Hàng Bài|Tràng Tiền|Trần|POOR|00\d301|2001-02|2041-02|001201`, text, column)
		}
	}
}
