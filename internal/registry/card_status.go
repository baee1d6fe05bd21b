package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// StatusQuery names a card as a verifier knows it: by the serial in its DG13, by that of its
// chip as its maker or the station that wrote it says it, or by the number and the day of issue that are printed on it.
type StatusQuery struct {
	Serial identity.CardSerial
	Chip   string
	Number identity.PersonalNumber
	Issued identity.Date
}

// CardStanding is a card as a verifier hears of it, and its place in the status lists.
type CardStanding struct {
	Status identity.CardStatus
	Place  int64 // -1: none
}

// signerRevoked is, in SQL, whether the document signer of card c was revoked.
const signerRevoked = `EXISTS (SELECT FROM revoked_signers s WHERE s.serial = c.signer)`

// CardStatuses answers many queries at once, in their order. Of two cards that were issued to a
// person on one day, the answer is about the one that stands. Whether a card has expired
// stands on it, and here only under its application's key.
func (r *Registry) CardStatuses(ctx context.Context, queries []StatusQuery) ([]CardStanding, error) {
	answers := make([]CardStanding, len(queries))
	var serials, chips []string
	var citizens [][]byte
	var serialAt, chipAt, numberAt []int
	var issued []time.Time
	for i, q := range queries {
		answers[i] = CardStanding{identity.StatusUnknown, -1}
		switch {
		case q.Serial != "":
			serials, serialAt = append(serials, string(q.Serial)), append(serialAt, i)
		case q.Chip != "":
			chips, chipAt = append(chips, q.Chip), append(chipAt, i)
		default:
			whose, err := r.citizen(q.Number)
			if err != nil {
				return nil, err
			}
			citizens, issued, numberAt = append(citizens, whose), append(issued, q.Issued.Midnight()), append(numberAt, i)
		}
	}
	batch := &pgx.Batch{}
	read := func(at []int, join string, args ...any) {
		if len(at) == 0 {
			return
		}
		batch.Queue(`SELECT q.i, c.state, c.status_place, `+signerRevoked+` FROM `+join+` WHERE c.status_place IS NOT NULL ORDER BY c.state IN `+standing+`, c.id`, args...).Query(func(rows pgx.Rows) error {
			var i, place int64
			var state identity.CardState
			var revoked bool
			_, err := pgx.ForEachRow(rows, []any{&i, &state, &place, &revoked}, func() error {
				answers[at[i-1]] = CardStanding{state.Status().SignedBy(revoked), place}
				return nil
			})
			return err
		})
	}
	read(serialAt, `unnest($1::text[]) WITH ORDINALITY q (v, i) JOIN cards c ON c.serial = q.v`, serials)
	read(chipAt, `unnest($1::text[]) WITH ORDINALITY q (v, i) JOIN blanks b ON b.chip = q.v JOIN cards c ON c.blank = b.serial`, chips)
	read(chipAt, `unnest($1::text[]) WITH ORDINALITY q (v, i)
		JOIN audit a ON a.event LIKE 'personalized card %' AND a.reason LIKE 'chip %' AND lower(substr(a.reason, 6)) = q.v
		JOIN cards c ON c.application = a.application AND a.event = 'personalized card ' || c.attempt`, chips)
	read(numberAt, `unnest($1::bytea[], $2::date[]) WITH ORDINALITY q (v, d, i) JOIN cards c ON c.citizen = q.v AND c.issued = q.d`, citizens, issued)
	return answers, fail("read status of cards", r.db.SendBatch(ctx, batch).Close())
}

// PlacedStatus is the status of the card at one place of the lists.
type PlacedStatus struct {
	Place  int64
	Status identity.CardStatus
}

// settled is how long after its time an entry of card_life may still be committed.
const settled = `interval '1 minute'`

// NotValid gives every card that is not valid; or, after a time, whatever changed since then, some of it not for the first
// time. It gives how many places were taken, and from when on to ask the next time.
func (r *Registry) NotValid(ctx context.Context, since time.Time, each func(PlacedStatus)) (places int64, next time.Time, err error) {
	query, args := `
		SELECT status_place, state, false FROM cards WHERE status_place IS NOT NULL AND state <> `+cardLive+`
		UNION ALL SELECT c.status_place, c.state, true FROM revoked_signers s JOIN cards c ON c.signer = s.serial AND c.signer <> '' WHERE c.status_place IS NOT NULL AND c.state = `+cardLive, []any(nil)
	if !since.IsZero() {
		query, args = `
			SELECT DISTINCT c.status_place, c.state, `+signerRevoked+` FROM card_life l JOIN cards c ON c.id = l.card WHERE l.at > $1 AND c.status_place IS NOT NULL
			UNION SELECT c.status_place, c.state, true FROM revoked_signers s JOIN cards c ON c.signer = s.serial AND c.signer <> '' WHERE s.at > $1 AND c.status_place IS NOT NULL`, []any{since}
	}
	err = r.db.QueryRow(ctx, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END, clock_timestamp() - `+settled+` FROM status_places`).Scan(&places, &next)
	if err != nil {
		return 0, next, fail("read status of cards", err)
	}
	rows, _ := r.db.Query(ctx, query, args...) // ForEachRow reports the error
	var p PlacedStatus
	var state identity.CardState
	var revoked bool
	_, err = pgx.ForEachRow(rows, []any{&p.Place, &state, &revoked}, func() error {
		p.Status = state.Status().SignedBy(revoked)
		each(p)
		return nil
	})
	return places, next, fail("read status of cards", err)
}
