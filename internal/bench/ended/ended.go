// Package ended makes registries in which applications have ended, as many as an
// office has after some years: for the bench, and for tests of what a query costs
// by then.
package ended

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/vault"
)

//go:embed fill.sql
var fillStatements string

// Fill makes a registry in which n applications were issued, each with its card,
// blank and audit trail, as a superuser, in a database that is migrated and empty.
func Fill(ctx context.Context, url string, n int, v *vault.Vault) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("fill registry: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // what was written is committed
	if _, err := conn.Exec(ctx, `
		CREATE TEMP TABLE ended (i bigint, number text, personal_number text, person jsonb, serial text, key bytea, citizen bytea, application bytea, card bytea)`); err != nil {
		return fmt.Errorf("fill registry: %w", err)
	}
	numbers, err := applicationNumbers(n)
	if err != nil {
		return err
	}
	random := identitytest.Seeded(2)
	known := make(map[identity.PersonalNumber]bool, n)
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"ended"}, []string{"i", "number", "personal_number", "person", "serial", "key", "citizen", "application", "card"}, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		person := identitytest.Person(random)
		for known[person.Number] {
			person = identitytest.Person(random)
		}
		known[person.Number] = true
		written, err := json.Marshal(person)
		if err != nil {
			return nil, err
		}
		serial := identity.CardSerial(fmt.Sprintf("%016X", i))
		sealed, err := registry.SealRows(v, identity.ApplicationNumber(numbers[i]), identity.Application{Person: person},
			identity.Card{Form: "can-cuoc-2024", Serial: serial, Person: person})
		return []any{int64(i), numbers[i], string(person.Number), written, string(serial), sealed.Key, sealed.Citizen, sealed.Application, sealed.Card}, err
	}))
	if err != nil {
		return fmt.Errorf("fill registry: %w", err)
	}
	if err := conn.PgConn().Exec(ctx, fillStatements).Close(); err != nil {
		return fmt.Errorf("fill registry: %w", err)
	}
	return nil
}

// Settle leaves the server nothing to do about what was filled in.
func Settle(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("settle registry: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // what was written is committed
	for _, statement := range []string{`VACUUM (FREEZE, ANALYZE)`, `CHECKPOINT`} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("settle registry: %w", err)
		}
	}
	return nil
}

// applicationNumbers draws n numbers, sorted: so indexes are written quickly, and
// new applications fall between them.
func applicationNumbers(n int) ([]string, error) {
	numbers := make(map[string]bool, n)
	for len(numbers) < n {
		number, err := identity.NewApplicationNumber(rand.Reader)
		if err != nil {
			return nil, err
		}
		numbers[string(number)] = true
	}
	list := make([]string, 0, n)
	for number := range numbers {
		list = append(list, number)
	}
	slices.Sort(list)
	return list, nil
}
