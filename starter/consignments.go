package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/registry"
)

func newConsignments(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "consignments", Short: "Show consignments, and move them", GroupID: "centre",
		Example: "  starter consignments\n  starter consignments seal C-0001 --officer GV-01\n  starter consignments send C-0001 --courier \"VNPost\" --seal 88213 --officer GV-01\n  starter consignments receive C-0001 --counted 4 --officer CB-001-0007",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			list, err := office.Registry.Consignments(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printConsignments(w, list) })
		},
	}
	c.AddCommand(newSeal(a), newSend(a), newReceive(a))
	return c
}

func printConsignments(w io.Writer, list []registry.Consignment) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "CONSIGNMENT\tDESTINATION\tSTATE\tCARDS\tCOURIER")
	for _, c := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", c.Number, c.Destination, c.State, len(c.Cards), c.Courier)
	}
	_ = t.Flush() // the writer below reports its own errors
}
