package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newReject(a *app) *cobra.Command {
	return decision{
		use: "reject", group: "office", done: "rejected", reason: true,
		short:   "Reject applications, with the reason",
		example: "  starter reject 7QF3M-9T2XK-D --officer PD-001-0002 --reason \"papers-forged: birth certificate\"",
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Reject{Officer: o, Reason: reason}
		},
	}.command(a)
}
