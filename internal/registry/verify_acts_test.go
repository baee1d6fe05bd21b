package registry_test

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// Officers whom the founders of a signedOffice registered.
const (
	latecomer = identity.OfficerID("PD-001-0077") // approves
	dismissed = identity.OfficerID("PD-001-0088") // was revoked
)

func publicKey(t *testing.T, badge identity.OfficerID) []byte {
	t.Helper()
	key, err := x509.MarshalPKIXPublicKey(cast.Known().Of(badge).Public())
	require.NoError(t, err)
	return key
}

func (b *bundle) registerAs(t *testing.T, badge identity.OfficerID, roles ...identity.Role) {
	t.Helper()
	o := identity.Officer{Badge: badge, Unit: "001", Roles: roles}
	require.NoError(t, b.registering(t, o, publicKey(t, badge)))
}

// signedOffice is a registry in which people did something of most kinds.
func signedOffice(t *testing.T) *bundle {
	t.Helper()
	b := newBundle(t)
	b.registerAs(t, latecomer, identity.Approving)
	b.registerAs(t, dismissed, identity.Approving)
	b.stock(t, 3)
	held := b.received(t)
	_, err := b.Decide(t.Context(), identity.Decision{Application: held, Step: identity.StepHold, Round: 1, Officer: dismissed, Reason: identity.Reason{Code: identity.ReasonOther, Note: "he asked"}}, time.Time{})
	require.NoError(t, err)
	revoke := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
	require.NoError(t, b.RevokeOfficer(t.Context(), dismissed, revoke, registrytest.Signed(revoke, statement.Officer(dismissed))))
	second := publicKey(t, "nobody's badge")
	add := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: second}
	require.NoError(t, b.RegisterKey(t.Context(), latecomer, add, registrytest.Signed(add, statement.Officer(latecomer))))
	drop := identity.RevokeKey{Officer: cast.Founders[0], Key: second, Reason: "lost"}
	require.NoError(t, b.RevokeKey(t.Context(), latecomer, drop, registrytest.Signed(drop, statement.Officer(latecomer))))
	number := b.arrived(t)
	require.NoError(t, b.Issue(t.Context(), handOver(number)))
	_, err = b.Decide(t.Context(), identity.Decision{Application: held, Step: identity.StepReject, Round: 1, Officer: latecomer, Reason: identity.Reason{Code: "not-entitled"}}, time.Time{})
	require.NoError(t, err)
	return b
}

// behind does something as a superuser, whom no trigger and no constraint stops.
func (b *bundle) behind(t *testing.T, sql string) {
	t.Helper()
	_, err := b.db.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	tag, err := b.db.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NotZero(t, tag.RowsAffected(), sql)
	_, err = b.db.Exec(t.Context(), `SET session_replication_role = origin`)
	require.NoError(t, err)
}

func TestVerifyActs_AcceptsWhatPeopleDid(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)

	report, err := b.VerifyActs(t.Context())

	require.NoError(t, err)
	require.Greater(t, report.Acts, 10)
	require.Contains(t, report.Founders, cast.Founders[0])
	require.NotContains(t, report.Founders, latecomer)
	require.Equal(t, len(report.Founders)+2, report.Officers)
	require.Zero(t, report.Unsigned)
}

// An office that was not founded yet, as one that came from an earlier release, has records
// that nobody signed; they are counted.
// A station that pauses itself is no officer.
func TestVerifyActs_AStationPausesItself(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 2, false)))
	require.NoError(t, b.PauseItself(t.Context(), press, "the printer is off"))
	resume := identity.ResumeStation{Officer: "SX-C06-0001"}
	require.NoError(t, b.Registry.ResumeStation(t.Context(), press, resume, registrytest.Signed(resume, statement.Station(press))))
	require.NoError(t, b.PauseItself(t.Context(), press, "the printer is off again"))

	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// A station has an application enter Personalization before it takes a blank, and may find none.
func TestVerifyActs_AStationBeginsACard(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, false)))
	number := b.received(t)
	b.enter(t, number, 1, identity.BiometricCapture, identity.Validation, identity.Deduplication, identity.Approval)
	require.NoError(t, errOf(b.Decide(t.Context(), identity.Decision{Application: number, Step: identity.StepApprove, Round: 1, Officer: approver}, time.Time{})))
	b.enter(t, number, 1, identity.DataPreparation)
	require.NoError(t, b.SaveCard(t.Context(), b.card(t, number, 1)))
	require.NoError(t, errOf(b.Enter(t.Context(), registry.StageChange{Application: number, To: identity.Personalization, Attempt: 1, Actor: string(press)})))

	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

func TestVerifyActs_CountsWhatIsOfBefore(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	_, err := b.db.Exec(t.Context(), `ALTER TABLE boxes DROP CONSTRAINT box_has_act`)
	require.NoError(t, err)
	b.behind(t, `UPDATE boxes SET act = NULL, at = at - interval '1 day'`)
	report, err := b.VerifyActs(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Unsigned)

	for _, table := range []string{"acts", "credentials", "officers", "sessions"} {
		_, err := b.db.Exec(t.Context(), `SET session_replication_role = replica; DELETE FROM `+table)
		require.NoError(t, err)
	}
	report, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
	require.Zero(t, report.Officers)
	require.Greater(t, report.Unsigned, 5)
}

// What is changed behind the programs' back, by somebody whom the database does not stop,
// is named.
func TestVerifyActs_NamesWhatWasChanged(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	restore := registrytest.Backup(t, b.url)
	for name, tt := range map[string]struct{ sql, want string }{
		"Approver":            {`UPDATE decisions SET officer = 'GD-01' WHERE step = 'approve'`, "approve by GD-01: nobody signed that"},
		"ApproverEverywhere":  {`WITH d AS (UPDATE decisions SET officer = 'GD-01' WHERE step = 'approve') UPDATE acts SET officer = 'GD-01' WHERE act = 'approve'`, "by GD-01: it is not signed by those whom it names"},
		"ApproverAndKey":      {`WITH d AS (UPDATE decisions SET officer = 'GD-01' WHERE step = 'approve') UPDATE acts SET officer = 'GD-01', key = (SELECT key FROM credentials WHERE officer = 'GD-01') WHERE act = 'approve'`, "by GD-01: its signatures do not fit"},
		"Reason":              {`UPDATE decisions SET reason = 'papers-forged' WHERE step = 'reject'`, "reject by " + string(latecomer) + ": that is not what was signed"},
		"OtherApplication":    {`UPDATE acts SET subject = 'application/00000-00000-0' WHERE act = 'reject'`, "its statement is of another act"},
		"Statement":           {`UPDATE acts SET statement = convert_to(replace(convert_from(statement, 'UTF8'), 'not-entitled', 'papers-forged'), 'UTF8') WHERE act = 'reject'`, "its signatures do not fit"},
		"StatementIsNone":     {`UPDATE acts SET statement = '\x7b7d' WHERE act = 'reject'`, "its statement is of another act"},
		"ActGone":             {`DELETE FROM acts WHERE act = 'hand-over'`, "handed over by"},
		"OneOfTwoGone":        {`DELETE FROM acts WHERE act = 'receive-blanks' AND officer = (SELECT max(officer) FROM acts WHERE act = 'receive-blanks')`, "it is not signed by those whom it names"},
		"ApprovalOfAnother":   {`UPDATE decisions SET round = 2 WHERE step = 'approve'`, "counts for another word on who the applicant is than its trail has it"},
		"DecisionGone":        {`DELETE FROM decisions WHERE step = 'approve'`, "approve of application/"},
		"HandOver":            {`UPDATE cards SET proof = 'BC-1' WHERE handed_over_by <> ''`, "that is not what was signed"},
		"HandOverMoved":       {`UPDATE cards SET handed_over_by = 'GD-01' WHERE handed_over_by <> ''`, "handed over by GD-01: nobody signed that"},
		"ReceivedAtNoTime":    {`ALTER TABLE consignments DROP CONSTRAINT received_when; UPDATE consignments SET received_at = NULL WHERE state = 'received'`, "that is not what was signed"},
		"SentAtNoTime":        {`UPDATE consignments SET sent_at = NULL WHERE state = 'received'`, "that is not what was signed"},
		"SentByNobody":        {`UPDATE consignments SET sent_by = '', sent_at = NULL, sent_act = NULL WHERE state = 'received'`, "send of consignment/"},
		"SealedByNobody":      {`UPDATE consignments SET sealed_by = '', sealed_act = NULL WHERE state = 'received'`, "is received, and nobody sealed it"},
		"FoundedLater":        {`WITH l AS (UPDATE decisions SET officer = 'GD-01', request = 'none' WHERE step = 'approve') UPDATE credentials SET added_at = now() + interval '1 day' WHERE act IS NULL`, "approve by GD-01: nobody signed that"},
		"FoundersKeyLater":    {`UPDATE credentials SET added_at = now() + interval '1 day' WHERE act IS NULL`, "the key of QT-C06-0001 was not valid then"},
		"Courier":             {`UPDATE consignments SET courier = 'another' WHERE sent_by <> ''`, "that is not what was signed"},
		"Count":               {`UPDATE consignments SET counted = counted + 1 WHERE received_by <> ''`, "that is not what was signed"},
		"Box":                 {`UPDATE boxes SET counted_by = 'GD-01'`, "that is not what was signed"},
		"OfficerAdded":        {`INSERT INTO officers (badge, unit, roles, act) SELECT 'XX-1', 'center', '{approving}', id FROM acts WHERE act = 'register-officer' LIMIT 1`, "officer XX-1 is registered by no act of two administrators"},
		"KeyAdded":            {`INSERT INTO credentials (key, officer, act) SELECT '\x302a300506032b6570032100'::bytea || sha256('x'), '` + string(latecomer) + `', id FROM acts WHERE act = 'register-officer' LIMIT 1`, "officer " + string(latecomer) + " has a key that no act of two administrators gave him"},
		"KeyOfAFounderAdded":  {`INSERT INTO credentials (key, officer) VALUES ('\x302a300506032b6570032100'::bytea || sha256('x'), 'QT-C06-0001')`, "founder QT-C06-0001 has a second key that nobody registered"},
		"KeyMoved":            {`UPDATE credentials SET officer = 'GD-01' WHERE officer = '` + string(latecomer) + `' AND revoked_at IS NULL`, "officer GD-01 has a key that no act of two administrators gave him"},
		"KeyGone":             {`DELETE FROM credentials WHERE officer = '` + string(latecomer) + `'`, "officer " + string(latecomer) + ": a key was registered, and is gone"},
		"KeyValidAgain":       {`UPDATE credentials SET revoked_at = NULL WHERE revoked_at IS NOT NULL`, "officer " + string(latecomer) + ": whether a key is revoked is not what was signed"},
		"Roles":               {`UPDATE officers SET roles = '{approving,administrator}' WHERE badge = '` + string(latecomer) + `'`, "officer " + string(latecomer) + ": unit, roles or times are not what two administrators signed"},
		"Unit":                {`UPDATE officers SET unit = 'center' WHERE badge = '` + string(latecomer) + `'`, "officer " + string(latecomer) + ": unit, roles or times are not what two administrators signed"},
		"ValidAgain":          {`UPDATE officers SET revoked_at = NULL WHERE badge = '` + string(dismissed) + `'`, "officer " + string(dismissed) + ": whether he is revoked is not what was signed"},
		"RevocationGone":      {`DELETE FROM acts WHERE act = 'revoke-officer'`, "officer " + string(dismissed) + ": whether he is revoked is not what was signed"},
		"OfficerGone":         {`DELETE FROM officers WHERE badge = '` + string(latecomer) + `'`, "officer " + string(latecomer) + " was registered, and is gone"},
		"RegistrationGone":    {`DELETE FROM acts WHERE act = 'register-officer'`, "officer " + string(latecomer) + " is registered by no act of two administrators"},
		"AdministratorNoMore": {`UPDATE officers SET roles = '{auditor}' WHERE badge = 'QT-C06-0002'`, "officer " + string(latecomer) + " is registered by no act of two administrators"},
		"FounderIsNone":       {`UPDATE officers SET founder = false, act = 'x' WHERE badge = 'QT-C06-0002'`, "officer QT-C06-0002 is registered by no act of two administrators"},
		"FounderChanged":      {`UPDATE officers SET act = 'x', roles = '{approving}' WHERE badge = 'KT-C06-0001'`, "founder KT-C06-0001 was changed by no act of two administrators"},
		"AfterRevocation":     {`UPDATE acts SET at = at + interval '2 hours' WHERE officer = '` + string(dismissed) + `'`, string(dismissed) + " could not do it then"},
		"BeforeRegistration":  {`UPDATE acts SET at = at - interval '2 hours' WHERE act = 'reject'`, "the key of " + string(latecomer) + " was not valid then"},
		"OtherProvince":       {`UPDATE applications SET province = '079', destination = '' WHERE number IN (SELECT application FROM decisions WHERE step = 'reject')`, string(latecomer) + " could not do it then"},
		"StationsKind":        {`UPDATE stations SET kind = 'personalization'`, "station 001-TN-01: province, name, address, hours or key"},
		"StationsKey":         {`UPDATE stations SET public_key = sha256('another')`, "station 001-TN-01: province, name, address, hours or key"},
		"StationRevoked":      {`UPDATE stations SET revoked = true`, "station 001-TN-01: province, name, address, hours or key, or whether it is revoked, is not what administrators signed"},
		"StationGone":         {`DELETE FROM stations`, "station 001-TN-01 was registered, and is gone"},
		"Competence":          {`INSERT INTO competences VALUES ('approve', 'stock')`, "role stock is allowed to approve, by nobody's decision"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // one office, which is put right again
			defer restore()
			b.behind(t, tt.sql)

			_, err := b.VerifyActs(t.Context())

			require.ErrorIs(t, err, identity.Conflict)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// What became of cards and persons by nobody who signed it, and in no word of another register
// or of a holder, is named; and so is where it was taken away.
func TestVerifyActs_NamesWhatNobodySaid(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	kept, other := b.lives(t)
	require.NoError(t, b.MergePersons(t.Context(), kept.ID, merge(kept, other)))
	b.endings(t)
	require.NoError(t, b.SeedCitizen(t.Context(), registry.Citizen{Person: identity.Person{Number: "001201888889", Name: identity.Name{Text: "Nguyễn Thị Ánh"}}, Status: identity.Alive}))
	live, _ := b.issued(t, holder)
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
	restore := registrytest.Backup(t, b.url)
	programs := b.asProgram(t)
	const lost = "became reported-lost by holder, and nothing is behind it"
	ofLive := ` WHERE application = '` + string(live) + `'`
	for name, tt := range map[string]struct {
		superuser bool
		sql, want string
	}{
		"LostByHolder":      {false, `UPDATE cards SET state = 'reported-lost', changed_by = 'holder', changed_act = NULL, changed_at = now(), reason = 'at the portal'` + ofLive, lost},
		"ReportAdded":       {false, `INSERT INTO card_reports (card, became, by_whom, reason, seq, mac) SELECT id, 'lapsed', 'system', '', 9, 'x' FROM cards` + ofLive, "card_reports: line 9"},
		"ReportGone":        {true, `DELETE FROM card_reports WHERE by_whom = 'holder'`, lost},
		"ReportedLifeGone":  {true, `DELETE FROM card_life WHERE by_whom = 'holder'`, "as was reported, and its history does not say so"},
		"LifeOfBefore":      {true, `UPDATE card_life SET txid = NULL WHERE by_whom = 'system'`, "nothing is behind it"},
		"RevokedBySystem":   {true, `INSERT INTO card_life (card, was, became, reason, by_whom) SELECT id, 'live', 'revoked', 'x', 'system' FROM cards` + ofLive, "became revoked by system, and nothing is behind it"},
		"OldCard":           {true, `UPDATE cards SET old_card = 'lost', old_card_reason = 'x'` + ofLive, "that is not what was signed"},
		"HandedOverEarlier": {true, `UPDATE cards SET handed_over_at = handed_over_at - interval '1 year'` + ofLive, "that is not what was signed"},
		"PersonApart":       {true, `UPDATE citizens SET same_as = NULL`, "is not recorded"},
		"PersonMerged":      {false, `UPDATE citizens SET same_as = (SELECT min(id) FROM citizens WHERE same_as IS NULL) WHERE id = (SELECT max(id) FROM citizens WHERE same_as IS NULL)`, "and nobody signed that"},
		"MergedGone":        {true, `DELETE FROM person_changes WHERE change = 'merged' AND actor = 'system'`, "and his history does not say so"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // one office, which is put right again
			defer restore()
			if tt.superuser {
				b.behind(t, tt.sql)
			} else {
				tag, err := programs.Exec(t.Context(), tt.sql)
				require.NoError(t, err)
				require.NotZero(t, tag.RowsAffected())
			}

			require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), tt.want)
		})
	}
}

// A true statement that was never taken in, as it was refused, or had run out, is no act of
// whoever has the database's password and puts it there.
func TestVerifyActs_NamesAStatementThatNobodyTookIn(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	number := b.received(t)
	old := registrytest.Signed(identity.Hold{Officer: approver, Reason: "other: he asked"}, statement.Application(number))
	signature := old.Signatures[0]
	put := `INSERT INTO acts (id, officer, act, subject, key, statement, signature, mac) VALUES ($1, $2, 'hold', $3, $4, $5, $6, $7)`
	args := []any{old.ID(), string(approver), statement.Application(number), signature.Key, old.Statement, signature.Value, []byte("made up")}
	programs := b.asProgram(t)

	_, err := programs.Exec(t.Context(), strings.Replace(put, ", $7)", ", NULL)", 1), args[:6]...)
	require.Equal(t, "act_has_code", constraintOf(err))
	_, err = programs.Exec(t.Context(), put, args...)
	require.NoError(t, err)

	require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), "hold on "+statement.Application(number)+" by "+string(approver)+": no program of the office took it in")
}

// Nor is one that had run out, of whoever has the vault's key as well; and no row says
// otherwise than its statement.
func TestVerifyActs_NamesAStatementThatHadRunOut(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	number := b.received(t)
	act, subject := identity.Hold{Officer: approver, Reason: "other: he asked"}, statement.Application(number)
	put := func(at time.Time, subject string, put func(sql string) error) error {
		old := registrytest.SignedAt(at, act, statement.Application(number), "")
		signature := old.Signatures[0]
		code, err := registry.CodeOfAct(b.Registry, old.ID(), approver, old.Statement, signature.Value)
		require.NoError(t, err)
		return put(fmt.Sprintf(`INSERT INTO acts (id, officer, act, subject, key, statement, signature, mac) VALUES ('%s', '%s', 'hold', '%s', '\x%x', '\x%x', '\x%x', '\x%x')`,
			old.ID(), approver, subject, signature.Key, old.Statement, signature.Value, code))
	}
	programs := b.asProgram(t)
	asProgram := func(sql string) error { _, err := programs.Exec(t.Context(), sql); return err }
	now := b.now(t)

	require.Equal(t, "act_in_its_time", constraintOf(put(now.Add(-30*24*time.Hour), subject, asProgram)))
	require.Equal(t, "act_in_its_time", constraintOf(put(now.Add(-25*time.Hour), subject, asProgram)))
	require.Equal(t, "act_not_so_far_ahead", constraintOf(put(now.Add(32*time.Minute), subject, asProgram)))
	require.Equal(t, "act_as_signed", constraintOf(put(now, statement.Office, asProgram)))
	require.NoError(t, put(now.Add(-89*time.Minute), subject, asProgram), "the engine may have taken it in, and found the registry away")
	require.NotContains(t, errOf(b.VerifyActs(t.Context())).Error(), "run out")

	require.NoError(t, put(now.Add(-25*time.Hour), subject, func(sql string) error { b.behind(t, sql); return nil }))
	require.ErrorContains(t, errOf(b.VerifyActs(t.Context())), "hold on "+subject+" by "+string(approver)+": its statement had run out when it was recorded")
}

// Who does something else under the identifier of another officer's act is refused, and makes
// neither look forged.
func TestActs_AnIdentifierIsOneStatements(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	var id string
	require.NoError(t, b.db.QueryRow(t.Context(), `SELECT id FROM acts WHERE act = 'approve' LIMIT 1`).Scan(&id))
	login := identity.LogIn{Officer: "KT-C06-0001"}

	_, err := b.BeginSession(t.Context(), login, registrytest.SignedAs(login, statement.Office, id), "token", registry.LogIns{AnHour: 50, Open: 5})

	require.ErrorContains(t, err, "id: belongs to another act")
	require.NoError(t, errOf(b.VerifyActs(t.Context())))
}

// However much was changed, the answer stays short.
func TestVerifyActs_NamesAtMostSoMany(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	b.behind(t, `INSERT INTO officers (badge, unit, roles, act) SELECT 'XX-' || n, 'center', '{approving}', 'x' FROM generate_series(1, 150) n`)

	_, err := b.VerifyActs(t.Context())

	require.ErrorContains(t, err, "50 more acts or records do not fit")
	require.Equal(t, 101, strings.Count(err.Error(), "\n")+1)
	require.Equal(t, 150, strings.Count(errOf(b.NamingAll().VerifyActs(t.Context())).Error(), "\n")+1)
}

// Acts that nobody signed have a line for each key, however many they are: they hide no true
// statement that was put there, and what rests on it is named.
func TestVerifyActs_AFloodOfActsHidesNothing(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	number := b.received(t)
	subject := statement.Application(number)
	programs := b.asProgram(t)
	_, err := programs.Exec(t.Context(), `
		INSERT INTO acts (id, officer, act, subject, key, statement, signature, mac)
		SELECT id, 'KT-C06-0001', 'log-in', 'office', key, convert_to(jsonb_build_object('id', id, 'act', 'log-in', 'subject', 'office', 'until', now())::text, 'UTF8'), 'x', 'x'
		FROM credentials, (SELECT lpad(n::text, 4, '0') AS id FROM generate_series(1, 150) n) ids WHERE officer = 'KT-C06-0001'`)
	require.NoError(t, err)
	forged := registrytest.Signed(identity.Approve{Officer: approver}, subject)
	_, err = programs.Exec(t.Context(), `INSERT INTO acts (id, officer, act, subject, key, statement, signature, mac) VALUES ($1, $2, 'approve', $3, $4, $5, $6, 'x')`,
		forged.ID(), string(approver), subject, forged.Signatures[0].Key, forged.Statement, forged.Signatures[0].Value)
	require.NoError(t, err)
	_, err = programs.Exec(t.Context(), `INSERT INTO decisions (application, step, round, officer, enrolled_by, request, stage) SELECT number, 'approve', 1, $2, officer, $3, stage FROM applications WHERE number = $1`,
		string(number), string(approver), forged.ID())
	require.NoError(t, err)

	err = errOf(b.VerifyActs(t.Context()))

	require.ErrorContains(t, err, "150 acts in the name of KT-C06-0001")
	require.ErrorContains(t, err, "act "+forged.ID()+", approve on "+subject+" by "+string(approver)+": no program of the office took it in")
	require.ErrorContains(t, err, "application "+string(number)+": approve by "+string(approver)+": the act behind it is not in order: "+forged.ID())
}

// With the programs' password in hand one can add what looks true, and each is named.
func TestVerifyActs_NamesWhatTheProgramsRoleAdds(t *testing.T) {
	t.Parallel()
	b := signedOffice(t)
	waiting := b.received(t)
	child, _, err := b.registers(t, newborn())
	require.NoError(t, err)
	restore := registrytest.Backup(t, b.url)
	programs := b.asProgram(t)
	forged := `INSERT INTO acts (id, officer, act, subject, key, statement, signature, mac)
		SELECT 'X', 'PD-001-0001', 'approve', 'application/` + string(waiting) + `', key, (
			SELECT convert_to((convert_from(statement, 'UTF8')::jsonb || jsonb_build_object('id', 'X', 'subject', 'application/` + string(waiting) + `'))::text, 'UTF8')
			FROM acts WHERE act = 'approve' LIMIT 1), 'x', 'x' FROM credentials WHERE officer = 'PD-001-0001'`
	entry := func(actor, event, reason string) string {
		return `INSERT INTO audit (application, actor, event, reason) VALUES ('` + string(waiting) + `', '` + actor + `', '` + event + `', '` + reason + `')`
	}
	again := func(event, reason string) string {
		return `INSERT INTO audit (application, actor, event, reason) SELECT application, actor, event, '` + reason + `' FROM audit WHERE event LIKE '` + event + `%'`
	}
	for name, tt := range map[string]struct {
		sql  []string
		want string
	}{
		"Act":           {[]string{forged}, "act X, approve on application/" + string(waiting) + " by PD-001-0001: its signatures do not fit"},
		"Decision":      {[]string{forged, `INSERT INTO decisions (application, step, round, officer, enrolled_by, request) SELECT number, 'approve', 1, 'PD-001-0001', officer, 'X' FROM applications WHERE number = '` + string(waiting) + `'`}, "approve by PD-001-0001: that is not what was signed"},
		"Officer":       {[]string{`INSERT INTO officers (badge, unit, roles, act) VALUES ('XX-1', 'center', '{approving}', 'X')`}, "officer XX-1 is registered by no act of two administrators"},
		"Key":           {[]string{`INSERT INTO credentials (key, officer, act) VALUES ('\x302a300506032b6570032100'::bytea || sha256('x'), 'PD-001-0001', 'X')`}, "officer PD-001-0001 has a key that no act of two administrators gave him"},
		"Roles":         {[]string{`UPDATE officers SET roles = '{approving,administrator}' WHERE badge = '` + string(latecomer) + `'`}, "officer " + string(latecomer) + ": unit, roles or times are not what two administrators signed"},
		"Revoked":       {[]string{`UPDATE officers SET revoked_at = NULL WHERE badge = '` + string(dismissed) + `'`}, "officer " + string(dismissed) + ": whether he is revoked is not what was signed"},
		"Stage":         {[]string{`UPDATE applications SET stage = 'BiometricCapture' WHERE number = '` + string(waiting) + `'`}, "is at BiometricCapture, and by its trail at Received"},
		"Entry":         {[]string{entry("PD-001-0001", "approve", "")}, "approve by PD-001-0001: nobody signed that"},
		"EntryWithAct":  {[]string{strings.ReplaceAll(forged, "'approve'", "'hold'") + `; ` + entry("PD-001-0001", "hold", "")}, "hold by PD-001-0001: that is not what was signed"},
		"EntryOfTwo":    {[]string{entry("TK-01 and TK-02", "destroyed card 1", "")}, "destroyed card 1 by TK-01 and TK-02: nobody signed that"},
		"EntryOfOther":  {[]string{entry("PD-001-0001", "awaits approval", "")}, "awaits approval by PD-001-0001: nobody signed that"},
		"EntryOfSystem": {[]string{entry("system", "approve", "")}, "approve by system: nobody who is registered did that"},
		"EntryOfNobody": {[]string{entry("EVE", "received", "")}, "received by EVE: nobody who is registered did that"},
		"EntryMismatch": {[]string{entry("CB-001-0012", "finger did not match, try 1", "")}, "finger did not match, try 1 by CB-001-0012: nobody signed that"},
		"EntryOfGhost":  {[]string{entry("GHOST-1", "fee paid", "receipt R-1")}, "fee paid by GHOST-1: nobody who is registered did that"},
		"EntryAlike":    {[]string{entry("РD-001-0001", "revoked card 1", "forged papers")}, "revoked card 1 by РD-001-0001: nobody who is registered did that"},
		"EntryByOrder":  {[]string{entry("PD-001-0001 (by order)", "missed card 1 of C-000001", "")}, "by PD-001-0001 (by order): nobody who is registered did that"},
		"EntryOfFee":    {[]string{entry("system", "fee refunded", "receipt R-1")}, "fee refunded by system: nobody who is registered did that"},
		"EntryHolder":   {[]string{entry("holder", "opened C-000001 again", "")}, "opened C-000001 again by holder: nobody who is registered did that"},
		"EntryReport":   {[]string{entry("holder", "card 1 is reported-lost", "at the portal")}, "card 1 is reported-lost by holder: the card did not become so then"},
		"EntryEnded":    {[]string{entry("system", "card 1 is withdrawn", "")}, "card 1 is withdrawn by system: the card did not become so then"},
		"EntryStage":    {[]string{entry("system", "entered Approval", "")}, "is at Received, and by its trail at Approval"},
		"EntryBlank":    {[]string{entry("PX-01", "took blank PT9999 for card 1", "")}, "blank PT9999 was never moved for it"},
		"MadeUpCard":    {[]string{`INSERT INTO cards (state, citizen, serial, form, issued) VALUES ('live', sha256('made up'), 'FEEDFACE00000001', 'can-cuoc', '2026-11-01')`}, "the card FEEDFACE00000001 is none that this office made, and nobody imported it"},
		"EntrySettled":  {[]string{entry("system", "fee settled", "by order")}, "fee settled by system: the books have nothing of that"},
		"EntryPerson":   {[]string{entry("system", "is of person EVIL", "")}, "is of person EVIL by system: the books have nothing of that"},
		"EntryPacked":   {[]string{entry("system", "packed card 1 into C-000009", "")}, "packed card 1 into C-000009 by system: the books have nothing of that"},
		"EntryDid":      {[]string{entry("system", "did unblock-signature of card 1", "")}, "did unblock-signature of card 1 by system: the books have nothing of that"},
		"EntrySpoiled":  {[]string{entry("system", "spoiled card 1 with blank PT00000201", "")}, "spoiled card 1 with blank PT00000201 by system: the books have nothing of that"},
		"EntryErased":   {[]string{entry("system", "erased what says something about the person", "")}, "that its evidence was erased is said by its record alone, or by its trail"},
		"EntryMade":     {[]string{`INSERT INTO stations_at_work (id, slots) VALUES ('PX-07', 1)`, entry("PX-07", "inspected card 1", "")}, "inspected card 1 by PX-07: the books have nothing of that"},
		"EntryTwice":    {[]string{entry("system", "prepared card 1", ""), entry("system", "prepared card 1", "")}, "prepared card 1 is in the trail 2 times"},
		"Waits":         {[]string{`UPDATE applications SET awaiting = 'attention', awaiting_why = 'x' WHERE number = '` + string(waiting) + `'`}, "what it waits for, or why, is not what its trail says last"},
		"WhyItEnded":    {[]string{`UPDATE applications SET reason = 'forged-document' WHERE number = '` + string(waiting) + `'`}, "is said to have ended as forged-document"},
		"CardOfNone":    {[]string{`UPDATE applications SET attempt = 5 WHERE number = '` + string(waiting) + `'`}, "is said to have card 5 made, and by its other cards it has not"},
		"CardAhead":     {[]string{`UPDATE applications SET attempt = attempt + 1 WHERE stage = 'Issued'`}, "is said to have card 2 made, and by its other cards it has not"},
		"WaitGone":      {[]string{entry("system", "awaits recapture", "poor")}, "its trail says that it waits for recapture, and it does not"},
		"EntryForth":    {[]string{entry("system", "entered Approval", ""), entry("system", "entered Received", "")}, "entered Approval by system: no step leads there from Received"},
		"EntryElse":     {[]string{entry("system", "is of person "+string(child.ID), "")}, "is of person " + string(child.ID) + " by system: the books have nothing of that"},
		"EntryTook":     {[]string{again("took blank", "")}, "is in the trail 2 times, and in the books 1 times"},
		"EntryRepacked": {[]string{again("packed card", "")}, "is in the trail 2 times"},
		"EntryReason":   {[]string{again("took blank", "invented")}, "has a reason that no program gives"},
		"EntryCard":     {[]string{entry("system", "prepared card 7", "")}, "the trail tells of card 7, and there is none"},
		"Refusal":       {[]string{`INSERT INTO refused_acts (act, subject, claimed, why, statement, digest, seq, mac) VALUES ('approve', 'office', 'EVE', 'no', 'x', 'x', 1, 'x')`}, "refused_acts: line 1, or what was before it, was changed, added or removed"},
		"Decoding":      {[]string{`INSERT INTO decodes (officer, payloads, named, redacted, seq, mac) VALUES ('PD-001-0001', 1, '{}', true, 1, 'x')`}, "decodes: line 1"},
		"LookUp":        {[]string{`INSERT INTO reads (officer, subject, what, seq, mac) VALUES ('PD-001-0001', 'card/1', 'card', 1, 'x')`}, "reads: line 1"},
		"StationAct":    {[]string{`INSERT INTO stations_at_work (id, slots) VALUES ('PX-07', 1)`, `INSERT INTO station_acts (station, actor, act, reason) VALUES ('PX-07', 'SX-C06-0001', 'pause', 'x')`}, "station PX-07: 1 pause by officers are recorded, and fewer were signed"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // one office, which is put right again
			defer restore()
			for _, sql := range tt.sql {
				_, err := programs.Exec(t.Context(), sql)
				require.NoError(t, err)
			}

			_, err := b.VerifyActs(t.Context())

			require.ErrorIs(t, err, identity.Conflict)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
