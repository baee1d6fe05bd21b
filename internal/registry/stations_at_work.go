package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// StationAtWork is a personalization station, as it reports itself.
type StationAtWork struct {
	ID        identity.StationID
	Slots     int
	SeenAt    time.Time     // when it was last heard of
	Silent    time.Duration // since then
	PausedAt  time.Time     // zero while it works
	PausedBy  string        // an officer, or the station itself
	PausedWhy string
	Cards     []CardInSlot
	Unsure    []CardInSlot // cards given up by others: only the station knows whether it wrote to their blanks
	Bare      bool         // no blank is in stock that it may take, and one is at another station that works
}

// SilentAfter is how long a station may go unheard before it counts as silent; it
// reports itself every five seconds.
const SilentAfter = 30 * time.Second

// Works reports whether the station takes cards.
func (s StationAtWork) Works() bool { return s.PausedAt.IsZero() && s.Silent <= SilentAfter }

// CardInSlot is a card that was begun and has not left its station.
type CardInSlot struct {
	Application identity.ApplicationNumber `json:"application"`
	Attempt     int                        `json:"card"`
	State       identity.CardState         `json:"state"`
	Blank       identity.BlankSerial       `json:"blank"`
	Trouble     string                     `json:"trouble,omitzero"`
}

// ReportStation records that a station lives, or is back after it was not heard of, and
// reads what it has to know: whether it is paused, and which cards its slots hold.
func (r *Registry) ReportStation(ctx context.Context, id identity.StationID, slots int, back bool) (StationAtWork, error) {
	_, err := r.db.Exec(ctx, `
		INSERT INTO stations_at_work (id, slots) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET seen_at = now(), slots = $2, back_at = CASE WHEN $3 THEN now() ELSE stations_at_work.back_at END`, id, slots, back)
	if err != nil {
		return StationAtWork{}, fail("report station", err)
	}
	list, err := r.stationsAtWork(ctx, `WHERE s.id = $1`, id)
	if err != nil || len(list) == 0 {
		return StationAtWork{}, fail("report station", err)
	}
	err = r.db.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT FROM blanks WHERE document = `+documentCard+` AND account = `+accountStock+` AND location IN (`+locationCenter+`, $1))
			AND EXISTS (SELECT FROM stations_at_work s WHERE s.id <> $1 AND `+works+` AND EXISTS (
				SELECT FROM blanks b WHERE b.document = `+documentCard+` AND b.account = `+accountStock+` AND b.location = s.id))`, id, SilentAfter).Scan(&list[0].Bare)
	if err != nil {
		return StationAtWork{}, fail("report station", err)
	}
	rows, _ := r.db.Query(ctx, `SELECT application, attempt, state, blank, '' FROM cards WHERE station = $1 AND unsure AND state = `+cardSpoiled+` LIMIT 10`, id) // CollectRows reports the error
	list[0].Unsure, err = pgx.CollectRows(rows, pgx.RowToStructByPos[CardInSlot])
	return list[0], fail("report station", err)
}

// works: a station s takes cards, and has been heard of within $2.
const works = `s.paused_at IS NULL AND s.seen_at > now() - $2::interval`

// StationsAtWork lists the personalization stations, by name: not those that are out of
// service, unless they were heard of since.
func (r *Registry) StationsAtWork(ctx context.Context) ([]StationAtWork, error) {
	list, err := r.stationsAtWork(ctx, `WHERE s.removed_at IS NULL OR s.seen_at > s.removed_at`)
	return list, fail("list stations", err)
}

func (r *Registry) stationsAtWork(ctx context.Context, where string, args ...any) ([]StationAtWork, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT s.id, s.slots, s.seen_at, now() - s.seen_at, s.paused_at, s.paused_by, s.paused_why, coalesce(c.application, ''), coalesce(c.attempt, 0), coalesce(c.state, ''), coalesce(c.blank, ''), coalesce(a.trouble, '')
		FROM stations_at_work s LEFT JOIN cards c ON c.station = s.id AND c.state IN `+inSlot+`
		LEFT JOIN applications a ON a.number = c.application `+where+` ORDER BY s.id, c.application`, args...) // ForEachRow reports the error
	var list []StationAtWork
	var s StationAtWork
	var card CardInSlot
	var paused *time.Time
	_, err := pgx.ForEachRow(rows, []any{
		&s.ID, &s.Slots, &s.SeenAt, &s.Silent, &paused, &s.PausedBy, &s.PausedWhy, &card.Application, &card.Attempt, &card.State, &card.Blank, &card.Trouble,
	}, func() error {
		if n := len(list); n == 0 || list[n-1].ID != s.ID {
			s.PausedAt = time.Time{}
			if paused != nil {
				s.PausedAt = *paused
			}
			list = append(list, s)
		}
		if card.Application != "" {
			last := &list[len(list)-1]
			last.Cards = append(last.Cards, card)
		}
		return nil
	})
	return list, err
}

// PauseStation has a station take no more cards, as an officer says. A station that is
// paused already stays paused for the reason that came first.
func (r *Registry) PauseStation(ctx context.Context, id identity.StationID, act identity.PauseStation, signed statement.Signed) error {
	return r.act(ctx, act, statement.Station(id), signed, func(tx pgx.Tx) error { return pauseStation(ctx, tx, id, string(act.Officer), act.Reason) })
}

// PauseItself has a station take no more cards that found out that it cannot.
func (r *Registry) PauseItself(ctx context.Context, id identity.StationID, why string) error {
	return fail("pause station", pauseStation(ctx, r.db, id, string(id), identity.OneLine(why)))
}

func pauseStation(ctx context.Context, db querier, id identity.StationID, by, why string) error {
	var known bool
	err := db.QueryRow(ctx, `
		WITH paused AS (
			UPDATE stations_at_work SET paused_at = now(), paused_by = @by, paused_why = @why WHERE id = @id AND paused_at IS NULL RETURNING id
		), noted AS (
			INSERT INTO station_acts (station, actor, act, reason) SELECT id, @by, 'pause', @why FROM paused
		)
		SELECT EXISTS (SELECT FROM stations_at_work WHERE id = @id)`,
		pgx.StrictNamedArgs{"id": id, "by": by, "why": why}).Scan(&known)
	if err == nil && !known {
		return noStation(id)
	}
	return err
}

// ResumeStation lets a station take cards again, also one that was out of service. One
// that works is left as it is.
func (r *Registry) ResumeStation(ctx context.Context, id identity.StationID, act identity.ResumeStation, signed statement.Signed) error {
	return r.act(ctx, act, statement.Station(id), signed, func(tx pgx.Tx) error { return resumeStation(ctx, tx, id, act.Officer) })
}

func resumeStation(ctx context.Context, tx pgx.Tx, id identity.StationID, by identity.OfficerID) error {
	var known bool
	err := tx.QueryRow(ctx, `
		WITH resumed AS (
			UPDATE stations_at_work SET paused_at = NULL, paused_by = '', paused_why = '', removed_at = NULL, back_at = now() WHERE id = @id AND paused_at IS NOT NULL RETURNING id
		), noted AS (
			INSERT INTO station_acts (station, actor, act, reason) SELECT id, @by, 'resume', '' FROM resumed
		)
		SELECT EXISTS (SELECT FROM stations_at_work WHERE id = @id)`,
		pgx.StrictNamedArgs{"id": id, "by": by}).Scan(&known)
	if err == nil && !known {
		return noStation(id)
	}
	return err
}

// isSilent is in the trouble of an application whose card is in a slot of such a station.
const isSilent = " is silent: not heard of since "

// NoteSilentStations has the applications whose card is in a slot of a station that is
// not heard of tell so, in the lists and in their story, and no more when it is back. It
// returns whose workflows are to be told.
func (r *Registry) NoteSilentStations(ctx context.Context) ([]identity.ApplicationNumber, error) {
	var told []identity.ApplicationNumber
	batch := &pgx.Batch{}
	batch.Queue(`
		WITH silent AS (
			SELECT a.number, 'station ' || s.id || $2 || to_char(s.seen_at AT TIME ZONE $3, 'YYYY-MM-DD HH24:MI:SS') || '; card ' || c.attempt || ' is in it, and waits' AS trouble
			FROM stations_at_work s JOIN cards c ON c.station = s.id AND c.state IN `+inSlot+`
			JOIN applications a ON a.number = c.application AND a.stage NOT IN `+ends+`
			WHERE s.seen_at < now() - $1::interval
		), noted AS (
			UPDATE applications a SET trouble = s.trouble, trouble_since = coalesce(a.trouble_since, now())
			FROM silent s WHERE a.number = s.number AND a.trouble <> s.trouble RETURNING a.number, a.trouble
		)
		INSERT INTO audit (application, actor, event, reason) SELECT number, `+actorSystem+`, 'trouble at station', trouble FROM noted RETURNING application`,
		SilentAfter, isSilent, identity.HanoiTime.String()).Query(func(rows pgx.Rows) error {
		var err error
		told, err = pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
		return err
	})
	batch.Queue(`
		UPDATE applications a SET trouble = '', trouble_since = NULL
		WHERE a.trouble <> '' AND a.trouble LIKE 'station %' || $2 || '%' AND NOT EXISTS (
			SELECT FROM cards c JOIN stations_at_work s ON s.id = c.station
			WHERE c.application = a.number AND c.state IN `+inSlot+` AND s.seen_at < now() - $1::interval)`, SilentAfter, isSilent)
	err := r.db.SendBatch(ctx, batch).Close()
	return told, fail("note silent stations", err)
}

// GoOnAtStations has applications go on that wait for production since before the station
// that has their card came back, or was resumed: it finishes the card. It returns whose
// workflows are to be told.
func (r *Registry) GoOnAtStations(ctx context.Context) ([]identity.ApplicationNumber, error) {
	rows, _ := r.db.Query(ctx, `
		WITH back AS (
			UPDATE applications a SET awaiting = '', awaiting_why = '', awaiting_since = NULL
			FROM cards c JOIN stations_at_work s ON s.id = c.station
			WHERE a.awaiting = $1 AND a.awaiting <> '' AND c.application = a.number AND c.attempt = greatest(a.attempt, 1) AND c.state IN `+begunAtStation+`
				AND s.paused_at IS NULL AND s.back_at > a.awaiting_since
			RETURNING a.number, c.station
		), noted AS (
			INSERT INTO audit (application, actor, event, reason) SELECT number, station, 'station is back', '' FROM back
		)
		SELECT number FROM back ORDER BY number`, identity.ToRepair) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[identity.ApplicationNumber])
	return list, fail("let applications go on at their stations", err)
}

func noStation(id identity.StationID) error {
	return identity.RefuseField(identity.NotFound, "station", "no worker of a personalization station %s was ever started", id)
}
