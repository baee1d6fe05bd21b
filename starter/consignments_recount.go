package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newRecount(a *app) *cobra.Command {
	var officer, witness string
	var found, missing, surplus []string
	c := &cobra.Command{
		Use: "recount CONSIGNMENT", Short: "Put right the count of a consignment that was received",
		Long: `Put right the count of a consignment that was received. Two officers count again.

A card that was booked as missing and was in the box is handed over, as long as the one
that is made in its place has no blank; else two officers destroy it. A card that was
counted and is not there is lost, and made again. A surplus card that was overlooked
goes where it belongs. A card that was away from the box meanwhile is not recounted:
see starter stock found.`,
		Example: "  starter consignments recount C-000001 --found 7QF3M-9T2XK-D --officer CB-001-0007 --witness CB-001-0008\n" +
			"  starter consignments recount C-000001 --missing 7QF3M-9T2XK-D --officer CB-001-0007 --witness CB-001-0008\n" +
			"  starter consignments recount C-000001 --surplus PT00000123 --officer CB-001-0007 --witness CB-001-0008",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.Recount{
				Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Found: applications(found), Missing: applications(missing), Surplus: upper(surplus),
			}
			answer, err := a.onBox(cmd.Context(), args[0], func(registry.Consignment) identity.Act { return act })
			if err != nil {
				return err
			}
			list := answer.Corrections
			return a.print(cmd, list, func(w io.Writer) {
				for _, c := range list {
					fmt.Fprintf(w, "%s card %d: %s\n", cmp.Or(string(c.Application), "unknown"), c.Attempt, c.Became)
				}
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who counted again (required)")
	c.Flags().StringVar(&witness, "witness", "", "badge of another officer, who counted with them (required)")
	c.Flags().StringSliceVar(&found, "found", nil, "applications whose card was booked as missing and was in the box")
	c.Flags().StringSliceVar(&missing, "missing", nil, "applications whose card was counted and is not there")
	c.Flags().StringSliceVar(&surplus, "surplus", nil, "cards that were in the box and not on the manifest: applications, or serials of blanks")
	required(c, "officer", "witness")
	return offersBoxes(a, c)
}
