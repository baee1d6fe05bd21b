package registry

import (
	"context"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// ChipKeys are the master keys of chips that two officers brought in or made, by their key
// version numbers.
func (r *Registry) ChipKeys(ctx context.Context) ([]identity.ChipKey, error) {
	return chipKeys(ctx, r.db)
}

const chipKeyColumns = `use, version, bits, diversification, check_value, coalesce(from_day::text, '')`

// scanChipKey reads a row of chipKeyColumns, and of what follows them.
func scanChipKey(row pgx.Row, further ...any) (k identity.ChipKey, err error) {
	var from string
	if err := row.Scan(append([]any{&k.Use, &k.Version, &k.Bits, &k.Diversification, &k.Check, &from}, further...)...); err != nil {
		return k, err
	}
	if from != "" {
		k.From, err = identity.ParseDate(from)
	}
	return k, err
}

func chipKeys(ctx context.Context, db reads) ([]identity.ChipKey, error) {
	rows, _ := db.Query(ctx, `SELECT `+chipKeyColumns+` FROM chip_keys ORDER BY version`) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (identity.ChipKey, error) { return scanChipKey(row) })
	return list, fail("read the master keys of chips", err)
}

// addChipKey notes a master key of chips. The same again changes nothing.
func addChipKey(ctx context.Context, tx pgx.Tx, k identity.ChipKey, act string) error {
	var from *string
	if k.From != (identity.Date{}) {
		day, err := k.From.MarshalText()
		if err != nil {
			return err
		}
		text := string(day)
		from = &text
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO chip_keys (version, use, bits, diversification, check_value, from_day, act)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`, k.Version, k.Use, k.Bits, k.Diversification, k.Check, from, act)
	if err != nil || tag.RowsAffected() == 1 {
		return err
	}
	before, err := scanChipKey(tx.QueryRow(ctx, `SELECT `+chipKeyColumns+` FROM chip_keys WHERE version = $1`, k.Version))
	if err == nil && !reflect.DeepEqual(before, k) {
		err = identity.RefuseField(identity.Duplicate, "key_version", "%02X is that of another master key, of %s keys", k.Version, before.Use)
	}
	return err
}

// keysAreThere refuses a manifest of chips that no station can open, as nobody brought in their
// maker's key.
func keysAreThere(ctx context.Context, tx pgx.Tx, manifest []identity.DeliveredChip) error {
	if len(manifest) == 0 {
		return nil
	}
	list, err := chipKeys(ctx, tx)
	if err != nil {
		return err
	}
	known := map[int]bool{identity.FirstTransportVersion: true}
	for _, k := range list {
		known[k.Version] = known[k.Version] || k.Use == identity.TransportUse
	}
	for i, c := range manifest {
		if !known[c.KeyVersion] {
			return identity.RefuseField(identity.Invalid, fmt.Sprintf("manifest.%d.key_version", i),
				"is %02X, of which the office has no key: two officers bring in the maker's first (starter keys import)", c.KeyVersion)
		}
	}
	return nil
}
