package registry_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// A fee is paid once and in full, is due back when the application is rejected, and is given
// back once.
func TestFees_ArePaidOnceAndRefundedOnRejection(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	collect := func(number identity.ApplicationNumber, amount int, receipt string) error {
		act := identity.CollectFee{OfFee: identity.OfFee{Officer: enroller, Amount: amount, Receipt: receipt}}
		return b.Registry.CollectFee(t.Context(), number, act, registrytest.Signed(act, statement.Application(number)))
	}
	refunds := func(number identity.ApplicationNumber, by identity.OfficerID, receipt string) error {
		act := identity.RefundFee{OfFee: identity.OfFee{Officer: by, Amount: 50_000, Receipt: receipt}}
		return b.Registry.RefundFee(t.Context(), number, act, registrytest.Signed(act, statement.Application(number)))
	}
	refund := func() error { return refunds(number, enroller, "PC-7") }

	require.ErrorContains(t, collect(number, 25_000, "BL-1"), "which is 50000 VND")
	require.ErrorIs(t, refund(), identity.Conflict, "nothing was paid")
	require.NoError(t, collect(number, 50_000, "BL-1"))
	require.ErrorIs(t, collect(number, 50_000, "BL-2"), identity.Conflict, "it was paid")
	for _, typed := range []string{"BL-1", "bl-1", " BL-1 ", "BL - 1"} {
		require.ErrorContains(t, collect(b.received(t), 50_000, typed), "receipt", "one receipt is for one application: %q", typed)
	}
	registrytest.RegisterStation(t, b.Registry, "079-TN-01", make([]byte, 32))
	other := b.received(t, func(s *registry.Submission) { s.Application.Station = "079-TN-01" })
	act := identity.CollectFee{OfFee: identity.OfFee{Officer: "CB-079-0012", Amount: 50_000, Receipt: "BL-1"}}
	require.NoError(t, b.Registry.CollectFee(t.Context(), other, act, registrytest.Signed(act, statement.Application(other))), "each province has books of its own")
	three := []identity.ApplicationNumber{b.received(t), b.received(t), b.received(t)}
	require.Len(t, slices.DeleteFunc(atOnce(3, func(i int) error { return collect(three[i], 50_000, "BL-9") }), func(err error) bool { return err == nil }), 2)
	require.ErrorIs(t, refund(), identity.Conflict, "it is not rejected")

	b.enter(t, number, 0, identity.BiometricCapture, identity.Rejected)
	due, err := b.FeesDue(t.Context(), identity.UnitCenter)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, []any{number, 50_000, "BL-1"}, []any{due[0].Application, due[0].Amount, due[0].Receipt})
	elsewhere, err := b.FeesDue(t.Context(), "079")
	require.NoError(t, err)
	require.Empty(t, elsewhere)

	errs := atOnce(4, func(int) error { return refund() })
	refunded := 0
	for _, err := range errs {
		if err == nil {
			refunded++
		}
	}
	require.Equal(t, 1, refunded, "%v", errs)
	due, err = b.FeesDue(t.Context(), identity.UnitCenter)
	require.NoError(t, err)
	require.Empty(t, due)
	require.Contains(t, b.trail(t, number), "fee refunded")

	for _, again := range append(three, other) {
		b.enter(t, again, 0, identity.BiometricCapture, identity.Rejected)
	}
	paid := three[slices.IndexFunc(three, func(n identity.ApplicationNumber) bool {
		back, err := b.FeeDueBack(t.Context(), n)
		return err == nil && back > 0
	})]
	require.ErrorContains(t, refunds(paid, enroller, "pc - 7"), "is that of another refund in your province", "one receipt gives back one fee")
	require.NoError(t, refunds(other, "CB-079-0012", "PC-7"), "each province has books of its own")
	require.NoError(t, refunds(paid, enroller, "PC-8"))
}

// What the register says of age and card is the fee: what was paid before, by what a station
// typed, is due back, and the fee is paid anew.
func TestSettleFee_WhileTheApplicationIsValidated(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.received(t)
	collect := func(amount int, receipt string) error {
		act := identity.CollectFee{OfFee: identity.OfFee{Officer: enroller, Amount: amount, Receipt: receipt}}
		return b.Registry.CollectFee(t.Context(), number, act, registrytest.Signed(act, statement.Application(number)))
	}
	require.NoError(t, collect(50_000, "BL-1"))
	require.NoError(t, b.SettleFee(t.Context(), number, 15_000), "before it is validated, nothing is settled")
	b.enter(t, number, 0, identity.BiometricCapture, identity.Validation)

	for range 2 { // a step may run again
		require.NoError(t, b.SettleFee(t.Context(), number, 15_000))
	}
	payment, err := b.Payment(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, registry.Payment{Fee: 15_000, GiveBack: 50_000}, payment)
	require.Equal(t, 1, b.count(t, "audit WHERE event = 'fee settled' AND reason LIKE 'from 50000 to 15000 VND%'"))
	require.ErrorContains(t, collect(50_000, "BL-2"), "which is 15000 VND")
	require.NoError(t, collect(15_000, "BL-2"))

	require.NoError(t, b.SettleFee(t.Context(), number, 50_000), "the register was corrected meanwhile")
	payment, err = b.Payment(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, []any{"BL-1", 15_000}, []any{payment.Receipt, payment.GiveBack})

	act := identity.RefundFee{OfFee: identity.OfFee{Officer: enroller, Amount: 15_000, Receipt: "PC-1"}}
	require.NoError(t, b.Registry.RefundFee(t.Context(), number, act, registrytest.Signed(act, statement.Application(number))))
	payment, err = b.Payment(t.Context(), number)
	require.NoError(t, err)
	require.Zero(t, payment.GiveBack)

	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)

	b.enter(t, number, 0, identity.Deduplication)
	_, err = b.db.Exec(t.Context(), `UPDATE applications SET fee = 0 WHERE number = $1`, number)
	require.Equal(t, "fee_stands", constraintOf(err))
}

// No card is handed over before its fee is paid, whoever asks the database; it may be paid
// where the card is handed over.
func TestIssue_NotBeforeTheFeeIsPaid(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.inspected(t)
	b.delivered(t, number)
	payment, err := b.Payment(t.Context(), number)
	require.NoError(t, err)
	require.Equal(t, registry.Payment{Fee: 50_000}, payment)

	owed := func() int {
		shown, _, err := b.LookUp(t.Context(), number, []byte("client"), []byte("receipt"))
		require.NoError(t, err)
		return shown.Unpaid
	}

	require.Equal(t, 50_000, owed(), "and the citizen is told")
	require.ErrorContains(t, b.Issue(t.Context(), handOver(number)), "fee: of 50000 VND is not paid")
	_, err = b.db.Exec(t.Context(), `UPDATE cards SET state = 'live' WHERE application = $1`, number)
	require.Equal(t, "fee_is_paid", constraintOf(err))
	require.Equal(t, identity.CardArrived, b.state(t, number, 1))

	registrytest.Pay(t, b.Registry, number, registrytest.Signed)
	require.Zero(t, owed())
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	payment, err = b.Payment(t.Context(), number)
	require.NoError(t, err)
	require.NotNil(t, payment.PaidAt)
	require.Equal(t, "BL-"+string(number), payment.Receipt)
}
