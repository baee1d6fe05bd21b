package registry

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/vault"
)

// Submission is an application that was checked, with what goes to the vault.
type Submission struct {
	Application identity.Application
	Rules       identity.Rules
	Digest      [32]byte // SHA-256 of the submission: the same submission, the same digest
	Evidence    map[identity.EvidenceKind][]byte
}

// Receipt is what a submission got.
type Receipt struct {
	Number   identity.ApplicationNumber
	Existing bool
}

// Receive stores a submission with all its evidence, in one transaction. The same
// submission again gets the same number; another under the same identifier is
// refused.
func (r *Registry) Receive(ctx context.Context, s Submission) (Receipt, error) {
	if receipt, err := r.existing(ctx, s); err != nil || receipt.Existing {
		return receipt, err
	}
	number, err := identity.NewApplicationNumber(rand.Reader)
	if err != nil {
		return Receipt{}, fmt.Errorf("draw application number: %w", err)
	}
	err = r.receive(ctx, number, s)
	switch {
	case violates(err, "one_application_per_enrollment"), violates(err, "one_open_application_per_citizen_and_ground"):
		// Another copy was faster, or another application is open.
		if receipt, err := r.existing(ctx, s); err != nil || receipt.Existing {
			return receipt, err
		}
		return Receipt{}, r.refuseSecondApplication(ctx, s)
	case err != nil:
		return Receipt{}, fail("receive application", err)
	}
	return Receipt{Number: number}, nil
}

// existing finds an earlier submission under the same identifier.
func (r *Registry) existing(ctx context.Context, s Submission) (Receipt, error) {
	var number identity.ApplicationNumber
	var digest []byte
	err := r.db.QueryRow(ctx, `SELECT number, digest FROM applications WHERE station = $1 AND enrollment_id = $2`,
		s.Application.Station, s.Application.EnrollmentID).Scan(&number, &digest)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Receipt{}, nil
	case err != nil:
		return Receipt{}, fail("look for an earlier submission", err)
	case !bytes.Equal(digest, s.Digest[:]):
		return Receipt{}, identity.RefuseField(identity.Conflict, "enrollment_id", "was used by this station for application %s, whose content is another", number)
	}
	return Receipt{Number: number, Existing: true}, nil
}

// refuseSecondApplication names the application that is in the way.
func (r *Registry) refuseSecondApplication(ctx context.Context, s Submission) error {
	var number identity.ApplicationNumber
	err := r.db.QueryRow(ctx, `
		SELECT number FROM applications
		WHERE personal_number = $1 AND ground = $2 AND stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired')`,
		string(s.Application.Person.Number), s.Application.Ground).Scan(&number)
	if err != nil {
		return fail("look for the open application", err)
	}
	return identity.RefuseField(identity.Conflict, "person.number", "has an open application on the same ground: %s", number)
}

// receive stores it all in one round trip, which is one transaction.
func (r *Registry) receive(ctx context.Context, number identity.ApplicationNumber, s Submission) error {
	a := s.Application
	person, err := json.Marshal(a.Person)
	if err != nil {
		return fmt.Errorf("write person: %w", err)
	}
	representative, err := json.Marshal(a.Representative)
	if err != nil {
		return fmt.Errorf("write representative: %w", err)
	}
	destination := a.Station
	if a.Delivery == identity.Post {
		destination = identity.DestinationPost
	}
	sealed, err := r.vault.SealNew(string(number), 1, blobs(s.Evidence))
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		WITH received AS (
			INSERT INTO applications (number, stage, due, station, enrollment_id, officer, digest, province, type, ground, channel,
				filed_on, delivery, delivery_to, destination, urgent, exemption, representative, personal_number, person,
				law, form, processing_days, fee, expiry)
			VALUES (@number, @stage, @due, @station, @enrollment_id, @officer, @digest,
				coalesce((SELECT province FROM stations WHERE id = @station), ''), @type, @ground, @channel,
				@filed_on, @delivery, @delivery_to, @destination, @urgent, @exemption, @representative, @personal_number, @person,
				@law, @form, @processing_days, @fee, @expiry)
			RETURNING number
		)
		INSERT INTO audit (application, actor, event, reason) SELECT number, @officer, 'received', '' FROM received`,
		pgx.StrictNamedArgs{
			"number": number, "stage": identity.Received, "due": s.Rules.Due, "station": a.Station, "enrollment_id": a.EnrollmentID,
			"officer": a.Officer, "digest": s.Digest[:], "type": a.Type, "ground": a.Ground, "channel": a.Channel,
			"filed_on": a.FiledOn.Midnight(), "delivery": a.Delivery, "delivery_to": a.DeliveryTo, "destination": destination,
			"urgent": a.Urgent, "exemption": a.Exemption, "representative": representative,
			"personal_number": string(a.Person.Number), "person": person,
			"law": s.Rules.Law, "form": s.Rules.Form, "processing_days": s.Rules.ProcessingDays, "fee": s.Rules.Fee,
			"expiry": s.Rules.Expiry.String(),
		})
	sealed.Queue(batch)
	if s.Evidence[identity.EvidenceTemplates] != nil {
		batch.Queue(enlist, number, 1)
	}
	return r.db.SendBatch(ctx, batch).Close()
}

// blobs are evidence as the vault takes it; a kind without content is not there.
func blobs(evidence map[identity.EvidenceKind][]byte) []vault.Blob {
	list := make([]vault.Blob, 0, len(evidence))
	for kind, b := range evidence {
		if b != nil {
			list = append(list, vault.Blob{Kind: string(kind), Plaintext: b})
		}
	}
	return list
}

// enlist puts a round of capture into the gallery, as the last statement of its
// transaction. The lock makes commit order and sequence order one, so that a
// reader that asks for what came after the last entry it saw misses none.
const enlist = `
	WITH turn AS (SELECT pg_advisory_xact_lock(hashtext('gallery'))),
	     held AS (SELECT count(*) AS n FROM turn)
	INSERT INTO gallery (application, round) SELECT $1, $2 FROM held
	ON CONFLICT (application, round) DO UPDATE SET seq = DEFAULT`

// Evidence opens a blob, or refuses with NotFound.
func (r *Registry) Evidence(ctx context.Context, number identity.ApplicationNumber, kind identity.EvidenceKind, attempt int) ([]byte, error) {
	return r.vault.Get(ctx, r.db, vault.Key{Application: string(number), Kind: string(kind), Attempt: attempt})
}

// EvidenceOf gives what the vault has of what is wanted, in one round trip.
func (r *Registry) EvidenceOf(ctx context.Context, number identity.ApplicationNumber, wanted ...EvidenceKey) (Evidence, error) {
	batch := &pgx.Batch{}
	queueEvidence(batch, number, wanted)
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	return r.readEvidence(results, number)
}

// EvidenceKey names evidence of an application.
type EvidenceKey struct {
	Kind identity.EvidenceKind
	// Attempt is the card's, or the round of capture. What a round did not bring
	// again is the earlier round's; round 0 is the last one that was accepted.
	Attempt int
}

// Evidence is what the vault had of what was wanted.
type Evidence map[identity.EvidenceKind][]byte

// Get gives the evidence of a kind, or refuses with NotFound.
func (e Evidence) Get(kind identity.EvidenceKind) ([]byte, error) {
	if b, ok := e[kind]; ok {
		return b, nil
	}
	return nil, identity.Refuse(identity.NotFound, "the vault has no %s of it", kind)
}

// ofCapture are the kinds of which a round brings some and leaves others.
var ofCapture = []identity.EvidenceKind{identity.EvidencePortrait, identity.EvidenceLeftIndex, identity.EvidenceRightIndex, identity.EvidenceTemplates}

// queueEvidence asks for evidence, as a part of a batch.
func queueEvidence(batch *pgx.Batch, number identity.ApplicationNumber, wanted []EvidenceKey) {
	kinds, attempts, captures := make([]string, len(wanted)), make([]int, len(wanted)), make([]bool, len(wanted))
	for i, w := range wanted {
		kinds[i], attempts[i], captures[i] = string(w.Kind), w.Attempt, slices.Contains(ofCapture, w.Kind)
	}
	batch.Queue(`
		SELECT DISTINCT ON (b.kind) b.kind, b.attempt, b.sealed, k.wrapped
		FROM applications a
		CROSS JOIN unnest(@kinds::text[], @attempts::int[], @captures::bool[]) AS w (kind, attempt, capture)
		JOIN vault_blobs b ON b.application = a.number AND b.kind = w.kind
			AND CASE WHEN w.capture THEN b.attempt <= coalesce(nullif(w.attempt, 0), a.capture_round) ELSE b.attempt = w.attempt END
		LEFT JOIN vault_keys k ON k.application = a.number
		WHERE a.number = @number
		ORDER BY b.kind, b.attempt DESC`,
		pgx.StrictNamedArgs{"number": number, "kinds": kinds, "attempts": attempts, "captures": captures})
}

// readEvidence opens what queueEvidence asked for.
func (r *Registry) readEvidence(results pgx.BatchResults, number identity.ApplicationNumber) (Evidence, error) {
	rows, _ := results.Query() // ForEachRow reports the error
	evidence := make(Evidence)
	key := vault.Key{Application: string(number)}
	var sealed, wrapped []byte
	_, err := pgx.ForEachRow(rows, []any{&key.Kind, &key.Attempt, &sealed, &wrapped}, func() error {
		plain, err := r.vault.Open(key, sealed, wrapped)
		evidence[identity.EvidenceKind(key.Kind)] = plain
		return err
	})
	return evidence, fail("read evidence", err)
}

// Capture stores the new evidence of a recapture, before the workflow is told.
// The same round again replaces it, until the workflow has accepted the round.
func (r *Registry) Capture(ctx context.Context, number identity.ApplicationNumber, round int, officer identity.OfficerID, evidence map[identity.EvidenceKind][]byte) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var at int
		if err := tx.QueryRow(ctx, `SELECT capture_round FROM applications WHERE number = $1 FOR NO KEY UPDATE`, number).Scan(&at); err != nil {
			return found(err, "there is no application %s", number)
		}
		if round != at+1 {
			return identity.RefuseField(identity.Conflict, "round", "the next capture of application %s is round %d", number, at+1)
		}
		_, err := tx.Exec(ctx, `DELETE FROM vault_blobs WHERE application = $1 AND attempt = $2 AND kind = ANY($3)`,
			number, round, []string{string(identity.EvidencePortrait), string(identity.EvidenceLeftIndex), string(identity.EvidenceRightIndex), string(identity.EvidenceTemplates)})
		if err != nil {
			return err
		}
		sealed, err := r.vault.Seal(ctx, tx, string(number), round, blobs(evidence))
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		sealed.Queue(batch)
		batch.Queue(`INSERT INTO audit (application, actor, event, reason) VALUES ($1, $2, 'captured round ' || $3::int, '')`, number, officer, round)
		if evidence[identity.EvidenceTemplates] != nil {
			batch.Queue(enlist, number, round)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	return fail("store capture", err)
}

// Probe stores a finger laid on the reader, and says which try it is. A try whose
// finger was not stored is no harm: it is not found.
func (r *Registry) Probe(ctx context.Context, number identity.ApplicationNumber, template []byte) (int, error) {
	var try int
	err := r.db.QueryRow(ctx, `UPDATE applications SET probes = probes + 1 WHERE number = $1 RETURNING probes`, number).Scan(&try)
	if err != nil {
		return 0, fail("store probe", found(err, "there is no application %s", number))
	}
	err = r.vault.Put(ctx, r.db, vault.Key{Application: string(number), Kind: string(identity.EvidenceProbe), Attempt: try}, template)
	return try, fail("store probe", err)
}

// Shred destroys the data key of an application, so that nothing that the vault
// has of it can ever be read again. It says who did it and why; a second call
// changes nothing.
func (r *Registry) Shred(ctx context.Context, number identity.ApplicationNumber, officer identity.OfficerID, reason string) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var shredded bool
		err := tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM vault_keys k WHERE k.application = a.number AND k.wrapped IS NULL)
			FROM applications a WHERE number = $1 FOR NO KEY UPDATE`, number).Scan(&shredded)
		if err != nil || shredded {
			return found(err, "there is no application %s", number)
		}
		if err := r.vault.Shred(ctx, tx, string(number)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO audit (application, actor, event, reason) VALUES ($1, $2, 'shredded evidence', $3)`, number, officer, reason)
		return err
	})
	return fail("shred evidence", err)
}

// MarkStarted notes that the application's workflow was started.
func (r *Registry) MarkStarted(ctx context.Context, number identity.ApplicationNumber) error {
	_, err := r.db.Exec(ctx, `UPDATE applications SET started_at = now() WHERE number = $1 AND started_at IS NULL`, number)
	return fail("note start", err)
}

// Unstarted lists applications that were stored a while ago and whose workflow
// was not noted as started: a process died between the two.
func (r *Registry) Unstarted(ctx context.Context, olderThan time.Duration, limit int) ([]identity.ApplicationNumber, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT number FROM applications WHERE started_at IS NULL AND received_at < now() - $1::interval
		ORDER BY received_at LIMIT $2`, olderThan, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	return list, fail("list unstarted applications", err)
}

// ApplicationRecord is an application and where it stands.
type ApplicationRecord struct {
	Number       identity.ApplicationNumber
	Application  identity.Application
	Rules        identity.Rules
	Stage        identity.Stage
	Awaiting     identity.Action
	Attempt      int
	CaptureRound int
	Held         bool
	Reason       identity.ReasonCode // why it ended without a card
	Province     identity.ProvinceCode
	Destination  identity.StationID
	Consignment  identity.ConsignmentNumber
	Due          time.Time
	EnteredAt    time.Time
	ReceivedAt   time.Time
	Started      bool
}

const selectRecord = `
	SELECT a.number, a.stage, a.awaiting, a.attempt, a.capture_round, a.held, a.reason, a.province, a.destination,
		coalesce((SELECT c.consignment FROM cards c WHERE c.application = a.number AND c.attempt = a.attempt), ''),
		a.due, a.entered_at, a.received_at, a.started_at IS NOT NULL,
		a.station, a.enrollment_id, a.officer, a.type, a.ground, a.channel, a.filed_on, a.delivery, a.delivery_to, a.urgent,
		a.exemption, a.representative, a.personal_number, a.person, a.law, a.form, a.processing_days, a.fee
	FROM applications a`

func scanRecord(row pgx.CollectableRow) (ApplicationRecord, error) {
	var r ApplicationRecord
	var filed time.Time
	var number string
	var person, representative []byte
	a := &r.Application
	err := row.Scan(&r.Number, &r.Stage, &r.Awaiting, &r.Attempt, &r.CaptureRound, &r.Held, &r.Reason, &r.Province, &r.Destination,
		&r.Consignment, &r.Due, &r.EnteredAt, &r.ReceivedAt, &r.Started,
		&a.Station, &a.EnrollmentID, &a.Officer, &a.Type, &a.Ground, &a.Channel, &filed, &a.Delivery, &a.DeliveryTo, &a.Urgent,
		&a.Exemption, &representative, &number, &person, &r.Rules.Law, &r.Rules.Form, &r.Rules.ProcessingDays, &r.Rules.Fee)
	if err != nil {
		return ApplicationRecord{}, err
	}
	if err := json.Unmarshal(person, &a.Person); err != nil {
		return ApplicationRecord{}, fmt.Errorf("read person of application %s: %w", r.Number, err)
	}
	if err := json.Unmarshal(representative, &a.Representative); err != nil {
		return ApplicationRecord{}, fmt.Errorf("read representative of application %s: %w", r.Number, err)
	}
	a.Person.Number = identity.PersonalNumber(number)
	a.FiledOn = identity.Date{Year: filed.Year(), Month: int(filed.Month()), Day: filed.Day()}
	r.Rules.Due = r.Due
	return r, nil
}

// Application reads one application, or refuses with NotFound.
func (r *Registry) Application(ctx context.Context, number identity.ApplicationNumber) (ApplicationRecord, error) {
	rows, _ := r.db.Query(ctx, selectRecord+` WHERE a.number = $1`, number) // CollectExactlyOneRow reports the error
	record, err := pgx.CollectExactlyOneRow(rows, scanRecord)
	if errors.Is(err, pgx.ErrNoRows) {
		return ApplicationRecord{}, noApplication(number)
	}
	return record, fail("read application", err)
}

// Filter picks applications; what is zero picks all.
type Filter struct {
	Stages   []identity.Stage
	Awaiting identity.Action
	Province identity.ProvinceCode      // of the station that enrolled
	Station  identity.StationID         // that enrolled
	After    identity.ApplicationNumber // the last one of the page before
	Limit    int
}

// List gives applications in the order they were received.
func (r *Registry) List(ctx context.Context, f Filter) ([]ApplicationRecord, error) {
	stages := make([]string, len(f.Stages))
	for i, s := range f.Stages {
		stages[i] = string(s)
	}
	rows, _ := r.db.Query(ctx, selectRecord+`
		WHERE (cardinality(@stages::text[]) = 0 OR a.stage = ANY(@stages))
			AND (@awaiting = '' OR a.awaiting = @awaiting AND a.awaiting <> '')
			AND (@province = '' OR a.province = @province)
			AND (@station = '' OR a.station = @station)
			AND (@after = '' OR (a.received_at, a.number) > (SELECT received_at, number FROM applications WHERE number = @after))
		ORDER BY a.received_at, a.number LIMIT nullif(@limit, 0)`,
		pgx.StrictNamedArgs{
			"stages": stages, "awaiting": f.Awaiting, "province": f.Province, "station": f.Station, "after": f.After, "limit": f.Limit,
		}) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, scanRecord)
	return list, fail("list applications", err)
}

// StageChange is an application going to a stage.
type StageChange struct {
	Application identity.ApplicationNumber
	To          identity.Stage
	Attempt     int // the card being made; 0 leaves it
	Awaiting    identity.Action
	Actor       string
	Reason      string
}

// Enter moves an application. identity.Stage says from where it may; entering the
// stage it is at changes only what it waits for. A late copy of a step that was
// taken for a card since given up is refused. The change and its audit entry are
// one statement.
func (r *Registry) Enter(ctx context.Context, m StageChange) error {
	tag, err := r.db.Exec(ctx, enter, m.args())
	if err != nil {
		return fail("enter stage", err)
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	return r.refuseMove(ctx, m)
}

const enter = `
	WITH before AS (
		SELECT number, stage, attempt FROM applications WHERE number = @number AND stage = ANY(@from) AND (@attempt = 0 OR @attempt >= attempt) FOR NO KEY UPDATE
	), entered AS (
		UPDATE applications a SET stage = @to, awaiting = @awaiting, attempt = greatest(a.attempt, @attempt),
			reason = CASE WHEN @reason = '' THEN a.reason ELSE @reason END,
			entered_at = CASE WHEN b.stage = @to THEN a.entered_at ELSE now() END
		FROM before b WHERE a.number = b.number
		RETURNING a.number, b.stage <> @to OR a.attempt > b.attempt AS moved
	), noted AS (
		INSERT INTO audit (application, actor, event, reason)
		SELECT number, @actor, 'entered ' || @to, @reason FROM entered WHERE moved
	)
	SELECT number FROM entered`

func (m StageChange) args() pgx.StrictNamedArgs {
	var from []string
	for _, s := range identity.Stages {
		if _, err := s.Enter(m.To); err == nil {
			from = append(from, string(s))
		}
	}
	return pgx.StrictNamedArgs{
		"number": m.Application, "from": from, "to": m.To, "awaiting": m.Awaiting,
		"attempt": m.Attempt, "actor": m.Actor, "reason": m.Reason,
	}
}

// EnterWith is Enter for a stage that begins by reading: it gives the application
// as it is then, and the evidence that is wanted, in the same round trip.
func (r *Registry) EnterWith(ctx context.Context, m StageChange, wanted ...EvidenceKey) (ApplicationRecord, Evidence, error) {
	batch := &pgx.Batch{}
	batch.Queue(enter, m.args())
	batch.Queue(selectRecord+` WHERE a.number = $1`, m.Application)
	queueEvidence(batch, m.Application, wanted)
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	tag, err := results.Exec()
	if err != nil {
		return ApplicationRecord{}, nil, fail("enter stage", err)
	}
	if tag.RowsAffected() != 1 {
		_ = results.Close() // gives the connection back, to ask why
		return ApplicationRecord{}, nil, r.refuseMove(ctx, m)
	}
	rows, _ := results.Query() // CollectExactlyOneRow reports the error
	record, err := pgx.CollectExactlyOneRow(rows, scanRecord)
	if err != nil {
		return ApplicationRecord{}, nil, fail("read application", err)
	}
	evidence, err := r.readEvidence(results, m.Application)
	if err != nil {
		return ApplicationRecord{}, nil, err
	}
	return record, evidence, fail("enter stage", results.Close())
}

// refuseMove says why an application cannot move so.
func (r *Registry) refuseMove(ctx context.Context, m StageChange) error {
	var at identity.Stage
	var attempt int
	err := r.db.QueryRow(ctx, `SELECT stage, attempt FROM applications WHERE number = $1`, m.Application).Scan(&at, &attempt)
	if err != nil {
		return fail("enter stage", found(err, "there is no application %s", m.Application))
	}
	if _, err := at.Enter(m.To); err != nil {
		return err
	}
	if m.Attempt != 0 && m.Attempt < attempt {
		return identity.Refuse(identity.Conflict, "card %d of application %s was given up for card %d", m.Attempt, m.Application, attempt)
	}
	return fmt.Errorf("enter %s: application %s moved meanwhile", m.To, m.Application)
}
