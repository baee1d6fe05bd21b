package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// move carries an act to a consignment.
func (a *app) move(ctx context.Context, number string, act identity.Act) (workflows.ConsignmentState, error) {
	flows, err := a.workflows(ctx)
	if err != nil {
		return workflows.ConsignmentState{}, err
	}
	return flows.Move(ctx, identity.ConsignmentNumber(number), act)
}

// moved is what --json prints of a consignment that was moved.
type moved struct {
	Consignment string                    `json:"consignment"`
	State       identity.ConsignmentState `json:"state"`
	Cards       int                       `json:"cards"`
}

// moveCommand is a command that moves the consignment named in its argument.
func moveCommand(a *app, use, short, example string, act func() identity.Act) (c *cobra.Command, officer *string) {
	officer = new(string)
	c = &cobra.Command{
		Use: use + " CONSIGNMENT", Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			state, err := a.move(cmd.Context(), args[0], act())
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
