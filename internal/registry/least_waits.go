package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
)

// SettleWaits has the schema know how long the citizen has at least, by what an application
// waits for, as the role that owns it: no program gives less. Waits that began are as they were.
func SettleWaits(ctx context.Context, url string, least map[identity.Action]time.Duration) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("settle how long citizens have: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // each change is committed
	batch := &pgx.Batch{}
	for action, wait := range least {
		batch.Queue(`
			INSERT INTO least_waits (awaiting, least) VALUES ($1, $2)
			ON CONFLICT (awaiting) DO UPDATE SET least = excluded.least WHERE least_waits.least <> excluded.least`, string(action), wait)
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("settle how long citizens have: %w", err)
	}
	return nil
}
