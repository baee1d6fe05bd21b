package office

import (
	"context"
	"time"
)

// How often it is looked for what is due, which is counted in days, and how much is erased in
// one transaction.
const (
	erasing     = time.Hour
	eraseAtOnce = 100
)

// Erase erases what is due, every hour until ctx ends. It may run in several processes: each
// erases what another does not. It is not a Temporal Schedule, for the reason that the
// reconciler is none.
func (o *Office) Erase(ctx context.Context) {
	for {
		for {
			n, err := o.Registry.EraseDue(ctx, eraseAtOnce)
			if err != nil && ctx.Err() == nil {
				o.logger.WarnContext(ctx, "What is due is erased later", "error", err)
			}
			if n > 0 {
				o.logger.InfoContext(ctx, "Erased what says something about persons", "erased", n)
			}
			if err != nil || n < eraseAtOnce {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(erasing):
		}
	}
}
