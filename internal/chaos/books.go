package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/station"
)

// checkBooks checks what the registry alone must hold at every moment.
func (w *watch) checkBooks(ctx context.Context) {
	registry := w.office.Registry
	if stock, err := registry.Stock(ctx); err == nil && !stock.Balanced {
		w.report.violate("stock", fmt.Sprintf("it does not balance: %+v", stock))
	}
	w.none(ctx, "the citizen has %s live cards", `
		SELECT coalesce(min(application), ''), count(*)::text FROM cards WHERE state = 'live' GROUP BY citizen HAVING count(*) > 1`)
	if err := registry.VerifyBooks(ctx); identity.Refused(err, identity.Conflict) {
		w.report.violate("books", err.Error())
	}
	if w.looks%10 == 0 {
		w.checkLedgers(ctx)
	}
}

// none reports each row that a query gives: who, and what is wrong.
func (w *watch) none(ctx context.Context, what, query string) {
	rows, _ := w.db.Query(ctx, query) // CollectRows reports the error
	type row struct{ Who, What string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		w.blind(err)
		return
	}
	for _, r := range list {
		w.report.violate(r.Who, fmt.Sprintf(what, r.What))
	}
}

// blind says that a check's own query is wrong: it would never find anything. A
// server that does not answer is asked again soon. Class 42 is of statements that are wrong.
func (w *watch) blind(err error) {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(refusal.Code, "42") {
		w.suspect("chaos", "a check cannot look: "+err.Error(), 0)
	}
}

// checkLedgers checks what costs more to check.
func (w *watch) checkLedgers(ctx context.Context) {
	if _, err := w.office.Registry.VerifyAllAudit(ctx); identity.Refused(err, identity.Conflict) {
		w.report.violate("audit trail", err.Error())
	}
	w.checkSpoiled(ctx)
}

// checkSpoiled finds blanks that a station gave up and never wrote to. What a person
// gave up with a silent station is that person's to answer for.
func (w *watch) checkSpoiled(ctx context.Context) {
	rows, _ := w.db.Query(ctx, `
		SELECT c.application, c.blank, c.reason FROM cards c JOIN audit a ON a.application = c.application
			AND a.event LIKE 'spoiled card ' || c.attempt || ' with blank %' AND a.actor = ANY ($1)
		WHERE c.state = 'spoiled' AND c.blank IS NOT NULL`, stations) // CollectRows reports the error
	type row struct {
		Application   string
		Blank, Reason string
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		w.blind(err)
		return
	}
	for _, r := range list {
		if written, err := w.written(r.Blank); err == nil && !written {
			w.report.violate(r.Application, fmt.Sprintf("blank %s was spoiled, and no station ever wrote to it: %s", r.Blank, r.Reason))
		}
	}
}

// written reports whether a station began to write to a blank, as its journal has it.
func (w *watch) written(blank string) (bool, error) {
	for _, id := range stations {
		journal, err := station.OpenJournal(w.journal(string(id))+"/"+string(id), false)
		if err != nil {
			return false, err
		}
		e, found, err := journal.Load(blank)
		if err != nil {
			return false, err
		}
		if found && !e.Clean {
			return true, nil
		}
	}
	return false, nil
}
