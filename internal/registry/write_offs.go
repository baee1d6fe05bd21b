package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// WrittenOff is a blank that was spoiled or destroyed.
type WrittenOff struct {
	Serial identity.BlankSerial
	Lost   bool // with its consignment or its station, so it cannot be destroyed
	Events []WriteOff
}

// WriteOff is the movement of a blank into the account of spoiled or of destroyed
// blanks.
type WriteOff struct {
	Destroyed bool // otherwise spoiled
	At        time.Time
	By        string // an officer, two officers, or a station, as the audit trail has it
	Reason    identity.Reason
}

// WrittenOff lists by serial the blanks that were spoiled or destroyed from one day
// to another, both included, each with all its write-offs until then. A write-off that was
// taken back, because the card was there after all, is none.
func (r *Registry) WrittenOff(ctx context.Context, from, to identity.Date) ([]WrittenOff, error) {
	if !from.Complete() || !to.Complete() || from.Compare(to) > 0 {
		return nil, identity.RefuseField(identity.Invalid, "from", "must be a day, not after the last day")
	}
	rows, err := r.db.Query(ctx, `
		SELECT m.serial, coalesce(c.state = `+cardLost+`, true), m.credited = `+accountDestroyed+`, m.at, coalesce(why.actor, gone.actor, ''),
			coalesce(nullif(why.reason, ''), c.reason, @station_lost)
		FROM blank_movements m LEFT JOIN cards c ON c.application = m.application AND c.attempt = m.attempt
		LEFT JOIN LATERAL (
			SELECT a.actor FROM station_acts a JOIN blanks b ON b.location = a.station
			WHERE m.application IS NULL AND b.serial = m.serial AND a.act = 'remove' ORDER BY a.at DESC LIMIT 1
		) gone ON true
		LEFT JOIN LATERAL (
			SELECT a.actor, a.reason FROM audit a
			WHERE a.application = m.application AND CASE m.credited
				WHEN `+accountDestroyed+` THEN a.event = `+eventDestroyed+` || m.attempt
				ELSE a.event || ' ' LIKE `+eventSpoiled+` || m.attempt || ' %' OR a.event LIKE `+eventMissed+` || m.attempt || ' of %' END
			ORDER BY a.seq DESC LIMIT 1
		) why ON true
		WHERE m.credited IN (`+accountSpoiled+`, `+accountDestroyed+`) AND m.at < @until AND m.serial IN (
			SELECT serial FROM blank_movements WHERE credited IN (`+accountSpoiled+`, `+accountDestroyed+`) AND at >= @from AND at < @until)
			AND NOT EXISTS (SELECT FROM blank_movements back WHERE back.serial = m.serial AND back.debited = m.credited AND back.credited IN (`+accountProduction+`, `+accountStock+`) AND back.at > m.at)
		ORDER BY m.serial, m.at`,
		pgx.StrictNamedArgs{"from": from.Midnight(), "until": to.AddDays(1).Midnight(), "station_lost": string(identity.ReasonStationLost)})
	if err != nil {
		return nil, fail("list write-offs", err)
	}
	var list []WrittenOff
	var blank WrittenOff
	var event WriteOff
	var reason string
	_, err = pgx.ForEachRow(rows, []any{&blank.Serial, &blank.Lost, &event.Destroyed, &event.At, &event.By, &reason}, func() error {
		if n := len(list); n == 0 || list[n-1].Serial != blank.Serial {
			list = append(list, WrittenOff{Serial: blank.Serial, Lost: blank.Lost})
		}
		event.Reason = identity.ReadReason(reason)
		last := &list[len(list)-1]
		last.Events = append(last.Events, event)
		return nil
	})
	return list, fail("list write-offs", err)
}
