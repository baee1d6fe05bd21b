package registry

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// ChangeCard does what an act makes of a card that was issued, in one transaction, so that
// whoever asks for its status from then on hears it. A card that is so already stays as it
// is. It gives what became of the card, and its holder's applications that are under way.
//
// It is no workflow: it is over in that transaction, and nothing waits for anything.
func (r *Registry) ChangeCard(ctx context.Context, serial identity.CardSerial, act identity.CardAct, signed statement.Signed) (identity.CardState, []identity.ApplicationNumber, error) {
	err := r.act(ctx, act, statement.Card(serial), signed, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			SELECT pg_advisory_xact_lock(hashtextextended('citizen ' || encode(citizen, 'hex'), 0)) FROM cards WHERE serial = $1`, serial)
		if err != nil {
			return err
		}
		var at identity.CardState
		var claimed bool
		err = tx.QueryRow(ctx, `SELECT state, `+lossClaimed+` FROM cards WHERE serial = $1 FOR NO KEY UPDATE`, serial).Scan(&at, &claimed)
		if err != nil {
			return found(err, "there is no card of this serial")
		}
		becomes := identity.Becomes(act)
		switch {
		case becomes == identity.CardReportedLost && strings.HasPrefix(act.Why().String(), claim):
			return identity.RefuseField(identity.Invalid, "reason", "begins with %q, as it is kept that an application claims a loss, which may be taken back: say it in other words", claim)
		case at == becomes && claimed: // it is known twice, and stays so whatever the application comes to
			return lostBesides(ctx, tx, `serial = $4`, act.By()[0], act.Why().String(), signed.ID(), serial)
		case at == becomes:
			return nil
		case !at.HandedOver():
			return identity.Refuse(identity.Conflict, "the card was not handed over, or is destroyed: it is %s", at)
		case !at.Allows(act):
			return identity.Refuse(identity.Conflict, "the card is %s: %s does not fit", at, act.ActName())
		}
		if err := holderBecomes(ctx, tx, serial, identity.HolderBecomes(act)); err != nil {
			return err
		}
		if becomes == identity.CardLive {
			if becomes, err = asItWas(ctx, tx, serial, at); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
			WITH changed AS (
				UPDATE cards SET state = @becomes, reason = @reason, changed_by = @officer, changed_act = @act, changed_at = now()
				WHERE serial = @serial RETURNING application, attempt
			)
			INSERT INTO audit (application, actor, event, reason)
			SELECT application, @officer, 'card ' || attempt || ' is ' || @becomes, @reason FROM changed WHERE application IS NOT NULL`,
			pgx.StrictNamedArgs{"serial": serial, "becomes": becomes, "reason": act.Why().String(), "officer": act.By()[0], "act": signed.ID()})
		return err
	})
	if err != nil {
		return "", nil, err
	}
	var became identity.CardState
	var underWay []identity.ApplicationNumber
	err = r.db.QueryRow(ctx, `
		SELECT state, coalesce((SELECT array_agg(number ORDER BY received_at) FROM applications
			WHERE (citizen = c.citizen OR citizen IN `+sameHolder+`) AND stage NOT IN `+ends+`), '{}')
		FROM cards c WHERE serial = $1`, serial).Scan(&became, &underWay)
	return became, underWay, fail("read card", err)
}

// sameHolder are, in SQL, the digests of all numbers of the person who holds card c.
const sameHolder = `(SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = c.citizen)`

// claim begins what is kept as the reason of a loss that an application claims.
const claim = "application "

// lossClaimed: all that says that the card is lost is an application for another one, which may
// turn out to be somebody else's.
const lossClaimed = `(state = ` + cardReportedLost + ` AND reason LIKE '` + claim + `%')`

// lostBesides keeps that the loss of a card was reported, whose loss an application had claimed:
// the report takes the place of the claim, with which the card would be valid again.
func lostBesides[W ~string](ctx context.Context, tx pgx.Tx, which string, by W, why string, act any, whose any) error {
	_, err := tx.Exec(ctx, `
		WITH lost AS (
			UPDATE cards SET reason = $2, changed_by = $1, changed_act = $3, changed_at = now() WHERE `+which+` AND `+lossClaimed+` RETURNING id, application, attempt
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT application, $1, 'card ' || attempt || ' is ' || `+cardReportedLost+`, $2 FROM lost WHERE application IS NOT NULL`,
		string(by), why, act, whose)
	return err
}

// asItWas is what a card is again that was lost, or kept: damaged for ever once it was, and
// kept by whom kept it.
func asItWas(ctx context.Context, tx pgx.Tx, serial identity.CardSerial, at identity.CardState) (identity.CardState, error) {
	var was identity.CardState
	err := tx.QueryRow(ctx, `
		SELECT CASE WHEN $2 = `+cardReportedLost+` THEN (SELECT l.was FROM card_life l WHERE l.card = c.id AND l.became = `+cardReportedLost+` AND l.was <> l.became ORDER BY l.at DESC LIMIT 1)
			WHEN EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.became = $3) THEN $3 ELSE `+cardLive+` END
		FROM cards c WHERE c.serial = $1`, serial, at, identity.CardDamaged).Scan(&was)
	return was, err
}

// holderBecomes refuses what a card alone cannot be told, as its holder would go on as before in the
// population register here. Of whom that does not know it keeps the death; nationality may be
// regained, and another register says so.
func holderBecomes(ctx context.Context, tx pgx.Tx, serial identity.CardSerial, status identity.CitizenStatus) error {
	if status == "" {
		return nil
	}
	var here bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM cards c JOIN person_numbers n USING (citizen) WHERE c.serial = $1)`, serial).Scan(&here)
	if err == nil && here {
		err = identity.Refuse(identity.Conflict, "the population register here knows the holder: mark the person there, and the card ends (starter population mark --status %s)", status)
	}
	if err == nil && status == identity.Deceased {
		_, err = tx.Exec(ctx, `SELECT learn_holder(citizen, $2, NULL, NULL) FROM cards WHERE serial = $1`, serial, string(status))
	}
	return err
}

// HolderIs keeps what another population register than the one here says of a person who can
// have no card, and ends the card that the person holds. Said twice, it is done once.
func (r *Registry) HolderIs(ctx context.Context, number identity.PersonalNumber, status identity.CitizenStatus) error {
	citizen, err := r.citizen(number)
	if err != nil {
		return err
	}
	var becomes, why *string
	if end, ends := cardEnds[status]; ends {
		becomes, why = new(string(end.state)), new(string(end.why))
	}
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT learn_holder($1, $2, $3, $4)`, citizen, string(status), becomes, why); err != nil || becomes == nil {
			return err
		}
		rows, _ := tx.Query(ctx, `SELECT id FROM cards WHERE citizen = $1 AND changed_by = `+actorSystem+` AND changed_at = now()`, citizen) // CollectRows reports the error
		ended, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		for _, card := range ended {
			if err := r.keepReport(ctx, tx, card, *becomes, identity.ActorSystem, *why); err != nil {
				return err
			}
		}
		return nil
	})
	return fail("keep what a register says of a holder", err)
}

// CardQuery says which cards are looked for: one by its serial, or those of a person.
type CardQuery struct {
	Serial identity.CardSerial     `json:"serial,omitzero"`
	Number identity.PersonalNumber `json:"number,omitzero"`
}

// Check refuses a query that names no card.
func (q CardQuery) Check() error {
	if (q.Serial == "") == (q.Number == "") {
		return identity.Refuse(identity.Invalid, "a serial or a personal number is needed, and not both")
	}
	if q.Serial != "" {
		if _, err := identity.ParseCardSerial(string(q.Serial)); err != nil {
			return identity.RefuseField(identity.Invalid, "serial", "is not 16 upper-case hexadecimal digits")
		}
		return nil
	}
	if _, err := identity.ParsePersonalNumber(string(q.Number)); err != nil {
		return identity.RefuseField(identity.Invalid, "number", "is no personal number")
	}
	return nil
}

// IssuedCard is a card that was issued, and what became of it.
type IssuedCard struct {
	Serial      identity.CardSerial        `json:"serial"`
	Form        identity.FormID            `json:"form"`
	State       identity.CardState         `json:"state"`
	Reason      string                     `json:"reason,omitzero"`
	Issued      identity.Date              `json:"issued"`
	Expires     identity.Date              `json:"expires,omitzero"`     // none: it does not
	Application identity.ApplicationNumber `json:"application,omitzero"` // none of cards of before this engine
	Life        []CardChange               `json:"life"`                 // the oldest first
	Fault       string                     `json:"fault,omitzero"`       // why it is not said when it expires: that cannot be read, or was erased
}

// CardChange is what a card became once.
type CardChange struct {
	At     time.Time          `json:"at"`
	Became identity.CardState `json:"became"`
	Reason string             `json:"reason,omitzero"`
	By     string             `json:"by"`
}

// Issued gives the cards that were issued to a person, under any number that the person has or
// had, the newest first, or the one of a serial, and keeps that the officer asked. It refuses with NotFound.
func (r *Registry) Issued(ctx context.Context, officer identity.OfficerID, q CardQuery) ([]IssuedCard, error) {
	var numbers []identity.PersonalNumber
	if q.Number != "" {
		numbers = append(numbers, q.Number)
	}
	citizens, err := r.whose(ctx, ExtractOf{Numbers: numbers}, new(time.Time))
	if err != nil {
		return nil, err
	}
	list, err := r.issued(ctx, `serial = $1 OR citizen = ANY($2)`, string(q.Serial), citizens)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, identity.Refuse(identity.NotFound, "no such card was issued")
	}
	subjects := make([]string, len(list))
	for i, c := range list {
		subjects[i] = statement.Card(c.Serial)
	}
	return list, r.keepReads(ctx, officer, "card", subjects)
}

// issued reads issued cards, the newest first.
func (r *Registry) issued(ctx context.Context, which string, args ...any) ([]IssuedCard, error) {
	rows, _ := r.db.Query(ctx, `
		WITH asked AS (SELECT * FROM cards WHERE (`+which+`) AND (state IN `+handedOver+` OR state = `+cardDestroyed+` AND handed_over_at IS NOT NULL))
		SELECT serial, form, state, reason, issued, expires, coalesce(application, ''), coalesce(attempt, 0), sealed, (SELECT k.wrapped FROM vault_keys k WHERE k.application = asked.application),
			(SELECT array_agg(l.at ORDER BY l.at) FROM card_life l WHERE l.card = asked.id), (SELECT array_agg(l.became ORDER BY l.at) FROM card_life l WHERE l.card = asked.id),
			(SELECT array_agg(l.reason ORDER BY l.at) FROM card_life l WHERE l.card = asked.id), (SELECT array_agg(l.by_whom ORDER BY l.at) FROM card_life l WHERE l.card = asked.id)
		FROM asked ORDER BY issued DESC, id DESC`, args...) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, r.issuedCard)
	return list, fail("find cards", err)
}

// issuedCard reads a row of Issued.
func (r *Registry) issuedCard(row pgx.CollectableRow) (IssuedCard, error) {
	var c IssuedCard
	var issued time.Time
	var sealed sealedCard
	var at []time.Time
	var became, reasons, by []string
	err := row.Scan(&c.Serial, &c.Form, &c.State, &c.Reason, &issued, &sealed.expires, &c.Application, &sealed.attempt, &sealed.card, &sealed.wrapped, &at, &became, &reasons, &by)
	if err != nil {
		return IssuedCard{}, err
	}
	sealed.application = c.Application
	expiry, err := r.expiry(sealed)
	if unread := r.unread(err); unread != nil {
		c.Fault = unread.Error()
	} else if sealed.card != nil && sealed.wrapped == nil {
		c.Fault = "when it expired is not known any more: that was erased"
	}
	c.Issued, c.Expires = dateOf(issued), expiry.Date
	c.Life = make([]CardChange, len(at))
	for i := range at {
		c.Life[i] = CardChange{At: at[i], Became: identity.CardState(became[i]), Reason: reasons[i], By: by[i]}
	}
	return c, nil
}
