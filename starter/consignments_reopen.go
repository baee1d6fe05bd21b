package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newReopen(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: "reopen CONSIGNMENT", Short: "Open a consignment again that was sealed too early; its cut-off counts from now on",
		Example: "  starter consignments reopen C-000001 --officer GV-01",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			number := consignmentNumber(args[0])
			if err := office.Registry.ReopenConsignment(cmd.Context(), number, identity.OfficerID(officer)); err != nil {
				return err
			}
			office.TellConsignment(cmd.Context(), number)
			return a.printMoved(cmd, office, number)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who opens it (required)")
	required(c, "officer")
	return c
}
