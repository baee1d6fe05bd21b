package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Removal takes a station out of service that is gone for good.
type Removal struct {
	Officer identity.OfficerID
	Witness identity.OfficerID // counted its blanks with them
	Reason  string
	Blanks  string // where the blanks in its stock are now: identity.LocationCenter, a station, BlanksLost; empty: it has none
}

// BlanksLost says that a station's blanks were lost with it.
const BlanksLost = "lost"

func (m Removal) check() error {
	return errors.Join(identity.TwoOfficers("witness", m.Officer, m.Witness), checkReason(m.Reason), identity.CheckNote("blanks", m.Blanks))
}

func checkReason(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return identity.RefuseField(identity.Invalid, "reason", "is empty; say why")
	}
	return identity.CheckNote("reason", reason)
}

// RemoveStation takes a station out of service for good, which is not heard of any more
// and holds no card: it is listed, counted and waited for no longer. The blanks in its
// stock go where they are now, or are spoiled: it gives how many. A second call changes
// nothing. Should the station be heard of again, it is listed, and paused.
func (r *Registry) RemoveStation(ctx context.Context, id identity.StationID, m Removal) (int, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	blanks := 0
	err := r.together(ctx, func(tx pgx.Tx) error {
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
		if blanks, err = m.bookBlanks(ctx, tx, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO station_acts (station, actor, act, reason) VALUES ($1, $2, 'remove', $3)`,
			id, both(m.Officer, m.Witness), identity.OneLine(fmt.Sprintf("%s; %d blanks: %s", m.Reason, blanks, m.Blanks)))
		return err
	})
	return blanks, fail("take station out of service", err)
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
func (m Removal) bookBlanks(ctx context.Context, tx pgx.Tx, id identity.StationID) (int, error) {
	var n int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM blanks WHERE account = `+accountStock+` AND location = $1`, id).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	switch m.Blanks {
	case "":
		return 0, identity.RefuseField(identity.Conflict, "blanks", "%d blanks are in stock at %s: say where they are now: %s, another station, or %s", n, id, identity.LocationCenter, BlanksLost)
	case BlanksLost:
		tag, err := tx.Exec(ctx, `UPDATE blanks SET account = `+accountSpoiled+` WHERE account = `+accountStock+` AND location = $1`, id)
		return int(tag.RowsAffected()), err
	case identity.LocationCenter:
	default:
		var known bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM stations_at_work WHERE id = $1 AND id <> $2 AND removed_at IS NULL)`, m.Blanks, id).Scan(&known); err != nil {
			return 0, err
		}
		if !known {
			return 0, identity.RefuseField(identity.Invalid, "blanks", "%s is no other station in service; %s, such a station, or %s is accepted", m.Blanks, identity.LocationCenter, BlanksLost)
		}
	}
	tag, err := tx.Exec(ctx, `UPDATE blanks SET location = $2 WHERE account = `+accountStock+` AND location = $1`, id, m.Blanks)
	return int(tag.RowsAffected()), err
}
