package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

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

// Stranded are blanks in stock at a place where no station is that could take them.
type Stranded struct {
	Location string `json:"location"`
	Blanks   int    `json:"blanks"`
}

// Stock counts the blanks received and those in every account, from one snapshot,
// and compares the accounts with the ledger of movements.
func (r *Registry) Stock(ctx context.Context) (Stock, error) {
	var s Stock
	var ledger bool
	err := r.db.QueryRow(ctx, `
		SELECT coalesce((SELECT sum(blanks) FROM boxes), 0),
			count(*) FILTER (WHERE account = `+accountStock+`), count(*) FILTER (WHERE account = `+accountProduction+`),
			count(*) FILTER (WHERE account = `+accountSpoiled+`), count(*) FILTER (WHERE account = `+accountIssued+`), count(*) FILTER (WHERE account = `+accountDestroyed+`),
			NOT EXISTS (
				SELECT FROM (
					SELECT account, count(*) AS n FROM blanks GROUP BY account
				) held FULL JOIN (
					SELECT account, sum(n) AS n FROM (
						SELECT credited AS account, count(*) AS n FROM blank_movements GROUP BY credited
						UNION ALL SELECT debited, -count(*) FROM blank_movements WHERE debited <> `+accountReceived+` GROUP BY debited
					) moves GROUP BY account
				) moved USING (account) WHERE coalesce(held.n, 0) <> coalesce(moved.n, 0))
		FROM blanks`).Scan(&s.Received, &s.InStock, &s.InProduction, &s.Spoiled, &s.Issued, &s.Destroyed, &ledger)
	if err != nil {
		return Stock{}, fail("count stock", err)
	}
	s.Balanced = ledger && s.Received == s.InStock+s.InProduction+s.Spoiled+s.Issued+s.Destroyed
	return s, nil
}

// DocumentStock counts the blanks of one document.
type DocumentStock struct {
	Document     identity.Document `json:"document"`
	Received     int               `json:"received"`
	InStock      int               `json:"in_stock"`
	InProduction int               `json:"in_production"`
	Spoiled      int               `json:"spoiled"`
	Issued       int               `json:"issued"`
	Destroyed    int               `json:"destroyed"`
}

// StockOfDocuments counts the blanks of each document of which there are any: a card takes no
// blank of certificates, nor the other way round.
func (r *Registry) StockOfDocuments(ctx context.Context) ([]DocumentStock, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT document, coalesce((SELECT sum(x.blanks) FROM boxes x WHERE x.document = b.document), 0),
			count(*) FILTER (WHERE account = `+accountStock+`), count(*) FILTER (WHERE account = `+accountProduction+`),
			count(*) FILTER (WHERE account = `+accountSpoiled+`), count(*) FILTER (WHERE account = `+accountIssued+`), count(*) FILTER (WHERE account = `+accountDestroyed+`)
		FROM blanks b GROUP BY document ORDER BY document`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[DocumentStock])
	return list, fail("count stock of documents", err)
}

// Stranded lists the places where blanks are in stock and no station is.
func (r *Registry) Stranded(ctx context.Context) ([]Stranded, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT location, count(*) FROM blanks
		WHERE account = `+accountStock+` AND location <> `+locationCenter+` AND location NOT IN (SELECT id FROM stations_at_work WHERE removed_at IS NULL)
		GROUP BY location ORDER BY location`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Stranded])
	return list, fail("look for stranded blanks", err)
}
