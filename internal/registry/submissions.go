package registry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Submission is an application that passed intake, with its evidence.
type Submission struct {
	Application identity.Application
	Rules       identity.Rules
	Digest      [32]byte // SHA-256 of the submission
	Enrolled    identity.Enroll
	Signed      statement.Signed // that the officer enrolled it
	Evidence    map[identity.EvidenceKind][]byte
	OwnLoss     bool // what is reported lost is the card of who has that name and birth by the population register
}

// Receipt answers a submission.
type Receipt struct {
	Number   identity.ApplicationNumber
	Existing bool
	Due      time.Time
	Fee      int // VND
}

// Receive stores a submission with its evidence, in one transaction. The same
// submission again gets the same number, whether or not its statement would still be taken
// in; other content under the same enrollment identifier is refused.
func (r *Registry) Receive(ctx context.Context, s Submission) (Receipt, error) {
	receipt, err := r.receiveOnce(ctx, s)
	if len(identity.Refusals(err)) > 0 { // the constraint that was met first may not be the only one
		others, fault := r.objections(ctx, s)
		if fault != nil {
			return Receipt{}, fault
		}
		return Receipt{}, r.kept(ctx, s.Signed, cmp.Or(others, err))
	}
	return receipt, err
}

// receiveOnce stores a submission, or refuses with the first constraint that it violates.
func (r *Registry) receiveOnce(ctx context.Context, s Submission) (Receipt, error) {
	receipt, now, err := r.existing(ctx, s)
	if err != nil || receipt.Existing {
		return receipt, err
	}
	act, err := r.says(s.Signed, s.Enrolled, statement.Station(s.Application.Station), nil)
	if err == nil {
		err = fresh(s.Signed, now)
	}
	if err != nil {
		return Receipt{}, err
	}
	return r.receiveNew(ctx, s, act)
}

// receiveNew stores a submission that was not there a moment before.
func (r *Registry) receiveNew(ctx context.Context, s Submission, act pgx.StrictNamedArgs) (Receipt, error) {
	for try := 0; ; try++ {
		number, err := r.number(s, try)
		if err != nil {
			return Receipt{}, err
		}
		switch err := r.receive(ctx, number, s, act); {
		case err == nil:
			return Receipt{Number: number, Due: s.Rules.Due, Fee: s.Rules.Fee}, nil
		case !violates(err, "applications_pkey", "one_application_per_enrollment", "one_open_application_per_citizen"):
			return Receipt{}, fail("receive application", err)
		case violates(err, "one_open_application_per_citizen"):
			if receipt, _, err := r.existing(ctx, s); err != nil || receipt.Existing { // another copy was faster
				return receipt, err
			}
			return Receipt{}, fail("receive application", err)
		}
		if receipt, _, err := r.existing(ctx, s); err != nil || receipt.Existing {
			return receipt, err
		}
	}
}

// number is a submission's application number: nobody can guess it, and the same
// submission gets the same one, though the registry forgot it, as it does when it is
// restored to an earlier instant. Then the receipt stays valid, and the workflow that
// was begun under it goes on. What is submitted otherwise gets another number. Where
// one is taken, the next is tried.
func (r *Registry) number(s Submission, try int) (identity.ApplicationNumber, error) {
	content := fmt.Sprintf("application number\n%s\n%s\n%x\n%d", s.Application.Station, s.Application.EnrollmentID, s.Digest, try)
	drawn, err := r.vault.Digest([]byte(content))
	if err != nil {
		return "", fmt.Errorf("draw application number: %w", err)
	}
	number, err := identity.NewApplicationNumber(bytes.NewReader(drawn))
	if err != nil {
		return "", fmt.Errorf("draw application number: %w", err)
	}
	return number, nil
}

// Received gives the receipt of the same submission, where it was taken in before; else that
// of none. What is wrong with it by now, since a card was issued on it or the law changed,
// takes no receipt back.
func (r *Registry) Received(ctx context.Context, s Submission) (Receipt, error) {
	receipt, _, err := r.existing(ctx, s)
	if identity.Refused(err, identity.Conflict) { // other content, which is told with the rest
		return Receipt{}, nil
	}
	return receipt, err
}

// existing finds an earlier submission under the same identifier, and tells the time.
func (r *Registry) existing(ctx context.Context, s Submission) (Receipt, time.Time, error) {
	var number *identity.ApplicationNumber
	var digest []byte
	var now time.Time
	var due *time.Time
	var fee *int
	err := r.db.QueryRow(ctx, `SELECT a.number, a.digest, a.due, a.fee, now() FROM (SELECT) AS always LEFT JOIN applications a ON a.station = $1 AND a.enrollment_id = $2`,
		s.Application.Station, s.Application.EnrollmentID).Scan(&number, &digest, &due, &fee, &now)
	switch {
	case err != nil:
		return Receipt{}, now, fail("look for an earlier submission", err)
	case number == nil:
		return Receipt{}, now, nil
	case !bytes.Equal(digest, s.Digest[:]):
		return Receipt{}, now, refuseEnrollment(*number)
	}
	return Receipt{Number: *number, Existing: true, Due: due.In(identity.HanoiTime), Fee: *fee}, now, nil
}

func refuseEnrollment(other identity.ApplicationNumber) error {
	return identity.RefuseField(identity.Conflict, "enrollment_id", "was used by this station for application %s, with other content", other)
}

// Objections gives all that the registry has against a submission, which may be wrong in
// other ways too: an officer who may not enroll, which is kept for the auditor, or else
// applications that are in the way: of citizens nobody is told who has a station's key alone.
func (r *Registry) Objections(ctx context.Context, s Submission) (objections, fault error) {
	objections, fault = r.objections(ctx, s)
	return r.kept(ctx, s.Signed, objections), fault
}

func (r *Registry) objections(ctx context.Context, s Submission) (objections, fault error) {
	a := s.Application
	citizen, err := r.citizen(a.Person.Number)
	if err != nil {
		return nil, err
	}
	said, err := s.Signed.Read()
	if err != nil {
		return err, nil
	}
	var known bool
	var refused string
	var now time.Time
	var sameID, sameCitizen identity.ApplicationNumber
	err = r.db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM stations WHERE id = @station), coalesce(refused_act(@act, @subject, @officer, @key), ''), now(),
			coalesce((SELECT number FROM applications WHERE station = @station AND enrollment_id = @enrollment_id AND digest <> @digest), ''),
			coalesce((SELECT number FROM applications
				WHERE citizen IN (SELECT @citizen::bytea UNION SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = @citizen)
				AND NOT (station = @station AND enrollment_id = @enrollment_id) AND stage NOT IN `+ends+` LIMIT 1), '')`,
		pgx.StrictNamedArgs{
			"act": said.Act, "subject": said.Subject, "officer": s.Enrolled.Officer, "key": s.Signed.Signatures[0].Key,
			"station": a.Station, "enrollment_id": a.EnrollmentID, "digest": s.Digest[:],
			"citizen": citizen,
		}).Scan(&known, &refused, &now, &sameID, &sameCitizen)
	if err != nil {
		return nil, fail("look for what is in the way", err)
	}
	var all []error
	if !known {
		all = append(all, refusalOf("applications_station_fkey"))
	}
	if known && refused != "" {
		all = append(all, refusalOf(refused))
	}
	all = append(all, current(said, now))
	stranger := errors.Join(all...) != nil
	if sameID != "" {
		all = append(all, refuseEnrollment(sameID))
	}
	if sameCitizen != "" && !stranger {
		all = append(all, identity.RefuseField(identity.Conflict, "person.number", "has an open application: %s", sameCitizen))
	}
	return errors.Join(all...), nil
}

// receive stores a submission and its officer's act in one round trip, which is one
// transaction.
func (r *Registry) receive(ctx context.Context, number identity.ApplicationNumber, s Submission, act pgx.StrictNamedArgs) error {
	a := s.Application
	destination := a.Station
	if a.Delivery == identity.Post {
		destination = identity.DestinationPost
	}
	sealed, err := r.vault.SealNew(string(number), 1, blobs(s.Evidence))
	if err != nil {
		return err
	}
	about, err := detailsOf(a)
	if err != nil {
		return err
	}
	if about, err = sealed.Value(applicationColumn(number), about); err != nil {
		return err
	}
	citizen, err := r.citizen(a.Person.Number)
	if err != nil {
		return err
	}
	event := "received"
	if a.LateReason != "" {
		event = "received late"
	}
	batch := &pgx.Batch{}
	batch.Queue(insertActs+onceEach, act)
	batch.Queue(`
		WITH received AS (
			INSERT INTO applications (number, stage, due, station, enrollment_id, officer, digest, province, type, ground, channel,
				filed_on, delivery, destination, urgent, citizen, sealed, notify,
				law, form, processing_days, fee, enrolled_act, needs_capture)
			VALUES (@number, @stage, @due, @station, @enrollment_id, @officer, @digest,
				coalesce((SELECT province FROM stations WHERE id = @station), ''), @type, @ground, @channel,
				@filed_on, @delivery, @destination, @urgent, @citizen, @sealed, @notify,
				@law, @form, @processing_days, @fee, @enrolled_act, @needs_capture)
			RETURNING number
		)
		INSERT INTO audit (application, actor, event, reason) SELECT number, @officer, @event, '' FROM received`,
		pgx.StrictNamedArgs{
			"event": event, "number": number, "stage": identity.Received, "due": s.Rules.Due, "station": a.Station, "enrollment_id": a.EnrollmentID,
			"officer": a.Officer, "digest": s.Digest[:], "type": a.Type, "ground": a.Ground, "channel": a.Channel,
			"filed_on": a.FiledOn.Midnight(), "delivery": a.Delivery, "destination": destination,
			"urgent": a.Urgent, "citizen": citizen, "sealed": about, "notify": texts(a.Contact.Ways()),
			"law": s.Rules.Law, "form": s.Rules.Form, "processing_days": s.Rules.ProcessingDays, "fee": s.Rules.Fee,
			"enrolled_act": act["act_id"], "needs_capture": a.NeedsCapture(),
		})
	if s.OwnLoss {
		batch.Queue(`SELECT report_loss($1, $2, $3, $4)`, citizen, number, a.Officer, act["act_id"])
	}
	sealed.Queue(batch)
	if s.Evidence[identity.EvidenceTemplates] != nil {
		batch.Queue(enlist, number, 1)
	}
	return r.db.SendBatch(ctx, batch).Close()
}
