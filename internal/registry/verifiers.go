package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Verifier is who may ask for the status of cards.
type Verifier struct {
	ID        identity.VerifierID `json:"verifier"`
	Name      string              `json:"name"`
	Token     []byte              `json:"-"` // SHA-256 of what he shows
	PerSecond int                 `json:"per_second"`
	Revoked   *time.Time          `json:"revoked,omitzero"`
}

// RegisterVerifier registers who may ask, or changes what is registered.
func (r *Registry) RegisterVerifier(ctx context.Context, id identity.VerifierID, act identity.RegisterVerifier, signed statement.Signed) error {
	return r.act(ctx, act, statement.Verifier(id), signed, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO verifiers (id, name, token, per_second, act) VALUES (@id, @name, @token, @rate, @act)
			ON CONFLICT (id) DO UPDATE SET name = @name, token = @token, per_second = @rate, act = @act, revoked_at = NULL`,
			pgx.StrictNamedArgs{"id": id, "name": act.Name, "token": act.Token, "rate": act.PerSecond, "act": signed.ID()})
		return err
	})
}

// RevokeVerifier has somebody answered no more.
func (r *Registry) RevokeVerifier(ctx context.Context, id identity.VerifierID, act identity.RevokeVerifier, signed statement.Signed) error {
	return r.act(ctx, act, statement.Verifier(id), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE verifiers SET revoked_at = coalesce(revoked_at, now()), act = $2 WHERE id = $1`, id, signed.ID())
		if err == nil && tag.RowsAffected() == 0 {
			err = identity.Refuse(identity.NotFound, "no verifier %s is registered", id)
		}
		return err
	})
}

// Verifiers lists everybody who was registered.
func (r *Registry) Verifiers(ctx context.Context) ([]Verifier, error) {
	rows, _ := r.db.Query(ctx, `SELECT id, name, token, per_second, revoked_at FROM verifiers ORDER BY id`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Verifier])
	return list, fail("list verifiers", err)
}
