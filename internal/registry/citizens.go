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

// SeedCitizen imports a person, with the card they hold. A person who is known
// already is left unchanged.
func (r *Registry) SeedCitizen(ctx context.Context, c Citizen) error {
	person, err := json.Marshal(c.Person)
	if err != nil {
		return fmt.Errorf("write person: %w", err)
	}
	number := string(c.Person.Number)
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO citizens (number, person, status) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, number, person, c.Status)
		if err != nil || tag.RowsAffected() == 0 || c.LiveCard == nil {
			return err
		}
		var expires *time.Time
		if !c.LiveCard.Expiry.Never() {
			t := c.LiveCard.Expiry.Date.Midnight()
			expires = &t
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO cards (state, personal_number, serial, form, issued, expires) VALUES (`+cardLive+`, $1, $2, $3, $4, $5)`,
			number, c.LiveCard.Serial, c.LiveCard.Form, c.LiveCard.Issued.Midnight(), expires)
		return err
	})
	return fail("import citizen", err)
}

// Citizen reads what is known under a number, or refuses with NotFound.
func (r *Registry) Citizen(ctx context.Context, n identity.PersonalNumber) (Citizen, error) {
	var c Citizen
	var person []byte
	var serial, form *string
	var issued, expires *time.Time
	err := r.db.QueryRow(ctx, `
		SELECT p.person, p.status, c.serial, c.form, c.issued, c.expires
		FROM citizens p LEFT JOIN cards c ON c.personal_number = p.number AND c.state = `+cardLive+` WHERE p.number = $1`, string(n)).
		Scan(&person, &c.Status, &serial, &form, &issued, &expires)
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
		if expires != nil {
			c.LiveCard.Expiry.Date = dateOf(*expires)
		}
	}
	return c, nil
}

// maxDraws bounds how often a number is drawn when those drawn were taken. While
// fewer than 10% are taken, more draws are never needed.
const maxDraws = 100

// AllotNumber gives an application a personal number that nobody has or had. The
// same application gets the same number again.
func (r *Registry) AllotNumber(ctx context.Context, number identity.ApplicationNumber, draw func() (identity.PersonalNumber, error)) (identity.PersonalNumber, error) {
	for range maxDraws {
		candidate, err := draw()
		if err != nil {
			return "", err
		}
		allotted, err := r.allot(ctx, number, candidate)
		if err != nil || allotted != "" {
			return allotted, fail("allot number", err)
		}
	}
	return "", identity.RefuseField(identity.OutOfStock, "person.number", "cannot be allotted: the numbers of that place and year are nearly used up")
}

// allot tries one number; "" says that it is taken.
func (r *Registry) allot(ctx context.Context, number identity.ApplicationNumber, candidate identity.PersonalNumber) (identity.PersonalNumber, error) {
	var allotted string
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT personal_number FROM applications WHERE number = $1 FOR NO KEY UPDATE`, number).Scan(&allotted)
		if err != nil || allotted != "" {
			return found(err, "there is no application %s", number)
		}
		err = tx.QueryRow(ctx, `
			WITH allotted AS (
				INSERT INTO allotments (number, application)
				SELECT $2, $1 WHERE NOT EXISTS (SELECT FROM citizens WHERE number = $2)
				ON CONFLICT (number) DO NOTHING RETURNING number
			), written AS (
				UPDATE applications SET personal_number = allotted.number FROM allotted WHERE applications.number = $1
			), noted AS (
				INSERT INTO audit (application, actor, event, reason) SELECT $1, `+actorSystem+`, 'allotted a personal number', '' FROM allotted
			)
			SELECT number FROM allotted`, number, string(candidate)).Scan(&allotted)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return identity.PersonalNumber(allotted), err
}
