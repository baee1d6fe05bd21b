package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// Station is a place that takes applications, or one that makes cards.
type Station struct {
	ID       identity.StationID
	Kind     identity.StationKind
	Province identity.ProvinceCode
	Place
	PublicKey []byte // of an enrollment station: Ed25519, 32 bytes
	Revoked   bool
}

// RegisterStation registers an enrollment station, or changes what is registered; one that
// was revoked is taken from again.
func (r *Registry) RegisterStation(ctx context.Context, id identity.StationID, act identity.RegisterStation, signed statement.Signed) error {
	return r.act(ctx, act, statement.Station(id), signed, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO stations (id, kind, province, name, address, hours, public_key, revoked) VALUES (@id, @kind, @province, @name, @address, @hours, @key, false)
			ON CONFLICT (id) DO UPDATE SET province = @province, name = @name, address = @address, hours = @hours, public_key = @key, revoked = false`,
			pgx.StrictNamedArgs{"id": id, "kind": identity.EnrollmentStation, "province": act.Province, "name": act.Name, "address": act.Address, "hours": act.Hours, "key": act.PublicKey})
		return err
	})
}

// RevokeStation has nothing taken from a station any more.
func (r *Registry) RevokeStation(ctx context.Context, id identity.StationID, act identity.RevokeStation, signed statement.Signed) error {
	return r.act(ctx, act, statement.Station(id), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE stations SET revoked = true WHERE id = $1`, id)
		if err == nil && tag.RowsAffected() == 0 {
			err = identity.Refuse(identity.NotFound, "no station %s is registered", id)
		}
		return err
	})
}

// Station reads a station, or refuses with NotFound.
func (r *Registry) Station(ctx context.Context, id identity.StationID) (Station, error) {
	s := Station{ID: id}
	err := r.db.QueryRow(ctx, `SELECT kind, province, name, address, hours, public_key, revoked FROM stations WHERE id = $1`, id).
		Scan(&s.Kind, &s.Province, &s.Name, &s.Address, &s.Hours, &s.PublicKey, &s.Revoked)
	return s, fail("read station", found(err, "no station %s is registered", id))
}
