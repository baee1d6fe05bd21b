package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newHold(a *app) *cobra.Command {
	var citizen bool
	return decision{
		use: "hold", group: "office", done: "on hold", reason: true,
		short:   "Stop applications before their next stage",
		example: "  starter hold 7QF3M-9T2XK-D --for-citizen --officer PD-001-0002 --reason representative-awaited",
		flags: func(c *cobra.Command) {
			c.Flags().BoolVar(&citizen, "for-citizen", false, "the citizen must do something, so the legal clock stops; so with papers-awaited and representative-awaited")
		},
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Hold{Officer: o, Reason: reason, CitizensPart: citizen || identity.AsksCitizen(identity.ReadReason(reason))}
		},
	}.command(a)
}
