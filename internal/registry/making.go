package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Making is a card as the station that makes it finds it.
type Making struct {
	Card     CardRecord
	Evidence Evidence
	Stage    identity.Stage // of its application
	Current  bool           // it is the card that the application makes now; otherwise it was given up for another
	Now      time.Time      // the database's clock
}

// Making reads a card that a station is to make, with evidence, in one round trip. It
// refuses with NotFound.
func (r *Registry) Making(ctx context.Context, number identity.ApplicationNumber, attempt int, wanted ...EvidenceKey) (Making, error) {
	batch := &pgx.Batch{}
	batch.Queue(selectCard+` WHERE c.application = $1 AND c.attempt = $2`, number, attempt)
	batch.Queue(`SELECT stage, greatest(attempt, 1) = $2, now() FROM applications WHERE number = $1`, number, attempt)
	queueEvidence(batch, number, wanted)
	results := r.db.SendBatch(ctx, batch)
	defer results.Close()
	var m Making
	rows, _ := results.Query() // CollectExactlyOneRow reports the error
	var err error
	if m.Card, err = pgx.CollectExactlyOneRow(rows, r.card); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return Making{}, identity.Refuse(identity.NotFound, "application %s has no card %d", number, attempt)
		}
		return Making{}, fail("read card", err)
	}
	if err := results.QueryRow().Scan(&m.Stage, &m.Current, &m.Now); err != nil {
		return Making{}, fail("read application", err)
	}
	if m.Evidence, err = r.readEvidence(results, number); err != nil {
		return Making{}, err
	}
	return m, fail("read card", results.Close())
}

// afterState is the stage of an application whose card reached that state.
var afterState = map[identity.CardState]identity.Stage{
	identity.CardPersonalized: identity.Printing,
	identity.CardPrinted:      identity.Inspection,
	identity.CardInspected:    identity.Inspection,
}

// StageAfter is the stage of an application whose card reached a state at its station.
func StageAfter(state identity.CardState) identity.Stage { return afterState[state] }

// Advance records that a card reached the next state at its station, takes its
// application to the stage that follows, and forgets its trouble. A state that it has
// passed changes nothing; a card that was given up is refused with Spoiled.
func (r *Registry) Advance(ctx context.Context, number identity.ApplicationNumber, attempt int, to identity.CardState, detail string) error {
	return r.advance(ctx, step{number, attempt, to, detail, false}, "", nil)
}

// Inspected is what is recorded of a card that passed inspection.
type Inspected struct {
	SecurityObject [32]byte // its digest; zero of what has no chip
	Signer         string   // the document signer's serial number, in hexadecimal digits
	Forgets        bool     // the station removes the printed sides from its printer's folder next, which the trail says first
}

// PassInspection is Advance to Inspected, with what was found: a card that was signed with
// another security object is refused with Conflict.
func (r *Registry) PassInspection(ctx context.Context, number identity.ApplicationNumber, attempt int, found Inspected) error {
	passed := step{number, attempt, identity.CardInspected, "", found.Forgets}
	if found.SecurityObject == [32]byte{} {
		return r.advance(ctx, passed, "", nil)
	}
	passed.detail = fmt.Sprintf("security object %x", found.SecurityObject)
	return r.advance(ctx, passed, `digest_sod = @object, signer = @signer, `, pgx.StrictNamedArgs{"object": found.SecurityObject[:], "signer": found.Signer})
}

// step is a card reaching a state at its station.
type step struct {
	application identity.ApplicationNumber
	attempt     int
	to          identity.CardState
	detail      string
	forgets     bool
}

// advance also notes what of the card is given, if it is the first or the same as before.
func (r *Registry) advance(ctx context.Context, s step, noted string, args pgx.StrictNamedArgs) error {
	stage, ok := afterState[s.to]
	if !ok {
		return identity.Refuse(identity.Invalid, "a station cannot make a card %s", s.to)
	}
	same := ""
	if noted != "" {
		same = ` AND (c.digest_sod IS NULL OR c.digest_sod = @object)`
	}
	all := pgx.StrictNamedArgs{
		"application": s.application, "attempt": s.attempt, "to": s.to, "detail": s.detail, "forgets": s.forgets,
		"before": before(identity.CardDocument, s.to), "certificate_before": before(identity.Certificate, s.to),
		"stage": string(stage), "from": stagesBefore(identity.CardDocument, stage), "certificate_from": stagesBefore(identity.Certificate, stage),
	}
	maps.Copy(all, args)
	tag, err := r.db.Exec(ctx, `
		WITH before AS (
			SELECT number, stage, `+fromStages+` AS came_from FROM applications a WHERE number = @application FOR NO KEY UPDATE
		), advanced AS (
			UPDATE cards c SET `+noted+`state = @to, changed_at = now() FROM before b
			WHERE c.application = b.number AND c.attempt = @attempt AND c.state = CASE c.document WHEN `+documentCertificate+` THEN @certificate_before ELSE @before END`+same+` RETURNING c.application, c.station
		), moved AS (
			UPDATE applications a SET stage = @stage, entered_at = now(), awaiting = '', awaiting_why = '', awaiting_since = NULL, trouble = '', trouble_since = NULL
			FROM before b JOIN advanced ON advanced.application = b.number
			WHERE a.number = b.number AND b.stage = ANY(b.came_from) AND b.stage <> @stage RETURNING a.number
		), well AS (
			UPDATE applications a SET trouble = '', trouble_since = NULL
			FROM before b JOIN advanced ON advanced.application = b.number
			WHERE a.number = b.number AND a.trouble <> '' AND (b.stage <> ALL(b.came_from) OR b.stage = @stage)
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, station, e.event, e.reason FROM advanced CROSS JOIN LATERAL (
			VALUES (true, @to || ' card ' || @attempt, @detail), (EXISTS (SELECT FROM moved), 'entered ' || @stage, ''),
				(@forgets, `+eventForgotten+` || @attempt, '')) AS e (yes, event, reason)
		WHERE e.yes`, all)
	if err != nil || tag.RowsAffected() > 0 {
		return fail("advance card", err)
	}
	at, err := r.cardState(ctx, s.application, s.attempt)
	switch {
	case err != nil:
		return fail("advance card", err)
	case slices.Index(way, at) >= slices.Index(way, s.to):
		return nil
	case at.GivenUp():
		return identity.Refuse(identity.Spoiled, "card %d was given up", s.attempt)
	case noted != "" && at == before(identity.CardDocument, s.to):
		return identity.Refuse(identity.Conflict, "card %d was signed with another security object", s.attempt)
	}
	return identity.Refuse(identity.Conflict, "card %d is %s and cannot become %s", s.attempt, at, s.to)
}

// before is the state that a document leaves for another one on its way; empty if it never
// comes there.
func before(d identity.Document, to identity.CardState) identity.CardState {
	i := slices.Index(d.Way(), to)
	if i < 1 {
		return ""
	}
	return d.Way()[i-1]
}

// cameFrom is the stock from which a blank of box x came; the center's, if that was the
// stock of a station that is out of service.
const cameFrom = `CASE WHEN EXISTS (SELECT FROM stations_at_work WHERE id = x.location AND removed_at IS NOT NULL) THEN ` + locationCenter + ` ELSE x.location END`

// GiveBack returns the blank of a card that was begun, and to which nothing was written,
// to the stock that it came from. The card is then as it was prepared, and any station
// may begin it. A second call changes nothing; it reports whether this one did.
func (r *Registry) GiveBack(ctx context.Context, number identity.ApplicationNumber, attempt int, station identity.StationID, why string) (bool, error) {
	tag, err := r.db.Exec(ctx, `
		WITH card AS (
			SELECT application, attempt, blank FROM cards
			WHERE application = @application AND attempt = @attempt AND station = @station AND state = `+cardBegun+` FOR NO KEY UPDATE
		), prepared AS (
			UPDATE cards c SET state = `+cardPrepared+`, blank = NULL, station = '', changed_at = now()
			FROM card WHERE c.application = card.application AND c.attempt = card.attempt RETURNING card.application, card.blank
		), returned AS (
			UPDATE blanks b SET account = `+accountStock+`, location = `+cameFrom+`, application = NULL, attempt = NULL, given_back = b.given_back + 1
			FROM prepared, boxes x WHERE b.serial = prepared.blank AND x.number = b.box
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @station, 'gave back blank ' || blank || ' of card ' || @attempt, @why FROM prepared`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "station": station, "why": identity.OneLine(why)})
	if err != nil {
		return false, fail("give blank back", err)
	}
	return tag.RowsAffected() == 1, nil
}

// SayUntouched is a station's word on a card that somebody else gave up when it was no more
// than begun there: whether it is known that nothing was written to the blank. Then the
// blank is in stock again, where it came from. A second call changes nothing, nor does one that comes
// when two officers have destroyed the card; it reports whether this one did.
func (r *Registry) SayUntouched(ctx context.Context, number identity.ApplicationNumber, attempt int, station identity.StationID, untouched bool) (bool, error) {
	tag, err := r.db.Exec(ctx, `
		WITH card AS (
			SELECT application, attempt, blank FROM cards
			WHERE application = @application AND attempt = @attempt AND station = @station AND unsure AND state = `+cardSpoiled+` FOR NO KEY UPDATE
		), said AS (
			UPDATE cards c SET unsure = false, blank = CASE WHEN @untouched THEN NULL ELSE c.blank END
			FROM card WHERE c.application = card.application AND c.attempt = card.attempt RETURNING card.application
		), returned AS (
			UPDATE blanks b SET account = `+accountStock+`, location = `+cameFrom+`, application = NULL, attempt = NULL, given_back = b.given_back + 1
			FROM said, card, boxes x WHERE @untouched AND b.serial = card.blank AND x.number = b.box
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, @station, CASE WHEN @untouched THEN 'gave back blank ' ELSE 'may have written to blank ' END || blank || ' of card ' || @attempt::integer, '' FROM card`,
		pgx.StrictNamedArgs{"application": number, "attempt": attempt, "station": station, "untouched": untouched})
	if err != nil {
		return false, fail("record whether a blank was written to", err)
	}
	return tag.RowsAffected() == 1, nil
}

// NoteTrouble records what is wrong at the station that makes a card, for the lists and
// the story. The same trouble again changes nothing.
func (r *Registry) NoteTrouble(ctx context.Context, number identity.ApplicationNumber, station identity.StationID, trouble string) error {
	_, err := r.db.Exec(ctx, `
		WITH noted AS (
			UPDATE applications SET trouble = @trouble, trouble_since = coalesce(trouble_since, now())
			WHERE number = @application AND trouble <> @trouble AND stage NOT IN `+ends+` RETURNING number
		)
		INSERT INTO audit (application, actor, event, reason) SELECT number, @station, 'trouble at station', @trouble FROM noted`,
		pgx.StrictNamedArgs{"application": number, "station": station, "trouble": identity.OneLine(trouble)})
	return fail("note trouble", err)
}

// ofCenter begins the trouble of a step of the center.
const ofCenter = "center: "

// ShowTrouble shows why a step of the center cannot be done now, until the application
// goes on; empty: it was done. A station's trouble stays. It is not noted in the story:
// such a step may be tried for days, each time with another error.
func (r *Registry) ShowTrouble(ctx context.Context, number identity.ApplicationNumber, trouble string) error {
	if trouble != "" {
		trouble = ofCenter + identity.OneLine(trouble)
	}
	_, err := r.db.Exec(ctx, `
		UPDATE applications SET trouble = @trouble, trouble_since = CASE WHEN @trouble <> '' THEN coalesce(trouble_since, now()) END
		WHERE number = @application AND trouble <> @trouble AND (trouble = '' OR starts_with(trouble, @center)) AND stage NOT IN `+ends,
		pgx.StrictNamedArgs{"application": number, "trouble": trouble, "center": ofCenter})
	return fail("show trouble", err)
}

// eventForgotten begins what the trail says of printed sides that a station removes.
const eventForgotten = `'removed the printed sides of card '`

// NoteForgotten has the trail say, once, that a station removes the printed sides of a card
// from its printer's folder.
func (r *Registry) NoteForgotten(ctx context.Context, number identity.ApplicationNumber, attempt int, by identity.StationID) error {
	batch := &pgx.Batch{} // one round trip, and one transaction
	batch.Queue(`SELECT FROM cards WHERE application = $1 AND attempt = $2 FOR NO KEY UPDATE`, number, attempt)
	batch.Queue(`
		INSERT INTO audit (application, actor, event, reason)
		SELECT $1, $2, e.event, '' FROM (SELECT `+eventForgotten+` || $3::int AS event) e
		WHERE NOT EXISTS (SELECT FROM audit a WHERE a.application = $1 AND a.event = e.event)`, number, by, attempt)
	return fail("note what was removed", r.db.SendBatch(ctx, batch).Close())
}

// PrintedInVain gives those of some cards that need no print any more: they have passed
// inspection, or were given up.
func (r *Registry) PrintedInVain(ctx context.Context, printed []CardInSlot) ([]CardInSlot, error) {
	numbers, attempts := make([]string, len(printed)), make([]int, len(printed))
	for i, c := range printed {
		numbers[i], attempts[i] = string(c.Application), c.Attempt
	}
	rows, _ := r.db.Query(ctx, `
		SELECT c.application, c.attempt, c.state FROM unnest($1::text[], $2::int[]) AS p (application, attempt) JOIN cards c USING (application, attempt)
		WHERE c.state <> `+cardPrepared+` AND c.state NOT IN `+inSlot, numbers, attempts) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c CardInSlot, err error) {
		return c, row.Scan(&c.Application, &c.Attempt, &c.State)
	})
	return list, fail("look for prints that nobody needs", err)
}
