package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

// moved is what --json prints of a consignment that was moved.
type moved struct {
	Consignment string                    `json:"consignment"`
	State       identity.ConsignmentState `json:"state"`
	Cards       int                       `json:"cards"`
}

// movement is a command that moves the consignment named in its argument.
type movement struct {
	use, short, example string
	flags               func(*cobra.Command)
	act                 func(officer identity.OfficerID) identity.Act
}

// command makes the cobra command of m.
func (m movement) command(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: m.use + " CONSIGNMENT", Short: m.short, Example: m.example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			flows, err := a.workflows(cmd.Context())
			if err != nil {
				return err
			}
			state, err := flows.Move(cmd.Context(), identity.ConsignmentNumber(args[0]), m.act(identity.OfficerID(officer)))
			if err != nil {
				return err
			}
			return a.print(cmd, moved{Consignment: args[0], State: state.State, Cards: state.Cards}, func(w io.Writer) {
				fmt.Fprintf(w, "%s %s, %d card(s)\n", args[0], state.State, state.Cards)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who does it (required)")
	required(c, "officer")
	if m.flags != nil {
		m.flags(c)
	}
	return c
}
