package engine

import (
	"fmt"
	"sync"

	"go.temporal.io/sdk/worker"
)

// Workers are the workers of one process, started and stopped together.
type Workers []worker.Worker

// Start starts all of them. If one fails to start, those that run are stopped.
func (w Workers) Start() error {
	for i, one := range w {
		if err := one.Start(); err != nil {
			w[:i].Stop()
			return fmt.Errorf("start worker %d of %d: %w", i+1, len(w), err)
		}
	}
	return nil
}

// Stop stops all of them at once: each takes no more work and waits for running
// activities, up to its WorkerStopTimeout.
func (w Workers) Stop() {
	var stopping sync.WaitGroup
	for _, one := range w {
		stopping.Go(one.Stop)
	}
	stopping.Wait()
}
