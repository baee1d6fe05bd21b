package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newSeal(a *app) *cobra.Command {
	return movement{
		use: "seal", short: "Close a consignment before its cut-off",
		example: "  starter consignments seal C-000001 --officer GV-01",
		act:     func(o identity.OfficerID) identity.Act { return identity.SealConsignment{Officer: o} },
	}.command(a)
}
