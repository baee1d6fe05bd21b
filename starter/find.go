package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
)

func newFind(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "find WHAT", Short: "Find what a receipt, a box, a personal number, or the serial of a card, chip or blank names; that you looked for a person is kept", GroupID: "office",
		Example: "  starter find PT00000001\n  starter find 0123456789ABCDEF\n  starter find C-000017 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var n desk.Named
			if err := a.find(cmd.Context(), "/v1/find", map[string]string{"named": args[0]}, &n); err != nil {
				return err
			}
			return a.print(cmd, n, func(w io.Writer) {
				rows := make([][]string, len(n.Found))
				for i, f := range n.Found {
					where := cmp.Or(string(f.Consignment), string(f.Station), f.Location)
					rows[i] = []string{string(f.Application), string(f.Stage), string(f.Awaiting), string(f.Serial), string(f.State), string(f.Blank), f.Account, where}
				}
				fmt.Fprintf(w, "%s\n", n.As)
				printTable(w, []string{"APPLICATION", "STAGE", "AWAITING", "CARD", "STATE", "BLANK", "ACCOUNT", "WHERE"}, rows)
				if len(n.Found) == 1 && n.Found[0].Application != "" {
					say(w, "starter status %s says more\n", identity.OneLine(string(n.Found[0].Application)))
				}
			})
		},
	}
}
