package registry

import (
	"bytes"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
)

// blobs gives evidence as the vault takes it, without kinds that have no content.
func blobs(evidence map[identity.EvidenceKind][]byte) []vault.Blob {
	list := make([]vault.Blob, 0, len(evidence))
	for kind, b := range evidence {
		if b != nil {
			list = append(list, vault.Blob{Kind: string(kind), Plaintext: b})
		}
	}
	return list
}

// Evidence opens a blob, or refuses with NotFound.
func (r *Registry) Evidence(ctx context.Context, number identity.ApplicationNumber, kind identity.EvidenceKind, attempt int) ([]byte, error) {
	return r.vault.Get(ctx, r.db, vault.Key{Application: string(number), Kind: string(kind), Attempt: attempt})
}

// EvidenceOf reads evidence, in one round trip; what the vault does not have is
// left out.
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
	// Attempt is the number of the card, or the round of capture. What a round did
	// not capture again comes from the rounds before; round 0 is the last accepted.
	Attempt int
}

// Evidence is what the vault had of the evidence asked for.
type Evidence map[identity.EvidenceKind][]byte

// Get gives the evidence of a kind, or refuses with NotFound.
func (e Evidence) Get(kind identity.EvidenceKind) ([]byte, error) {
	if b, ok := e[kind]; ok {
		return b, nil
	}
	return nil, identity.Refuse(identity.NotFound, "the vault has no %s of this application", kind)
}

// ofCapture are the kinds that a round of capture may bring or leave as they were.
var ofCapture = []identity.EvidenceKind{identity.EvidencePortrait, identity.EvidenceLeftIndex, identity.EvidenceRightIndex, identity.EvidenceTemplates}

// queueEvidence asks for evidence, as a part of a batch. All evidence of the application
// is looked through, behind OFFSET 0, so that the plan does not depend on how much is
// wanted: PostgreSQL then plans once and not each time, which costs more than reading.
func queueEvidence(batch *pgx.Batch, number identity.ApplicationNumber, wanted []EvidenceKey) {
	kinds, attempts, captures := make([]string, len(wanted)), make([]int, len(wanted)), make([]bool, len(wanted))
	for i, w := range wanted {
		kinds[i], attempts[i], captures[i] = string(w.Kind), w.Attempt, slices.Contains(ofCapture, w.Kind)
	}
	batch.Queue(`
		SELECT DISTINCT ON (b.kind) b.kind, b.attempt, b.sealed, k.wrapped
		FROM (SELECT kind, attempt, sealed FROM vault_blobs WHERE application = @number OFFSET 0) b
		JOIN unnest(@kinds::text[], @attempts::int[], @captures::bool[]) AS w (kind, attempt, capture) ON w.kind = b.kind
		JOIN applications a ON a.number = @number
		JOIN vault_keys k ON k.application = @number
		WHERE CASE WHEN w.capture THEN b.attempt <= coalesce(nullif(w.attempt, 0), a.capture_round) ELSE b.attempt = w.attempt END
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

// Capture stores the evidence of a recapture, before the workflow is told, which knows
// whether it waits for one: an application on hold may. The same round again replaces it until the workflow has accepted the round, and
// until then nobody is searched for in it. The digest is of the files, as the officer signs for them.
func (r *Registry) Capture(ctx context.Context, number identity.ApplicationNumber, round int, digest []byte, evidence map[identity.EvidenceKind][]byte) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var at int
		var stage identity.Stage
		err := tx.QueryRow(ctx, `SELECT capture_round, stage FROM applications WHERE number = $1 FOR NO KEY UPDATE`, number).Scan(&at, &stage)
		if err != nil {
			return found(err, "there is no application %s", number)
		}
		if stage != identity.BiometricCapture {
			return identity.Refuse(identity.Conflict, "application %s is not to be captured again: it is at %s", number, stage)
		}
		if round != at+1 {
			return identity.RefuseField(identity.Conflict, "round", "the next capture of application %s is round %d", number, at+1)
		}
		if err := dropCapture(ctx, tx, number, round); err != nil {
			return err
		}
		sealed, err := r.vault.Seal(ctx, tx, string(number), round, blobs(evidence))
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		sealed.Queue(batch)
		batch.Queue(`UPDATE applications SET captured = $2 WHERE number = $1`, number, digest)
		return tx.SendBatch(ctx, batch).Close()
	})
	return fail("store capture", err)
}

// DropCapture takes evidence away again of a round that the workflow did not accept.
func (r *Registry) DropCapture(ctx context.Context, number identity.ApplicationNumber, round int) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var accepted bool
		if err := tx.QueryRow(ctx, `SELECT capture_round >= $2 FROM applications WHERE number = $1 FOR NO KEY UPDATE`, number, round).Scan(&accepted); err != nil || accepted {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE applications SET captured = NULL WHERE number = $1`, number); err != nil {
			return err
		}
		return dropCapture(ctx, tx, number, round)
	})
	return fail("drop capture", err)
}

// captured refuses a recapture whose officer signed for other files than those that were
// captured last: somebody else captured at the same moment.
func captured(ctx context.Context, tx pgx.Tx, number identity.ApplicationNumber, signed statement.Signed) error {
	said, err := signed.Read()
	if err != nil {
		return err
	}
	act, err := said.Does()
	if err != nil {
		return err
	}
	recapture, is := act.(identity.Recapture)
	if !is || len(recapture.Captured) == 0 { // who came by no desk signed for no files
		return nil
	}
	var last []byte
	if err := tx.QueryRow(ctx, `SELECT captured FROM applications WHERE number = $1`, number).Scan(&last); err != nil {
		return err
	}
	if !bytes.Equal(recapture.Captured, last) {
		return identity.RefuseField(identity.Conflict, "files", "are not those that were captured last: somebody captured application %s at the same moment; capture again", number)
	}
	return nil
}

func dropCapture(ctx context.Context, tx pgx.Tx, number identity.ApplicationNumber, round int) error {
	_, err := tx.Exec(ctx, `DELETE FROM vault_blobs WHERE application = $1 AND attempt = $2 AND kind = ANY($3)`, number, round, kindsOfCapture)
	return err
}

// kindsOfCapture is what a capture stores.
var kindsOfCapture = []string{string(identity.EvidencePortrait), string(identity.EvidenceLeftIndex), string(identity.EvidenceRightIndex), string(identity.EvidenceTemplates), string(identity.EvidenceLeftIris), string(identity.EvidenceRightIris)}

// Mismatched keeps in the trail that the finger of a hand-over was not the holder's, once for
// each try, and what its officer signed.
func (r *Registry) Mismatched(ctx context.Context, h HandOver) error {
	args, err := h.said(r, pgx.StrictNamedArgs{"application": h.Application, "officer": h.Officer, "try": h.Probe})
	if err != nil {
		return err
	}
	_, err = r.db.Exec(ctx, `
		WITH noted AS (
			INSERT INTO audit (application, actor, event, reason) SELECT @application, @officer, `+eventMismatch+` || @try::int, ''
			WHERE NOT EXISTS (SELECT FROM audit WHERE application = @application AND event = `+eventMismatch+` || @try::int)
			RETURNING application
		)`+insertActs+` WHERE EXISTS (SELECT FROM noted)`+onceEach, args)
	return fail("note mismatch", err)
}

// Probe stores the template of a finger laid on the reader at hand-over, and returns
// which try it is. A try that was counted but not stored is harmless: it is not
// found.
func (r *Registry) Probe(ctx context.Context, number identity.ApplicationNumber, template []byte) (int, error) {
	var try int
	var failed int
	err := r.db.QueryRow(ctx, `
		UPDATE applications SET probes = probes + 1 WHERE number = $1
		RETURNING probes, (SELECT count(*) FROM audit WHERE application = $1 AND event LIKE `+eventMismatch+` || '%')`, number).Scan(&try, &failed)
	if err != nil {
		return 0, fail("store probe", found(err, "there is no application %s", number))
	}
	if failed >= maxMismatches {
		return 0, tooManyFailed(failed)
	}
	err = r.vault.Put(ctx, r.db, vault.Key{Application: string(number), Kind: string(identity.EvidenceProbe), Attempt: try}, template)
	return try, fail("store probe", err)
}

// DropProbe takes away the finger of a try, whose it is, nobody knows; unless the card was
// handed over by it.
func (r *Registry) DropProbe(ctx context.Context, number identity.ApplicationNumber, try int) error {
	_, err := r.db.Exec(ctx, `
		DELETE FROM vault_blobs WHERE application = $1 AND kind = `+evidenceProbe+` AND attempt = $2
			AND NOT EXISTS (SELECT FROM cards WHERE application = $1 AND handed_over = '`+string(identity.HandOverByFingerprint)+`' AND coalesce(probe, $2) = $2)`, number, try)
	return fail("drop probe", err)
}
