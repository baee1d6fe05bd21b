package main

import (
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newReceive(a *app) *cobra.Command {
	var counted int
	var missing, surplus []string
	return movement{
		use: "receive", short: "Receive a consignment at its destination, and count its cards",
		example: "  starter consignments receive C-000001 --counted 4 --officer CB-001-0007\n" +
			"  starter consignments receive C-000001 --counted 3 --missing 7QF3M-9T2XK-D --officer CB-001-0007\n" +
			"  starter consignments receive C-000001 --counted 5 --surplus PT00000123 --officer CB-001-0007",
		flags: func(c *cobra.Command) {
			c.Flags().IntVar(&counted, "counted", 0, "how many cards are in the box, surplus ones included (required)")
			c.Flags().StringSliceVar(&missing, "missing", nil, "applications on the manifest whose card is not in the box")
			c.Flags().StringSliceVar(&surplus, "surplus", nil, "cards in the box that are not on the manifest: applications, or serials of blanks")
			required(c, "counted")
		},
		act: func(_ registry.Consignment, o identity.OfficerID) identity.Act {
			return identity.ReceiveConsignment{Officer: o, Counted: counted, Missing: applications(missing), Surplus: upper(surplus)}
		},
	}.command(a)
}

func newLost(a *app) *cobra.Command {
	return movement{
		use: "lost", short: "Record that a consignment never came: every card in it is lost, and made again",
		example: "  starter consignments lost C-000001 --officer CB-001-0007",
		act: func(box registry.Consignment, o identity.OfficerID) identity.Act {
			lost := identity.ReceiveConsignment{Officer: o}
			for _, card := range box.Cards {
				lost.Missing = append(lost.Missing, card.Application)
			}
			return lost
		},
	}.command(a)
}

// applications reads the values of a flag that names applications.
func applications(values []string) []identity.ApplicationNumber {
	var list []identity.ApplicationNumber
	for _, v := range upper(values) {
		list = append(list, identity.ApplicationNumber(v))
	}
	return list
}

// upper reads the values of a flag that names applications or blanks.
func upper(values []string) []string {
	var list []string
	for _, v := range values {
		list = append(list, strings.ToUpper(strings.TrimSpace(v)))
	}
	return list
}
