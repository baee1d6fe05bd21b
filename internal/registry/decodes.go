package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Decode is what an officer had decrypted of Temporal's histories at once.
type Decode struct {
	At       time.Time          `json:"at"` // the registry's to say
	Officer  identity.OfficerID `json:"officer"`
	Payloads int                `json:"payloads"`
	Named    []string           `json:"named"` // the applications and consignments that stand in them
	Redacted bool               `json:"redacted"`
	Line     int64              `json:"line"` // its number among all that are kept, from 1
}

// RecordDecode keeps who decoded what, for good.
func (r *Registry) RecordDecode(ctx context.Context, d Decode) error {
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		return r.keepLine(ctx, tx, linesOfDecodes, `@officer::text, @payloads::int, coalesce(@named::text[], '{}'), @redacted::boolean`,
			pgx.NamedArgs{"officer": d.Officer, "payloads": d.Payloads, "named": d.Named, "redacted": d.Redacted})
	})
	return fail("record decoding", err)
}

// Decodes lists the newest, newest first.
func (r *Registry) Decodes(ctx context.Context, limit int) ([]Decode, error) {
	rows, _ := r.db.Query(ctx, `SELECT at, officer, payloads, named, redacted, coalesce(seq, 0) FROM decodes ORDER BY at DESC LIMIT $1`, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Decode])
	return list, fail("list decodings", err)
}
