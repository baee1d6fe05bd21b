package registry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// kept are the tables in which stands who did what: the trail, the ledgers, acts and decisions,
// and what is kept for auditors; with those columns of them that say nothing of that.
var kept = map[string]map[string]string{
	"audit":           {},
	"acts":            {},
	"refused_acts":    {"txid": "when it is anchored, and it was", "source": "only whose room it takes"},
	"decodes":         {"txid": "so here"},
	"reads":           {"txid": "so here"},
	"officers":        {},
	"credentials":     {"counter": "the passkey's, which counts on", "counted": "so here", "txid": "when it is anchored"},
	"competences":     {},
	"decisions":       {},
	"boxes":           {},
	"blank_movements": {},
	"surplus_cards":   {},
	"station_acts":    {},
	"stations":        {},
	"card_reports":    {"txid": "when it is anchored, and its card's"},
	"card_life":       {},
	"payments":        {},
	"pin_letters":     {},
	"card_orders":     {"number": "only the order in which they were given", "sealed": "sealed, with the vault's key", "done_at": "the trail's"},
	"identifications": {},
	"person_changes": {
		"seq": "no other can be given", "version": "the register's", "before": "the register's own, as its records are", "after": "so here",
		"erased_at": "the owner's, by erase_due",
	},
	"consignments": {
		"destination": "the programs', which pack", "origin": "so here", "opened_at": "so here", "announced_at": "so here",
		"round": "the trigger's, for an act that comes late",
	},
	"verifiers":       {},
	"revoked_signers": {},
	"chip_keys":       {},
}

// busyOffice is a signedOffice in which there is a line in each of these tables.
func busyOffice(t *testing.T) *bundle {
	t.Helper()
	b := signedOffice(t)
	b.stock(t, 3)
	require.NoError(t, b.RefusedAct(t.Context(), registrytest.Signed(identity.Approve{Officer: approver}, statement.Application("A")), identity.Refuse(identity.Forbidden, "no")))
	require.NoError(t, b.RecordDecode(t.Context(), registry.Decode{Officer: "KT-C06-0001", Payloads: 3, Named: []string{"application-A"}}))
	numbers := []identity.ApplicationNumber{b.inspected(t), b.inspected(t)}
	box := b.sent(t, numbers...)
	require.NoError(t, b.ReceiveConsignment(t.Context(), box, identity.ReceiveConsignment{Officer: counter, Counted: 2, Missing: numbers[1:], Surplus: []string{"PT99999999"}}))
	require.NoError(t, b.SettleSurplus(t.Context(), box, "PT99999999", identity.Settlement{Officer: counter, Reason: "handed to the police"}))
	b.letterPrinted(t)
	waiting := b.received(t)
	fee := identity.CollectFee{OfFee: identity.OfFee{Officer: enroller, Amount: 50_000, Receipt: "BL-1"}}
	require.NoError(t, b.Registry.CollectFee(t.Context(), waiting, fee, registrytest.Signed(fee, statement.Application(waiting))))
	_, serial := b.issued(t, holder)
	manage := identity.ManageCard{Officer: "CB-001-0012", Do: identity.RotateKeys, Reason: "former keys"}
	require.NoError(t, b.OrderCard(t.Context(), serial, manage, nil, registrytest.Signed(manage, statement.Card(serial))))
	require.NoError(t, errOf(b.Issued(t.Context(), approver, registry.CardQuery{Serial: serial})))
	require.NoError(t, errOf2(b.ChangeCard(t.Context(), serial, identity.ReportLost{OnCard: on("CB-001-0012", "on the train")})))
	b.endings(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, false)))
	require.NoError(t, b.PauseStation(t.Context(), press, "SX-C06-0001", "it smells"))
	bank := identity.RegisterVerifier{Officer: cast.Founders[0], Witness: cast.Founders[1], Name: "A bank", Token: make([]byte, 32), PerSecond: 5}
	require.NoError(t, b.RegisterVerifier(t.Context(), "BANK", bank, registrytest.Signed(bank, statement.Verifier("BANK"))))
	revoked := identity.RevokeSigner{Officer: "KH-C06-0001", Witness: "KH-C06-0002", Serial: "05F3A9C", Reason: "key-compromise"}
	require.NoError(t, b.OnOffice(t.Context(), revoked, registrytest.Signed(revoked, statement.Office)))
	transport := identity.ImportTransportKey{Officer: "KH-C06-0001", Witness: "KH-C06-0002", Key: transportKey(0x30)}
	require.NoError(t, b.OnOffice(t.Context(), transport, registrytest.Signed(transport, statement.Office)))
	master := identity.MakeChipMaster{Officer: "KH-C06-0001", Witness: "KH-C06-0002", Key: masterKey(0x02)}
	require.NoError(t, b.OnOffice(t.Context(), master, registrytest.Signed(master, statement.Office)))
	child, _, err := b.registers(t, newborn())
	require.NoError(t, err)
	require.NoError(t, b.MarkPerson(t.Context(), child.ID, identity.MarkPerson{Officer: approver, Status: identity.Deceased, On: "2026-03-01", Paper: "death certificate 4", Reason: "died"}))
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{
		Application: waiting, Step: identity.StepIdentify, Round: 1, Officer: approver, Verdict: identity.KnownPerson, Person: child.ID, Reason: identity.Reason{Note: "papers compared"},
	}, time.Time{})))
	return b
}

// endings has a card end by no officer's act.
func (b *bundle) endings(t *testing.T) {
	t.Helper()
	const unknown = "001201888877" // to the register here
	number, _ := b.issued(t, unknown)
	require.NoError(t, b.LostByHolder(t.Context(), number))
	require.NoError(t, b.HolderIs(t.Context(), unknown, identity.Deceased))
}

// another gives, in SQL, another value of a column than it has.
func another(column, kind string) string {
	switch kind {
	case "text":
		return `coalesce(` + column + `, '') || 'X'`
	case "bytea":
		return `coalesce(` + column + `, '') || '\x01'`
	case "ARRAY":
		return `coalesce(` + column + `, '{}') || '{X}'`
	case "timestamp with time zone":
		return `coalesce(` + column + `, now()) + interval '1000 days'`
	case "date":
		return `coalesce(` + column + `, current_date) + 1000`
	case "boolean":
		return `NOT coalesce(` + column + `, false)`
	case "jsonb":
		return `coalesce(` + column + `, '{}') || '{"X": 1}'`
	}
	return `coalesce(` + column + `, 0) + 7`
}

// verified is what `audit verify` finds, with what was anchored.
func (b *bundle) verified(ctx context.Context, anchored []registry.AuditHead) error {
	_, audit := b.VerifyAllAudit(ctx)
	_, acts := b.VerifyActs(ctx)
	changed, err := b.ChangedHeads(ctx, anchored)
	faults := []error{audit, b.VerifyBooks(ctx), acts, err}
	for _, c := range changed {
		faults = append(faults, identity.Refuse(identity.Conflict, "%s", c))
	}
	return errors.Join(faults...)
}

func (b *bundle) anchored(t *testing.T) (heads []registry.AuditHead) {
	t.Helper()
	done, err := b.ReadAuditHeads(t.Context(), registry.AuditReader{
		Since: func(context.Context) (int64, error) { return 0, nil },
		Head:  func(h registry.AuditHead) error { heads = append(heads, h); return nil },
		End:   func(int64) error { return nil },
	})
	require.NoError(t, err)
	require.True(t, done)
	return heads
}

// Whatever a superuser changes in a column of these tables, in one line, is named.
func TestVerify_NamesEveryColumnThatWasChanged(t *testing.T) {
	t.Parallel()
	b := busyOffice(t)
	anchored := b.anchored(t)
	require.NoError(t, b.verified(t.Context(), anchored))
	rows, err := b.db.Query(t.Context(), `
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
		WHERE connamespace = current_schema()::regnamespace AND contype = 'c' AND conparentid = 0`)
	require.NoError(t, err)
	checks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, drop := range checks { // which a superuser can
		_, err := b.db.Exec(t.Context(), drop)
		require.NoError(t, err)
	}
	restore := registrytest.Backup(t, b.url)
	rows, err = b.db.Query(t.Context(), `
		SELECT table_name, column_name, data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position`)
	require.NoError(t, err)
	type column struct{ Table, Name, Kind string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	require.NoError(t, err)
	for _, c := range columns {
		silent, is := kept[c.Table]
		if _, exempt := silent[c.Name]; !is || exempt {
			continue
		}
		t.Run(c.Table+"/"+c.Name, func(t *testing.T) { //nolint:paralleltest // one office, which is put right again
			defer restore()
			b.behind(t, fmt.Sprintf(`UPDATE %[1]s SET %[2]s = %[3]s WHERE ctid = (SELECT max(ctid) FROM %[1]s)`, c.Table, c.Name, another(c.Name, c.Kind)))

			err := b.verified(t.Context(), anchored)

			require.ErrorAs(t, err, new(*identity.Refusal))
		})
	}
}

// So is a line that was taken away.
func TestVerify_NamesEveryLineThatWasRemoved(t *testing.T) {
	t.Parallel()
	b := busyOffice(t)
	anchored := b.anchored(t)
	restore := registrytest.Backup(t, b.url)
	for table := range kept {
		t.Run(table, func(t *testing.T) { //nolint:paralleltest // one office, which is put right again
			defer restore()
			b.behind(t, fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = (SELECT max(ctid) FROM %[1]s)`, table))

			require.ErrorAs(t, b.verified(t.Context(), anchored), new(*identity.Refusal))
		})
	}
}
