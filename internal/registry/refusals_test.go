package registry_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func constraintOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

// What the database says of values goes no further.
func TestErrors_SayNothingOfThePerson(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.received(t, func(s *registry.Submission) { s.Application.Person.Number = "001201777777" })
	for name, change := range map[string]func(*registry.Submission){
		"Text":   func(s *registry.Submission) { s.Application.Channel = "Nguyễn\x00" },
		"Number": func(s *registry.Submission) { s.Application.Person.Number = "12345" },
		"Twice":  func(s *registry.Submission) { s.Application.Person.Number = "001201777777" },
	} {
		_, err := b.Receive(t.Context(), b.submission(change))
		require.Error(t, err, name)
		for _, secret := range []string{"Nguyễn", "12345", "001201777777", "scar", "Hàng"} {
			require.NotContains(t, err.Error(), secret, name)
		}
	}
}

// What the methods keep by care the database keeps by constraint.
func TestConstraints_HoldWithoutTheMethods(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 3)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	require.ErrorIs(t, b.Destroy(t.Context(), number, 1, [2]identity.OfficerID{counter, approver}, identity.Reason{Code: "revoked"}), identity.Conflict)
	require.ErrorIs(t, b.Spoil(t.Context(), number, 1, string(press), identity.Reason{Code: identity.ReasonPrintFailed}), identity.Conflict)
	for name, tt := range map[string]struct{ sql, constraint string }{
		"SecondLiveCard": {
			`INSERT INTO cards (state, citizen, serial, form, issued) SELECT 'live', citizen, 'F', form, issued FROM cards`,
			"one_live_card_per_citizen",
		},
		"SecondCardOnABlank": {
			`INSERT INTO cards (state, citizen, serial, form, issued, blank) SELECT 'begun', citizen, 'F', form, issued, blank FROM cards`,
			"one_card_per_blank",
		},
		"SecondCardOfAnAttempt": {
			`INSERT INTO cards (application, attempt, state, citizen, serial, form, issued, sealed) SELECT application, attempt, 'begun', citizen, 'F', form, issued, sealed FROM cards`,
			"one_card_per_attempt",
		},
		"BlankBackToStock": {`UPDATE blanks SET account = 'stock' WHERE account = 'issued'`, "blank_transition"},
		"BlankOfAnother":   {`UPDATE blanks SET attempt = 2 WHERE account = 'issued'`, "blank_used_once"},
		"BlankFromNowhere": {`INSERT INTO blanks (serial, box, account, location) SELECT 'X', number, 'issued', 'center' FROM boxes`, "blank_transition"},
		"BlankGone":        {`DELETE FROM blanks`, "ledger_is_final"},
		"LedgerEdited":     {`UPDATE blank_movements SET credited = 'destroyed'`, "ledger_is_final"},
		"AuditEdited":      {`UPDATE audit SET actor = 'nobody'`, "audit_is_final"},
		"AuditGone":        {`DELETE FROM audit`, "audit_is_final"},
		"AuditEmptied":     {`TRUNCATE audit`, "audit_is_final"},
		"EnrollerApproves": {
			`INSERT INTO decisions (application, step, round, officer, enrolled_by) SELECT number, 'approve', 9, officer, officer FROM applications`,
			"four_eyes",
		},
	} {
		_, err := b.db.Exec(t.Context(), tt.sql)
		require.Error(t, err, name)
		require.Equal(t, tt.constraint, constraintOf(err), name)
	}
	b.balanced(t)
}
