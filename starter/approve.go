package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newApprove(a *app) *cobra.Command {
	return decision{
		use: "approve", group: "office", done: "approved",
		short:   "Approve applications; not possible for the officer who enrolled the applicant",
		example: "  starter approve 7QF3M-9T2XK-D --officer PD-001-0002\n  starter approve $(starter list --awaiting approval --quiet) --officer PD-001-0002",
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Approve{Officer: o, Reason: reason}
		},
	}.command(a)
}
