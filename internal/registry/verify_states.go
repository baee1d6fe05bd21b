package registry

import (
	"bytes"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// standing compares what stands somewhere, and somebody relies on, with what was signed and
// with the trail: whoever may ask of cards, revoked document signers, where blanks are, which
// applications are held, boxes, stations, and what became of cards.
func (v *verifier) standing(ctx context.Context) error {
	if v.since.IsZero() {
		return nil
	}
	for _, step := range []func(context.Context) error{v.verifiers, v.revokedSigners, v.chipKeys, v.placesOfBlanks} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return v.look(ctx, standings)
}

// signedOf follows the acts of those names that are in order, in the order in which they were
// done; everyAct names the others.
func (v *verifier) signedOf(ctx context.Context, each func(whole, identity.Act), names ...identity.Act) error {
	list := make([]string, len(names))
	for i, act := range names {
		list[i] = act.ActName()
	}
	return v.eachAct(ctx, `WHERE act IN `+literals(list), "at, id", func(w whole) {
		if act, why := v.judge(w); why == "" {
			each(w, act)
		}
	})
}

// verifiers compares who may ask for the status of cards with what administrators signed.
func (v *verifier) verifiers(ctx context.Context) error {
	type kept struct {
		Verifier

		act string
	}
	signed := make(map[identity.VerifierID]kept)
	err := v.signedOf(ctx, func(w whole, act identity.Act) {
		id := identity.VerifierID(strings.TrimPrefix(w.Subject, statement.Verifier("")))
		now := signed[id]
		now.act = w.ID
		switch act := act.(type) {
		case identity.RegisterVerifier:
			now.Verifier = Verifier{ID: id, Name: act.Name, Token: act.Token, PerSecond: act.PerSecond}
		case identity.RevokeVerifier:
			if now.Revoked == nil {
				now.Revoked = &w.At
			}
		}
		signed[id] = now
	}, identity.RegisterVerifier{}, identity.RevokeVerifier{})
	if err != nil {
		return err
	}
	rows, err := v.tx.Query(ctx, `SELECT id, name, token, per_second, revoked_at, act FROM verifiers ORDER BY id`)
	if err != nil {
		return err
	}
	var is kept
	_, err = pgx.ForEachRow(rows, []any{&is.ID, &is.Name, &is.Token, &is.PerSecond, &is.Revoked, &is.act}, func() error {
		said, known := signed[is.ID]
		switch {
		case !known:
			v.wrong("verifier %s is registered, by no administrator", is.ID)
		case said.Name != is.Name || !bytes.Equal(said.Token, is.Token) || said.PerSecond != is.PerSecond || said.act != is.act ||
			(said.Revoked == nil) != (is.Revoked == nil) || is.Revoked != nil && !sameMoment(*said.Revoked, *is.Revoked):
			v.wrong("verifier %s: name, token or rate, or whether it is revoked, is not what an administrator signed", is.ID)
		}
		delete(signed, is.ID)
		is.Token, is.Revoked = nil, nil // the next row has its own
		return nil
	})
	for _, id := range slices.Sorted(maps.Keys(signed)) {
		v.wrong("verifier %s was registered, and is gone", id)
	}
	return err
}

// serialOfSigner is how a document signer is named where cards have it.
func serialOfSigner(serial string) string { return strings.TrimLeft(strings.ToLower(serial), "0") }

// revokedSigners compares which document signers are revoked with what two officers signed.
func (v *verifier) revokedSigners(ctx context.Context) error {
	signed := make(map[string]whole)
	err := v.signedOf(ctx, func(w whole, act identity.Act) {
		revokes, _ := act.(identity.RevokeSigner) // no other is asked for
		serial := serialOfSigner(revokes.Serial)
		if _, before := signed[serial]; !before {
			signed[serial] = w
		}
	}, identity.RevokeSigner{})
	if err != nil {
		return err
	}
	rows, err := v.tx.Query(ctx, `SELECT serial, act, at FROM revoked_signers ORDER BY serial`)
	if err != nil {
		return err
	}
	var serial, act string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&serial, &act, &at}, func() error {
		if w := signed[serial]; w.ID != act || at.Before(w.At) || at.After(w.At.Add(settling)) {
			v.wrong("document signer %s is revoked, or was then, and no two officers signed that", identity.OneLine(serial))
		}
		delete(signed, serial)
		return nil
	})
	for _, serial := range slices.Sorted(maps.Keys(signed)) {
		v.wrong("document signer %s was revoked, and is not any more", serial)
	}
	return err
}

// chipKeys compares which master keys of chips there are with what two officers signed.
func (v *verifier) chipKeys(ctx context.Context) error {
	type signedKey struct {
		whole
		key identity.ChipKey
	}
	signed := make(map[int]signedKey)
	err := v.signedOf(ctx, func(w whole, act identity.Act) {
		var key identity.ChipKey
		switch act := act.(type) {
		case identity.ImportTransportKey:
			key = act.Key
		case identity.MakeChipMaster:
			key = act.Key
		}
		if _, before := signed[key.Version]; !before {
			signed[key.Version] = signedKey{w, key}
		}
	}, identity.ImportTransportKey{}, identity.MakeChipMaster{})
	if err != nil {
		return err
	}
	rows, err := v.tx.Query(ctx, `SELECT `+chipKeyColumns+`, act, at FROM chip_keys ORDER BY version`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var act string
		var at time.Time
		key, err := scanChipKey(rows, &act, &at)
		if err != nil {
			return err
		}
		w := signed[key.Version]
		if w.ID != act || !reflect.DeepEqual(w.key, key) || at.Before(w.At) || at.After(w.At.Add(settling)) {
			v.wrong("the master key of chips of version %02X is not what two officers brought in or made, or not then", key.Version)
		}
		delete(signed, key.Version)
	}
	for _, version := range slices.Sorted(maps.Keys(signed)) {
		v.wrong("the master key of chips of version %02X was signed for, and is gone", version)
	}
	return rows.Err()
}

// placesOfBlanks looks that blanks in stock are where their box was received, at the center,
// or where two officers moved some.
func (v *verifier) placesOfBlanks(ctx context.Context) error {
	places := []string{identity.LocationCenter}
	err := v.signedOf(ctx, func(_ whole, act identity.Act) {
		switch act := act.(type) {
		case identity.MoveBlanks:
			places = append(places, act.To)
		case identity.RemoveStation:
			places = append(places, act.Blanks)
		}
	}, identity.MoveBlanks{}, identity.RemoveStation{})
	if err != nil {
		return err
	}
	rows, err := v.tx.Query(ctx, `
		SELECT b.serial, b.location FROM blanks b JOIN boxes x ON x.number = b.box
		WHERE b.account = `+accountStock+` AND b.location <> x.location AND b.location <> ALL($1) ORDER BY b.serial`, places)
	if err != nil {
		return err
	}
	var serial, place string
	_, err = pgx.ForEachRow(rows, []any{&serial, &place}, func() error {
		v.wrong("blank %s is in stock at %s, where no two officers put any", serial, identity.OneLine(place))
		return nil
	})
	return err
}

// actsOnCards are what an issued card becomes something by, as a list of SQL literals.
var actsOnCards = literals([]string{
	identity.ReportLost{}.ActName(), identity.ReportFound{}.ActName(), identity.ReportDamaged{}.ActName(), identity.KeepCard{}.ActName(), identity.ReturnCard{}.ActName(),
	identity.WithdrawCard{}.ActName(), identity.LapseCard{}.ActName(), identity.DestroyCard{}.ActName(), identity.Approve{}.ActName(), identity.Enroll{}.ActName(),
	identity.Reject{}.ActName(), identity.Withdraw{}.ActName(), identity.MarkPerson{}.ActName(), identity.RenumberPerson{}.ActName(), identity.MergePersons{}.ActName(),
})

// standings find, with the time since which people sign, what stands otherwise than the trail
// and the acts lead to.
var standings = []check{
	{"application %s: whether it is held is not what officers said last", `
		SELECT a.number FROM applications a LEFT JOIN LATERAL (
			SELECT event FROM audit WHERE application = a.number AND event IN (` + stepHold + `, ` + stepRelease + `) ORDER BY seq DESC LIMIT 1) last ON true
		WHERE a.received_at >= $1 AND a.held <> (last.event IS NOT DISTINCT FROM ` + stepHold + `) ORDER BY a.number`},
	{"application %s: its round of capture is %s, and officers asked for %s", `
		SELECT a.number, a.capture_round::text, asked.round::text FROM applications a CROSS JOIN LATERAL (
			SELECT coalesce(max(round), 1) AS round FROM decisions WHERE application = a.number AND step = ` + stepRecapture + `) asked
		WHERE a.received_at >= $1 AND a.capture_round <> asked.round ORDER BY a.number`},
	{"station %s: whether it is paused, or out of service, is not what was recorded last", `
		SELECT w.id FROM stations_at_work w LEFT JOIN LATERAL (
			SELECT act, at FROM station_acts WHERE station = w.id ORDER BY at DESC LIMIT 1) last ON true
		WHERE coalesce(last.at, $1) >= $1 AND ((w.paused_at IS NOT NULL) <> (last.act IS NOT NULL AND last.act <> 'resume') OR (w.removed_at IS NOT NULL) <> (last.act IS NOT DISTINCT FROM 'remove'))
		ORDER BY w.id`},
	{"consignment %s is %s, and nobody sealed it", `
		SELECT number, state FROM consignments WHERE opened_at >= $1 AND sealed_by = '' AND state IN (` + consignmentSealed + `, ` + consignmentSent + `, ` + consignmentReceived + `) ORDER BY number`},
	{"consignment %s is said to hold %s cards, and holds %s", `
		SELECT k.number, k.cards::text, n::text FROM consignments k CROSS JOIN LATERAL (SELECT count(*) AS n FROM cards c WHERE c.consignment = k.number) held
		WHERE k.opened_at >= $1 AND k.cards <> n ORDER BY k.number`},
	{"card %s of application %s is in consignment %s, and its trail does not say so", `
		SELECT c.attempt::text, c.application, c.consignment FROM cards c JOIN applications a ON a.number = c.application
		WHERE a.received_at >= $1 AND c.consignment IS NOT NULL AND NOT EXISTS (
			SELECT FROM audit l WHERE l.application = c.application AND (strpos(l.event, c.consignment) > 0 OR strpos(l.reason, c.consignment) > 0))
		ORDER BY c.application, c.attempt`},
	{"card %s of application %s became %s by %s, and its trail does not say so", `
		SELECT c.attempt::text, c.application, l.became, l.by_whom FROM card_life l JOIN cards c ON c.id = l.card
		WHERE l.at >= $1 AND c.application IS NOT NULL AND NOT EXISTS (
			SELECT FROM audit t WHERE t.application = c.application AND l.at BETWEEN t.at - interval '1 minute' AND t.at + interval '1 minute'
				AND (t.actor = l.by_whom AND t.event IN ('card ' || c.attempt || ' is ' || l.became, 'revoked card ' || c.attempt)
					OR l.became = ` + cardDestroyed + ` AND t.event = ` + eventDestroyed + ` || c.attempt))
		ORDER BY c.application, l.at`},
	{"application %s: entry %s, %s by %s: the card did not become so then", `
		SELECT t.application, t.seq::text, t.event, t.actor FROM audit t
		CROSS JOIN LATERAL (SELECT regexp_match(t.event, '^card ([0-9]{1,9}) is ([a-z-]+)$') AS said) card
		WHERE t.at >= $1 AND (said IS NOT NULL OR t.event LIKE 'revoked card %') AND NOT EXISTS (
			SELECT FROM card_life l JOIN cards c ON c.id = l.card
			WHERE c.application = t.application AND l.by_whom = t.actor AND l.at BETWEEN t.at - interval '1 minute' AND t.at + interval '1 minute'
				AND CASE WHEN said IS NULL THEN l.became = ` + cardRevoked + ` AND t.event = 'revoked card ' || c.attempt ELSE c.attempt::text = said[1] AND l.became = said[2] END)
		ORDER BY t.application, t.seq`},
	// A card is ended by an officer's act on it or on its holder, by the hand-over of the next
	// one, or by what a register elsewhere says, in nobody's name; its holder alone may say
	// that it is lost, without a signature: the trail has that.
	{"the card %s became %s by %s: nobody signed that", `
		SELECT c.serial, l.became, l.by_whom FROM card_life l JOIN cards c ON c.id = l.card
		LEFT JOIN acts a ON a.id = l.act AND a.officer = l.by_whom
		WHERE l.at >= $1 AND CASE
			WHEN l.act IS NOT NULL THEN a.act IS NULL OR a.act NOT IN ` + actsOnCards + `
			WHEN l.by_whom = ` + actorHolder + ` THEN l.became <> ` + cardReportedLost + `
			WHEN l.by_whom = ` + actorSystem + ` THEN l.became NOT IN (` + cardRevoked + `, ` + cardWithdrawn + `, ` + cardLapsed + `)
			ELSE l.became <> ` + cardRevoked + ` OR NOT EXISTS (
				SELECT FROM cards n WHERE n.handed_over_by = l.by_whom AND l.reason = 'replaced: card ' || n.attempt || ' of ' || n.application AND l.at BETWEEN n.handed_over_at AND n.handed_over_at + interval '1 minute') END
		ORDER BY c.serial, l.at`},
	{"application %s: its fee is %s VND, and its trail settled it at %s", `
		SELECT a.number, a.fee::text, coalesce(settled.to, 'nothing that can be read') FROM applications a CROSS JOIN LATERAL (
			SELECT substring(reason FROM '^from [0-9]+ to ([0-9]+) VND, ') AS to FROM audit
			WHERE application = a.number AND event = 'fee settled' ORDER BY seq DESC LIMIT 1) settled
		WHERE a.received_at >= $1 AND settled.to IS DISTINCT FROM a.fee::text ORDER BY a.number`},
	{"application %s is said to have ended as %s, and its trail says %s", `
		SELECT a.number, a.reason, coalesce(ended.reason, 'nothing of that') FROM applications a LEFT JOIN LATERAL (
			SELECT reason FROM audit WHERE application = a.number AND event = 'entered ' || a.stage ORDER BY seq DESC LIMIT 1) ended ON true
		WHERE a.received_at >= $1 AND CASE WHEN a.stage IN ` + literals(closed) + ` THEN a.reason IS DISTINCT FROM ended.reason ELSE a.reason <> '' END ORDER BY a.number`},
	{"application %s: since when it has ended is not what its trail says", `
		SELECT a.number FROM applications a CROSS JOIN LATERAL (
			SELECT at FROM audit WHERE application = a.number AND event = 'entered ' || a.stage ORDER BY seq DESC LIMIT 1) ended
		WHERE a.received_at >= $1 AND a.stage IN ` + literals(closed) + ` AND a.entered_at < ended.at - interval '1 hour' ORDER BY a.number`},
	{"the card %s became %s at %s, and by its history at %s", `
		SELECT c.serial, c.state, c.changed_at::text, l.at::text FROM cards c CROSS JOIN LATERAL (SELECT max(at) AS at FROM card_life WHERE card = c.id) l
		WHERE c.state IN (` + cardRevoked + `, ` + cardWithdrawn + `, ` + cardLapsed + `, ` + cardDestroyed + `) AND l.at >= $1
			AND c.changed_at < l.at - interval '1 day' ORDER BY c.serial`},
	{"application %s: that its evidence was erased is said by its record alone, or by its trail", `
		SELECT a.number FROM applications a
		WHERE a.received_at >= $1 AND a.erased_at IS NOT NULL AND NOT EXISTS (SELECT FROM audit l WHERE l.application = a.number AND l.event = '` + eventErased + `')
		UNION ALL SELECT l.application FROM audit l JOIN applications a ON a.number = l.application WHERE l.at >= $1 AND l.event = '` + eventErased + `' AND a.erased_at IS NULL
		ORDER BY 1`},
	{"application %s: the approval by %s counts for another word on who the applicant is than its trail has it", `
		SELECT d.application, d.officer FROM decisions d JOIN acts a ON a.id = d.request AND a.officer = d.officer
		JOIN audit e ON e.application = d.application AND e.txid = a.txid AND e.event = ` + stepApprove + `
		WHERE d.step = ` + stepApprove + ` AND d.at >= $1
			AND d.round <> 1 + (SELECT count(*) FROM audit i WHERE i.application = d.application AND i.seq < e.seq AND i.event LIKE ` + stepIdentify + ` || '%')
		ORDER BY d.application, d.officer`},
	{"application %s: the verdict by %s is on another search than its trail has it", `
		SELECT d.application, d.officer FROM decisions d JOIN acts a ON a.id = d.request AND a.officer = d.officer
		JOIN audit e ON e.application = d.application AND e.txid = a.txid AND e.event LIKE ` + stepAdjudicate + ` || ': %'
		CROSS JOIN LATERAL (
			SELECT 1 + count(*) FILTER (WHERE i.event = ` + stepRecapture + `) AS capture,
				count(*) FILTER (WHERE i.event LIKE ` + stepIdentify + ` || '%' OR i.event = ` + stepAdjudicate + ` || ': ` + string(identity.DifferentPersons) + `') AS more
			FROM audit i WHERE i.application = d.application AND i.seq < e.seq) was
		WHERE d.step = ` + stepAdjudicate + ` AND d.at >= $1 AND d.round NOT BETWEEN was.capture AND was.capture + was.more
		ORDER BY d.application, d.officer`},
	{"application %s is at %s, and an adjudicator has not judged all whose fingers were found", `
		SELECT application, stage FROM approved_unjudged($1)`},
	{"application %s: what it waits for, or why, is not what its trail says last", `
		SELECT a.number FROM applications a LEFT JOIN LATERAL (
			SELECT event, reason FROM audit WHERE application = a.number AND event LIKE 'awaits %' ORDER BY seq DESC LIMIT 1) said ON true
		WHERE a.received_at >= $1 AND a.awaiting <> '' AND (said.event, said.reason) IS DISTINCT FROM ('awaits ' || a.awaiting, a.awaiting_why) ORDER BY a.number`},
	{"card %s of application %s is spoiled for another reason than its trail says", `
		SELECT c.attempt::text, c.application FROM cards c JOIN applications a ON a.number = c.application CROSS JOIN LATERAL (
			SELECT reason FROM audit WHERE application = c.application AND event || ' ' LIKE ` + eventSpoiled + ` || c.attempt || ' %' ORDER BY seq DESC LIMIT 1) said
		WHERE a.received_at >= $1 AND c.state = ` + cardSpoiled + ` AND c.reason <> said.reason ORDER BY c.application, c.attempt`},
	{"application %s is said to have card %s made, and by its other cards it has not", `
		SELECT a.number, a.attempt::text FROM applications a
		WHERE a.received_at >= $1 AND (
			a.attempt > 1 AND NOT EXISTS (SELECT FROM cards c WHERE c.application = a.number AND c.attempt = a.attempt - 1 AND c.state IN ` + givenUp + `)
			OR EXISTS (SELECT FROM cards c WHERE c.application = a.number AND c.attempt > a.attempt AND c.state NOT IN ` + givenUp + `)) ORDER BY a.number`},
	{"application %s: its trail says that it waits for %s, and it does not", `
		SELECT a.number, waits.what FROM applications a CROSS JOIN LATERAL (
			SELECT seq, substr(event, length('awaits ') + 1) AS what FROM audit WHERE application = a.number AND event LIKE 'awaits %' ORDER BY seq DESC LIMIT 1) waits
		WHERE a.received_at >= $1 AND a.awaiting <> waits.what AND waits.what IN ` + literals(forPeople) + ` AND NOT EXISTS (
			SELECT FROM audit l WHERE l.application = a.number AND l.seq > waits.seq
				AND (l.event LIKE 'entered %' OR l.event LIKE 'handed over card%' OR split_part(l.event, ':', 1) IN ` + literals(identity.DecisionSteps) + `)) ORDER BY a.number`},
	{"card %s of application %s has a certificate of station %s for its signature key, and its trail does not say so", `
		SELECT s.attempt::text, s.application, s.station FROM signature_certificates s JOIN applications a ON a.number = s.application
		WHERE a.received_at >= $1 AND NOT EXISTS (
			SELECT FROM audit l WHERE l.application = s.application AND l.actor = s.station AND l.event = 'certified the signature key of card ' || s.attempt AND l.reason = 'certificate ' || s.serial)
		ORDER BY s.application, s.attempt`},
}

// forPeople are the waits that end by an entry of the trail alone: by a decision, or as the
// application moves.
var forPeople = []identity.Action{identity.ToRecapture, identity.ToResolve, identity.ToApprove, identity.ToRelease, identity.ToHandOver}

// closed are the ends at which no card was handed over.
var closed = []identity.Stage{identity.Rejected, identity.Withdrawn, identity.Expired}
