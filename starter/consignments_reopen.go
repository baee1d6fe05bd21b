package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newReopen(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: "reopen CONSIGNMENT", Short: "Open a consignment again that was sealed too early; its cut-off counts from now on",
		Example: "  starter consignments reopen C-000001 --officer GV-01",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.ReopenConsignment{Officer: identity.OfficerID(officer)}
			answer, err := a.act(cmd.Context(), act, statement.Consignment(consignmentNumber(args[0])), "", nil)
			if err != nil {
				return err
			}
			return a.printMoved(cmd, answer)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who opens it (required)")
	required(c, "officer")
	return c
}
