package registry

import (
	"context"
	"errors"
	"math"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// maxFaults is how many faults of a kind a verification names, if not all are asked for.
const maxFaults = 100

// NamingAll is the registry, whose verifications name every fault, however many there are.
func (r *Registry) NamingAll() *Registry {
	all := *r
	all.faults = math.MaxInt32
	return &all
}

// accountOfCard is the account in which the blank of a card belongs, by the card's
// state; that of a blank b without a card is stock, unless it was lost with its station.
var accountOfCard = `CASE
	WHEN c.state IN ` + literals(those(identity.CardState.HandedOver)) + ` THEN ` + accountIssued + `
	WHEN c.state IN ` + literals([]identity.CardState{identity.CardSpoiled, identity.CardLost, identity.CardFound}) + ` THEN ` + accountSpoiled + `
	WHEN c.state = ` + cardDestroyed + ` THEN ` + accountDestroyed + `
	WHEN c.state IS NULL AND b.account = ` + accountSpoiled + ` AND b.application IS NULL AND EXISTS (
		SELECT FROM station_acts gone WHERE gone.station = b.location AND gone.act = 'remove') THEN ` + accountSpoiled + `
	WHEN c.state IS NULL THEN ` + accountStock + ` ELSE ` + accountProduction + ` END`

// VerifyBooks compares the books with each other, blank by blank and decision by
// decision. It refuses what does not fit together, each by its name: somebody changed
// one of them and not the other.
func (r *Registry) VerifyBooks(ctx context.Context) error {
	var faults []error
	compare := func(format, query string, columns int) error {
		rows, err := r.db.Query(ctx, query, r.faults)
		if err != nil {
			return fail("compare books", err)
		}
		values := make([]any, columns)
		targets := make([]any, columns)
		for i := range values {
			targets[i] = &values[i]
		}
		_, err = pgx.ForEachRow(rows, targets, func() error {
			faults = append(faults, identity.Refuse(identity.Conflict, format, values...))
			return nil
		})
		return fail("compare books", err)
	}
	err := errors.Join(
		// What was credited less what was debited is one in the account where the blank
		// is, and nothing in the others.
		compare("blank %s is not in the account to which its movements lead", `
			SELECT DISTINCT serial FROM (
				SELECT serial FROM (
					SELECT serial, credited AS account, 1 AS n FROM blank_movements
					UNION ALL SELECT serial, debited, -1 FROM blank_movements
					UNION ALL SELECT serial, account, -1 FROM blanks
					UNION ALL SELECT serial, `+accountReceived+`, 1 FROM blanks
				) moves GROUP BY serial, account HAVING sum(n) <> 0
			) astray ORDER BY serial LIMIT $1`, 1),
		compare("box %s: %d blanks were counted in, and %d are in the books", `
			SELECT number, box.blanks, coalesce(n, 0) FROM boxes box LEFT JOIN (SELECT box AS number, count(*) AS n FROM blanks GROUP BY box) held USING (number)
			WHERE box.blanks <> coalesce(n, 0) ORDER BY number LIMIT $1`, 3),
		compare("blank %s is booked as %s, and its card is %s", `
			SELECT b.serial, b.account, coalesce(c.state, 'none') FROM blanks b LEFT JOIN cards c ON c.blank = b.serial
			WHERE b.account <> `+accountOfCard+` OR (b.application, b.attempt) IS DISTINCT FROM (c.application, c.attempt)
			ORDER BY b.serial LIMIT $1`, 3),
		compare("application %s: the trail does not have %s by %s", `
			SELECT d.application, d.step, d.officer FROM decisions d LEFT JOIN audit a
				ON a.application = d.application AND a.actor = d.officer AND a.event = d.step || CASE WHEN d.verdict = '' THEN '' ELSE ': ' || d.verdict END
			WHERE a.application IS NULL ORDER BY d.application, d.step LIMIT $1`, 3),
		compare("application %s: nobody approved card %d", `
			SELECT c.application, c.attempt FROM cards c LEFT JOIN decisions d
				ON d.application = c.application AND d.step = `+stepApprove+` AND d.officer = c.approved_by
			WHERE c.application IS NOT NULL AND d.application IS NULL ORDER BY c.application, c.attempt LIMIT $1`, 2),
	)
	return errors.Join(append(faults, err)...)
}
