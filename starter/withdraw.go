package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newWithdraw(a *app) *cobra.Command {
	return decision{
		use: "withdraw", group: "station", done: "withdrawn", reason: true,
		short:   "Withdraw applications for the citizen, before the card is handed over",
		example: "  starter withdraw 7QF3M-9T2XK-D --officer CB-001-0007 --reason card-found",
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Withdraw{Officer: o, Reason: reason}
		},
	}.command(a)
}
