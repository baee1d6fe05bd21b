package office

import (
	"context"

	"go.temporal.io/sdk/worker"
)

// slots has a worker ask for a task only when its station's line lets it.
type slots struct {
	reserve func(ctx context.Context) error // waits until it may
	release func()
	most    int
}

// ReserveSlot implements worker.SlotSupplier.
func (s slots) ReserveSlot(ctx context.Context, _ worker.SlotReservationInfo) (*worker.SlotPermit, error) {
	if err := s.reserve(ctx); err != nil {
		return nil, err
	}
	return &worker.SlotPermit{}, nil
}

// TryReserveSlot implements worker.SlotSupplier: a station asks for each of its tasks.
func (s slots) TryReserveSlot(worker.SlotReservationInfo) *worker.SlotPermit { return nil }

// MarkSlotUsed implements worker.SlotSupplier.
func (s slots) MarkSlotUsed(worker.SlotMarkUsedInfo) {}

// ReleaseSlot implements worker.SlotSupplier.
func (s slots) ReleaseSlot(worker.SlotReleaseInfo) { s.release() }

// MaxSlots implements worker.SlotSupplier.
func (s slots) MaxSlots() int { return s.most }

// tuner is that of a station's worker, which runs activities alone.
type tuner struct {
	worker.WorkerTuner

	activities slots
}

// GetActivityTaskSlotSupplier implements worker.WorkerTuner.
func (t tuner) GetActivityTaskSlotSupplier() worker.SlotSupplier { return t.activities }

// tuned is a tuner with those slots; of what such a worker never runs, one.
func tuned(s slots) (worker.WorkerTuner, error) {
	others, err := worker.NewFixedSizeTuner(worker.FixedSizeTunerOptions{NumWorkflowSlots: 2, NumActivitySlots: 1, NumLocalActivitySlots: 1, NumNexusSlots: 1})
	return tuner{others, s}, err
}
