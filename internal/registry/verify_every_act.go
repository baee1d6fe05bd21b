package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// What is wrong with acts is kept in memory up to these: of acts that are read at once, of
// acts before what rests on them is looked for, and of keys.
const (
	actsAtOnce  = 10_000
	wrongAtOnce = 50_000
	maxSigners  = 1_000
)

// signer is whose key an act is said to be signed by.
type signer struct {
	officer identity.OfficerID
	key     [sha256.Size]byte
}

// forgeries sum up the acts of a signer whose signatures are none: who has the programs' database
// password and the vault's key adds as many as he likes, and none of them can be taken away. So
// they have a line for each key, and hide nothing.
type forgeries struct {
	acts  int
	first string
}

// wrongAct names an act that is not in order.
type wrongAct struct {
	id      string
	officer identity.OfficerID
}

// everyAct judges all acts. It names those that the officers' keys signed, and that are not in
// order all the same.
func (v *verifier) everyAct(ctx context.Context) error {
	var wrong []wrongAct
	for last, more := "", true; more; {
		more = false
		err := v.eachAct(ctx, `WHERE id IN (SELECT DISTINCT id FROM acts WHERE id > $1 ORDER BY id LIMIT $2)`, "id", func(w whole) {
			last, more = w.ID, true
			v.report.Acts++
			_, why := v.judge(w)
			if why == "" && !v.takenIn(w) {
				why = "no program of the office took it in"
			}
			if why == "" {
				return
			}
			for _, g := range w.signed.Signatures {
				wrong = append(wrong, wrongAct{w.ID, g.Officer})
			}
			v.misfit(w, fmt.Sprintf("act %s, %s on %s by %s: %s", identity.OneLine(w.ID), identity.OneLine(w.Act), identity.OneLine(w.Subject), w.Officer, why))
		}, last, actsAtOnce)
		if err == nil && (len(wrong) >= wrongAtOnce || !more) {
			err, wrong = v.lean(ctx, wrong), wrong[:0]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// misfit names an act that is not in order, or sums it up with others of its signer, if the
// signer's key did not sign it.
func (v *verifier) misfit(w whole, fault string) {
	if w.signed.Verify() == nil && !slices.ContainsFunc(w.signed.Signatures, func(g statement.Signature) bool {
		key := v.keys[string(g.Key)]
		return key == nil || key.officer != g.Officer
	}) {
		v.wrong("%s", fault)
		return
	}
	by := signer{w.Officer, sha256.Sum256(w.Key)}
	if v.forged[by] == nil && len(v.forged) >= maxSigners {
		by = signer{}
	}
	if v.forged[by] == nil {
		v.forged[by] = &forgeries{first: fault}
	}
	v.forged[by].acts++
}

// forgeries names what was summed up.
func (v *verifier) forgeries(context.Context) error {
	for _, by := range slices.SortedFunc(maps.Keys(v.forged), func(a, b signer) int {
		return cmp.Or(cmp.Compare(a.officer, b.officer), slices.Compare(a.key[:], b.key[:]))
	}) {
		switch f := v.forged[by]; {
		case f.acts == 1:
			v.wrong("%s", f.first)
		case by.officer == "":
			v.wrong("%d acts of still other keys, by which none of them is signed; the first is %s", f.acts, f.first)
		default:
			v.wrong("%d acts in the name of %s, with a key (SHA-256 %x...) by which none of them is signed; the first is %s", f.acts, by.officer, by.key[:4], f.first)
		}
	}
	return nil
}

// restsOn finds what of an application, box, person or the like names one of the acts w.
const restsOn = `
	WITH w AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::text[]) AS w (id, officer))
	SELECT r.record, left(string_agg(DISTINCT r.what, ', '), 300), min(r.id) FROM (
		SELECT 'application ' || d.application AS record, d.step || ' by ' || d.officer AS what, w.id FROM decisions d JOIN w ON w.id = d.request AND w.officer = d.officer
		UNION ALL SELECT 'application ' || n.number, 'enroll by ' || n.officer, w.id FROM applications n JOIN w ON w.id = n.enrolled_act AND w.officer = n.officer
		UNION ALL SELECT coalesce('application ' || c.application, 'card ' || c.serial), 'hand-over by ' || c.handed_over_by, w.id FROM cards c JOIN w ON w.id = c.handed_over_act AND w.officer = c.handed_over_by
		UNION ALL SELECT coalesce('application ' || c.application, 'card ' || c.serial), l.became || ' by ' || l.by_whom, w.id FROM card_life l JOIN w ON w.id = l.act AND w.officer = l.by_whom JOIN cards c ON c.id = l.card
		UNION ALL SELECT 'application ' || p.application, 'fee paid to ' || p.paid_to, w.id FROM payments p JOIN w ON w.id = p.paid_act AND w.officer = p.paid_to
		UNION ALL SELECT 'application ' || p.application, 'fee refunded by ' || p.refunded_by, w.id FROM payments p JOIN w ON w.id = p.refunded_act AND w.officer = p.refunded_by
		UNION ALL SELECT 'application ' || l.application, 'PIN letter by ' || l.officer, w.id FROM pin_letters l JOIN w ON w.id = l.act AND w.officer = l.officer
		UNION ALL SELECT 'application ' || o.application, o.what || ' by ' || o.officer, w.id FROM card_orders o JOIN w ON w.id = o.act AND w.officer = o.officer
		UNION ALL SELECT 'consignment ' || k.number, 'sealed by ' || k.sealed_by, w.id FROM consignments k JOIN w ON w.id = k.sealed_act AND w.officer = k.sealed_by
		UNION ALL SELECT 'consignment ' || k.number, 'sent by ' || k.sent_by, w.id FROM consignments k JOIN w ON w.id = k.sent_act AND w.officer = k.sent_by
		UNION ALL SELECT 'consignment ' || k.number, 'received by ' || k.received_by, w.id FROM consignments k JOIN w ON w.id = k.received_act AND w.officer = k.received_by
		UNION ALL SELECT 'box ' || b.number, 'received by ' || b.received_by, w.id FROM boxes b JOIN w ON w.id = b.act AND w.officer = b.received_by
		UNION ALL SELECT 'person ' || p.person, p.change || ' by ' || p.actor, w.id FROM person_changes p JOIN w ON w.id = p.act AND w.officer = p.actor
		UNION ALL SELECT 'officer ' || o.badge, 'registration', w.id FROM officers o JOIN w ON w.id = o.act
		UNION ALL SELECT 'officer ' || c.officer, 'a key', w.id FROM credentials c JOIN w ON w.id = c.act
	) r GROUP BY r.record ORDER BY r.record`

// lean looks what rests on acts that are not in order.
func (v *verifier) lean(ctx context.Context, wrong []wrongAct) error {
	if len(wrong) == 0 {
		return nil
	}
	ids, officers := make([]string, len(wrong)), make([]string, len(wrong))
	for i, w := range wrong {
		ids[i], officers[i] = w.id, string(w.officer)
	}
	rows, err := v.tx.Query(ctx, restsOn, ids, officers)
	if err != nil {
		return err
	}
	var record, what, id string
	_, err = pgx.ForEachRow(rows, []any{&record, &what, &id}, func() error {
		v.leans = append(v.leans, fmt.Sprintf("%s: %s: the act behind it is not in order: %s", identity.OneLine(record), identity.OneLine(what), identity.OneLine(id)))
		return nil
	})
	return err
}

// resting names what was found to rest on acts that are not in order.
func (v *verifier) resting(context.Context) error {
	for _, fault := range v.leans {
		v.wrong("%s", fault)
	}
	return nil
}
