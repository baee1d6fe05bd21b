package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newSend(a *app) *cobra.Command {
	var courier, seal string
	return movement{
		use: "send", short: "Hand a sealed consignment to the courier",
		example: "  starter consignments send C-000001 --courier VNPost --seal 88213 --officer GV-01",
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&courier, "courier", "", "who takes it (required)")
			c.Flags().StringVar(&seal, "seal", "", "number on the seal (required)")
			required(c, "courier", "seal")
		},
		act: func(_ registry.Consignment, o identity.OfficerID) identity.Act {
			return identity.SendConsignment{Officer: o, Courier: courier, Seal: seal}
		},
	}.command(a)
}
