package registry_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// What is due is erased with its key, once, by programs too, and nothing else is. The trail
// says that it was, and everything else goes on.
func TestEraseDue(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	old, serial := b.issued(t, holder)
	now, _ := b.issued(t, holder) // the old card is revoked
	rejected := b.received(t)
	b.enter(t, rejected, 0, identity.BiometricCapture)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: rejected, Step: "reject", Round: 1, Officer: approver, Reason: identity.Reason{Code: "not-entitled"}}, b.now(t))))
	entered := func(days int) {
		b.behind(t, fmt.Sprintf(`UPDATE applications SET stage = 'Rejected', entered_at = now() - interval '%d days' WHERE number = '%s'`, days, rejected))
	}
	entered(1824)
	erase := func() int {
		n, err := b.EraseDue(t.Context(), 10)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, erase())
	for _, sql := range []string{`UPDATE applications SET entered_at = '2000-01-01'`, `UPDATE cards SET changed_at = '2000-01-01'`} {
		_, err := b.asProgram(t).Exec(t.Context(), sql)
		if err == nil {
			require.Zero(t, erase(), sql) // since when it is so never goes back
		}
	}

	entered(1826)
	b.behind(t, `UPDATE cards SET changed_at = now() - interval '7301 days' WHERE application IN ('`+string(old)+`', '`+string(now)+`')`)
	var erased atomic.Int64
	for _, err := range atOnce(4, func(int) error {
		n, err := b.EraseDue(t.Context(), 10)
		erased.Add(int64(n))
		return err
	}) {
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, erased.Load(), "the card that is live is not due, however old")
	require.Zero(t, erase())

	for _, number := range []identity.ApplicationNumber{old, rejected} {
		require.Zero(t, b.count(t, "vault_keys WHERE application = $1", number))
		require.Zero(t, b.count(t, "vault_blobs WHERE application = $1", number))
		trail := b.trail(t, number)
		require.Equal(t, "erased what says something about the person", trail[len(trail)-1])
		require.NoError(t, b.VerifyAudit(t.Context(), number))
	}
	require.Equal(t, 1, b.count(t, "vault_keys WHERE application = $1", now))
	cards, err := b.Issued(t.Context(), "CB-001-0012", registry.CardQuery{Serial: serial})
	require.NoError(t, err)
	require.Equal(t, identity.CardRevoked, cards[0].State, "verifiers still hear that it is dead")
	b.balanced(t)
}
