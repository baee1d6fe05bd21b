package registry_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/registry/roles"
	"example.org/cancuoc/internal/vault"
)

// refusedBy gives the SQLSTATE with which PostgreSQL refuses a statement; "" when it
// does not.
func refusedBy(ctx context.Context, db *pgx.Conn, sql string) string {
	_, err := db.Exec(ctx, sql)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// asProgram is a session of the programs' role that proved the office's key, as those of its
// programs do: what it is refused, no stolen program may do either.
func (b *bundle) asProgram(t *testing.T) *pgx.Conn {
	t.Helper()
	conn := connect(t, b.url)
	require.NoError(t, registry.Enter(t.Context(), conn, b.vault))
	return conn
}

// With the programs' password in hand, nobody writes anything at all: a session that has
// not proved the office's key reads.
func TestRights_ThePasswordAloneWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "other.key"), true)
	require.NoError(t, err)
	_, err = registry.Open(t.Context(), b.url, registry.Options{Vault: vault.New(master)})
	require.ErrorIs(t, err, registry.ErrOtherVault)

	programs := connect(t, b.url)
	var unguarded []string
	require.NoError(t, b.db.QueryRow(t.Context(), `
		SELECT array_agg(c.relname) FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'office_proof'
			AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'only_the_office' AND t.tgenabled = 'O')`).Scan(&unguarded))
	require.Empty(t, unguarded)
	for _, sql := range []string{
		`INSERT INTO audit (application, actor, event, reason) SELECT number, 'system', 'entered Rejected', '' FROM applications`,
		`UPDATE applications SET stage = 'Rejected', reason = 'duplicate'`,
		`INSERT INTO cards (state, citizen, serial, form, issued, document) SELECT 'live', citizen, 'FEEDFACE00000001', form, issued, document FROM cards`,
		`UPDATE cards SET unsure = true`,
		`UPDATE blanks SET account = 'spoiled'`,
		`INSERT INTO findings (application, stage, round, found) SELECT number, 'Validation', 1, '{}' FROM applications`,
		`INSERT INTO stations_at_work (id, slots) VALUES ('PX-66', 1)`,
		`UPDATE stations_at_work SET slots = 0`,
		`INSERT INTO acts (id, officer, act, subject, key, statement, signature, mac) SELECT id || 'X', officer, act, subject, key, statement, signature, mac FROM acts`,
		`UPDATE citizens SET status = 'deceased'`,
		`DELETE FROM sessions`,
		`INSERT INTO office_proof (digest) VALUES (sha256('mine'))`,
		`UPDATE office_proof SET digest = sha256('mine')`,
	} {
		for _, proof := range []string{`SELECT 1`, `SELECT enter_office('guess')`, `SELECT set_config('cancuoc.proof', 'no hex', false)`, `SELECT set_config('cancuoc.proof', '', false)`} {
			_, err := programs.Exec(t.Context(), proof)
			require.NoError(t, err)
			_, err = programs.Exec(t.Context(), sql)
			require.Error(t, err, "%s after %s", sql, proof)
		}
	}
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// With the programs' password in hand, nobody changes or removes what was written to
// the trail and the ledgers: not because of triggers, which an owner can switch off,
// but because PostgreSQL does not let the role do it.
func TestRights_TrailAndLedgersAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	programs := b.asProgram(t)
	const permission = "42501"

	for _, sql := range []string{
		`SET session_replication_role = replica`,
		`SET ROLE cancuoc_owner`,
		`SET SESSION AUTHORIZATION cancuoc_owner`,
		`GRANT cancuoc_owner TO CURRENT_USER`,
		`ALTER ROLE CURRENT_USER SUPERUSER`,
		`ALTER ROLE CURRENT_USER CREATEROLE`,
		`ALTER ROLE cancuoc_owner LOGIN PASSWORD 'x'`,
		`CREATE ROLE another SUPERUSER`,
		`CREATE SCHEMA mine`,
		`CREATE TABLE mine (n int)`,
		`CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS 'SELECT clock_timestamp()'`,
		`COPY audit TO PROGRAM 'cat'`,
		`COPY audit FROM PROGRAM 'cat'`,
		`COPY audit TO '/tmp/audit'`,
		`COPY audit (application, seq, at, actor, event, reason, prev, hash) FROM STDIN`,
		`SELECT pg_read_file('postgresql.conf')`,
		`INSERT INTO audit (application, seq, at, actor, event, reason, prev, hash) SELECT application, 99, at, 'nobody', event, reason, prev, hash FROM audit LIMIT 1`,
		`INSERT INTO audit (application, actor, event, reason, txid) SELECT application, actor, event, reason, 0 FROM audit LIMIT 1`,
		`INSERT INTO blank_movements (serial, debited, credited) SELECT serial, 'stock', 'spoiled' FROM blanks LIMIT 1`,
		`INSERT INTO decisions (application, step, round, officer, enrolled_by, at) SELECT application, 'hold', 9, officer, enrolled_by, '2020-01-01' FROM decisions LIMIT 1`,
		`UPDATE applications SET officer = 'nobody'`,
		`UPDATE applications SET sealed = ''`,
		`UPDATE applications SET received_at = now()`,
		`UPDATE cards SET sealed = ''`,
		`UPDATE cards SET citizen = ''`,
		`UPDATE cards SET approved_by = 'nobody'`,
		`UPDATE blanks SET box = 'another'`,
		`UPDATE blanks SET serial = 'another'`,
		`UPDATE vault_keys SET wrapped = ''`,
		`UPDATE vault_blobs SET sealed = ''`,
		`UPDATE schema_version SET version = 0`,
		`DROP FUNCTION note_blank`,
		`ALTER FUNCTION chain_audit() RENAME TO unchained`,
		`SELECT * FROM goose_db_version`,
	} {
		require.Equal(t, permission, refusedBy(t.Context(), programs, sql), sql)
	}
	for _, table := range []string{"audit", "blank_movements", "boxes", "decisions", "station_acts", "allotments", "findings", "acts", "refused_acts", "decodes"} {
		for _, sql := range []string{
			"UPDATE " + table + " SET ctid = ctid", "DELETE FROM " + table, "TRUNCATE " + table + " CASCADE", "DROP TABLE " + table + " CASCADE",
			"ALTER TABLE " + table + " DISABLE TRIGGER ALL", "ALTER TABLE " + table + " RENAME TO gone", "ALTER TABLE " + table + " ADD COLUMN n int",
			"ALTER TABLE " + table + " OWNER TO CURRENT_USER", "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY",
			"CREATE TRIGGER mine BEFORE INSERT ON " + table + " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
			"CREATE RULE mine AS ON INSERT TO " + table + " DO INSTEAD NOTHING", "CREATE INDEX ON " + table + " ((1))", "LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE",
			"SELECT * FROM " + table + " FOR UPDATE",
		} {
			require.NotEmpty(t, refusedBy(t.Context(), programs, sql), sql)
		}
	}
	for _, table := range []string{"applications", "cards", "blanks", "consignments", "stations", "citizens", "gallery", "vault_keys"} {
		for _, sql := range []string{"DELETE FROM " + table, "TRUNCATE " + table + " CASCADE", "DROP TABLE " + table + " CASCADE", "ALTER TABLE " + table + " DISABLE TRIGGER ALL"} {
			require.Equal(t, permission, refusedBy(t.Context(), programs, sql), sql)
		}
	}
	b.trail(t, number)
	b.balanced(t)
}

// Evidence goes only where the same is captured again, before its round counts, and nobody adds
// any to what counts.
func TestRights_EvidenceStays(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture)
	programs := b.asProgram(t)
	for _, attempt := range []int{1, 2} {
		_, err := programs.Exec(t.Context(), `DELETE FROM vault_blobs WHERE attempt = $1`, attempt)
		require.Equal(t, attempt == 1, err != nil)
		if err != nil {
			require.Equal(t, "evidence_is_final", constraintOf(err))
		}
	}
	again := map[identity.EvidenceKind][]byte{identity.EvidencePortrait: []byte("again"), identity.EvidenceTemplates: []byte("again")}
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, again))
	require.NoError(t, b.Capture(t.Context(), number, 2, nil, again))

	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepRecapture, Round: 2, Officer: enroller}, time.Time{})))
	for _, added := range []registry.EvidenceKey{ // to a round that counts, to an application that is there, to no card, for no try
		{Kind: identity.EvidenceLeftIndex, Attempt: 1},
		{Kind: identity.EvidenceRightIris, Attempt: 2},
		{Kind: identity.EvidencePortrait, Attempt: 4},
		{Kind: identity.EvidencePacket, Attempt: 3},
		{Kind: identity.EvidenceChipImage, Attempt: 1},
		{Kind: identity.EvidencePrint, Attempt: 1},
		{Kind: identity.EvidenceProbe, Attempt: 1},
		{Kind: "face", Attempt: 1},
	} {
		err := b.vault.Put(t.Context(), programs, vault.Key{Application: string(number), Kind: string(added.Kind), Attempt: added.Attempt}, []byte("another's"))
		require.ErrorContains(t, err, "23514", added)
	}
}

// Constraints compare what the database knows, not what a writer says of it.
func TestRights_ConstraintsAskTheApplication(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.prepared(t)
	programs := b.asProgram(t)
	for sql, constraint := range map[string]string{
		`INSERT INTO decisions (application, step, round, officer, enrolled_by) SELECT number, 'approve', 9, officer, 'somebody else' FROM applications`: "four_eyes",
		`UPDATE applications SET citizen = sha256('001201999999')`:                                                                                       "number_is_final",
		`UPDATE applications SET sealed_number = ''`:                                                                                                     "number_is_final",
	} {
		_, err := programs.Exec(t.Context(), sql)
		require.Equal(t, constraint, constraintOf(err), sql)
	}
}

// What somebody relies on, and only people may change, the programs' role changes in no way
// without adding an act, whose signature is looked at.
func TestRights_WhatStandsIsSignedFor(t *testing.T) {
	t.Parallel()
	b := busyOffice(t)
	programs := b.asProgram(t)
	for _, sql := range []string{
		`INSERT INTO revoked_signers (serial, act) SELECT DISTINCT '5f', id FROM acts WHERE act = 'revoke-signer'`,
		`INSERT INTO chip_keys (version, use, bits, diversification, check_value, act) SELECT DISTINCT 49, 'transport', 128, 'none', '\x000000'::bytea, id FROM acts WHERE act = 'import-transport-key'`,
		`INSERT INTO verifiers (id, name, token, per_second, act) VALUES ('EVIL', 'Evil', sha256('x'), 100, 'made-up')`,
		`UPDATE verifiers SET token = sha256('x')`,
		`UPDATE verifiers SET revoked_at = now()`,
		`INSERT INTO stations (id, kind, province, name, address, hours, public_key) VALUES ('001-TN-99', 'enrollment', '001', 'x', 'x', 'x', sha256('x'))`,
		`UPDATE stations SET public_key = sha256('x')`,
		`INSERT INTO stations (id, kind, province, name, address, hours, public_key) VALUES ('PX-01', 'personalization', '001', 'x', 'x', 'x', sha256('x'))`,
		`UPDATE cards SET score = 99 WHERE handed_over <> ''`,
		`UPDATE cards SET proof = 'another' WHERE handed_over <> ''`,
		`UPDATE cards SET handed_over_at = handed_over_at - interval '1 year' WHERE handed_over <> ''`,
		`UPDATE cards SET old_card = 'lost', old_card_reason = 'x' WHERE handed_over <> ''`,
		`UPDATE cards SET signer = '5f' WHERE handed_over <> ''`,
		`UPDATE cards SET consignment = NULL WHERE consignment IS NOT NULL`,
		`UPDATE cards SET station = 'PX-99', place = 'nowhere', missing = true WHERE handed_over <> ''`,
		`UPDATE cards SET reason = 'stolen in transit' WHERE handed_over <> ''`,
		`UPDATE cards SET state = 'revoked', changed_by = 'PD-001-0001', changed_act = NULL, reason = 'forged' WHERE state = 'live'`,
		`UPDATE cards SET state = 'revoked', changed_by = handed_over_by, changed_act = handed_over_act WHERE state = 'live'`,
		`UPDATE cards SET state = 'withdrawn', changed_by = 'PD-001-0001', changed_act = NULL, reason = 'x' WHERE state = 'live'`,
		`UPDATE cards SET state = 'revoked', changed_by = 'system', reason = 'deceased' WHERE state = 'live'`,
		`UPDATE cards SET state = 'live' WHERE state = 'reported-lost'`,
		`UPDATE cards SET state = 'lost', missing = true WHERE state = 'arrived'`,
		`UPDATE cards SET state = 'spoiled' WHERE state = 'arrived'`,
		`UPDATE consignments SET state = 'dissolved', cards = 0 WHERE cards > 0`,
		`UPDATE consignments SET courier = 'another' WHERE state = 'received'`,
		`UPDATE consignments SET sent_at = now() WHERE state = 'received'`,
		`UPDATE consignments SET received_at = NULL WHERE state = 'received'`,
		`UPDATE cards SET state = 'inspected' WHERE state = 'arrived'`,
		`UPDATE blanks SET location = 'PX-77' WHERE account = 'stock'`,
		`UPDATE blanks SET given_back = 7`,
		`UPDATE blanks SET account = 'spoiled' WHERE account = 'stock'`,
		`UPDATE blanks SET account = 'destroyed' WHERE account = 'issued'`,
		`UPDATE applications SET held = NOT held`,
		`UPDATE applications SET probes = probes - 1`, // the limit of failed fingers
		`UPDATE applications SET capture_round = 7`,
		`UPDATE applications SET due = due + interval '1 year'`,
		`UPDATE applications SET clock_stopped_at = now() - interval '1 day'`,
		`UPDATE applications SET stage = 'Issued' WHERE stage = 'Received'`,
		`UPDATE applications SET stage = 'Rejected', reason = 'duplicate' WHERE stage = 'Received'`,
		`UPDATE applications SET stage = 'Withdrawn' WHERE stage = 'Received'`,
		`UPDATE applications SET stage = 'Expired' WHERE stage = 'Received'`,
		`UPDATE applications SET stage = 'Approval' WHERE stage = 'Received'`,
		`UPDATE applications SET stage = 'Validation' WHERE stage = 'Received'`, // its fingers were not judged
		`UPDATE applications SET stage = 'DataPreparation' WHERE stage = 'Received'`,
		`INSERT INTO cards (application, attempt, state, citizen, serial, form, issued, document) SELECT application, 9, 'live', sha256('x'), 'FEED', form, issued, document FROM cards LIMIT 1`,
		`UPDATE stations_at_work SET removed_at = now()`,
		`UPDATE stations_at_work SET paused_at = NULL, paused_by = '', paused_why = ''`,
		`UPDATE gallery SET seq = DEFAULT`,
		`INSERT INTO audit (application, actor, event, reason) SELECT number, 'system', E'note\n  2026-11-29 06:20:00  PD-001-0002    approve', '' FROM applications LIMIT 1`,
		`INSERT INTO audit (application, actor, event, reason) SELECT number, E'PD-001-0002\u200b', 'approve', '' FROM applications LIMIT 1`,
		`INSERT INTO audit (application, actor, event, reason) SELECT number, 'system', 'note', E'\x1b[31m' FROM applications LIMIT 1`,
		`INSERT INTO stations_at_work (id, slots) VALUES ('holder', 1)`,
		`INSERT INTO stations_at_work (id, slots) VALUES ('PD-001-0001 (A)', 1)`,
		`INSERT INTO sessions (token, officer, key, act, until) SELECT sha256('x'), officer, key, id, now() + interval '1 year' FROM acts WHERE act = 'log-in' UNION ALL SELECT sha256('y'), officer, key, id, now() + interval '1 year' FROM acts LIMIT 1`,
		`INSERT INTO findings (application, stage, round, found) SELECT number, stage, 9, '[]' FROM applications LIMIT 1`,
	} {
		require.Equal(t, "23514", refusedBy(t.Context(), programs, sql), sql)
	}
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// A trigger that writes where programs may not, or reads what it chains, finds the
// tables of its own schema, whatever the one who fires it has in its path.
func TestRights_TriggersLookInTheirSchema(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var astray int
	require.NoError(t, b.db.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND (prorettype = 'trigger'::regtype OR prosecdef)
			AND proconfig IS DISTINCT FROM ARRAY[format('search_path=%I, pg_temp', current_schema())]`).Scan(&astray))
	require.Zero(t, astray)
}

// An auditor reads the books, verifies them, and sees no person.
func TestRights_ReadersSeeTheBooks(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	b.arrived(t)
	url := registrytest.As(t, b.url, roles.Readers)
	r, err := registry.Open(t.Context(), url, registry.Options{})
	require.NoError(t, err)
	defer r.Close()

	require.NoError(t, r.CheckSchema(t.Context()))
	_, err = r.VerifyAllAudit(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.VerifyBooks(t.Context()))
	_, err = r.VerifyActs(t.Context())
	require.NoError(t, err)
	stock, err := r.Stock(t.Context())
	require.NoError(t, err)
	require.True(t, stock.Balanced)

	reader := connect(t, url)
	for _, sql := range []string{
		`SELECT sealed FROM applications`, `SELECT citizen FROM applications`, `SELECT sealed_number FROM applications`, `SELECT sealed FROM cards`,
		`SELECT citizen FROM cards`, `SELECT * FROM citizens`, `SELECT * FROM allotments`, `SELECT * FROM vault_blobs`, `SELECT * FROM gallery`,
		`INSERT INTO audit (application, actor, event, reason) SELECT number, 'system', 'x', '' FROM applications`, `UPDATE applications SET held = true`,
	} {
		require.Equal(t, "42501", refusedBy(t.Context(), reader, sql), sql)
	}
}

// Who could change the trail, or become somebody who can, is told from who cannot.
func TestTooStrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		grant  string
		strong bool
	}{
		"Program":      {`SELECT '%s'`, false},
		"Superuser":    {`ALTER ROLE %s SUPERUSER`, true},
		"MakesRoles":   {`ALTER ROLE %s CREATEROLE`, true},
		"Owner":        {`GRANT cancuoc_owner TO %s`, true},
		"Rewrites":     {`GRANT UPDATE ON audit TO %s`, true},
		"Empties":      {`GRANT TRUNCATE ON audit TO %s`, true},
		"WritesLedger": {`GRANT INSERT ON blank_movements TO %s`, true},
		"WritesAll":    {`GRANT pg_write_all_data TO %s`, true},
		"RunsPrograms": {`GRANT pg_execute_server_program TO %s`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := registrytest.NewSchema(t, registrytest.URL(t))
			behind := connect(t, registrytest.Behind(t, url))
			var login string // which NewSchema calls as the database
			require.NoError(t, behind.QueryRow(t.Context(), `SELECT current_database()`).Scan(&login))
			_, err := behind.Exec(t.Context(), fmt.Sprintf(tt.grant, login))
			require.NoError(t, err)
			r, err := registry.Open(t.Context(), url, registry.Options{})
			require.NoError(t, err)
			defer r.Close()

			strong, err := r.TooStrong(t.Context())

			require.NoError(t, err)
			require.Equal(t, tt.strong, strong)
		})
	}
}

func TestCheckSchema_AsksForTheMigration(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ behind, want string }{
		"Older":      {`UPDATE schema_version SET version = 30`, "schema has version 30"},
		"Unfinished": {`DELETE FROM schema_version`, "run `starter migrate`"},
		"None":       {`DROP TABLE schema_version`, "run `starter migrate`"},
		"NoRights":   {`REVOKE ALL ON schema_version FROM cancuoc_programs`, "cancuoc_programs"},
		"NoSchema":   {`DO $$ BEGIN EXECUTE format('REVOKE ALL ON SCHEMA %I FROM cancuoc_programs', current_schema()); END $$`, "cancuoc_programs"},
		"Newer":      {`UPDATE schema_version SET version = 999999`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := registrytest.NewSchema(t, registrytest.URL(t))
			_, err := connect(t, registrytest.Behind(t, url)).Exec(t.Context(), tt.behind)
			require.NoError(t, err)
			master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
			require.NoError(t, err)
			r, err := registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master)})
			require.NoError(t, err)
			defer r.Close()

			err = r.CheckSchema(t.Context())

			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			var old *registry.SchemaError
			require.ErrorAs(t, err, &old)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// Given again, a migration changes nothing; interrupted after any of its transactions,
// it goes on.
func TestMigrate_GoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	owner, behind := registrytest.As(t, url, roles.Owner), connect(t, registrytest.Behind(t, url))
	const rights = `
		SELECT string_agg(format('%s.%s %s', relname, attname, acl), E'\n' ORDER BY relname, attname) FROM (
			SELECT relname, '' AS attname, relacl::text AS acl FROM pg_class WHERE relnamespace = current_schema()::regnamespace
			UNION ALL
			SELECT relname, attname, attacl::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE relnamespace = current_schema()::regnamespace AND attacl IS NOT NULL
		) all_of`
	var before, after string
	require.NoError(t, behind.QueryRow(t.Context(), rights).Scan(&before))

	m, err := registry.Migrate(t.Context(), owner, nil)
	require.NoError(t, err)
	require.Empty(t, m.Applied)
	require.NoError(t, behind.QueryRow(t.Context(), rights).Scan(&after))
	require.Equal(t, before, after)

	// As if it had ended before the rights were granted.
	_, err = behind.Exec(t.Context(), `DELETE FROM schema_version; REVOKE ALL ON audit FROM cancuoc_programs; GRANT DELETE ON audit TO PUBLIC`)
	require.NoError(t, err)
	_, err = registry.Migrate(t.Context(), owner, nil)
	require.NoError(t, err)
	require.NoError(t, behind.QueryRow(t.Context(), rights).Scan(&after))
	require.Equal(t, before, after)

	// A schema of a later version is its own program's to grant.
	_, err = behind.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999999, true); CREATE TABLE later (n int); GRANT SELECT ON later TO cancuoc_programs`)
	require.NoError(t, err)
	m, err = registry.Migrate(t.Context(), owner, nil)
	require.NoError(t, err)
	require.Equal(t, int64(999999), m.Version)
	_, err = connect(t, url).Exec(t.Context(), `SELECT FROM later`)
	require.NoError(t, err)
}

// A role that does not own the schema is told so.
func TestMigrate_IsTheOwners(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))

	_, err := registry.Migrate(t.Context(), url, nil)

	require.ErrorContains(t, err, "does not own the schema; give database.owner_url")
}

// What is moved in one book alone, as the programs' role can, is named.
func TestVerifyBooks_NamesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sql, want string }{
		"BlankFromNowhere": {`INSERT INTO blanks (serial, box, account, location) SELECT 'X1', number, 'stock', 'center' FROM boxes`, "2 blanks were counted in, and 3 are in the books"},
		"DecisionUnheard": {
			`INSERT INTO decisions (application, step, round, officer, enrolled_by, request) SELECT number, 'hold', 1, 'CB-001-0003', a.officer, id FROM applications a, acts WHERE act = 'send'`,
			"the trail does not have hold by CB-001-0003",
		},
		"CardUnapproved": {
			`INSERT INTO cards (application, attempt, state, citizen, serial, form, issued, sealed, approved_by) SELECT application, 2, 'prepared', citizen, 'F', form, issued, sealed, 'CB-001-0009' FROM cards`,
			"nobody approved card 2",
		},
		// And by a superuser.
		"CardWithout":     {`UPDATE cards SET state = 'spoiled'`, "is booked as production, and its card is spoiled"},
		"BlankWithout":    {`UPDATE blanks SET account = 'destroyed' WHERE account = 'production'`, "is booked as destroyed, and its card is arrived"},
		"MovementGone":    {`ALTER TABLE blank_movements DISABLE TRIGGER ALL; DELETE FROM blank_movements WHERE credited = 'production'`, "is not in the account to which its movements lead"},
		"MovementAltered": {`ALTER TABLE blank_movements DISABLE TRIGGER ALL; UPDATE blank_movements SET credited = 'issued' WHERE credited = 'production'`, "is not in the account to which its movements lead"},
		"MovementAdded":   {`INSERT INTO blank_movements (serial, debited, credited) SELECT serial, 'stock', 'spoiled' FROM blanks`, "is not in the account to which its movements lead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.stock(t, 2)
			b.arrived(t)
			require.NoError(t, b.VerifyBooks(t.Context()))
			if strings.HasPrefix(name, "Movement") || strings.HasSuffix(name, "Without") {
				b.behind(t, tt.sql)
			} else {
				_, err := b.asProgram(t).Exec(t.Context(), tt.sql)
				require.NoError(t, err)
			}

			err := b.VerifyBooks(t.Context())

			require.ErrorIs(t, err, identity.Conflict)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// Which vault's key lets programs write, the schema's owner settles: not who has the programs'
// password and comes first, and not by a proof that became known.
func TestMigrate_SettlesWhoMayWrite(t *testing.T) {
	t.Parallel()
	url := registrytest.NewSchema(t, registrytest.URL(t))
	owner, behind := registrytest.As(t, url, roles.Owner), connect(t, registrytest.Behind(t, url))
	var name string
	require.NoError(t, behind.QueryRow(t.Context(), `SELECT current_schema()`).Scan(&name))
	_, err := behind.Exec(t.Context(), `DROP SCHEMA `+name+` CASCADE; CREATE SCHEMA `+name+` AUTHORIZATION `+roles.Owner)
	require.NoError(t, err)
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	held := func() (*vault.Vault, error) { return vault.New(master), nil }
	enter := func() error {
		r, err := registry.Open(t.Context(), url, registry.Options{Vault: vault.New(master)})
		if err == nil {
			r.Close()
		}
		return err
	}

	_, err = registry.Migrate(t.Context(), owner, nil)
	require.NoError(t, err)
	require.ErrorIs(t, enter(), registry.ErrNoProof)
	_, err = registry.Migrate(t.Context(), owner, func() (*vault.Vault, error) { return nil, errors.New("no such file") })
	require.ErrorContains(t, err, "vault.key_file is needed here: no such file")
	m, err := registry.Migrate(t.Context(), owner, held)
	require.NoError(t, err)
	require.True(t, m.Proof)
	require.NoError(t, enter())
	m, err = registry.Migrate(t.Context(), owner, nil)
	require.NoError(t, err)
	require.False(t, m.Proof)

	// Another proof, after which the one before lets nobody write; as after a restore of another vault's.
	stolen := connect(t, url)
	require.NoError(t, registry.Enter(t.Context(), stolen, vault.New(master)))
	const write = `INSERT INTO stations_at_work (id, slots) VALUES ('PX-66', 1)`
	require.Empty(t, refusedBy(t.Context(), stolen, write))
	m, err = registry.MigrateAnew(t.Context(), owner, held)
	require.NoError(t, err)
	require.True(t, m.Proof)
	require.Equal(t, "42501", refusedBy(t.Context(), stolen, `DELETE FROM sessions`))
	require.NoError(t, enter())

	// Under 0415, whoever connected first settled it: somebody else, or the office's programs.
	ours, err := registry.ProofOf(vault.New(master), nil)
	require.NoError(t, err)
	for _, first := range []string{"evil", string(ours)} {
		_, err = behind.Exec(t.Context(), `UPDATE office_proof SET salt = NULL, digest = sha256($1)`, []byte(first))
		require.NoError(t, err)
		m, err = registry.Migrate(t.Context(), owner, held)
		require.NoError(t, err)
		require.Equal(t, first == "evil", m.Proof)
		require.NoError(t, enter())
	}
}
