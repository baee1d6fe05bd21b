package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newReopen(a *app) *cobra.Command {
	return movement{
		use: "reopen", short: "Open a consignment again that was sealed too early; its cut-off counts from now on",
		example: "  starter consignments reopen C-000001 --officer GV-01",
		act: func(_ registry.Consignment, o identity.OfficerID) identity.Act {
			return identity.ReopenConsignment{Officer: o}
		},
	}.command(a)
}
