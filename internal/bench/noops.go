package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// The workflow that a card is compared with: ten remote activities one after the
// other, which do nothing. They may take as long as a card's may: the timer of a limit
// rings though the activity has ended, and of a shorter one while cards are measured.
const noOpQueue = "no-op"

func noOp(context.Context) error { return nil }

func tenNoOps(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Minute})
	for range 10 {
		if err := workflow.ExecuteActivity(ctx, noOp).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// noOps runs n of these workflows.
func (b *benchmark) noOps(ctx context.Context, n int) error {
	return b.each(n, func(int) error {
		run, err := b.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: noOpQueue}, tenNoOps)
		if err != nil {
			return err
		}
		return run.Get(ctx, nil)
	})
}
