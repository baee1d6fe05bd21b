package registry

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

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

// entrySaid reports whether an entry is what a statement had written: each kind of entry
// is of some acts alone, on that application, or on the box or card that it names.
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
	ofBox := strings.HasPrefix(said.Subject, statement.Consignment("")) && strings.Contains(e.Event+" ", " "+strings.TrimPrefix(said.Subject, statement.Consignment(""))+" ")
	event, verdict, _ := strings.Cut(e.Event, ": ")
	prefixed := func(prefix string) bool { return strings.HasPrefix(e.Event, strings.Trim(prefix, "'")) }
	if slices.Contains(identity.DecisionSteps, identity.DecisionStep(event)) {
		deciding, is := act.(identity.Deciding)
		if !is || !here {
			return false
		}
		d := deciding.Decision()
		return string(d.Step) == event && string(d.Verdict) == verdict && d.Reason.String() == e.Reason
	}
	switch a := act.(type) {
	case identity.Enroll:
		return (e.Event == "received" || e.Event == "received late") && e.Reason == "" || becameSomething.MatchString(e.Event)
	case identity.HandOverCard:
		return here && (prefixed("handed over card, by "+string(a.Method)) && a.Proof == e.Reason || prefixed(eventMismatch)) ||
			prefixed("revoked card ") && strings.HasSuffix(e.Reason, " of "+strings.TrimPrefix(said.Subject, statement.Application("")))
	case identity.DestroyCard:
		return here && prefixed(eventDestroyed) && identity.ReadReason(a.Reason).String() == e.Reason
	case identity.FindCard:
		return here && prefixed(eventFound)
	case identity.ReceiveConsignment, identity.Recount:
		return ofBox && (prefixed("received card ") || prefixed(eventMissed) || prefixed("surplus card ")) ||
			prefixed(eventFound) || prefixed(eventSpoiled) || e.Event == "entered "+string(identity.Dispatch)
	case identity.ReopenConsignment:
		return ofBox && prefixed("opened ")
	case identity.SettleSurplus:
		return ofBox && prefixed("settled the surplus card of ") && a.Reason == e.Reason
	case identity.CollectFee:
		return here && e.Event == "fee paid" && e.Reason == "receipt "+a.Receipt
	case identity.RefundFee:
		return here && e.Event == "fee refunded" && e.Reason == "receipt "+a.Receipt
	case identity.PrintPINLetter:
		return here && e.Event == "printed the PIN letter of card "+strconv.Itoa(a.Card)
	case identity.ManageCard:
		return prefixed("ordered "+string(a.Do)+" of card ") && identity.OneLine(a.Reason) == e.Reason
	case identity.Deciding:
		return here && prefixed(eventSpoiled) || slices.Contains([]string{identity.Approve{}.ActName(), identity.Reject{}.ActName(), identity.Withdraw{}.ActName()}, said.Act) && becameSomething.MatchString(e.Event)
	case identity.CardAct, identity.MarkPerson, identity.RenumberPerson, identity.MergePersons:
		return becameSomething.MatchString(e.Event)
	}
	return false
}

// becameSomething is what the trail says of an issued card that became something; standings
// compares it with the card's life.
var becameSomething = regexp.MustCompile(`^card [0-9]{1,9} is [a-z-]+$`)

// eventErased is what the function erase_due has the trail say.
const eventErased = "erased what says something about the person"

// What programs write into the trail, as regular expressions of SQL: of the system, of a
// station, and of a holder at the portal.
const (
	nthCard  = ` card [0-9]{1,9}`
	ofSystem = `^(prepared` + nthCard + `|entered [A-Za-z]+|awaits [a-z -]+|spoiled` + nthCard + `( with blank \S+)?|packed` + nthCard + ` into C-[0-9]+|is of person \S+|trouble at station` +
		`|` + eventErased + `|card [0-9]{1,9} is (withdrawn|lapsed|revoked)|fee settled|did [a-z-]+ of` + nthCard + `)$`
	ofStation = `^(took blank \S+ for` + nthCard + `|(personalized|printed|inspected)` + nthCard + `|entered [A-Za-z]+|gave back blank \S+ of` + nthCard + `|may have written to blank \S+ of` + nthCard +
		`|spoiled` + nthCard + `( with blank \S+)?|trouble at station|station is back|certified the signature key of` + nthCard + `|removed the printed sides of` + nthCard + `)$`
	ofHolder = `^card [0-9]{1,9} is reported-lost$`
)

// ofPrograms compare what programs wrote with the tables.
var ofPrograms = []check{
	{"application %s: entry %s, %s by %s: nobody who is registered did that", `
		SELECT l.application, l.seq::text, l.event, l.actor FROM audit l
		WHERE l.at >= $1 AND NOT EXISTS (SELECT FROM officers WHERE badge = ANY(string_to_array(l.actor, ' and ')))
			AND NOT CASE l.actor WHEN ` + actorSystem + ` THEN l.event ~ '` + ofSystem + `' WHEN ` + actorHolder + ` THEN l.event ~ '` + ofHolder + `'
				ELSE l.event ~ '` + ofStation + `' AND EXISTS (SELECT FROM stations_at_work WHERE id = l.actor) END
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
	{"application %s: entry %s, %s by %s: the books have nothing of that", `
		SELECT l.application, l.seq::text, l.event, l.actor FROM audit l CROSS JOIN LATERAL (
			SELECT substring(l.event FROM ' card ([0-9]{1,9})(?: |$)') AS card) said
		WHERE l.at >= $1 AND (l.actor = ` + actorSystem + ` OR EXISTS (SELECT FROM stations_at_work WHERE id = l.actor)) AND CASE
			WHEN l.event LIKE 'fee settled%' THEN l.reason !~ '^from [0-9]+ to [0-9]+ VND, '
			WHEN l.event LIKE 'is of person %' THEN EXISTS (SELECT FROM citizens) -- else the register is elsewhere
				AND (NOT EXISTS (SELECT FROM citizens p WHERE l.event = 'is of person ' || p.id)
				OR NOT is_of_person(l.application, substr(l.event, length('is of person ') + 1))
					AND NOT EXISTS (SELECT FROM audit o WHERE o.application = l.application AND o.seq > l.seq AND o.event LIKE ` + stepIdentify + ` || '%')) -- it was said to be another's then
			WHEN l.event LIKE 'did %' THEN NOT EXISTS (
				SELECT FROM card_orders o WHERE o.application = l.application AND l.event = 'did ' || o.what || ' of card ' || o.attempt AND o.done_at IS NOT NULL)
			WHEN l.event LIKE 'packed card %' THEN NOT EXISTS (SELECT FROM consignments k WHERE l.event LIKE '% into ' || k.number)
				OR NOT EXISTS (SELECT FROM cards c WHERE c.application = l.application AND l.event = 'packed card ' || c.attempt || ' into ' || c.consignment
					UNION ALL SELECT FROM audit o WHERE o.application = l.application AND o.seq > l.seq AND o.event ~ ('^(surplus|destroyed|missed|found|spoiled) card ' || card || '( |$)'))
			WHEN l.event LIKE 'certified %' THEN NOT EXISTS (
				SELECT FROM signature_certificates s WHERE s.application = l.application AND s.attempt::text = card AND s.station = l.actor AND l.reason = 'certificate ' || s.serial)
			WHEN l.event LIKE 'spoiled card % with blank %' THEN NOT EXISTS (
				SELECT FROM blank_movements m WHERE l.event LIKE '% with blank ' || m.serial AND m.application = l.application AND m.attempt::text = card AND m.credited = ` + accountSpoiled + `)
			WHEN l.event LIKE 'spoiled card %' THEN NOT EXISTS (
				SELECT FROM cards c WHERE c.application = l.application AND c.attempt::text = card AND c.state IN (` + cardSpoiled + `, ` + cardDestroyed + `))
			WHEN l.event ~ '^(personalized|printed|inspected) card ' THEN NOT EXISTS (
				SELECT FROM cards c WHERE c.application = l.application AND c.attempt::text = card AND c.station = l.actor)
			ELSE false END
		ORDER BY l.application, l.seq`},
	{"application %s: %s is in the trail %s times", `
		SELECT application, event, count(*)::text FROM audit
		WHERE at >= $1 AND event ~ '^((prepared|personalized|printed|inspected|removed the printed sides of|packed) card [0-9]{1,9}( into .*)?|certified .*|erased .*)$'
		GROUP BY application, event, CASE WHEN event LIKE 'certified %' THEN reason ELSE '' END HAVING count(*) > 1 ORDER BY application, event`},
	{"application %s: %s is in the trail %s times, and in the books %s times", `
		SELECT l.application, l.event, l.n::text, booked.n::text FROM (
			SELECT application, event, actor, count(*) AS n FROM audit
			WHERE at >= $1 AND (event ~ '^(took blank|gave back blank|did|spoiled card) ' OR event LIKE 'card % is %' AND actor IN (` + actorSystem + `, ` + actorHolder + `)) GROUP BY application, event, actor
		) l CROSS JOIN LATERAL (
			SELECT CASE
				WHEN l.event LIKE 'did %' THEN (SELECT count(*) FROM card_orders o WHERE o.application = l.application AND o.done_at IS NOT NULL AND l.event = 'did ' || o.what || ' of card ' || o.attempt)
				WHEN l.event ~ '^spoiled card [0-9]+$' THEN 1
				WHEN l.event LIKE 'card % is %' THEN (SELECT count(*) FROM card_life f JOIN cards c ON c.id = f.card WHERE c.application = l.application AND f.by_whom = l.actor AND l.event = 'card ' || c.attempt || ' is ' || f.became)
				ELSE (SELECT count(*) FROM blank_movements m WHERE m.application = l.application AND (l.event, m.credited) IN (
					('took blank ' || m.serial || ' for card ' || m.attempt, ` + accountProduction + `), ('gave back blank ' || m.serial || ' of card ' || m.attempt, ` + accountStock + `),
					(` + eventSpoiled + ` || m.attempt || ' with blank ' || m.serial, ` + accountSpoiled + `))) END AS n
		) booked WHERE l.n > booked.n ORDER BY l.application, l.event`},
	{"application %s: entry %s, %s by %s: no step leads there from %s", `
		SELECT application, seq::text, event, actor, was FROM (
			SELECT l.*, lag(to_stage) OVER steps AS was, lag(seq) OVER steps AS was_seq FROM (
				SELECT application, seq, at, event, actor,
					CASE WHEN event LIKE 'entered %' THEN substr(event, length('entered ') + 1) WHEN event LIKE 'handed over card%' THEN ` + stageIssued + ` ELSE ` + stageReceived + ` END AS to_stage
				FROM audit WHERE event LIKE 'entered %' OR event LIKE 'handed over card%' OR event IN ('received', 'received late')
			) l WINDOW steps AS (PARTITION BY application ORDER BY seq)
		) l
		WHERE at >= $1 AND event LIKE 'entered %' AND NOT EXISTS (SELECT FROM officers WHERE badge = ANY(string_to_array(l.actor, ' and '))) AND (
			(was || ' ' || to_stage) NOT IN ` + follows + ` AND NOT (was = ` + stageDataPreparation + ` AND was = to_stage AND EXISTS (
				SELECT FROM audit s WHERE s.application = l.application AND s.seq BETWEEN l.was_seq AND l.seq AND s.event ~ '^(spoiled|destroyed|missed|surplus) card '))
			OR actor <> ` + actorSystem + ` AND was <> ` + stageDataPreparation + ` AND NOT EXISTS ( -- there a station begins, and takes the blank after that
				SELECT FROM audit t WHERE t.application = l.application AND t.seq < l.seq AND t.actor = l.actor AND t.event ~ '^(took blank|personalized card|printed card|inspected card) '))
		ORDER BY application, seq`},
	{"application %s: entry %s, %s by %s, has a reason that no program gives", `
		SELECT l.application, l.seq::text, l.event, l.actor FROM audit l
		WHERE l.at >= $1 AND NOT EXISTS (SELECT FROM officers WHERE badge = ANY(string_to_array(l.actor, ' and '))) AND CASE
			WHEN l.event ~ '^(took blank|may have written|packed card|is of person|did|erased|removed the printed|station is back)' THEN l.reason <> ''
			WHEN l.event LIKE 'prepared card %' THEN l.reason !~ '^(security object [0-9a-f]{64})?$'
			WHEN l.event LIKE 'entered %' THEN l.reason <> '' AND substr(l.event, length('entered ') + 1) NOT IN ` + literals(closed) + `
			ELSE false END
		ORDER BY l.application, l.seq`},
}

// follows are the steps from one stage to another that programs take an application, as a list of
// SQL literals.
var follows = func() string {
	var steps []string
	for _, d := range []identity.Document{identity.CardDocument, identity.Certificate} {
		for _, from := range identity.OpenStages() {
			for _, to := range slices.Concat(d.After(from), closed) {
				steps = append(steps, string(from)+" "+string(to))
			}
		}
	}
	return literals(steps)
}()

// entriesOfPrograms compares what programs wrote with the tables.
func (v *verifier) entriesOfPrograms(ctx context.Context) error { return v.look(ctx, ofPrograms) }
