package registry

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Box is a box of blanks with consecutive serials: a common prefix and a number
// of fixed width.
type Box struct {
	Number     string
	First      identity.BlankSerial
	Last       identity.BlankSerial
	Location   string // "centre", or a station
	ReceivedBy identity.OfficerID
	CountedBy  identity.OfficerID
}

// maxBox bounds a box, in blanks.
const maxBox = 100_000

// serials lists the serials of a box.
func (b Box) serials() ([]string, error) {
	first, last := string(b.First), string(b.Last)
	prefix := strings.TrimRight(first, "0123456789")
	digits := first[len(prefix):]
	if digits == "" || len(digits) > 15 || len(last) != len(first) || strings.TrimRight(last, "0123456789") != prefix {
		return nil, identity.RefuseField(identity.Invalid, "last", "first and last serial must have one prefix and numbers of one width, as PT00000001 and PT00000500")
	}
	from, err := strconv.Atoi(digits)
	if err != nil {
		return nil, identity.RefuseField(identity.Invalid, "first", "does not end in a number")
	}
	to, err := strconv.Atoi(last[len(prefix):])
	if err != nil || to < from || to-from >= maxBox {
		return nil, identity.RefuseField(identity.Invalid, "last", "must be %d blanks or fewer after the first", maxBox)
	}
	list := make([]string, 0, to-from+1)
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprintf("%s%0*d", prefix, len(digits), n))
	}
	return list, nil
}

// ReceiveBlanks takes a box into stock. The same box again is refused as a
// duplicate.
func (r *Registry) ReceiveBlanks(ctx context.Context, b Box) error {
	serials, err := b.serials()
	if err != nil {
		return err
	}
	_, err = r.db.Exec(ctx, `
		WITH box AS (
			INSERT INTO boxes (number, first_serial, last_serial, blanks, location, received_by, counted_by)
			VALUES (@number, @first, @last, cardinality(@serials::text[]), @location, @received_by, @counted_by) RETURNING number, location
		)
		INSERT INTO blanks (serial, box, account, location) SELECT unnest(@serials::text[]), number, 'stock', location FROM box`,
		pgx.StrictNamedArgs{
			"number": b.Number, "first": b.First, "last": b.Last, "serials": serials, "location": b.Location,
			"received_by": b.ReceivedBy, "counted_by": b.CountedBy,
		})
	return fail("receive blanks", err)
}

// Stock counts blanks by account.
type Stock struct {
	Received     int  `json:"received"`
	InStock      int  `json:"in_stock"`
	InProduction int  `json:"in_production"` // begun, or finished and not yet handed over
	Spoiled      int  `json:"spoiled"`
	Issued       int  `json:"issued"`
	Destroyed    int  `json:"destroyed"`
	Balanced     bool `json:"balanced"`
}

// Stock counts what was received against every account, from one snapshot, and
// the accounts against the ledger of their moves.
func (r *Registry) Stock(ctx context.Context) (Stock, error) {
	var s Stock
	var ledger bool
	err := r.db.QueryRow(ctx, `
		SELECT coalesce((SELECT sum(blanks) FROM boxes), 0),
			count(*) FILTER (WHERE account = 'stock'), count(*) FILTER (WHERE account = 'production'),
			count(*) FILTER (WHERE account = 'spoiled'), count(*) FILTER (WHERE account = 'issued'), count(*) FILTER (WHERE account = 'destroyed'),
			NOT EXISTS (
				SELECT FROM (
					SELECT account, count(*) AS n FROM blanks GROUP BY account
				) held FULL JOIN (
					SELECT account, sum(n) AS n FROM (
						SELECT credited AS account, count(*) AS n FROM blank_movements GROUP BY credited
						UNION ALL SELECT debited, -count(*) FROM blank_movements WHERE debited <> 'received' GROUP BY debited
					) moves GROUP BY account
				) moved USING (account) WHERE coalesce(held.n, 0) <> coalesce(moved.n, 0))
		FROM blanks`).Scan(&s.Received, &s.InStock, &s.InProduction, &s.Spoiled, &s.Issued, &s.Destroyed, &ledger)
	if err != nil {
		return Stock{}, fail("count stock", err)
	}
	s.Balanced = ledger && s.Received == s.InStock+s.InProduction+s.Spoiled+s.Issued+s.Destroyed
	return s, nil
}
