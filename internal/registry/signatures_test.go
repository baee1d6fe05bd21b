package registry_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

const poster = identity.OfficerID("SX-C06-0001")

// certified is a card that is being written, and has had a certificate booked.
func (b *bundle) certified(t *testing.T) (identity.ApplicationNumber, registry.CardRecord) {
	t.Helper()
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)
	prepared, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	card, err := b.CardInWork(t.Context(), prepared.Card.Serial, press)
	require.NoError(t, err)
	require.NoError(t, b.BookCertificate(t.Context(), card, registry.SignatureCertificate{Serial: "1a2b", DER: []byte("one")}))
	return number, card
}

// printPIN prints the PIN letter of an application's first card.
func (b *bundle) printPIN(t *testing.T, number identity.ApplicationNumber, id string) error {
	t.Helper()
	act := identity.PrintPINLetter{Officer: poster, Card: 1}
	return b.Registry.PrintPINLetter(t.Context(), number, act, registrytest.SignedAs(act, statement.Application(number), id))
}

func (b *bundle) letterPrinted(t *testing.T) {
	t.Helper()
	number, _ := b.certified(t)
	b.made(t, number)
	require.NoError(t, b.printPIN(t, number, "letter-1"))
}

// What is changed in the chip of a card is ordered by who may, for a live card that can have
// it, and done once; what is written to it is sealed.
func TestCardOrder_IsSignedAndDoneOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	_, serial := b.issued(t, holder)
	order := func(do identity.CardManagement, application string, content []byte, id string) error {
		act := identity.ManageCard{Officer: "CB-001-0012", Do: do, Application: application, Reason: "17/2026"}
		if content != nil {
			act.Content = []byte("digest")
		}
		return b.OrderCard(t.Context(), serial, act, content, registrytest.SignedAs(act, statement.Card(serial), id))
	}
	require.ErrorContains(t, order(identity.UnblockSignature, "", nil, ""), "the card has no digital signature")
	require.ErrorContains(t, order(identity.RotateKeys, "emrtd", nil, ""), "is for update-application alone")
	require.ErrorContains(t, order(identity.UpdateApplication, "emrtd", []byte("x"), ""), "must be one of health-insurance, driving-licence")
	require.NoError(t, order(identity.UpdateApplication, "health-insurance", []byte("HS4010000000000"), "first"))
	require.NoError(t, order(identity.UpdateApplication, "health-insurance", []byte("HS4010000000000"), "first"))
	require.ErrorContains(t, order(identity.UpdateApplication, "health-insurance", []byte{}, "empty"), "no chip can be given that")
	require.NoError(t, order(identity.RotateKeys, "", nil, "third"))
	require.ErrorContains(t, order(identity.RotateKeys, "", nil, "fourth"), "is ordered for this card and not done yet")
	elsewhere := identity.ManageCard{Officer: "CB-048-0012", Do: identity.RotateKeys, Reason: "17/2026"}
	require.ErrorContains(t, b.OrderCard(t.Context(), serial, elsewhere, nil, registrytest.Signed(elsewhere, statement.Card(serial))), "acts for another province")

	card, err := b.CardBySerial(t.Context(), serial)
	require.NoError(t, err)
	ordered, err := b.CardOrders(t.Context(), card)
	require.NoError(t, err)
	require.Equal(t, []registry.CardOrder{
		{Act: "first", Do: identity.UpdateApplication, Application: "health-insurance", Content: []byte("HS4010000000000")},
		{Act: "third", Do: identity.RotateKeys},
	}, ordered)
	var sealed []byte
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT sealed FROM card_orders WHERE act = 'first'`).Scan(&sealed))
	require.NotContains(t, string(sealed), "HS401")
	for range 2 {
		require.NoError(t, b.OrderDone(t.Context(), "first"))
	}
	require.NoError(t, order(identity.UpdateApplication, "health-insurance", []byte("HS4018888888888"), "second"))
	require.NoError(t, order(identity.UpdateApplication, "health-insurance", []byte("HS4019999999999"), "fifth"), "in place of one that the chip did not take")
	ordered, err = b.CardOrders(t.Context(), card)
	require.NoError(t, err)
	require.Equal(t, []registry.CardOrder{
		{Act: "third", Do: identity.RotateKeys},
		{Act: "fifth", Do: identity.UpdateApplication, Application: "health-insurance", Content: []byte("HS4019999999999")},
	}, ordered)
	_, err = b.db.Exec(t.Context(), `UPDATE card_orders SET done_at = NULL WHERE act = 'first'`)
	require.ErrorContains(t, err, "orders are kept")
	require.NoError(t, errOf2(b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-001-0012", "on the train")})))
	require.ErrorContains(t, order(identity.UpdateApplication, "driving-licence", []byte("A1"), ""), "is not live")
}

// Of the certificates that were issued for the keys of one card, the last counts. None is
// booked for a card that no station writes, and what it says of its holder is sealed.
func TestCertificate_TheLastOfEachCardCounts(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number, card := b.certified(t)
	require.NoError(t, b.BookCertificate(t.Context(), card, registry.SignatureCertificate{Serial: "3c4d", DER: []byte("the holder, two")}))

	counts, err := b.Certificate(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, &registry.SignatureCertificate{Serial: "3c4d", DER: []byte("the holder, two")}, counts)
	var digest, sealed []byte
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT digest, sealed FROM signature_certificates WHERE serial = '3c4d'`).Scan(&digest, &sealed))
	sum := sha256.Sum256(counts.DER)
	require.Equal(t, sum[:], digest)
	require.NotContains(t, string(sealed), "holder")

	revoked := func(want map[string]int) {
		t.Helper()
		list, err := b.RevokedCertificates(t.Context())
		require.NoError(t, err)
		reasons := make(map[string]int)
		for _, c := range list {
			require.False(t, c.At.IsZero())
			reasons[c.Serial] = c.Reason
		}
		require.Equal(t, want, reasons)
	}
	revoked(map[string]int{"1a2b": 4})

	_, err = b.CardInWork(t.Context(), card.Card.Serial, "PX-02")
	require.True(t, identity.Refused(err, identity.Conflict), "%v", err)
	b.made(t, number)
	for state, reason := range map[identity.CardState]int{identity.CardReportedLost: 6, identity.CardKept: 6, identity.CardWithdrawn: 5, identity.CardDestroyed: 5} {
		b.behind(t, `UPDATE cards SET changed_act = 'an act', state = '`+string(state)+`'`)
		revoked(map[string]int{"1a2b": 4, "3c4d": reason})
	}
	b.behind(t, `UPDATE cards SET changed_act = NULL, state = 'printed'`)
	revoked(map[string]int{"1a2b": 4})
	_, err = b.CardInWork(t.Context(), card.Card.Serial, press)
	require.True(t, identity.Refused(err, identity.Conflict), "%v", err)
	err = b.BookCertificate(t.Context(), card, registry.SignatureCertificate{Serial: "5e6f", DER: []byte("three")})
	require.True(t, identity.Refused(err, identity.NotFound), "%v", err)
	for _, change := range []string{`SET superseded_at = NULL WHERE serial = '1a2b'`, `SET sealed = '' WHERE serial = '3c4d'`, `SET superseded_at = now(), attempt = 2 WHERE serial = '3c4d'`} {
		_, err := b.db.Exec(t.Context(), `UPDATE signature_certificates `+change)
		require.ErrorContains(t, err, "certificates are kept", change)
	}
}

// The letter with a PIN is printed once, by who may, of a card that is ready; the statement
// that printed it may be sent again.
func TestPINLetter_IsPrintedOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number, _ := b.certified(t)
	require.ErrorContains(t, b.printPIN(t, number, "early"), "it has no PIN letter")
	b.made(t, number)
	counter := identity.PrintPINLetter{Officer: "CB-001-0012", Card: 1}
	err := b.Registry.PrintPINLetter(t.Context(), number, counter, registrytest.Signed(counter, statement.Application(number)))
	require.True(t, identity.Refused(err, identity.Forbidden), "%v", err)

	require.NoError(t, b.printPIN(t, number, "letter-1"))
	require.NoError(t, b.printPIN(t, number, "letter-1"))
	require.ErrorContains(t, b.printPIN(t, number, "letter-2"), "had its PIN letter printed before")
	require.ErrorContains(t, b.printPIN(t, b.inspected(t), "none"), "it has no PIN letter")
}
