package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Metrics are the work that is open and the blanks in stock.
type Metrics struct {
	Open      []OpenCount
	Stock     []StockCount
	InTrouble int // applications whose card a station could not make at its last try
}

// OpenCount counts the applications that are at a stage and wait for an action.
type OpenCount struct {
	Stage    identity.Stage
	Awaiting identity.Action
	Count    int
	Late     int // of them, past the legal deadline
}

// StockCount counts the blanks that are in stock at a place.
type StockCount struct {
	Location string
	Count    int
}

// Metrics counts by indexes of what is open and what is in stock: applications that
// ended cost nothing.
func (r *Registry) Metrics(ctx context.Context) (Metrics, error) {
	var m Metrics
	var batch pgx.Batch
	batch.Queue(`
		SELECT stage, awaiting, count(*), count(*) FILTER (WHERE due < now())
		FROM applications WHERE stage NOT IN ` + ends + ` GROUP BY stage, awaiting ORDER BY stage, awaiting`)
	batch.Queue(`SELECT location, count(*) FROM blanks WHERE account = ` + accountStock + ` GROUP BY location ORDER BY location`)
	batch.Queue(`SELECT count(*) FROM applications WHERE trouble <> ''`)
	results := r.db.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }() // reading reported its errors
	rows, _ := results.Query()             // CollectRows reports the error
	open, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OpenCount])
	if err != nil {
		return Metrics{}, fail("count open applications", err)
	}
	rows, _ = results.Query()
	m.Stock, err = pgx.CollectRows(rows, pgx.RowToStructByPos[StockCount])
	if err != nil {
		return Metrics{}, fail("count blanks in stock", err)
	}
	m.Open = open
	return m, fail("count applications in trouble", results.QueryRow().Scan(&m.InTrouble))
}
