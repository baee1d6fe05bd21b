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
}

// RecordDecode keeps who decoded what, for good.
func (r *Registry) RecordDecode(ctx context.Context, d Decode) error {
	_, err := r.db.Exec(ctx, `INSERT INTO decodes (officer, payloads, named, redacted) VALUES ($1, $2, coalesce($3, '{}'::text[]), $4)`, d.Officer, d.Payloads, d.Named, d.Redacted)
	return fail("record decoding", err)
}

// Decodes lists the newest, newest first.
func (r *Registry) Decodes(ctx context.Context, limit int) ([]Decode, error) {
	rows, _ := r.db.Query(ctx, `SELECT at, officer, payloads, named, redacted FROM decodes ORDER BY at DESC LIMIT $1`, limit) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Decode])
	return list, fail("list decodings", err)
}
