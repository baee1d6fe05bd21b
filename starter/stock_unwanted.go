package main

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func newUnwanted(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "unwanted", Short: "List finished cards whose application ended without them: two officers destroy each",
		Example: "  starter stock unwanted\n  starter stock destroy 7QF3M-9T2XK-D --card 1 --officer SX-01 --witness SX-02 --reason application-ended",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			list, err := office.Registry.Unwanted(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				rows := make([][]string, len(list))
				for i, c := range list {
					rows[i] = []string{string(c.Application), strconv.Itoa(c.Attempt), string(c.State), string(c.Blank), string(c.Consignment)}
				}
				printTable(w, []string{"APPLICATION", "CARD", "STATE", "BLANK", "CONSIGNMENT"}, rows)
			})
		},
	}
}
