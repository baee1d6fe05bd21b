package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func newPaperDestruction(a *app) *cobra.Command {
	var from, to string
	c := paperCommand(a, &cobra.Command{
		Use: "destruction", Short: "Draw the record of the blanks that were spoiled or destroyed in a period, for witnesses to sign",
		Example: "  starter paper destruction --from 2026-11-01 --to 2026-11-30",
		Args:    cobra.NoArgs,
	}, func([]string) (string, url.Values, string, error) {
		return "destruction", url.Values{"from": {from}, "to": {to}}, fmt.Sprintf("destruction-%s-%s.pdf", from, to), nil
	})
	c.Flags().StringVar(&from, "from", "", "first day, for example 2026-11-01 (required)")
	c.Flags().StringVar(&to, "to", "", "last day (required)")
	required(c, "from", "to")
	return c
}
