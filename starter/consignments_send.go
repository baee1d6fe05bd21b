package main

import (
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newSend(a *app) *cobra.Command {
	var officer *string
	var courier, seal string
	var c *cobra.Command
	c, officer = moveCommand(a, "send", "Hand a sealed consignment to the courier", "  starter consignments send C-0001 --courier VNPost --seal 88213 --officer GV-01",
		func() identity.Act {
			return identity.SendConsignment{Officer: identity.OfficerID(*officer), Courier: courier, Seal: seal}
		})
	c.Flags().StringVar(&courier, "courier", "", "who takes it (required)")
	c.Flags().StringVar(&seal, "seal", "", "number on the seal (required)")
	required(c, "courier")
	required(c, "seal")
	return c
}
