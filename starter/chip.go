package main

import (
	"context"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/registry"
)

func newChip(a *app) *cobra.Command {
	return parent("chip", "center", "Read, verify, serve and manage the chips of finished cards",
		newVerifyChip(a), newExportChip(a), newServeChip(a), newManageChip(a), newChipKit(a))
}

// finished finds the last card of an application.
func (a *app) finished(ctx context.Context, arg string) (registry.CardRecord, error) {
	number, record, err := a.record(ctx, arg)
	if err != nil {
		return registry.CardRecord{}, err
	}
	return a.opened.Registry.Card(ctx, number, record.Attempt)
}
