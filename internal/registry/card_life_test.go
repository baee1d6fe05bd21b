package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// The table of what may become of an issued card is the database's as well.
func TestCardLife_IsWhatTheDatabaseAllows(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	var act string
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT handed_over_act FROM cards WHERE application = $1`, number).Scan(&act))
	// Put there behind the trigger, then moved past it.
	for _, from := range identity.CardStates {
		if !from.HandedOver() {
			continue
		}
		for _, to := range identity.CardStates {
			if from == to {
				continue
			}
			tx, err := b.db.Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `UPDATE cards SET state = $2, changed_by = handed_over_by, changed_act = $3 WHERE application = $1`, number, from, act)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `SET LOCAL session_replication_role = origin`)
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `UPDATE cards SET state = $2 WHERE application = $1`, number, to)
			if from.MayBecome(to) {
				require.NoError(t, err, "%s to %s", from, to)
			} else {
				require.Equal(t, "card_life", constraintOf(err), "%s to %s", from, to)
			}
			require.NoError(t, tx.Rollback(t.Context()))
		}
	}
}

// A holder who died has no card, in the same transaction, and gets no other.
func TestEndCards_OfADeadPerson(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	person := func(s *registry.Submission) { s.Application.Person.Number = "001201888888" }
	number := b.arrived(t, person)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	next := b.arrived(t, person)
	end := func() (n int) {
		require.NoError(t, b.db.QueryRow(t.Context(), `SELECT end_cards(personal_number, $2, $3, 'system', NULL) FROM cards WHERE application = $1`,
			number, identity.CardLapsed, identity.Reason{Code: identity.ReasonHolderDied}.String()).Scan(&n))
		return n
	}

	require.Equal(t, 1, end())
	require.Zero(t, end(), "a second call changes nothing")
	_, err := b.db.Exec(t.Context(), `UPDATE citizens SET status = 'deceased' WHERE number = (SELECT personal_number FROM cards WHERE application = $1)`, number)
	require.NoError(t, err)

	require.Equal(t, identity.CardLapsed, b.state(t, number, 1))
	require.Contains(t, b.trail(t, number), "card 1 is lapsed")
	require.Equal(t, 1, b.count(t, `card_life l JOIN cards c ON c.id = l.card WHERE c.application = $1 AND l.was = 'live' AND l.became = 'lapsed'`, number))
	require.ErrorIs(t, b.Issue(t.Context(), handOver(next)), identity.Conflict)
	require.Equal(t, identity.CardArrived, b.state(t, next, 1))
	require.NoError(t, b.Issue(t.Context(), handOver(number)), "what was handed over is answered as before")
	require.NoError(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}))
	b.balanced(t)
}
