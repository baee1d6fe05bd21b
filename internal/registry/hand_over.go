package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// HandOver is a card that was handed over.
type HandOver struct {
	identity.HandOverCard

	Application identity.ApplicationNumber
	Attempt     int
	Score       float64          // of the match; 0 unless it was by fingerprint
	Signed      statement.Signed // as the officer signed it
}

// Issue makes a card the citizen's live card, in one transaction and one round trip:
// it revokes the old card, also one under a number that this person's took the place of and
// that is nobody else's by the register here,
// books the blank and ends the application. The record of the person is the population
// register's, and does not change. A second call changes nothing.
//
// The old card is revoked first, since an index allows one live card at every
// instant. Whoever issues another card to the same citizen at the same time waits
// for the lock, and then revokes this one.
func (r *Registry) Issue(ctx context.Context, h HandOver) error {
	return r.kept(ctx, h.Signed, r.issue(ctx, h))
}

func (r *Registry) issue(ctx context.Context, h HandOver) error {
	event := "handed over card, by " + string(h.Method)
	if fate := h.Fate(); fate != "" {
		event += "; old card " + string(fate)
	}
	card, asked, err := r.toHandOver(ctx, h)
	if err != nil {
		return err
	}
	if h.Card != 0 && h.Card != h.Attempt {
		return identity.RefuseField(identity.NotNow, "card", "is not what application %s has now, which is %d: look at it again", h.Application, h.Attempt)
	}
	if !card.State.HandedOver() {
		if err := errors.Join(asked.MayReceive(h.HandOverCard), asked.ofOldCard(h.HandOverCard), asked.unpaid); err != nil {
			return err
		}
	}
	var cancelled []byte // digest of the number that this one took the place of
	if asked.Ground == identity.GroundNumberChanged {
		if cancelled, err = r.citizen(card.Card.Person.CancelledNumber); err != nil {
			return err
		}
	}
	args, err := h.said(r, pgx.StrictNamedArgs{
		"application": h.Application, "attempt": h.Attempt, "method": h.Method,
		"officer": h.Officer, "proof": h.Proof, "score": h.Score, "event": event,
		"old_card": h.Fate(), "old_card_reason": h.OldCardReason, "probe": h.matched(),
	})
	if err != nil {
		return err
	}
	batch := h.issuing(args, cancelled)
	issued, err := lastOf(r.db.SendBatch(ctx, batch), batch.Len())
	if err != nil || issued == 1 {
		return fail("issue card", err)
	}
	return fail("issue card", r.refuseIssue(ctx, h))
}

// issuing has the card become the live one, in the order that the index asks for: its holder is
// locked, with the number that this one took the place of, if any; the old card is revoked; the
// application ends. The last of its statements changes one row, or none.
func (h HandOver) issuing(args pgx.StrictNamedArgs, cancelled []byte) *pgx.Batch {
	replaced := identity.Reason{Code: identity.ReasonReplaced, Note: fmt.Sprintf("card %d of %s", h.Attempt, h.Application)}
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT pg_advisory_xact_lock(hashtextextended('citizen ' || encode(citizen, 'hex'), 0)) FROM (
			SELECT citizen FROM cards WHERE application = @application AND attempt = @attempt
			UNION SELECT @cancelled WHERE @cancelled::bytea IS NOT NULL ORDER BY citizen
		) AS both_numbers`, pgx.StrictNamedArgs{"application": h.Application, "attempt": h.Attempt, "cancelled": cancelled})
	batch.Queue(`
		WITH next AS (
			SELECT c.citizen, numbers_of(c.citizen) AS numbers FROM cards c JOIN applications a ON a.number = c.application
			WHERE c.application = @application AND c.attempt = @attempt AND c.state = `+cardArrived+` AND a.stage = `+stageHandOver+`
				AND card_impediment(c.citizen, c.application) IS NULL -- else what impedes it stands
			FOR NO KEY UPDATE
		), revoked AS (
			UPDATE cards c SET state = `+cardRevoked+`, reason = @reason, changed_by = @officer, changed_act = NULL, changed_at = now()
			FROM next WHERE c.state IN `+standing+` AND (c.citizen = ANY(next.numbers) OR c.citizen = @cancelled AND NOT EXISTS (
				SELECT FROM person_numbers n WHERE n.citizen = c.citizen AND n.person IS DISTINCT FROM (SELECT person FROM person_numbers WHERE citizen = next.citizen)))
			RETURNING c.application, c.attempt, c.reason
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @officer, 'revoked card ' || attempt, reason FROM revoked WHERE application IS NOT NULL`,
		pgx.StrictNamedArgs{"application": h.Application, "attempt": h.Attempt, "officer": h.Officer, "reason": replaced.String(), "cancelled": cancelled})
	batch.Queue(`
		WITH ended AS (
			UPDATE applications a SET stage = `+stageIssued+`, awaiting = '', awaiting_why = '', awaiting_since = NULL, entered_at = now()
			FROM cards c WHERE a.number = @application AND a.stage = `+stageHandOver+`
				AND c.application = a.number AND c.attempt = @attempt AND c.state = `+cardArrived+`
				AND NOT EXISTS (SELECT FROM person_numbers n JOIN citizens p ON p.id = n.person WHERE n.citizen = c.citizen AND (p.citizen <> n.citizen OR p.status <> `+citizenAlive+`))
			RETURNING a.number
		), live AS (
			UPDATE cards c SET state = `+cardLive+`, handed_over = @method, handed_over_by = @officer, handed_over_act = @act_id, handed_over_at = now(),
				proof = @proof, score = @score, probe = @probe, old_card = @old_card, old_card_reason = @old_card_reason, changed_at = now()
			FROM ended WHERE c.application = ended.number AND c.attempt = @attempt
			RETURNING c.application, c.blank
		), signed AS (`+insertActs+` WHERE EXISTS (SELECT FROM live)`+onceEach+`
		), booked AS (
			UPDATE blanks b SET account = `+accountIssued+` FROM live WHERE b.serial = live.blank
		), dropped AS ( -- fingers of tries of which nobody waits for an answer any more
			DELETE FROM vault_blobs b USING live WHERE b.application = live.application AND b.kind = `+evidenceProbe+` AND b.attempt IS DISTINCT FROM @probe::int
		)
		INSERT INTO audit (application, actor, event, reason) SELECT application, @officer, @event, @proof FROM live`, args)
	return batch
}

// matched is the try whose finger matched; nil without one.
func (h HandOver) matched() *int {
	if h.Method != identity.HandOverByFingerprint {
		return nil
	}
	return &h.Probe
}

// askedFor is what a card was applied for.
type askedFor struct {
	identity.Application
	unpaid error // the refusal of a card whose fee is not paid
	kept   bool  // whether an authority keeps the card that the holder has
	inHand bool  // whether the holder has that card
	cmnd   bool  // whether the first card is of who came from a CMND, as it says itself
}

// ofOldCard refuses a hand-over that says of the old card what the card record knows better.
func (a askedFor) ofOldCard(h identity.HandOverCard) error {
	fate := h.Fate()
	if a.inHand && !a.HandsInOldCard() && (fate == "" || fate == identity.OldCardNone) {
		return identity.RefuseField(identity.Conflict, "old_card", "is %q, but its holder has a card by the card record, which is handed in: say received, or lost or kept with the reason", fate)
	}
	if a.cmnd && (fate == "" || fate == identity.OldCardNone) {
		return identity.RefuseField(identity.Conflict, "old_card", "is %q, but its holder has a CMND by the population register, which is handed in: say received, or lost or kept with the reason", fate)
	}
	if a.kept && fate == identity.OldCardReceived {
		return identity.RefuseField(identity.Conflict, "old_card", "is received, but an authority keeps it by the card record: say kept with the reason, or record first that it was given back (starter cards return)")
	}
	return nil
}

// toHandOver reads, in one round trip, a card and on what it was applied for.
func (r *Registry) toHandOver(ctx context.Context, h HandOver) (CardRecord, askedFor, error) {
	batch := &pgx.Batch{}
	batch.Queue(selectCard+` WHERE c.application = $1 AND c.attempt = $2`, h.Application, h.Attempt)
	batch.Queue(`SELECT type, ground, CASE WHEN EXISTS (SELECT FROM payments p WHERE p.application = number AND p.amount = fee AND p.refunded_at IS NULL) THEN 0 ELSE fee END,
		kept_since(a.citizen) IS NOT NULL, EXISTS (SELECT FROM cards c WHERE c.citizen = ANY((SELECT numbers_of(a.citizen))::bytea[]) AND c.state IN ($2, $3)) FROM applications a WHERE number = $1`, h.Application, identity.CardLive, identity.CardDamaged)
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	rows, _ := results.Query() // CollectExactlyOneRow reports the error
	card, err := pgx.CollectExactlyOneRow(rows, r.card)
	if err != nil {
		return CardRecord{}, askedFor{}, found(err, "application %s has no card %d", h.Application, h.Attempt)
	}
	var asked askedFor
	var due int
	err = results.QueryRow().Scan(&asked.Type, &asked.Ground, &due, &asked.kept, &asked.inHand)
	asked.cmnd = asked.Ground == identity.GroundFirstCard && card.Card.Person.OldNumber != ""
	if due > 0 {
		asked.unpaid = identity.RefuseField(identity.Conflict, "fee", "of %d VND is not paid: take it, and record its receipt (starter fees collect)", due)
	}
	return card, asked, fail("read what was applied for", err)
}

// said verifies the statement of a hand-over, and gives it as arguments of insertActs.
func (h HandOver) said(r *Registry, others pgx.StrictNamedArgs) (pgx.StrictNamedArgs, error) {
	args, err := r.says(h.Signed, h.HandOverCard, statement.Application(h.Application), others)
	if err != nil {
		return nil, err
	}
	said, err := h.Signed.Read()
	if err != nil {
		return nil, err
	}
	return args, current(said, h.Signed.TakenIn)
}

// maxMismatches is how many fingers may fail at one hand-over: a stranger does not try for
// ever. An officer who knows the holder decides with a reason after that.
const maxMismatches = 5

// MayMatch refuses to compare the finger of a hand-over that its officer did not sign or
// may not do, since a finger that fails is counted, and is in the trail under the officer's
// name; and one after too many that failed, however many were sent at once. What was done
// before may be asked again.
func (r *Registry) MayMatch(ctx context.Context, h HandOver) error {
	return r.kept(ctx, h.Signed, r.mayMatch(ctx, h))
}

func (r *Registry) mayMatch(ctx context.Context, h HandOver) error {
	if _, err := h.said(r, nil); err != nil {
		return err
	}
	var issued bool
	var refused string
	var failed int
	err := r.db.QueryRow(ctx, `
		SELECT stage = `+stageIssued+`, coalesce(refused_act($2, $3, $4, $5), ''), (
			SELECT count(*) FROM audit WHERE application = $1 AND event LIKE `+eventMismatch+` || '%' AND event <> `+eventMismatch+` || $6::int)
		FROM applications WHERE number = $1`,
		h.Application, h.ActName(), statement.Application(h.Application), h.Officer, h.Signed.Signatures[0].Key, h.Probe).Scan(&issued, &refused, &failed)
	switch {
	case err != nil:
		return fail("ask who may hand over", found(err, "there is no application %s", h.Application))
	case issued:
		return nil
	case refused != "":
		return refusalOf(refused)
	case failed >= maxMismatches:
		return tooManyFailed(failed)
	}
	return nil
}

func tooManyFailed(fingers int) error {
	return identity.RefuseField(identity.Forbidden, "fingerprint", "%d fingers did not match: an officer decides with a reason now", fingers)
}

// lastOf reads a batch to its end, and returns how many rows its last statement
// changed.
func lastOf(results pgx.BatchResults, statements int) (rows int64, err error) {
	for range statements {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close() // the first error tells
			return 0, err
		}
		rows = tag.RowsAffected()
	}
	return rows, results.Close()
}

// refuseIssue accepts a card that was issued before, and says why another cannot
// be issued.
func (r *Registry) refuseIssue(ctx context.Context, h HandOver) error {
	var stage identity.Stage
	var state identity.CardState
	err := r.db.QueryRow(ctx, `
		SELECT a.stage, c.state FROM cards c JOIN applications a ON a.number = c.application
		WHERE c.application = $1 AND c.attempt = $2`, h.Application, h.Attempt).Scan(&stage, &state)
	switch {
	case err != nil:
		return found(err, "application %s has no card %d", h.Application, h.Attempt)
	case stage == identity.Issued && state.HandedOver():
		return nil // whatever became of it since
	case state != identity.CardArrived:
		return identity.Refuse(identity.Conflict, "card %d is %s; only a card that arrived can be handed over", h.Attempt, state)
	case stage == identity.HandOver:
		return identity.RefuseField(identity.Conflict, "person", "has died, is no citizen any more, or has another number by the population register")
	}
	return identity.Refuse(identity.Conflict, "an application at %s cannot enter %s", stage, identity.Issued)
}
