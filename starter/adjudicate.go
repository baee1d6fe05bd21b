package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newAdjudicate(a *app) *cobra.Command {
	var same, different bool
	return decision{
		use: "adjudicate", group: "office", done: "adjudicated", reason: true,
		short:   "Decide whether the applicant is the person found with the same fingers",
		example: "  starter adjudicate 7QF3M-9T2XK-D --same-person --officer GD-001-0001 --reason \"both index fingers agree\"",
		flags: func(c *cobra.Command) {
			c.Flags().BoolVar(&same, "same-person", false, "they are one person: the application is rejected")
			c.Flags().BoolVar(&different, "different-persons", false, "they are two persons: the application goes on")
			c.MarkFlagsOneRequired("same-person", "different-persons")
			c.MarkFlagsMutuallyExclusive("same-person", "different-persons")
		},
		act: func(o identity.OfficerID, reason string) identity.Act {
			return identity.Adjudicate{Officer: o, SamePerson: same, Reason: reason}
		},
	}.command(a)
}
