package main

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// place is where an application or a consignment can be, as the registry says. An
// application passes a stage, waits for an action, or is in a box; a consignment is a
// box.
type place struct {
	stage    identity.Stage // of an application; the same wait may come at any stage
	awaiting identity.Action
	box      identity.ConsignmentState
}

// places are all there are. Where an application never is, in one transaction it enters
// Dispatch with its box, and HandOver with its wait.
var places = func() []place {
	var list []place
	for _, s := range identity.OpenStages() {
		if s != identity.Dispatch && s != identity.HandOver {
			list = append(list, place{stage: s})
		}
	}
	for _, a := range identity.Actions {
		if a != identity.ToSendAway && a != identity.ToCountIn { // those are of boxes
			list = append(list, place{awaiting: a})
		}
	}
	for _, s := range identity.ConsignmentStates {
		if s != identity.ConsignmentDissolved {
			list = append(list, place{stage: identity.Dispatch, box: s})
		}
	}
	for _, s := range identity.ConsignmentStates {
		if s != identity.ConsignmentReceived && s != identity.ConsignmentDissolved { // it has ended
			list = append(list, place{box: s})
		}
	}
	return list
}()

func (a standing) place() place {
	switch {
	case a.Awaiting != identity.NoAction:
		return place{awaiting: a.Awaiting}
	case a.Stage == identity.Dispatch:
		return place{stage: a.Stage, box: a.Consignment}
	}
	return place{stage: a.Stage}
}

func (b box) place() place { return place{box: b.State} }

// passes reports whether nobody stays there for long when all is well.
func (p place) passes() bool {
	return p.awaiting == identity.NoAction && (p.box == "" || p.stage != "" && p.box == identity.ConsignmentReceived)
}

// stays reports whether whoever is there waits for people.
func (p place) stays() bool { return p.awaiting != identity.NoAction || p.stage == "" }

// atStation reports whether a station makes the card there.
func (p place) atStation() bool {
	return p.stage == identity.Personalization || p.stage == identity.Printing || p.stage == identity.Inspection
}

// String says where it is, for the report.
func (p place) String() string {
	switch {
	case p.awaiting != identity.NoAction:
		return "awaiting " + string(p.awaiting)
	case p.stage == "":
		return "box " + string(p.box)
	case p.box != "":
		return string(p.stage) + ", box " + string(p.box)
	}
	return string(p.stage)
}

// spot is where one application or consignment is.
type spot struct {
	place   place
	station identity.StationID // that has its card; empty: none
}

// spots are all of them that have not ended, by number.
func spots(applications []standing, boxes []box) map[string]spot {
	all := make(map[string]spot, len(applications)+len(boxes))
	for _, a := range applications {
		if !a.Stage.Ended() {
			all[string(a.Number)] = spot{a.place(), a.Station}
		}
	}
	for _, b := range boxes {
		if slices.Contains(places, b.place()) {
			all[string(b.Number)] = spot{place: b.place()}
		}
	}
	return all
}

// workflowOf is the ID of the workflow of an application or a consignment.
func workflowOf(number string) string {
	if isBox(number) {
		return workflows.ConsignmentWorkflowID(identity.ConsignmentNumber(number))
	}
	return workflows.ApplicationWorkflowID(identity.ApplicationNumber(number))
}

func isBox(number string) bool { return strings.HasPrefix(number, "C-") }

// hold keeps an application or a consignment where it is until release: the registry
// lets it go no further meanwhile. It fails where that is not at that place any more.
func (s *site) hold(ctx context.Context, number string, at place) (release func(), held bool) {
	tx, err := s.db.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadWrite})
	if err != nil {
		return nil, false
	}
	release = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reach)
		defer cancel()
		_ = tx.Rollback(ctx) // the connection is closed then, if not by that
	}
	query := `SELECT FROM applications WHERE number = $1 FOR NO KEY UPDATE SKIP LOCKED`
	if isBox(number) {
		query = `SELECT FROM consignments WHERE number = $1 FOR NO KEY UPDATE SKIP LOCKED`
	}
	if row, err := tx.Exec(ctx, query, number); err == nil && row.RowsAffected() == 1 {
		if applications, boxes, err := standings(ctx, tx, identity.OpenStages()); err == nil && spots(applications, boxes)[number].place == at {
			return release, true
		}
	}
	release()
	return nil, false
}
