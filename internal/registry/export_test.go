package registry

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// MigrateTo brings a schema to an earlier version than this program's.
func MigrateTo(ctx context.Context, url string, version int64) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()
	provider, err := newProvider(db, nil)
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}

// Setting reads what a registry's sessions have set.
func Setting(ctx context.Context, r *Registry, name string) (value string, err error) {
	return value, r.db.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
}

// Enter proves the vault's key for a session that a test opened.
var Enter = enter

// ProofOf is what only a program with the vault's key can say.
var ProofOf = proofOf

// CodeOfAct is what only programs with the vault's key compute.
var CodeOfAct = (*Registry).codeOfAct
