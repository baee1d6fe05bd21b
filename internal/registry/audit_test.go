package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestAudit_ChainsUnderConcurrentWriters(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	errs := atOnce(8, func(i int) error {
		switch i % 4 {
		case 0:
			return errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: "hold", Round: 1 + i, Officer: approver, Reason: identity.Reason{Code: "under-verification"}}, time.Time{}))
		case 1:
			return b.Advance(t.Context(), number, 1, identity.CardPersonalized, "")
		case 2: // before the chip is written, or too late
			err := errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Personalization, Attempt: 1, Awaiting: identity.ToRestock, Actor: "system"}))
			if identity.Refused(err, identity.Elsewhere) {
				return nil
			}
			return err
		}
		_, err := b.TakeBlank(t.Context(), number, 1, press)
		return err
	})

	for _, err := range errs {
		require.NoError(t, err)
	}
	b.trail(t, number)
}

func TestVerifyAudit_FindsEveryChange(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"Actor":  `UPDATE audit SET actor = 'nobody' WHERE seq = 2`,
		"Event":  `UPDATE audit SET event = event || 'x' WHERE seq = 2`,
		"Time":   `UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 2`,
		"Taken":  `DELETE FROM audit WHERE seq = 2`,
		"First":  `DELETE FROM audit WHERE seq = 1`,
		"All":    `DELETE FROM audit`,
		"Merged": `UPDATE audit SET event = event || reason, reason = '' WHERE seq = 2`,
		"Hash":   `UPDATE audit SET hash = sha256('') WHERE seq = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			number := b.received(t)
			require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.BiometricCapture, Actor: "system", Reason: "why"})))
			b.enter(t, number, 0, identity.Validation)
			report, err := b.VerifyAllAudit(t.Context())
			require.NoError(t, err)
			require.Equal(t, registry.AuditReport{Applications: 1, Entries: 3}, report)

			for _, statement := range []string{`ALTER TABLE audit DISABLE TRIGGER ALL`, sql} {
				_, err := b.db.Exec(t.Context(), statement)
				require.NoError(t, err)
			}

			require.Error(t, b.VerifyAudit(t.Context(), number))
			_, err = b.VerifyAllAudit(t.Context())
			require.ErrorIs(t, err, identity.Conflict)
		})
	}
}
