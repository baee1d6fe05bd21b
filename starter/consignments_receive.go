package main

import (
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newReceive(a *app) *cobra.Command {
	var officer *string
	var counted int
	var missing []string
	var c *cobra.Command
	c, officer = moveCommand(a, "receive", "Count a consignment in at its destination", "  starter consignments receive C-0001 --counted 4 --officer CB-001-0007",
		func() identity.Act {
			m := identity.ReceiveConsignment{Officer: identity.OfficerID(*officer), Counted: counted}
			for _, n := range missing {
				m.Missing = append(m.Missing, identity.ApplicationNumber(strings.ToUpper(n)))
			}
			return m
		})
	c.Flags().IntVar(&counted, "counted", 0, "how many cards were in the box (required)")
	c.Flags().StringSliceVar(&missing, "missing", nil, "applications on the manifest whose card was not in it")
	required(c, "counted")
	return c
}
