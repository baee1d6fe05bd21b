package main

import (
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newReceive(a *app) *cobra.Command {
	var counted int
	var missing []string
	return movement{
		use: "receive", short: "Receive a consignment at its destination, and count its cards",
		example: "  starter consignments receive C-000001 --counted 4 --officer CB-001-0007",
		flags: func(c *cobra.Command) {
			c.Flags().IntVar(&counted, "counted", 0, "how many cards are in the box (required)")
			c.Flags().StringSliceVar(&missing, "missing", nil, "applications on the manifest whose card is not in the box")
			required(c, "counted")
		},
		act: func(o identity.OfficerID) identity.Act {
			received := identity.ReceiveConsignment{Officer: o, Counted: counted}
			for _, n := range missing {
				received.Missing = append(received.Missing, identity.ApplicationNumber(strings.ToUpper(n)))
			}
			return received
		},
	}.command(a)
}
