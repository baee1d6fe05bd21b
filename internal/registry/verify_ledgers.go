package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// What the clock says while a transaction goes on may be later than its beginning, which is
// the time of its act.
const ofThatAct = ` BETWEEN a.at AND a.at + interval '1 minute'`

// ledgers compare the books of fees, surplus cards, stations and identifications with what
// people signed, as comparisons do.
var ledgers = []comparison{
	{
		`SELECT 'application ' || i.application || ': identification ' || i.round, i.at, 'application/' || i.application, a.subject, a.statement, ARRAY[i.person, i.paper] || i.not_these
		FROM identifications i LEFT JOIN decisions d ON d.application = i.application AND d.step = ` + stepIdentify + ` AND d.round = i.round
		LEFT JOIN acts a ON a.id = d.request AND a.officer = d.officer AND a.at = i.at ORDER BY i.application, i.round`,
		func(act identity.Act, record []string) bool {
			i, is := act.(identity.Identify)
			return is && slices.Equal(record, slices.Concat([]string{string(i.Person), i.Paper}, texts(i.NotThese)))
		},
	},
	{
		`SELECT 'application ' || p.application || ': fee paid to ' || p.paid_to, p.paid_at, 'application/' || p.application, a.subject, a.statement, ARRAY[p.paid_to, p.amount::text, p.receipt]
		FROM payments p LEFT JOIN acts a ON a.id = p.paid_act AND a.officer = p.paid_to AND a.at = p.paid_at ORDER BY p.application`,
		func(act identity.Act, record []string) bool {
			f, is := act.(identity.CollectFee)
			return is && slices.Equal(record, []string{string(f.Officer), strconv.Itoa(f.Amount), f.Receipt})
		},
	},
	{
		`SELECT 'application ' || p.application || ': fee refunded', coalesce(p.refunded_at, p.paid_at), 'application/' || p.application, a.subject, a.statement,
		ARRAY[coalesce(p.refunded_by, ''), p.amount::text, coalesce(p.refund_receipt, '')]
		FROM payments p LEFT JOIN acts a ON a.id = p.refunded_act AND a.officer = p.refunded_by AND a.at = p.refunded_at
		WHERE num_nulls(p.refunded_by, p.refunded_act, p.refunded_at, p.refund_receipt) < 4 ORDER BY p.application`,
		func(act identity.Act, record []string) bool {
			f, is := act.(identity.RefundFee)
			return is && slices.Equal(record, []string{string(f.Officer), strconv.Itoa(f.Amount), f.Receipt})
		},
	},
	{
		`SELECT 'application ' || l.application || ': PIN letter of card ' || l.attempt, l.at, 'application/' || l.application, a.subject, a.statement, ARRAY[l.officer, l.attempt::text]
		FROM pin_letters l LEFT JOIN acts a ON a.id = l.act AND a.officer = l.officer AND a.at = l.at ORDER BY l.application, l.attempt`,
		func(act identity.Act, record []string) bool {
			p, is := act.(identity.PrintPINLetter)
			return is && slices.Equal(record, []string{string(p.Officer), strconv.Itoa(p.Card)})
		},
	},
	{
		`SELECT 'card ' || o.attempt || ' of application ' || o.application || ': ' || o.what, o.at, 'card/' || coalesce(c.serial, ''), a.subject, a.statement, ARRAY[o.officer, o.what, o.of]
		FROM card_orders o LEFT JOIN cards c ON c.application = o.application AND c.attempt = o.attempt
		LEFT JOIN acts a ON a.id = o.act AND a.officer = o.officer AND a.at = o.at ORDER BY o.application, o.number`,
		func(act identity.Act, record []string) bool {
			m, is := act.(identity.ManageCard)
			return is && slices.Equal(record, []string{string(m.Officer), string(m.Do), m.Application})
		},
	},
	{`SELECT 'consignment ' || s.consignment || ': surplus ' || s.named || ' counted by ' || s.officer, s.at, 'consignment/' || s.consignment, a.subject, a.statement, ARRAY[s.named]
		FROM surplus_cards s LEFT JOIN acts a ON a.subject = 'consignment/' || s.consignment AND a.act IN ('receive', 'recount') AND a.at = s.at
			AND a.officer = split_part(s.officer, ' and ', 1)
		ORDER BY s.consignment, s.named`, surplusSaid},
	{
		`SELECT 'consignment ' || s.consignment || ': surplus ' || s.named || ' settled by ' || s.settled_by, coalesce(s.settled_at, s.at), 'consignment/' || s.consignment, a.subject, a.statement,
		ARRAY[s.named, s.settled_by, s.settlement]
		FROM surplus_cards s LEFT JOIN acts a ON a.subject = 'consignment/' || s.consignment AND a.act = 'settle-surplus' AND a.at = s.settled_at AND a.officer = s.settled_by
		WHERE s.settled_at IS NOT NULL OR s.settled_by <> '' OR s.settlement <> '' ORDER BY s.consignment, s.named`,
		func(act identity.Act, record []string) bool {
			s, is := act.(identity.SettleSurplus)
			return is && slices.Equal(record, []string{s.Named, string(s.Officer), s.Reason})
		},
	},
	{`SELECT 'station ' || s.station || ': ' || s.act || ' by ' || s.actor, s.at, 'station/' || s.station, a.subject, a.statement, ARRAY[s.act, s.actor, s.reason]
		FROM station_acts s LEFT JOIN acts a ON a.subject = 'station/' || s.station AND a.act = s.act || '-station' AND a.officer = split_part(s.actor, ' and ', 1) AND s.at` + ofThatAct + `
		WHERE s.actor <> s.station ORDER BY s.station, s.at`, stationActSaid},
}

// endsByMarks is what becomes of a card by acts on its holder, and why, in SQL.
var endsByMarks = func() string {
	list := []string{fmt.Sprintf(`('renumber-person', %[1]s, '%[2]s'), ('merge-persons', %[1]s, '%[2]s')`, cardRevoked, identity.ReasonNumberReplaced)}
	for _, status := range slices.Sorted(maps.Keys(cardEnds)) {
		list = append(list, fmt.Sprintf(`('mark-person', '%s', '%s')`, cardEnds[status].state, cardEnds[status].why))
	}
	return strings.Join(list, ", ")
}()

// surplusSaid reports whether a count named a card as surplus.
func surplusSaid(act identity.Act, record []string) bool {
	return slices.Contains(surplusOf(act), record[0])
}

func surplusOf(act identity.Act) []string {
	switch act := act.(type) {
	case identity.ReceiveConsignment:
		return act.Surplus
	case identity.Recount:
		return act.Surplus
	}
	return nil
}

func stationActSaid(act identity.Act, record []string) bool {
	name, actor, reason := record[0], record[1], record[2]
	switch act := act.(type) {
	case identity.PauseStation:
		return name == "pause" && actor == string(act.Officer) && reason == act.Reason
	case identity.ResumeStation:
		return name == "resume" && actor == string(act.Officer) && reason == ""
	case identity.RemoveStation:
		return name == "remove" && actor == both(act.Officer, act.Witness) && strings.HasPrefix(reason, identity.OneLine(act.Reason)+"; ")
	}
	return false
}

// check finds, by a query that gives texts, what is not in order; $1 is the time since which
// people sign.
type check struct{ format, query string }

// inBooks find what no act says by itself, and what was taken away.
var inBooks = []check{
	{"application %s: %s by %s: round, stage or enrolling officer are not those of then", `
		SELECT d.application, d.step, d.officer FROM decisions d JOIN applications n ON n.number = d.application
		LEFT JOIN acts a ON a.id = d.request AND a.officer = d.officer
		LEFT JOIN LATERAL (
			SELECT min(seq) AS seq FROM audit WHERE application = d.application AND txid = a.txid AND actor = d.officer) said ON true
		LEFT JOIN LATERAL (
			SELECT CASE WHEN event LIKE 'entered %' THEN substr(event, length('entered ') + 1) ELSE ` + stageReceived + ` END AS stage
			FROM audit WHERE application = d.application AND seq < said.seq AND (event LIKE 'entered %' OR event IN ('received', 'received late'))
			ORDER BY seq DESC LIMIT 1) was ON true
		WHERE d.at >= $1 AND (d.enrolled_by <> n.officer OR was.stage IS DISTINCT FROM d.stage) ORDER BY d.application, d.step, d.round`},
	{"application %s: whether its fee is to be given back is not what became of it", `
		SELECT p.application FROM payments p JOIN applications n ON n.number = p.application
		WHERE p.paid_at >= $1 AND p.due_back <> ((n.stage = ` + stageRejected + ` OR p.amount <> n.fee) AND p.refunded_at IS NULL) ORDER BY p.application`},
	{"consignment %s: what became of the surplus card %s is not in the trail", `
		SELECT s.consignment, s.named FROM surplus_cards s
		WHERE s.at >= $1 AND CASE WHEN s.application IS NULL
			THEN s.attempt IS NOT NULL OR s.outcome <> ` + surplusUnclear + ` OR s.note <> '` + noteUnknown + `'
			ELSE NOT EXISTS (
				SELECT FROM audit l WHERE l.application = s.application AND l.at BETWEEN s.at AND s.at + interval '1 minute' AND l.reason = s.note
					AND l.event = 'surplus card ' || s.attempt || ' in ' || s.consignment) END
		ORDER BY s.consignment, s.named`},
	{"consignment %s is %s, and what was done to it leads elsewhere", `
		SELECT number, state FROM consignments
		WHERE opened_at >= $1 AND state <> ` + consignmentDissolved + ` AND (
			state <> CASE WHEN received_by <> '' THEN ` + consignmentReceived + ` WHEN sent_by <> '' THEN ` + consignmentSent + `
				WHEN sealed_by <> '' THEN ` + consignmentSealed + ` ELSE ` + consignmentOpen + ` END
			OR sealed_by IN ('', ` + actorSystem + `) AND sealed_act IS NOT NULL)
		ORDER BY number`},
	{"act %s: %s of %s by %s is not recorded", `
		SELECT a.id, a.act, a.subject, a.officer FROM acts a
		WHERE a.act = 'receive-blanks' AND NOT EXISTS (SELECT FROM boxes b WHERE b.number = substr(a.subject, length('box/') + 1))
			OR a.act = 'merge-persons' AND NOT EXISTS (SELECT FROM citizens c
				WHERE c.id = convert_from(a.statement, 'UTF8')::jsonb -> 'content' ->> 'Other' AND c.same_as IS NOT NULL)
				AND EXISTS (SELECT FROM citizens c WHERE c.id = substr(a.subject, length('person/') + 1))
			OR a.act = 'collect-fee' AND NOT EXISTS (SELECT FROM payments p WHERE p.paid_act = a.id)
			OR a.act = 'manage-card' AND NOT EXISTS (SELECT FROM card_orders o WHERE o.act = a.id)
			OR a.act = 'print-pin-letter' AND NOT EXISTS (SELECT FROM pin_letters l WHERE l.act = a.id)
			OR a.act = 'refund-fee' AND NOT EXISTS (SELECT FROM payments p WHERE p.refunded_act = a.id)
			OR a.act = ` + stepIdentify + ` AND NOT EXISTS (SELECT FROM identifications i WHERE i.application = substr(a.subject, length('application/') + 1) AND i.at = a.at)
			OR a.subject LIKE 'consignment/%' AND NOT EXISTS (SELECT FROM consignments c WHERE c.number = substr(a.subject, length('consignment/') + 1))
			OR a.act = 'settle-surplus' AND NOT EXISTS (
				SELECT FROM surplus_cards s WHERE s.consignment = substr(a.subject, length('consignment/') + 1) AND s.settled_by = a.officer)
			OR a.act IN ('pause-station', 'remove-station') AND NOT EXISTS (
				SELECT FROM station_acts s WHERE s.station = substr(a.subject, length('station/') + 1) AND s.act || '-station' = a.act AND s.at` + ofThatAct + `)
				AND coalesce((
					SELECT s.act NOT IN ('pause', 'remove') FROM station_acts s
					WHERE s.station = substr(a.subject, length('station/') + 1) AND s.at < a.at ORDER BY s.at DESC LIMIT 1), true)
		ORDER BY a.at, a.id`},
	{"person %s: who is that person was said by %s, who enrolled or captured application %s of the same", `
		SELECT person, officer, application FROM told_by_who_enrolled($1)`},
	{"person %s leads to person %s, and nobody signed that", `
		SELECT c.id, c.same_as FROM citizens c
		WHERE c.same_as IS NOT NULL AND NOT EXISTS (
			SELECT FROM acts a LEFT JOIN citizens p ON p.id = substr(a.subject, length('person/') + 1)
			WHERE a.act = 'merge-persons' AND convert_from(a.statement, 'UTF8')::jsonb -> 'content' ->> 'Other' = c.id AND coalesce(p.same_as, p.id) = c.same_as)
		ORDER BY c.id`},
	{"person %s: the history says that he leads to another, and he does not", `
		SELECT p.person FROM person_changes p
		WHERE p.change = 'merged' AND p.actor = ` + actorSystem + ` AND NOT EXISTS (SELECT FROM citizens c WHERE c.id = p.person AND c.same_as IS NOT NULL) ORDER BY p.seq`},
	{"person %s leads to person %s, and his history does not say so", `
		SELECT c.id, c.same_as FROM citizens c
		WHERE c.same_as IS NOT NULL AND NOT EXISTS (SELECT FROM person_changes p WHERE p.person = c.id AND p.change = 'merged' AND p.actor = ` + actorSystem + `) ORDER BY c.id`},
	{"the card %s became %s by %s, and nothing is behind it", `
		SELECT c.serial, l.became, l.by_whom FROM card_life l JOIN cards c ON c.id = l.card
		WHERE l.txid IS NULL AND l.at > (SELECT min(at) FROM card_life WHERE txid IS NOT NULL)
			OR l.txid IS NOT NULL AND NOT CASE
			WHEN l.act IS NOT NULL THEN EXISTS (SELECT FROM acts a WHERE a.id = l.act AND a.officer = split_part(l.by_whom, ' and ', 1) AND a.txid = l.txid AND (
				a.act IN ('report-lost', 'report-found', 'report-damaged', 'keep-card', 'return-card', 'withdraw-card', 'lapse-card')
				OR (a.act, l.became) IN ((` + stepApprove + `, ` + cardReportedLost + `), ('enroll', ` + cardReportedLost + `), ('destroy-card', ` + cardDestroyed + `),
					(` + stepReject + `, ` + cardLive + `), (` + stepWithdraw + `, ` + cardLive + `))
				OR (a.act, l.became, l.reason) IN (` + endsByMarks + `)))
			WHEN l.by_whom IN (` + actorSystem + `, ` + actorHolder + `) THEN EXISTS (
				SELECT FROM card_reports r WHERE r.txid = l.txid AND r.card = l.card AND r.became = l.became AND r.by_whom = l.by_whom AND r.reason = l.reason)
			ELSE EXISTS (SELECT FROM acts a WHERE a.officer = l.by_whom AND a.txid = l.txid AND a.act = 'hand-over'
				AND l.reason LIKE '% of ' || substr(a.subject, length('application/') + 1)) AND l.became = ` + cardRevoked + ` END
		ORDER BY c.serial, l.at`},
	{"the card %s became %s by %s, as was reported, and its history does not say so", `
		SELECT coalesce(c.serial, ''), r.became, r.by_whom FROM card_reports r LEFT JOIN cards c ON c.id = r.card
		WHERE CASE WHEN r.became = '` + imported + `' THEN c.id IS NULL OR c.application IS NOT NULL
			ELSE NOT EXISTS (SELECT FROM card_life l WHERE l.card = r.card AND l.txid = r.txid AND l.became = r.became AND l.by_whom = r.by_whom) END ORDER BY r.seq`},
	{"the card %s is none that this office made, and nobody imported it", `
		SELECT c.serial FROM cards c
		WHERE c.application IS NULL AND NOT EXISTS (SELECT FROM card_reports r WHERE r.card = c.id AND r.became = '` + imported + `') ORDER BY c.serial`},
	{"card %s of application %s is in consignment %s, and there is none", `
		SELECT c.attempt::text, c.application, c.consignment FROM cards c
		WHERE c.consignment <> '' AND c.application IS NOT NULL AND NOT EXISTS (SELECT FROM consignments k WHERE k.number = c.consignment) ORDER BY c.application, c.attempt`},
	{"blank %s moved from %s to %s for a card of which the trail has nothing then", `
		SELECT m.serial, m.debited, m.credited FROM blank_movements m
		WHERE m.at >= $1 AND m.application IS NOT NULL AND NOT EXISTS (
			SELECT FROM audit a JOIN cards c ON c.application = a.application
			WHERE a.application = m.application AND c.attempt = m.attempt AND m.at BETWEEN a.at - interval '1 minute' AND a.at + interval '1 minute')
			OR m.at >= $1 AND m.application IS NULL AND NOT EXISTS (SELECT FROM acts a WHERE m.at` + ofThatAct + `)
		ORDER BY m.serial, m.at`},
	{"the card %s was %s and became %s, and that is no step of its life", `
		SELECT c.serial, l.was, l.became FROM (
			SELECT l.*, lag(became) OVER steps AS before, lead(was) OVER steps AS after FROM card_life l WINDOW steps AS (PARTITION BY card ORDER BY at)
		) l JOIN cards c ON c.id = l.card
		WHERE l.at >= $1 AND (l.before IS NOT NULL AND l.before <> l.was OR l.before IS NULL AND l.was NOT IN ` + handedOver + `
			OR l.after IS NULL AND l.became <> c.state OR l.at > now() + interval '1 minute'
			OR l.act IS NOT NULL AND NOT EXISTS (SELECT FROM acts a WHERE a.id = l.act AND l.at` + ofThatAct + `))
		ORDER BY c.serial, l.at`},
	{"the card %s is %s, and nothing says how it became so", `
		SELECT c.serial, c.state FROM cards c
		WHERE c.state IN ` + handedOver + ` AND c.state <> ` + cardLive + ` AND c.changed_at >= $1 AND NOT EXISTS (SELECT FROM card_life l WHERE l.card = c.id) ORDER BY c.serial`},
}

// books looks in the books for what no act says by itself, and for what was taken away.
func (v *verifier) books(ctx context.Context) error {
	if v.since.IsZero() {
		return nil
	}
	if err := v.look(ctx, inBooks); err != nil {
		return err
	}
	return v.surplus(ctx)
}

// surplus looks for each card that a count named as surplus.
func (v *verifier) surplus(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `SELECT 'consignment/' || consignment || ' ' || named FROM surplus_cards`)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(list))
	for _, s := range list {
		there[s] = true
	}
	return v.eachAct(ctx, `WHERE act IN ('receive', 'recount')`, "id", func(w whole) {
		said, err := w.signed.Read()
		if err != nil {
			return // everyAct names it
		}
		act, err := said.Does()
		if err != nil {
			return
		}
		for _, named := range surplusOf(act) {
			if !there[w.Subject+" "+named] {
				v.wrong("act %s: surplus %s of %s is not recorded", identity.OneLine(w.ID), identity.OneLine(named), identity.OneLine(w.Subject))
			}
		}
	})
}
