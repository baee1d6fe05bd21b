// Package roles makes the roles of the registry's database: its owner, who migrates;
// the programs, who cannot change what they have written to the trail and the ledgers;
// and readers. deploy/postgresql/roles.sh runs the same statements.
package roles

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The roles; roles.sql says what each is for.
const (
	Owner    = "cancuoc_owner"
	Programs = "cancuoc_programs"
	Readers  = "cancuoc_readers"
)

//go:embed roles.sql
var makeRoles string

//go:embed database.sql
var giveDatabase string

// Make makes those roles that do not exist.
func Make(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, makeRoles); err != nil {
		return fmt.Errorf("make roles: %w", err)
	}
	return nil
}

// GiveDatabase gives the database of the connection, which is the registry's alone, to
// Owner.
func GiveDatabase(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, giveDatabase); err != nil {
		return fmt.Errorf("give database to its owner: %w", err)
	}
	return nil
}

// Login lets somebody log in by that name and password, with the rights of the roles
// of which it is a member.
func Login(ctx context.Context, conn *pgx.Conn, name, password string, of ...string) error {
	var statements []string
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			SELECT format('CREATE ROLE %I', $1::text) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)
			UNION ALL SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2::text)
			UNION ALL SELECT format('GRANT %I TO %I', g, $1) FROM unnest($3::text[]) g
				WHERE NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = to_regrole(g) AND m.member = to_regrole($1))`,
			name, password, of) // CollectRows reports the error
		var err error
		if statements, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("let %s log in: %w", name, err)
	}
	return nil
}
