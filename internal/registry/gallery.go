package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/vault"
)

// enlist puts a round of capture into the gallery, as the last statement of its
// transaction. Under its lock, entries commit in the order of their sequence, so
// that a reader who asks for what came after the last entry seen misses none.
const enlist = `
	WITH turn AS (SELECT pg_advisory_xact_lock(hashtext('gallery'))),
	     held AS (SELECT count(*) AS n FROM turn)
	INSERT INTO gallery (application, round) SELECT $1, $2 FROM held
	ON CONFLICT (application, round) DO UPDATE SET seq = DEFAULT`

// enlistCaptured is enlist, where that round has fingers.
const enlistCaptured = `
	WITH turn AS (SELECT pg_advisory_xact_lock(hashtext('gallery')) FROM vault_blobs WHERE application = $1 AND attempt = $2 AND kind = ` + evidenceTemplates + `),
	     held AS (SELECT count(*) AS n FROM turn)
	INSERT INTO gallery (application, round) SELECT $1, $2 FROM held WHERE n > 0
	ON CONFLICT (application, round) DO UPDATE SET seq = DEFAULT`

// Gallery gives captures in the order in which they were committed, from the one
// after afterSeq, including those of open applications.
func (r *Registry) Gallery(ctx context.Context, afterSeq int64, limit int) ([]identity.Encounter, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT g.seq, g.application, g.round, a.citizen, b.sealed, k.wrapped
		FROM gallery g JOIN applications a ON a.number = g.application
		JOIN vault_blobs b ON b.application = g.application AND b.kind = `+evidenceTemplates+` AND b.attempt = g.round
		JOIN vault_keys k ON k.application = g.application
		WHERE g.seq > $1 ORDER BY g.seq LIMIT $2`, afterSeq, limit) // CollectRows reports the error
	type sealed struct {
		identity.Encounter
		blob, key []byte
	}
	read, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sealed, error) {
		var s sealed
		var citizen []byte
		err := row.Scan(&s.Seq, &s.Application, &s.Round, &citizen, &s.blob, &s.key)
		s.Citizen = string(citizen)
		return s, err
	})
	if err != nil {
		return nil, fail("read gallery", err)
	}
	list := make([]identity.Encounter, len(read))
	for i, s := range read {
		key := vault.Key{Application: string(s.Application), Kind: string(identity.EvidenceTemplates), Attempt: s.Round}
		if s.Templates, err = r.vault.Open(key, s.blob, s.key); err != nil {
			return nil, err
		}
		list[i] = s.Encounter
	}
	return list, nil
}
