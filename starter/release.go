package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newRelease(a *app) *cobra.Command {
	var remake bool
	return decision{
		use: "release", group: "office", done: "released", reason: true,
		short:   "Let applications go on: after a hold, a resolved contradiction, or trouble in production",
		example: "  starter release 7QF3M-9T2XK-D --officer PD-001-0002 --reason record-corrected",
		flags: func(c *cobra.Command) {
			c.Flags().BoolVar(&remake, "remake", false, "write off the card at a station that does not answer, and make another")
		},
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Release{Officer: o, Reason: reason, Remake: remake}
		},
	}.command(a)
}
