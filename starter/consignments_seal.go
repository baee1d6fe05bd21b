package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newSeal(a *app) *cobra.Command {
	return movement{
		use: "seal", short: "Close a consignment before its cut-off; an empty one is dissolved",
		example: "  starter consignments seal C-000001 --officer GV-01",
		act: func(_ registry.Consignment, o identity.OfficerID) identity.Act {
			return identity.SealConsignment{Officer: o}
		},
	}.command(a)
}
