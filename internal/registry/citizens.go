package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Citizen is a person as the built-in population registry knows them.
type Citizen struct {
	Person   identity.Person
	Status   identity.CitizenStatus
	LiveCard *OldCard // the card they hold, if any
}

// OldCard is the card that a citizen holds, made here or before this engine.
type OldCard struct {
	Serial identity.CardSerial
	Form   identity.FormID
	Issued identity.Date
	Expiry identity.Expiry
}

// imported is what a card of before this engine became here, as card_reports has it.
const imported = "imported"

// renumberedSince is whether the person to be imported, as $3, came in before under the number $1, and
// was given another one since.
const renumberedSince = `EXISTS (
	SELECT FROM person_numbers n JOIN person_changes h ON h.person = n.person
	WHERE n.number = $1 AND n.canceled_at IS NOT NULL AND h.before = $3::jsonb)`

// SeedCitizen imports a person, with the card they hold and the number that was canceled before.
// Of a person who is known already, also where another number was given since, it learns no more
// than the canceled one. It refuses with Conflict a number that is or was another person's, and the
// serial of another card. The card of somebody who can have none has ended.
func (r *Registry) SeedCitizen(ctx context.Context, c Citizen) error {
	person, err := json.Marshal(c.Person)
	if err != nil {
		return fmt.Errorf("write person: %w", err)
	}
	number := string(c.Person.Number)
	citizen, err := r.citizen(c.Person.Number)
	if err != nil {
		return err
	}
	canceled, err := r.citizen(c.Person.CancelledNumber)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO citizens (number, citizen, person, status) SELECT $1, $2, $3::jsonb, $4 WHERE NOT `+renumberedSince+`
			ON CONFLICT DO NOTHING`, number, citizen, person, c.Status)
		if err != nil {
			return err
		}
		if canceled != nil {
			if _, err := tx.Exec(ctx, `SELECT know_canceled_number($1, $2)`, number, canceled); err != nil {
				return err
			}
		}
		if tag.RowsAffected() == 0 || c.LiveCard == nil {
			return nil
		}
		return r.importCard(ctx, tx, citizen, c)
	})
	switch {
	case violates(err, "person_numbers_pkey"):
		return identity.RefuseField(identity.Conflict, "person.number", "or the canceled one, of a person who is to be imported, is or was another person's")
	case violates(err, "one_card_per_serial"):
		return identity.RefuseField(identity.Conflict, "live_card.serial", "is that of another card")
	}
	return fail("import citizen", err)
}

// importCard takes in the card of a person of before this engine, which is live until the register
// says that its holder can have none.
func (r *Registry) importCard(ctx context.Context, tx pgx.Tx, citizen []byte, c Citizen) error {
	var expires *time.Time
	if !c.LiveCard.Expiry.Never() {
		t := c.LiveCard.Expiry.Date.Midnight()
		expires = &t
	}
	var card int64
	err := tx.QueryRow(ctx, `
		INSERT INTO cards (state, citizen, serial, form, issued, expires)
		SELECT `+cardLive+`, $1, $2, $3, $4, $5 WHERE $4::date <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date RETURNING id`,
		citizen, c.LiveCard.Serial, c.LiveCard.Form, c.LiveCard.Issued.Midnight(), expires).Scan(&card)
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.RefuseField(identity.Invalid, "live_card.issued", "is in the future")
	}
	if err != nil {
		return err
	}
	if err := r.keepReport(ctx, tx, card, imported, identity.ActorSystem, ""); err != nil {
		return err
	}
	end, ends := cardEnds[c.Status]
	if !ends {
		return nil
	}
	if _, err := tx.Exec(ctx, `SELECT end_cards_of($1, $2, $3, `+actorSystem+`, NULL)`, citizen, string(end.state), string(end.why)); err != nil {
		return err
	}
	return r.keepReport(ctx, tx, card, string(end.state), identity.ActorSystem, string(end.why))
}

// Citizen reads what is known under a number, or refuses with NotFound.
func (r *Registry) Citizen(ctx context.Context, n identity.PersonalNumber) (Citizen, error) {
	var c Citizen
	var person []byte
	var serial, form *string
	var issued *time.Time
	var sealed sealedCard
	err := r.db.QueryRow(ctx, `
		SELECT p.person, p.status, c.serial, c.form, c.issued, c.expires, coalesce(c.application, ''), coalesce(c.attempt, 0), c.sealed, k.wrapped
		FROM citizens p LEFT JOIN cards c ON c.citizen = p.citizen AND c.state = `+cardLive+`
		LEFT JOIN vault_keys k ON k.application = c.application WHERE p.number = $1`, string(n)).
		Scan(&person, &c.Status, &serial, &form, &issued, &sealed.expires, &sealed.application, &sealed.attempt, &sealed.card, &sealed.wrapped)
	if errors.Is(err, pgx.ErrNoRows) {
		return Citizen{}, identity.RefuseField(identity.NotFound, "person.number", "is not known to the population registry")
	}
	if err != nil {
		return Citizen{}, fail("read citizen", err)
	}
	if err := json.Unmarshal(person, &c.Person); err != nil {
		return Citizen{}, fmt.Errorf("read citizen: %w", err)
	}
	c.Person.Number = n
	if serial != nil {
		c.LiveCard = &OldCard{Serial: identity.CardSerial(*serial), Form: identity.FormID(*form), Issued: dateOf(*issued)}
		expiry, err := r.expiry(sealed)
		c.LiveCard.Expiry = expiry
		return c, fail("read citizen", r.unread(err).whole())
	}
	return c, nil
}
