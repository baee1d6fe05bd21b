package registry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Submission is an application that passed intake, with its evidence.
type Submission struct {
	Application identity.Application
	Rules       identity.Rules
	Digest      [32]byte // SHA-256 of the submission
	Evidence    map[identity.EvidenceKind][]byte
}

// Receipt answers a submission.
type Receipt struct {
	Number   identity.ApplicationNumber
	Existing bool
}

// Receive stores a submission with its evidence, in one transaction. The same
// submission again gets the same number; other content under the same enrollment
// identifier is refused.
func (r *Registry) Receive(ctx context.Context, s Submission) (Receipt, error) {
	receipt, err := r.receiveOnce(ctx, s)
	if len(identity.Refusals(err)) > 0 { // the constraint that was met first may not be the only one
		others, fault := r.Objections(ctx, s)
		if fault != nil {
			return Receipt{}, fault
		}
		return Receipt{}, cmp.Or(others, err)
	}
	return receipt, err
}

// receiveOnce stores a submission, or refuses with the first constraint that it violates.
func (r *Registry) receiveOnce(ctx context.Context, s Submission) (Receipt, error) {
	if receipt, err := r.existing(ctx, s); err != nil || receipt.Existing {
		return receipt, err
	}
	for try := 0; ; try++ {
		number, err := r.number(s, try)
		if err != nil {
			return Receipt{}, err
		}
		switch err := r.receive(ctx, number, s); {
		case err == nil:
			return Receipt{Number: number}, nil
		case !violates(err, "applications_pkey", "one_application_per_enrollment", "one_open_application_per_citizen"):
			return Receipt{}, fail("receive application", err)
		case violates(err, "one_open_application_per_citizen"):
			if receipt, err := r.existing(ctx, s); err != nil || receipt.Existing { // another copy was faster
				return receipt, err
			}
			return Receipt{}, fail("receive application", err)
		}
		if receipt, err := r.existing(ctx, s); err != nil || receipt.Existing {
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
		return Receipt{}, refuseEnrollment(number)
	}
	return Receipt{Number: number, Existing: true}, nil
}

func refuseEnrollment(other identity.ApplicationNumber) error {
	return identity.RefuseField(identity.Conflict, "enrollment_id", "was used by this station for application %s, with other content", other)
}

// Objections gives all that the registry has against a submission, which may be wrong in
// other ways too: an officer who may not enroll, and applications that are in the way.
func (r *Registry) Objections(ctx context.Context, s Submission) (objections, fault error) {
	a := s.Application
	citizen, err := r.citizen(a.Person.Number)
	if err != nil {
		return nil, err
	}
	var known, enrolls bool
	var sameID, sameCitizen identity.ApplicationNumber
	err = r.db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM stations WHERE id = @station),
			may_enroll(@officer, coalesce((SELECT province FROM stations WHERE id = @station), '')),
			coalesce((SELECT number FROM applications WHERE station = @station AND enrollment_id = @enrollment_id AND digest <> @digest), ''),
			coalesce((SELECT number FROM applications WHERE citizen = @citizen AND NOT beside
				AND NOT (station = @station AND enrollment_id = @enrollment_id) AND stage NOT IN `+ends+` LIMIT 1), '')`,
		pgx.StrictNamedArgs{
			"station": a.Station, "officer": a.Officer, "enrollment_id": a.EnrollmentID, "digest": s.Digest[:],
			"citizen": citizen,
		}).Scan(&known, &enrolls, &sameID, &sameCitizen)
	if err != nil {
		return nil, fail("look for what is in the way", err)
	}
	var all []error
	if !known {
		all = append(all, refusalOf("applications_station_fkey"))
	}
	if known && !enrolls {
		all = append(all, refusalOf("enrolled_by_officer"))
	}
	if sameID != "" {
		all = append(all, refuseEnrollment(sameID))
	}
	if sameCitizen != "" {
		all = append(all, identity.RefuseField(identity.Conflict, "person.number", "has an open application: %s", sameCitizen))
	}
	return errors.Join(all...), nil
}

// receive stores a submission in one round trip, which is one transaction.
func (r *Registry) receive(ctx context.Context, number identity.ApplicationNumber, s Submission) error {
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
	batch.Queue(`
		WITH received AS (
			INSERT INTO applications (number, stage, due, station, enrollment_id, officer, digest, province, type, ground, channel,
				filed_on, delivery, destination, urgent, citizen, sealed,
				law, form, processing_days, fee)
			VALUES (@number, @stage, @due, @station, @enrollment_id, @officer, @digest,
				coalesce((SELECT province FROM stations WHERE id = @station), ''), @type, @ground, @channel,
				@filed_on, @delivery, @destination, @urgent, @citizen, @sealed,
				@law, @form, @processing_days, @fee)
			RETURNING number
		)
		INSERT INTO audit (application, actor, event, reason) SELECT number, @officer, @event, '' FROM received`,
		pgx.StrictNamedArgs{
			"event": event, "number": number, "stage": identity.Received, "due": s.Rules.Due, "station": a.Station, "enrollment_id": a.EnrollmentID,
			"officer": a.Officer, "digest": s.Digest[:], "type": a.Type, "ground": a.Ground, "channel": a.Channel,
			"filed_on": a.FiledOn.Midnight(), "delivery": a.Delivery, "destination": destination,
			"urgent": a.Urgent, "citizen": citizen, "sealed": about,
			"law": s.Rules.Law, "form": s.Rules.Form, "processing_days": s.Rules.ProcessingDays, "fee": s.Rules.Fee,
		})
	sealed.Queue(batch)
	if s.Evidence[identity.EvidenceTemplates] != nil {
		batch.Queue(enlist, number, 1)
	}
	return r.db.SendBatch(ctx, batch).Close()
}
