package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

func newReject(a *app) *cobra.Command {
	return decision{
		use: "reject", group: "office", done: "rejected", update: workflows.UpdateReject, reason: true,
		short:   "Refuse cards, with the reason",
		example: "  starter reject 7QF3M-9T2XK-D --officer PD-001-0002 --reason \"papers-forged: birth certificate\"",
		message: func(o identity.OfficerID, reason string) any { return workflows.Reject{Officer: o, Reason: reason} },
	}.command(a)
}
