package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newApprove(a *app) *cobra.Command {
	var paper string
	return decision{
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&paper, "paper", "", "what you saw that proves the person, where the population register has nobody: the birth certificate, or form DC01")
		},
		use: "approve", group: "office", done: "approved",
		short:   "Approve applications; not possible for the officer who enrolled the applicant",
		example: "  starter approve 7QF3M-9T2XK-D --officer PD-001-0002\n  starter approve $(starter list --awaiting approval --quiet) --officer PD-001-0002",
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Approve{Officer: o, Reason: reason, Paper: paper}
		},
	}.command(a)
}
