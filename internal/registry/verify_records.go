package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// A comparison reads records of one kind with the statements of the acts that they name,
// in the columns name, at, subject, statement, and then those that are compared. What was
// not recorded when the act was done is of no subject.
type comparison struct {
	query string
	// same reports whether an act says what the record says, in text.
	same func(act identity.Act, record []string) bool
}

// comparisons compare what people did, as it is recorded, with what they signed.
var comparisons = []comparison{
	{
		`SELECT 'application ' || n.number || ' enrolled by ' || n.officer, n.received_at, 'station/' || n.station, a.subject, a.statement, ARRAY[n.officer]
		FROM applications n LEFT JOIN acts a ON a.id = n.enrolled_act AND a.officer = n.officer ORDER BY n.number`,
		func(act identity.Act, record []string) bool {
			e, is := act.(identity.Enroll)
			return is && slices.Equal(record, []string{string(e.Officer)})
		},
	},
	{`SELECT 'application ' || d.application || ': ' || d.step || ' by ' || d.officer, d.at, 'application/' || d.application, CASE WHEN a.at <> d.at THEN '' ELSE a.subject END, a.statement,
		ARRAY[d.step, d.officer, d.verdict, d.reason, d.for_citizen::text, d.paper, d.round::text]
		FROM decisions d LEFT JOIN acts a ON a.id = d.request AND a.officer = d.officer ORDER BY d.application, d.step, d.round`, decisionSaid},
	{
		`SELECT 'application ' || c.application || ': card ' || c.attempt || ' handed over by ' || c.handed_over_by, coalesce(c.handed_over_at, c.changed_at),
		'application/' || c.application, CASE WHEN a.at <> coalesce(c.handed_over_at, 'infinity') THEN '' ELSE a.subject END, a.statement, ARRAY[c.handed_over, c.handed_over_by, c.proof, c.old_card, c.old_card_reason]
		FROM cards c LEFT JOIN acts a ON a.id = c.handed_over_act AND a.officer = c.handed_over_by
		WHERE c.handed_over_by <> '' AND c.application IS NOT NULL ORDER BY c.application, c.attempt`,
		func(act identity.Act, record []string) bool {
			h, is := act.(identity.HandOverCard)
			return is && slices.Equal(record, []string{string(h.Method), string(h.Officer), h.Proof, string(h.Fate()), h.OldCardReason})
		},
	},
	{
		`SELECT 'consignment ' || c.number || ' sealed by ' || c.sealed_by, c.opened_at, 'consignment/' || c.number, a.subject, a.statement, ARRAY[c.sealed_by]
		FROM consignments c LEFT JOIN acts a ON a.id = c.sealed_act AND a.officer = c.sealed_by
		WHERE c.sealed_by NOT IN ('', ` + actorSystem + `) ORDER BY c.number`,
		func(act identity.Act, record []string) bool {
			s, is := act.(identity.SealConsignment)
			return is && slices.Equal(record, []string{string(s.Officer)})
		},
	},
	{
		`SELECT 'consignment ' || c.number || ' sent by ' || c.sent_by, coalesce(c.sent_at, c.opened_at), 'consignment/' || c.number, CASE WHEN a.at <> coalesce(c.sent_at, 'infinity') THEN '' ELSE a.subject END, a.statement, ARRAY[c.sent_by, c.courier, c.seal]
		FROM consignments c LEFT JOIN acts a ON a.id = c.sent_act AND a.officer = c.sent_by WHERE c.sent_by <> '' ORDER BY c.number`,
		func(act identity.Act, record []string) bool {
			s, is := act.(identity.SendConsignment)
			return is && slices.Equal(record, []string{string(s.Officer), s.Courier, s.Seal})
		},
	},
	{
		// What the register learnt of a person ends a card by another act, or by none; who takes in
		// or approves an application for a card that was lost records that, and who refuses it as an
		// impostor's takes it back.
		`SELECT coalesce('application ' || c.application || ': card ' || c.attempt, 'a card of before this engine') || ' ' || l.became || ' by ' || l.by_whom,
		l.at, 'card/' || c.serial, a.subject, a.statement, ARRAY[l.became, l.by_whom, l.reason]
		FROM card_life l JOIN cards c ON c.id = l.card LEFT JOIN acts a ON a.id = l.act AND a.officer = l.by_whom
		WHERE coalesce(a.act, '') NOT IN (` + stepApprove + `, ` + stepReject + `, ` + stepWithdraw + `, 'enroll') AND l.became IN (` + cardReportedLost + `, ` + cardDamaged + `, ` + cardKept + `, ` + cardLive + `) AND NOT (l.by_whom = ` + actorHolder + ` AND l.became = ` + cardReportedLost + `)
			OR a.act IN ('withdraw-card', 'lapse-card') ORDER BY l.card, l.at`,
		func(act identity.Act, record []string) bool {
			c, is := act.(identity.CardAct)
			return is && identity.Makes(c, identity.CardState(record[0])) && slices.Equal(record[1:], []string{string(c.By()[0]), c.Why().String()})
		},
	},
	{`SELECT 'consignment ' || c.number || ' received by ' || c.received_by, coalesce(c.received_at, c.opened_at), 'consignment/' || c.number, CASE WHEN a.at <> coalesce(c.received_at, 'infinity') THEN '' ELSE a.subject END, a.statement,
		ARRAY[c.received_by, coalesce(c.counted::text, '')] || c.said_missing || c.said_surplus
		FROM consignments c LEFT JOIN acts a ON a.id = c.received_act AND a.officer = c.received_by WHERE c.received_by <> '' ORDER BY c.number`, receiptSaid},
	{
		`SELECT 'box ' || b.number || ' received by ' || b.received_by, b.at, 'box/' || b.number, CASE WHEN a.at <> b.at THEN '' ELSE a.subject END, a.statement,
		ARRAY[b.received_by, b.counted_by, b.number, b.first_serial, b.last_serial, b.location, b.document]
		FROM boxes b LEFT JOIN acts a ON a.id = b.act AND a.officer = b.received_by ORDER BY b.number`,
		func(act identity.Act, record []string) bool {
			b, is := act.(identity.ReceiveBlanks)
			return is && slices.Equal(record, []string{string(b.ReceivedBy), string(b.CountedBy), b.Box, string(b.First), string(b.Last), b.Location, string(b.For())})
		},
	},
	{`SELECT 'person ' || p.person || ' ' || p.change || ' by ' || p.actor, p.at, 'person/' || p.person, CASE WHEN a.at <> p.at THEN '' ELSE a.subject END, a.statement,
		ARRAY[p.change, p.actor, p.paper, p.reason, encode(coalesce(p.digest, ''), 'hex')]
		FROM person_changes p LEFT JOIN acts a ON a.id = p.act AND a.officer = p.actor WHERE p.actor <> ` + actorSystem + ` ORDER BY p.seq`, changeSaid},
}

// changeSaid compares a change of a person's record.
func changeSaid(act identity.Act, record []string) bool {
	switch a := act.(type) {
	case identity.CorrectPerson:
		return slices.Equal(record, []string{"corrected", string(a.Officer), a.Paper, a.Reason, hex.EncodeToString(a.Record)})
	case identity.MarkPerson:
		return slices.Equal(record, []string{"marked", string(a.Officer), a.Paper, a.Reason, ""})
	case identity.RenumberPerson:
		return slices.Equal(record, []string{"renumbered", string(a.Officer), a.Paper, a.Reason, ""})
	case identity.MergePersons:
		return slices.Equal(record, []string{"merged", string(a.Officer), a.Paper, a.Reason, ""})
	}
	return false
}

func decisionSaid(act identity.Act, record []string) bool {
	deciding, is := act.(identity.Deciding)
	if !is {
		return false
	}
	d := deciding.Decision()
	if d.Step != identity.StepApprove {
		d.Paper = "" // it stands with the identification
	}
	last := len(record) - 1
	return slices.Equal(record[:last], []string{string(d.Step), string(d.Officer), string(d.Verdict), d.Reason.String(), strconv.FormatBool(d.ForCitizen), d.Paper}) &&
		(d.Round == 0 || strconv.Itoa(d.Round) == record[last])
}

func receiptSaid(act identity.Act, record []string) bool {
	r, is := act.(identity.ReceiveConsignment)
	return is && slices.Equal(record, slices.Concat([]string{string(r.Officer), strconv.Itoa(r.Counted)}, sorted(r.Missing), sorted(r.Surplus)))
}

// records compares what is recorded of people with what they signed, and looks for what
// they signed and is not recorded.
func (v *verifier) records(ctx context.Context) error {
	for _, c := range slices.Concat(comparisons, ledgers) {
		rows, err := v.tx.Query(ctx, c.query)
		if err != nil {
			return err
		}
		var name, subject string
		var at time.Time
		var of *string
		var signed []byte
		var record []string
		_, err = pgx.ForEachRow(rows, []any{&name, &at, &subject, &of, &signed, &record}, func() error {
			switch {
			case of == nil && (at.Before(v.since) || v.since.IsZero()):
				v.report.Unsigned++
			case of == nil:
				v.wrong("%s: nobody signed that", name)
			case *of != subject || !statementSays(signed, record, c.same):
				v.wrong("%s: that is not what was signed", name)
			}
			record = nil // the next row has a list of its own
			return nil
		})
		if err != nil {
			return err
		}
	}
	if v.since.IsZero() {
		return nil
	}
	return errors.Join(
		v.each(ctx, "act %s: %s of %s by %s is not recorded", `
			SELECT a.id, a.act, a.subject, a.officer FROM acts a
			WHERE a.act IN `+literals(identity.DecisionSteps)+` AND NOT EXISTS (
				SELECT FROM decisions d WHERE d.application = substr(a.subject, length('application/') + 1) AND d.request = a.id AND d.officer = a.officer)
			OR a.act = 'enroll' AND NOT EXISTS (SELECT FROM applications n WHERE n.enrolled_act = a.id AND n.officer = a.officer)
			OR a.act = 'hand-over' AND NOT EXISTS (
				SELECT FROM cards c WHERE c.application = substr(a.subject, length('application/') + 1) AND c.handed_over_act = a.id AND c.handed_over_by = a.officer)
				AND NOT EXISTS (SELECT FROM audit l WHERE l.application = substr(a.subject, length('application/') + 1) AND l.txid = a.txid AND l.event LIKE `+eventMismatch+` || '%')
			OR a.act IN ('send', 'receive') AND NOT EXISTS (
				SELECT FROM consignments k WHERE k.number = substr(a.subject, length('consignment/') + 1) AND a.officer = CASE a.act WHEN 'send' THEN k.sent_by ELSE k.received_by END)
			OR a.act IN ('correct-person', 'mark-person', 'renumber-person', 'merge-persons') AND NOT EXISTS (
				SELECT FROM person_changes p WHERE p.person = substr(a.subject, length('person/') + 1) AND p.act = a.id AND p.actor = a.officer)
			ORDER BY a.at, a.id`),
		v.each(ctx, "application %s: of %s destroyed card(s), two officers signed for %s", `
			SELECT c.application, count(*)::text, min(n)::text FROM cards c CROSS JOIN LATERAL (
				SELECT count(DISTINCT id) AS n FROM acts WHERE subject = 'application/' || c.application AND act = 'destroy-card'
			) signed
			WHERE c.state = `+cardDestroyed+` AND c.application IS NOT NULL AND c.changed_at >= $1
			GROUP BY c.application HAVING count(*) > min(n) ORDER BY c.application`, v.since),
	)
}

// statementSays reports whether a statement says what a record says.
func statementSays(signed []byte, record []string, same func(identity.Act, []string) bool) bool {
	said, err := statement.Signed{Statement: signed}.Read()
	if err != nil {
		return false
	}
	act, err := said.Does()
	return err == nil && same(act, record)
}

// look names what checks find.
func (v *verifier) look(ctx context.Context, checks []check) error {
	for _, c := range checks {
		var args []any
		if strings.Contains(c.query, "$1") {
			args = append(args, v.since.Truncate(time.Microsecond))
		}
		if err := v.each(ctx, c.format, c.query, args...); err != nil {
			return err
		}
	}
	return nil
}

// each names what a query finds, which gives texts.
func (v *verifier) each(ctx context.Context, format, query string, args ...any) error {
	rows, err := v.tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		for i, value := range values {
			values[i] = identity.OneLine(fmt.Sprint(value))
		}
		v.wrong(format, values...)
	}
	return rows.Err()
}
