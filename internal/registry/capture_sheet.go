package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/vault"
)

// CaptureSheet gives the record of which an application's capture sheet is drawn, and keeps it
// as what the citizen signs: the same record is drawn the same for ever, and after a correction
// there is another sheet. Of an application that has ended the last one stands.
func (r *Registry) CaptureSheet(ctx context.Context, number identity.ApplicationNumber, known population.Record) (population.Record, error) {
	sheet := known
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		var ended bool
		err := tx.QueryRow(ctx, `SELECT stage IN `+ends+` FROM applications WHERE number = $1 AND erased_at IS NULL FOR NO KEY UPDATE`, number).Scan(&ended)
		if err != nil {
			return found(err, "there is nothing left of the applicant of %s", number)
		}
		last := vault.Key{Application: string(number), Kind: string(identity.EvidenceCaptureSheet)}
		err = tx.QueryRow(ctx, `SELECT coalesce(max(attempt), 0) FROM vault_blobs WHERE application = $1 AND kind = $2`, number, last.Kind).Scan(&last.Attempt)
		if err != nil {
			return err
		}
		if last.Attempt > 0 {
			drawn, err := r.vault.Get(ctx, tx, last)
			if err != nil {
				return err
			}
			var before population.Record
			if err := json.Unmarshal(drawn, &before); err != nil {
				return fmt.Errorf("read capture sheet: %w", err)
			}
			if ended || before.ID == known.ID && before.Version == known.Version {
				sheet = before
				return nil
			}
		}
		drawn, err := json.Marshal(known)
		if err != nil {
			return fmt.Errorf("write capture sheet: %w", err)
		}
		return r.vault.Put(ctx, tx, vault.Key{Application: last.Application, Kind: last.Kind, Attempt: last.Attempt + 1}, drawn)
	})
	return sheet, fail("keep capture sheet", err)
}
