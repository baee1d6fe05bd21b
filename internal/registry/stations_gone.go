package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// RemoveStation takes a station out of service for good, which is not heard of any more
// and holds no card: it is listed, counted and waited for no longer. The blanks in its
// stock go where they are now, or are spoiled: it gives how many. A second call changes
// nothing. Should the station be heard of again, it is listed, and paused.
func (r *Registry) RemoveStation(ctx context.Context, id identity.StationID, m identity.RemoveStation, signed statement.Signed) (int, error) {
	blanks := 0
	err := r.act(ctx, m, statement.Station(id), signed, func(tx pgx.Tx) error {
		var silent time.Duration
		var removed bool
		err := tx.QueryRow(ctx, `SELECT now() - seen_at, removed_at > seen_at IS TRUE FROM stations_at_work WHERE id = $1 FOR UPDATE`, id).Scan(&silent, &removed)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return noStation(id)
		case err != nil || removed:
			return err
		case silent < SilentAfter:
			return identity.RefuseField(identity.Conflict, "station", "%s is at work: it was heard of %s ago; stop its worker first", id, silent.Round(time.Second))
		}
		if err := holdsNone(ctx, tx, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE stations_at_work SET removed_at = now(), paused_at = now(), paused_by = $2, paused_why = $3 WHERE id = $1`,
			id, both(m.Officer, m.Witness), "out of service: "+m.Reason)
		if err != nil {
			return err
		}
		if blanks, err = bookBlanks(ctx, tx, id, m.Blanks); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO station_acts (station, actor, act, reason) VALUES ($1, $2, 'remove', $3)`,
			id, both(m.Officer, m.Witness), identity.OneLine(fmt.Sprintf("%s; %d blanks: %s", m.Reason, blanks, m.Blanks)))
		return err
	})
	return blanks, err
}

// holdsNone refuses a station at which cards are that others wait for.
func holdsNone(ctx context.Context, tx pgx.Tx, id identity.StationID) error {
	rows, _ := tx.Query(ctx, `SELECT application || ' (card ' || attempt || ', ' || state || ')' FROM cards WHERE station = $1 AND state IN `+begunAtStation+` ORDER BY application FOR UPDATE`, id) // CollectRows reports the error
	cards, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(cards) == 0 {
		return err
	}
	return identity.RefuseField(identity.Conflict, "station", "%s holds cards: %s; give them up first (starter release N --remake), or let it finish them", id, strings.Join(cards, ", "))
}

// bookBlanks books the blanks in the station's stock where they are now.
func bookBlanks(ctx context.Context, tx pgx.Tx, id identity.StationID, where string) (int, error) {
	var n int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM blanks WHERE account = `+accountStock+` AND location = $1`, id).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	switch where {
	case "":
		return 0, identity.RefuseField(identity.Conflict, "blanks", "%d blanks are in stock at %s: say where they are now: %s, another station, or %s", n, id, identity.LocationCenter, identity.BlanksLost)
	case identity.BlanksLost:
		tag, err := tx.Exec(ctx, `UPDATE blanks SET account = `+accountSpoiled+` WHERE account = `+accountStock+` AND location = $1`, id)
		return int(tag.RowsAffected()), err
	case identity.LocationCenter:
	default:
		var known bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM stations_at_work WHERE id = $1 AND id <> $2 AND removed_at IS NULL)`, where, id).Scan(&known); err != nil {
			return 0, err
		}
		if !known {
			return 0, identity.RefuseField(identity.Invalid, "blanks", "%s is no other station in service; %s, such a station, or %s is accepted", where, identity.LocationCenter, identity.BlanksLost)
		}
	}
	tag, err := tx.Exec(ctx, `UPDATE blanks SET location = $2 WHERE account = `+accountStock+` AND location = $1`, id, where)
	return int(tag.RowsAffected()), err
}
