package registry

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// lostWith is whether the card c was withdrawn when its holder lost nationality, also once it was
// destroyed.
var lostWith = `EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.became = ` + cardWithdrawn + ` AND split_part(l.reason, ':', 1) IN ` + literals(identity.LossesOfNationality) + `)`

// mayBearCanceled is whether the card c came in with its holder, whose former number the register had
// by then: which of the two it bears nobody said. No other card of that person bears the former one.
const mayBearCanceled = `c.application IS NULL AND EXISTS (
	SELECT FROM person_numbers n JOIN person_numbers o ON o.person = n.person AND o.canceled_at IS NOT NULL
	WHERE n.citizen = c.citizen AND NOT EXISTS (SELECT FROM cards d WHERE d.citizen = o.citizen))`

// Held is the card that a citizen holds, valid or reported lost and its like, as the card
// record knows it; nil where it knows none. It decides on which grounds another is given,
// and what that costs. A card counts under each of the person's numbers; where there is none,
// the last one that was withdrawn, or revoked with the number that it bears, also once it was
// destroyed. One that an authority keeps is kept whatever was said of it meanwhile. The first of
// the numbers is the one that the person has, unless the register here knows better.
func (r *Registry) Held(ctx context.Context, numbers ...identity.PersonalNumber) (*identity.HeldCard, error) {
	citizens, err := r.numbersOf(numbers)
	if err != nil || len(citizens) == 0 {
		return nil, err
	}
	var held identity.HeldCard
	var issued time.Time
	var sealed sealedCard
	err = r.db.QueryRow(ctx, `
		SELECT c.issued, c.document = `+documentCertificate+`,
			CASE WHEN c.state IN `+standing+` AND kept_since(c.citizen) IS NOT NULL THEN `+cardKept+` WHEN c.state = `+cardDestroyed+` THEN `+cardWithdrawn+` ELSE c.state END,
			coalesce((SELECT n.canceled_at IS NOT NULL FROM person_numbers n WHERE n.citizen = c.citizen), c.citizen <> ($1::bytea[])[1]) OR `+mayBearCanceled+`,
			c.state = `+cardLapsed+` OR EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND (l.became = `+cardLapsed+` OR l.became = `+cardWithdrawn+` AND l.reason LIKE '`+string(identity.ReasonIssuedWrongly)+`%')), `+lostWith+`,
			c.expires, coalesce(c.application, ''), coalesce(c.attempt, 0), c.sealed, k.wrapped
		FROM cards c LEFT JOIN vault_keys k ON k.application = c.application
		WHERE (c.state IN `+standing+` OR c.state IN (`+cardWithdrawn+`, `+cardLapsed+`) OR c.state = `+cardRevoked+` AND c.reason = '`+string(identity.ReasonNumberReplaced)+`'
				OR c.state = `+cardDestroyed+` AND c.handed_over_at IS NOT NULL) AND c.citizen = ANY($1 || ARRAY(
			SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = ANY($1)))
		ORDER BY c.state NOT IN `+standing+`, c.issued DESC LIMIT 1`, citizens).
		Scan(&issued, &held.Certificate, &held.State, &held.Canceled, &held.InError, &held.NationalityLost, &sealed.expires, &sealed.application, &sealed.attempt, &sealed.card, &sealed.wrapped)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil //nolint:nilnil // there is no card, and no fault
	case err != nil:
		return nil, fail("look for the card held", err)
	}
	held.Issued = dateOf(issued)
	held.Expiry, err = r.expiry(sealed)
	return &held, err
}

// OnFile is the portrait and the fingerprints that were taken of a citizen last, for a card
// that was handed over; empty where there are none.
func (r *Registry) OnFile(ctx context.Context, n identity.PersonalNumber) (Evidence, error) {
	citizen, err := r.citizen(n)
	if err != nil || citizen == nil {
		return nil, err
	}
	var last identity.ApplicationNumber
	err = r.db.QueryRow(ctx, `
		SELECT a.number FROM cards c JOIN applications a ON a.number = c.application
		WHERE c.citizen = ANY((SELECT numbers_of($1))::bytea[]) AND a.stage = `+stageIssued+` AND EXISTS (
			SELECT FROM vault_blobs b WHERE b.application = a.number AND b.kind IN (`+evidencePortrait+`, `+evidenceTemplates+`))
		ORDER BY c.handed_over_at DESC LIMIT 1`, citizen).Scan(&last)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fail("look for the last capture", err)
	}
	keys := make([]EvidenceKey, len(ofCapture))
	for i, kind := range ofCapture {
		keys[i] = EvidenceKey{Kind: kind}
	}
	return r.EvidenceOf(ctx, last, keys...)
}

// KeptNationality reports whether the built-in register has whom these numbers are or were given
// to, and neither it nor the card record ever heard that nationality was lost.
func (r *Registry) KeptNationality(ctx context.Context, numbers ...identity.PersonalNumber) (bool, error) {
	citizens, err := r.numbersOf(numbers)
	if err != nil {
		return false, err
	}
	var kept bool
	err = r.db.QueryRow(ctx, `
		WITH persons AS (SELECT DISTINCT person AS id FROM person_numbers WHERE citizen = ANY($1))
		SELECT EXISTS (SELECT FROM persons)
			AND NOT EXISTS (SELECT FROM persons p JOIN citizens one ON one.id = p.id OR one.same_as = p.id
				WHERE one.status = $2 OR EXISTS (SELECT FROM person_changes h WHERE h.person = one.id AND $2 IN (h.before ->> 'Status', h.after ->> 'Status')))
			AND NOT EXISTS (SELECT FROM persons p JOIN person_numbers n ON n.person = p.id JOIN cards c ON c.citizen = n.citizen WHERE `+lostWith+`)`,
		citizens, identity.NationalityLost).Scan(&kept)
	return kept, fail("ask whether nationality was lost", err)
}
