package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// move sends an update to a consignment.
func (a *app) move(ctx context.Context, number, update string, message any) (workflows.ConsignmentState, error) {
	var state workflows.ConsignmentState
	err := a.update(ctx, workflows.ConsignmentWorkflowID(number), update, message, &state)
	return state, err
}

// moved is what --json prints of a consignment that was moved.
type moved struct {
	Consignment string                    `json:"consignment"`
	State       identity.ConsignmentState `json:"state"`
	Cards       int                       `json:"cards"`
}

// moveCommand is a command that moves the consignment named in its argument.
func moveCommand(a *app, use, short, example string, message func() (update string, m any)) (c *cobra.Command, officer *string) {
	officer = new(string)
	c = &cobra.Command{
		Use: use + " CONSIGNMENT", Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			update, m := message()
			state, err := a.move(cmd.Context(), args[0], update, m)
			if err != nil {
				return err
			}
			return a.print(cmd, moved{Consignment: args[0], State: state.State, Cards: state.Cards}, func(w io.Writer) {
				fmt.Fprintf(w, "%s %s, %d card(s)\n", args[0], state.State, state.Cards)
			})
		},
	}
	c.Flags().StringVar(officer, "officer", "", "badge of the officer who does it (required)")
	required(c, "officer")
	return c, officer
}
