package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// TakeBlank takes a blank out of stock for a card at a station: its own stock
// first, then the center's, and last what was given back. The same station gets the same
// blank again, but a paused one takes no new blank. Another station is refused with
// Elsewhere, since it cannot finish a card that was begun elsewhere; the blank stays booked
// until that card is written off.
func (r *Registry) TakeBlank(ctx context.Context, number identity.ApplicationNumber, attempt int, station identity.StationID) (identity.BlankSerial, error) {
	return tryBlank(func() (identity.BlankSerial, error) {
		return blankOf(r.db.QueryRow(ctx, takeBlank, blankFor(number, attempt, station, "", "")), number, attempt, station)
	})
}

// BeginCard enters the stage in which a card is made and takes a blank for it, as Enter and
// TakeBlank do. A station that has written to a blank for the card, as its journal has it,
// though the registry has forgotten it, takes that blank, if it is in stock, so that the card
// is not made twice. For an application on hold none is taken: it is refused with Elsewhere, since
// its card waits for the release.
func (r *Registry) BeginCard(ctx context.Context, m StageChange, station identity.StationID, begun identity.BlankSerial) (identity.BlankSerial, error) {
	return tryBlank(func() (identity.BlankSerial, error) {
		batch := &pgx.Batch{} // one round trip, and one transaction
		batch.Queue(entering(m.To), m.args())
		batch.Queue(takeBlank, blankFor(m.Application, m.Attempt, station, m.To, begun))
		results := r.db.SendBatch(ctx, batch)
		defer results.Close()
		tag, err := results.Exec()
		if err != nil {
			return "", err
		}
		if tag.RowsAffected() != 1 {
			_ = results.Close() // gives the connection back, to ask why
			return "", r.refuseMove(ctx, m)
		}
		blank, err := blankOf(results.QueryRow(), m.Application, m.Attempt, station)
		return blank, cmp.Or(err, results.Close())
	})
}

// tryBlank takes a blank. Where another copy was faster, it looks again.
func tryBlank(take func() (identity.BlankSerial, error)) (identity.BlankSerial, error) {
	for {
		switch blank, err := take(); {
		case violates(err, "held_takes_no_blank"):
			return "", identity.Refuse(identity.Elsewhere, "the application is on hold: no card is begun before its release")
		case !violates(err, "one_blank_per_card"):
			return blank, fail("take blank", err)
		}
	}
}

// blankFor are the arguments of takeBlank: the application is at that stage, if one is given.
func blankFor(number identity.ApplicationNumber, attempt int, station identity.StationID, at identity.Stage, wanted identity.BlankSerial) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"application": number, "attempt": attempt, "station": station, "stage": string(at), "wanted": wanted}
}

var takeBlank = `
		WITH card AS (
			SELECT application, attempt, blank, station, state, document FROM cards WHERE application = @application AND attempt = @attempt FOR NO KEY UPDATE
		), working AS ( -- whoever pauses it waits for this blank, or this waits for the pause
			SELECT paused_at FROM stations_at_work WHERE id = @station FOR SHARE
		), may AS (
			SELECT document FROM card WHERE state = ` + cardPrepared + ` AND NOT EXISTS (SELECT FROM working WHERE paused_at IS NOT NULL)
				AND (@stage = '' OR EXISTS (SELECT FROM applications WHERE number = @application AND stage = @stage AND greatest(attempt, 1) = @attempt))
		), wanted AS (
			SELECT serial FROM blanks
			WHERE serial = @wanted AND account = ` + accountStock + ` AND document = (SELECT document FROM may)
			FOR NO KEY UPDATE SKIP LOCKED
		), here AS (
			SELECT serial FROM blanks
			WHERE account = ` + accountStock + ` AND location = @station AND document = (SELECT document FROM may) AND NOT EXISTS (SELECT FROM wanted)
			ORDER BY given_back, serial LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
		), center AS (
			SELECT serial FROM blanks
			WHERE account = ` + accountStock + ` AND location = ` + locationCenter + ` AND document = (SELECT document FROM may) AND NOT EXISTS (SELECT FROM wanted) AND NOT EXISTS (SELECT FROM here)
			ORDER BY given_back, serial LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
		), free AS (
			SELECT serial FROM wanted UNION ALL SELECT serial FROM here UNION ALL SELECT serial FROM center
		), taken AS (
			UPDATE blanks b SET account = ` + accountProduction + `, location = @station, application = @application, attempt = @attempt
			FROM free WHERE b.serial = free.serial RETURNING b.serial
		), begun AS (
			UPDATE cards c SET state = ` + cardBegun + `, blank = taken.serial, station = @station, changed_at = now()
			FROM taken WHERE c.application = @application AND c.attempt = @attempt RETURNING c.blank
		), noted AS (
			INSERT INTO audit (application, actor, event, reason)
			SELECT @application, @station, 'took blank ' || serial || ' for card ' || @attempt, '' FROM taken
		)
		SELECT coalesce((SELECT serial FROM taken), card.blank, ''), CASE WHEN card.blank IS NULL THEN @station ELSE card.station END, card.state, card.document FROM card`

// blankOf reads what takeBlank answers.
func blankOf(row pgx.Row, number identity.ApplicationNumber, attempt int, station identity.StationID) (identity.BlankSerial, error) {
	var blank identity.BlankSerial
	var at identity.StationID
	var state identity.CardState
	var document identity.Document
	switch err := row.Scan(&blank, &at, &state, &document); {
	case err != nil:
		return "", found(err, "application %s has no card %d", number, attempt)
	case state.GivenUp():
		return "", identity.Refuse(identity.Spoiled, "card %d was given up", attempt)
	case blank == "":
		return "", identity.Refuse(identity.OutOfStock, "there is no blank for a %s in stock for station %s, or it is paused", document, station)
	case at != station:
		return "", identity.Refuse(identity.Elsewhere, "card %d was begun at station %s, which has it", attempt, at)
	}
	return blank, nil
}

// checkManifest refuses a manifest that is not of these blanks, each of them once, in their
// order.
func checkManifest(serials []identity.BlankSerial, manifest []identity.DeliveredChip) error {
	if len(manifest) == 0 {
		return nil
	}
	if len(manifest) != len(serials) {
		return identity.RefuseField(identity.Invalid, "manifest", "lists %d blanks; the box has %d", len(manifest), len(serials))
	}
	chips := make(map[string]bool, len(manifest))
	for i, c := range manifest {
		if c.Blank != serials[i] {
			return identity.RefuseField(identity.Invalid, fmt.Sprintf("manifest.%d.blank", i), "is %s; the box has %s there", identity.OneLine(string(c.Blank)), serials[i])
		}
		if chips[c.Chip] {
			return identity.RefuseField(identity.Invalid, fmt.Sprintf("manifest.%d.chip", i), "is the chip of another blank too")
		}
		chips[c.Chip] = true
	}
	return nil
}

// ReceiveBlanks takes a box into stock, with what the maker's manifest says of its chips, in
// the order of the blanks, if there is one. The same box again changes nothing; another one
// of its number is refused with Duplicate. All that is wrong is told at once.
func (r *Registry) ReceiveBlanks(ctx context.Context, b identity.ReceiveBlanks, signed statement.Signed, manifest ...identity.DeliveredChip) error {
	serials, err := identity.Serials(b.First, b.Last)
	if err == nil {
		err = checkManifest(serials, manifest)
	}
	if err = errors.Join(b.Check(), err); err != nil {
		return err
	}
	chips, versions := make([]*string, len(serials)), make([]*int, len(serials))
	for i := range manifest {
		chips[i], versions[i] = &manifest[i].Chip, &manifest[i].KeyVersion
	}
	return r.act(ctx, b, statement.Box(b.Box), signed, func(tx pgx.Tx) error {
		before, err := boxOf(ctx, tx, b.Box)
		if err != nil {
			return err
		}
		said := b
		said.Manifest = nil
		if b.For() == identity.CardDocument {
			said.Document = ""
		}
		if reflect.DeepEqual(before, said) {
			return sameManifest(ctx, tx, b.Box, manifest)
		}
		if err := errors.Join(mayReceive(ctx, tx, before, b, serials), keysAreThere(ctx, tx, manifest)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
		WITH box AS (
			INSERT INTO boxes (number, first_serial, last_serial, blanks, location, received_by, counted_by, act, document)
			VALUES (@number, @first, @last, cardinality(@serials::text[]), @location, @received_by, @counted_by, @act, @document) RETURNING number, location, document
		)
		INSERT INTO blanks (serial, box, account, location, chip, key_version, document)
		SELECT b.serial, box.number, `+accountStock+`, box.location, b.chip, b.key_version, box.document
		FROM box, unnest(@serials::text[], @chips::text[], @versions::smallint[]) AS b (serial, chip, key_version)`,
			pgx.StrictNamedArgs{
				"number": b.Box, "first": b.First, "last": b.Last, "serials": serials, "chips": chips, "versions": versions, "location": b.Location,
				"received_by": b.ReceivedBy, "counted_by": b.CountedBy, "act": signed.ID(), "document": b.For(),
			})
		return err
	})
}

// mayReceive refuses a box whose number was used, whose blanks are known, or that is for a
// station that nobody knows.
func mayReceive(ctx context.Context, db querier, before, b identity.ReceiveBlanks, serials []identity.BlankSerial) error {
	var problems []error
	if before.Box != "" {
		problems = append(problems, identity.RefuseField(identity.Duplicate, "box", "was taken in before: %s to %s for %s, received by %s and counted by %s",
			before.First, before.Last, before.Location, before.ReceivedBy, before.CountedBy))
	} else {
		var known int
		var first identity.BlankSerial
		if err := db.QueryRow(ctx, `SELECT count(*), coalesce(min(serial), '') FROM blanks WHERE serial = ANY($1::text[])`, serials).Scan(&known, &first); err != nil {
			return err
		}
		if known > 0 {
			problems = append(problems, identity.RefuseField(identity.Conflict, "serial", "%d blank(s) of that range were taken in before, the first of them %s", known, first))
		}
	}
	return errors.Join(append(problems, inService(ctx, db, "location", b.Location))...)
}

// inService refuses a place from which no station takes a blank: a station that is gone for
// good, or that never ran, whose name may be mistyped.
func inService(ctx context.Context, db querier, field, place string) error {
	if place == identity.LocationCenter {
		return nil
	}
	var known, gone bool
	err := db.QueryRow(ctx, `SELECT count(*) > 0, coalesce(bool_or(removed_at IS NOT NULL), false) FROM stations_at_work WHERE id = $1`, place).Scan(&known, &gone)
	switch {
	case err != nil:
		return err
	case !known:
		return identity.RefuseField(identity.Conflict, field, "%s is no station whose worker was ever started; a station that starter stations lists is accepted, or %s, from which all take", place, identity.LocationCenter)
	case gone:
		return identity.RefuseField(identity.Conflict, field, "%s is out of service", place)
	}
	return nil
}

// MoveBlanks books blanks in stock where two officers put them, and gives how many. The
// place that they leave may be one that no station is at, for which they were received by
// mistake. A second call changes nothing.
func (r *Registry) MoveBlanks(ctx context.Context, m identity.MoveBlanks, signed statement.Signed) (int, error) {
	var serials []identity.BlankSerial // none: all
	if m.First != "" {
		serials, _ = identity.Serials(m.First, m.Last) // refused below
	}
	moved := 0
	err := r.act(ctx, m, statement.Office, signed, func(tx pgx.Tx) error {
		if err := inService(ctx, tx, "to", m.To); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			UPDATE blanks SET location = @to WHERE account = `+accountStock+` AND location = @from AND (@serials::text[] IS NULL OR serial = ANY(@serials))`,
			pgx.StrictNamedArgs{"from": m.From, "to": m.To, "serials": serials})
		moved = int(tag.RowsAffected())
		switch {
		case err != nil:
			return err
		case moved == 0:
			return identity.RefuseField(identity.Conflict, "from", "none of these blanks is in stock at %s", m.From)
		case m.Counted != 0 && moved != m.Counted:
			return identity.RefuseField(identity.Conflict, "counted", "%d were counted, and %d are in stock at %s: look at it again", m.Counted, moved, m.From)
		case moved < len(serials):
			return identity.RefuseField(identity.Conflict, "last", "only %d of these %d blanks are in stock at %s", moved, len(serials), m.From)
		}
		return nil
	})
	return moved, err
}

// boxOf reads how a box was received, in its turn; it is empty if none of that number was.
func boxOf(ctx context.Context, tx pgx.Tx, number string) (identity.ReceiveBlanks, error) {
	var b identity.ReceiveBlanks
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('box ' || $1, 0))`, number); err != nil {
		return b, err
	}
	err := tx.QueryRow(ctx, `SELECT number, first_serial, last_serial, location, received_by, counted_by, CASE document WHEN `+documentCard+` THEN '' ELSE document END FROM boxes WHERE number = $1`, number).
		Scan(&b.Box, &b.First, &b.Last, &b.Location, &b.ReceivedBy, &b.CountedBy, &b.Document)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, nil
	}
	return b, err
}

// sameManifest refuses another manifest than a box was taken in with.
func sameManifest(ctx context.Context, tx pgx.Tx, box string, manifest []identity.DeliveredChip) error {
	rows, _ := tx.Query(ctx, `SELECT serial, chip, key_version FROM blanks WHERE box = $1 AND chip IS NOT NULL ORDER BY serial`, box) // CollectRows reports the error
	delivered, err := pgx.CollectRows(rows, pgx.RowToStructByPos[identity.DeliveredChip])
	if err == nil && !slices.Equal(delivered, manifest) {
		return identity.RefuseField(identity.Duplicate, "manifest", "is not the one that box %s was taken in with", box)
	}
	return err
}

// DeliveredChip is what the maker's manifest says of a blank; its chip is empty when the blank
// came without one.
func (r *Registry) DeliveredChip(ctx context.Context, blank identity.BlankSerial) (identity.DeliveredChip, error) {
	c := identity.DeliveredChip{Blank: blank}
	err := r.db.QueryRow(ctx, `SELECT coalesce(chip, ''), coalesce(key_version, 0) FROM blanks WHERE serial = $1`, blank).Scan(&c.Chip, &c.KeyVersion)
	return c, fail("read manifest", found(err, "there is no blank %s", blank))
}
