package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

func newApprove(a *app) *cobra.Command {
	return decision{
		use: "approve", group: "office", done: "approved", update: workflows.UpdateApprove,
		short:   "Grant cards; never by the officer who enrolled",
		example: "  starter approve 7QF3M-9T2XK-D --officer PD-001-0002\n  starter approve $(starter list --awaiting approval --quiet) --officer PD-001-0002",
		message: func(o identity.OfficerID, reason string) any { return workflows.Approve{Officer: o, Reason: reason} },
	}.command(a)
}
