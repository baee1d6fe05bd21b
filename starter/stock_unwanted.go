package main

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/registry"
)

func newUnwanted(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "unwanted", Short: "List the cards that two officers have to destroy, and where each is",
		Long: `List the cards that two officers have to destroy, and where each is: those that were
spoiled, also at a station that does not answer; those that were lost and found; and
finished ones whose application ended without them.`,
		Example: "  starter stock unwanted\n  starter stock destroy 7QF3M-9T2XK-D --card 1 --officer SX-01 --witness SX-02 --reason application-ended",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []registry.Unwanted
			if err := a.read(cmd.Context(), "/v1/unwanted", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				rows := make([][]string, len(list))
				for i, c := range list {
					rows[i] = []string{string(c.Application), strconv.Itoa(c.Attempt), string(c.State), string(c.Blank), c.Where, c.Why}
				}
				printTable(w, []string{"APPLICATION", "CARD", "STATE", "BLANK", "WHERE", "WHY"}, rows)
			})
		},
	}
}
