package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newSeal(a *app) *cobra.Command {
	var officer *string
	var c *cobra.Command
	c, officer = moveCommand(a, "seal", "Close a consignment before its cut-off", "  starter consignments seal C-0001 --officer GV-01",
		func() identity.Act {
			return identity.SealConsignment{Officer: identity.OfficerID(*officer)}
		})
	return c
}
