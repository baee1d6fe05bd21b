package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/vault"
)

// sealing is the number and name of the migration that seals the rows of before, which
// SQL cannot: the master key is not the database's.
const (
	sealing     = 171
	sealingName = "0171_seal_what_is_in_clear"
)

// sealedAtOnce is how many rows one transaction seals.
const sealedAtOnce = 500

// ErrNoVault is the error of a migration that has rows to seal and no vault to do it with.
var ErrNoVault = errors.New("the registry holds personal data of before it was sealed, and the vault's key is needed to seal it: give vault.key_file, the key of the programs")

// sealRows is the migration sealing. It may be interrupted, and goes on the next time.
func sealRows(open func() (*vault.Vault, error)) *goose.Migration {
	return goose.NewGoMigration(sealing, &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // what was sealed is committed
		return conn.Raw(func(driver any) error {
			s := &sealer{db: driver.(*stdlib.Conn).Conn()}
			var rows bool
			err := s.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM applications) OR EXISTS (SELECT FROM cards) OR EXISTS (SELECT FROM allotments) OR EXISTS (SELECT FROM citizens)`).Scan(&rows)
			if err != nil || !rows {
				return err
			}
			if open == nil {
				return ErrNoVault
			}
			if s.vault, err = open(); err != nil {
				return errors.Join(ErrNoVault, err)
			}
			for _, t := range []clearRows{sealedApplications, sealedCards, digestsOf("allotments"), digestsOf("citizens")} { // another key than the programs' fails at the first
				if err := s.all(ctx, t); err != nil {
					return err
				}
			}
			return nil
		})
	}}, nil)
}

// sealer seals the rows that older programs wrote.
type sealer struct {
	db    *pgx.Conn
	vault *vault.Vault
}

// clearRows is a table whose rows are read in the order of a key, and sealed one by one.
type clearRows struct {
	first any    // before every key
	read  string // from the key after $1, at most $2
	seal  func(s *sealer, row pgx.CollectableRow, b *pgx.Batch) (key any, err error)
}

// all seals the rows of a table that are not sealed, some at a time.
func (s *sealer) all(ctx context.Context, t clearRows) error {
	last := t.first
	for {
		n := 0
		err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
			batch := &pgx.Batch{}
			rows, _ := tx.Query(ctx, t.read, last, sealedAtOnce) // CollectRows reports the error
			keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (any, error) { return t.seal(s, row, batch) })
			if err != nil || len(keys) == 0 {
				return err
			}
			n, last = len(keys), keys[len(keys)-1]
			return tx.SendBatch(ctx, batch).Close()
		})
		if err != nil {
			return fail("seal what is in clear", err)
		}
		if n < sealedAtOnce {
			return nil
		}
	}
}

// key gives an application's data key, which is made where none was ever needed.
func (s *sealer) key(number identity.ApplicationNumber, wrapped []byte, b *pgx.Batch) (*vault.Sealed, error) {
	if wrapped != nil {
		return s.vault.With(string(number), wrapped)
	}
	made, err := s.vault.SealNew(string(number), 0, nil)
	if err == nil {
		made.Queue(b)
	}
	return made, err
}

var sealedApplications = clearRows{
	first: "",
	read: `
		SELECT a.number, a.person, a.representative, a.delivery_to, a.exemption, a.personal_number, k.wrapped
		FROM applications a LEFT JOIN vault_keys k ON k.application = a.number
		WHERE a.number > $1 AND a.sealed IS NULL ORDER BY a.number LIMIT $2`,
	seal: func(s *sealer, row pgx.CollectableRow, b *pgx.Batch) (any, error) {
		var number identity.ApplicationNumber
		var a identity.Application
		var person, representative, wrapped []byte
		var personal string
		if err := row.Scan(&number, &person, &representative, &a.DeliveryTo, &a.Exemption, &personal, &wrapped); err != nil {
			return nil, err
		}
		if err := errors.Join(json.Unmarshal(person, &a.Person), json.Unmarshal(representative, &a.Representative)); err != nil {
			return nil, fmt.Errorf("read application %s: %w", number, err)
		}
		a.Person.Number = identity.PersonalNumber(personal)
		key, err := s.key(number, wrapped, b)
		if err != nil {
			return nil, err
		}
		plain, err := detailsOf(a)
		if err != nil {
			return nil, err
		}
		sealed, err := key.Value(applicationColumn(number), plain)
		if err != nil {
			return nil, err
		}
		digest, err := citizen(s.vault, a.Person.Number)
		if err != nil {
			return nil, err
		}
		b.Queue(`UPDATE applications SET sealed = $2, citizen = $3, person = NULL, representative = NULL, delivery_to = '', exemption = '' WHERE number = $1`, number, sealed, digest)
		return number, nil
	},
}

var sealedCards = clearRows{
	first: int64(0),
	read: `
		SELECT c.id, coalesce(c.application, ''), coalesce(c.attempt, 0), coalesce(c.card, 'null'), c.personal_number, k.wrapped
		FROM cards c LEFT JOIN vault_keys k ON k.application = c.application
		WHERE c.id > $1 AND c.citizen IS NULL ORDER BY c.id LIMIT $2`,
	seal: func(s *sealer, row pgx.CollectableRow, b *pgx.Batch) (any, error) {
		var id int64
		var number identity.ApplicationNumber
		var attempt int
		var personal string
		var card, sealed, wrapped []byte
		if err := row.Scan(&id, &number, &attempt, &card, &personal, &wrapped); err != nil {
			return nil, err
		}
		digest, err := citizen(s.vault, identity.PersonalNumber(personal))
		if err != nil {
			return nil, err
		}
		if number != "" {
			key, err := s.key(number, wrapped, b)
			if err != nil {
				return nil, err
			}
			if sealed, err = key.Value(cardColumn(number, attempt), card); err != nil {
				return nil, err
			}
		}
		b.Queue(`
			UPDATE cards SET sealed = $2, citizen = $3, card = NULL, personal_number = NULL, expires = CASE WHEN application IS NULL THEN expires END
			WHERE id = $1`, id, sealed, digest)
		return id, nil
	},
}

// digestsOf has a table's personal numbers digested.
func digestsOf(table string) clearRows {
	return clearRows{
		first: "",
		read:  `SELECT number FROM ` + table + ` WHERE number > $1 AND citizen IS NULL ORDER BY number LIMIT $2`,
		seal: func(s *sealer, row pgx.CollectableRow, b *pgx.Batch) (any, error) {
			var number string
			if err := row.Scan(&number); err != nil {
				return nil, err
			}
			digest, err := citizen(s.vault, identity.PersonalNumber(number))
			if err != nil {
				return nil, err
			}
			b.Queue(`UPDATE `+table+` SET citizen = $2 WHERE number = $1`, number, digest)
			return number, nil
		},
	}
}
