package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newSurplus(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "surplus", Short: "List surplus cards that the books do not explain, until a person has settled them",
		Example: "  starter consignments surplus\n  starter consignments surplus settle C-000001 PT00000123 --officer GV-01 --reason \"sent to the police with record 17\"",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []registry.Surplus
			if err := a.read(cmd.Context(), "/v1/surplus", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				rows := make([][]string, len(list))
				for i, s := range list {
					rows[i] = []string{string(s.Consignment), s.Named, string(s.Application), strconv.Itoa(s.Attempt), string(s.Officer), s.Note}
				}
				printTable(w, []string{"CONSIGNMENT", "SURPLUS", "APPLICATION", "CARD", "OFFICER", "WHY"}, rows)
			})
		},
	}
	c.AddCommand(newSettle(a))
	return c
}

func newSettle(a *app) *cobra.Command {
	var officer, reason string
	c := &cobra.Command{
		Use: "settle CONSIGNMENT SURPLUS", Short: "Record what was done with a surplus card that the books do not explain",
		Example: "  starter consignments surplus settle C-000001 PT00000123 --officer GV-01 --reason \"sent to the police with record 17\"",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, named := consignmentNumber(args[0]), strings.ToUpper(args[1])
			act := identity.SettleSurplus{Settlement: identity.Settlement{Officer: identity.OfficerID(officer), Reason: reason}, Named: named}
			if _, err := a.onBox(cmd.Context(), args[0], func(registry.Consignment) identity.Act { return act }); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"consignment": number, "surplus": named}, func(w io.Writer) {
				fmt.Fprintf(w, "surplus %s of %s is settled\n", named, number)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who settled it (required)")
	c.Flags().StringVar(&reason, "reason", "", "what was done with it (required)")
	required(c, "officer", "reason")
	return offersBoxes(a, c)
}
