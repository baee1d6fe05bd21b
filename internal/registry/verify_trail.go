package registry

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// ofPeople reports, in SQL, whether an entry of the trail is of what only people do.
var ofPeople = `(l.event IN ('received', 'received late') OR split_part(l.event, ': ', 1) IN ` + literals(identity.DecisionSteps) + `
	OR l.event LIKE 'handed over card%' OR l.event LIKE ` + eventMismatch + ` || '%' OR l.event LIKE ` + eventFound + ` || '%' OR l.event LIKE ` + eventDestroyed + ` || '%')`

// trail compares every entry of the trail since people sign with what was signed, and with
// what the tables say. An entry and its act were written in one transaction, whose number
// nobody can choose; so nothing can be added later to what somebody signed.
func (v *verifier) trail(ctx context.Context) error {
	if v.since.IsZero() {
		return nil
	}
	for _, step := range []func(context.Context) error{v.entriesOfPeople, v.entriesOfPrograms} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// entriesOfPeople looks for the act behind each entry in the name of an officer, or of two.
// A finger that did not match may be of a statement that was sent twice.
func (v *verifier) entriesOfPeople(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `
		SELECT l.application, l.seq, l.actor, l.event, l.reason, cardinality(named.list), array_agg(s.officer || ' ' || s.id) FILTER (WHERE s.id IS NOT NULL),
			array_agg(s.statement) FILTER (WHERE s.id IS NOT NULL)
		FROM audit l CROSS JOIN LATERAL (SELECT string_to_array(l.actor, ' and ') AS list) named
		LEFT JOIN acts s ON s.txid = l.txid AND s.officer = ANY(named.list)
		WHERE l.at >= $1 AND EXISTS (SELECT FROM officers WHERE badge = ANY(named.list))
			AND NOT (l.event LIKE `+eventMismatch+` || '%' AND EXISTS (
				SELECT FROM acts h WHERE h.subject = 'application/' || l.application AND h.act = 'hand-over' AND h.officer = l.actor))
		GROUP BY l.application, l.seq, named.list ORDER BY l.application, l.seq`, v.since)
	if err != nil {
		return err
	}
	var e AuditEntry
	var officers int
	var acts []string
	var signed [][]byte
	_, err = pgx.ForEachRow(rows, []any{&e.Application, &e.Seq, &e.Actor, &e.Event, &e.Reason, &officers, &acts, &signed}, func() error {
		switch {
		case len(acts) < officers:
			v.wrong("application %s: entry %d, %s by %s: nobody signed that", e.Application, e.Seq, identity.OneLine(e.Event), identity.OneLine(e.Actor))
		case !slices.ContainsFunc(signed, func(s []byte) bool { return entrySaid(s, e) }):
			v.wrong("application %s: entry %d, %s by %s: that is not what was signed", e.Application, e.Seq, identity.OneLine(e.Event), identity.OneLine(e.Actor))
		}
		acts, signed = nil, nil // the next row has lists of its own
		return nil
	})
	return err
}

// entrySaid reports whether an entry is what a statement had written. Of entries that only
// follow from an act, as that a box was counted, it is enough that there is one.
func entrySaid(signed []byte, e AuditEntry) bool {
	said, err := statement.Signed{Statement: signed}.Read()
	if err != nil {
		return false
	}
	act, err := said.Does()
	if err != nil {
		return false
	}
	here := said.Subject == statement.Application(e.Application)
	event, verdict, _ := strings.Cut(e.Event, ": ")
	prefixed := func(prefix string) bool { return strings.HasPrefix(e.Event, strings.Trim(prefix, "'")) }
	switch {
	case e.Event == "received", e.Event == "received late":
		_, is := act.(identity.Enroll)
		return is && e.Reason == ""
	case slices.Contains(identity.DecisionSteps, identity.DecisionStep(event)):
		deciding, is := act.(identity.Deciding)
		if !is || !here {
			return false
		}
		d := deciding.Decision()
		return string(d.Step) == event && string(d.Verdict) == verdict && d.Reason.String() == e.Reason
	case prefixed("handed over card"):
		h, is := act.(identity.HandOverCard)
		return is && here && prefixed("handed over card, by "+string(h.Method)) && h.Proof == e.Reason
	case prefixed(eventDestroyed):
		d, is := act.(identity.DestroyCard)
		return is && here && identity.ReadReason(d.Reason).String() == e.Reason
	case prefixed(eventFound):
		_, found := act.(identity.FindCard)
		_, recounted := act.(identity.Recount)
		return found && here || recounted
	}
	return said.Act != identity.LogIn{}.ActName()
}

// entriesOfPrograms compares what programs wrote with the tables.
func (v *verifier) entriesOfPrograms(ctx context.Context) error {
	for _, c := range []struct{ format, query string }{
		{"application %s: entry %s, %s by %s: nobody who is registered did that", `
			SELECT l.application, l.seq::text, l.event, l.actor FROM audit l
			WHERE l.at >= $1 AND ` + ofPeople + ` AND NOT EXISTS (SELECT FROM officers WHERE badge = ANY(string_to_array(l.actor, ' and ')))
			ORDER BY l.application, l.seq`},
		{"application %s: entry %s: blank %s was never moved for it", `
			SELECT l.application, l.seq::text, blank.serial FROM audit l
			CROSS JOIN LATERAL (SELECT substring(l.event FROM '^(?:took|gave back|may have written to) blank (\S+) ') AS serial) blank
			WHERE l.at >= $1 AND blank.serial IS NOT NULL
				AND NOT EXISTS (SELECT FROM blank_movements m WHERE m.serial = blank.serial AND m.application = l.application)
			ORDER BY l.application, l.seq`},
		{"application %s: the trail tells of card %s, and there is none", `
			SELECT DISTINCT l.application, card.n FROM audit l
			CROSS JOIN LATERAL (SELECT substring(l.event FROM '^(?:prepared|personalized|printed|inspected|packed|destroyed|found|missed|spoiled) card ([0-9]{1,9})') AS n) card
			WHERE l.at >= $1 AND card.n IS NOT NULL AND NOT EXISTS (SELECT FROM cards c WHERE c.application = l.application AND c.attempt = card.n::integer)
			ORDER BY l.application, card.n`},
		{"application %s is at %s, and by its trail at %s", `
			SELECT a.number, a.stage, l.stage FROM applications a CROSS JOIN LATERAL (
				SELECT CASE WHEN event LIKE 'entered %' THEN substr(event, length('entered ') + 1) WHEN event LIKE 'handed over card%' THEN ` + stageIssued + ` ELSE ` + stageReceived + ` END AS stage
				FROM audit WHERE application = a.number AND (event LIKE 'entered %' OR event LIKE 'handed over card%' OR event IN ('received', 'received late'))
				ORDER BY seq DESC LIMIT 1) l
			WHERE a.received_at >= $1 AND l.stage <> a.stage ORDER BY a.number`},
		{"station %s: %s %s by officers are recorded, and fewer were signed", `
			SELECT l.station, count(*)::text, l.act FROM station_acts l WHERE l.at >= $1 AND l.actor <> l.station GROUP BY l.station, l.act
			HAVING count(*) > (SELECT count(DISTINCT s.id) FROM acts s WHERE s.subject = 'station/' || l.station AND s.act = l.act || '-station')
			ORDER BY l.station, l.act`},
	} {
		if err := v.each(ctx, c.format, c.query, v.since.Truncate(time.Microsecond)); err != nil {
			return err
		}
	}
	return nil
}
