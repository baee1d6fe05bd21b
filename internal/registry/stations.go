package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// Station is a place that takes applications, or one that makes cards.
type Station struct {
	ID        identity.StationID
	Kind      identity.StationKind
	Province  identity.ProvinceCode
	Name      string
	PublicKey []byte // of an enrollment station: Ed25519, 32 bytes
	Revoked   bool
}

// SaveStation registers a station, or changes what is registered.
func (r *Registry) SaveStation(ctx context.Context, s Station) error {
	_, err := r.db.Exec(ctx, `
		INSERT INTO stations (id, kind, province, name, public_key, revoked) VALUES (@id, @kind, @province, @name, @key, @revoked)
		ON CONFLICT (id) DO UPDATE SET kind = @kind, province = @province, name = @name, public_key = @key, revoked = @revoked`,
		pgx.StrictNamedArgs{"id": s.ID, "kind": s.Kind, "province": s.Province, "name": s.Name, "key": s.PublicKey, "revoked": s.Revoked})
	return fail("register station", err)
}

// Station reads a station, or refuses with NotFound.
func (r *Registry) Station(ctx context.Context, id identity.StationID) (Station, error) {
	s := Station{ID: id}
	err := r.db.QueryRow(ctx, `SELECT kind, province, name, public_key, revoked FROM stations WHERE id = $1`, id).
		Scan(&s.Kind, &s.Province, &s.Name, &s.PublicKey, &s.Revoked)
	return s, fail("read station", found(err, "no station %s is registered", id))
}
