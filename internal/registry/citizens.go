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
	citizen, err := r.citizen(c.Person.Number)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO citizens (number, citizen, person, status) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, number, citizen, person, c.Status)
		if err != nil || tag.RowsAffected() == 0 || c.LiveCard == nil {
			return err
		}
		var expires *time.Time
		if !c.LiveCard.Expiry.Never() {
			t := c.LiveCard.Expiry.Date.Midnight()
			expires = &t
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO cards (state, citizen, serial, form, issued, expires) VALUES (`+cardLive+`, $1, $2, $3, $4, $5)`,
			citizen, c.LiveCard.Serial, c.LiveCard.Form, c.LiveCard.Issued.Midnight(), expires)
		return err
	})
	return fail("import citizen", err)
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
		if c.LiveCard.Expiry, err = r.expiry(sealed); err != nil {
			return Citizen{}, err
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
	digest, err := r.citizen(candidate)
	if err != nil {
		return "", err
	}
	var allotted identity.PersonalNumber
	err = pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var was sealedApplication
		var has bool
		err := tx.QueryRow(ctx, `
			SELECT a.citizen IS NOT NULL, a.sealed, a.sealed_number, k.wrapped FROM applications a LEFT JOIN vault_keys k ON k.application = a.number
			WHERE a.number = $1 FOR NO KEY UPDATE OF a`, number).Scan(&has, &was.details, &was.number, &was.wrapped)
		if err != nil {
			return found(err, "there is no application %s", number)
		}
		if has {
			var a identity.Application
			err := r.open(number, was, &a)
			allotted = a.Person.Number
			return err
		}
		key, err := r.vault.With(string(number), was.wrapped)
		if err != nil {
			return err
		}
		sealed, err := key.Value(numberColumn(number), []byte(candidate))
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			WITH allotted AS (
				INSERT INTO allotments (citizen, application)
				SELECT @citizen, @application WHERE NOT EXISTS (SELECT FROM citizens WHERE number = @number)
				ON CONFLICT (citizen) DO NOTHING RETURNING citizen
			), written AS (
				UPDATE applications a SET citizen = allotted.citizen, sealed_number = @sealed FROM allotted WHERE a.number = @application
			)
			INSERT INTO audit (application, actor, event, reason) SELECT @application, `+actorSystem+`, 'allotted a personal number', '' FROM allotted`,
			pgx.StrictNamedArgs{"application": number, "citizen": digest, "number": string(candidate), "sealed": sealed})
		if tag.RowsAffected() == 1 {
			allotted = candidate
		}
		return err
	})
	return allotted, err
}
