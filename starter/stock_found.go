package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newFound(a *app) *cobra.Command {
	var card int
	var officer, place string
	c := &cobra.Command{
		Use: "found APPLICATION", Short: "Record that a lost card turned up: nobody knows who had it, so two officers destroy it",
		Example: "  starter stock found 7QF3M-9T2XK-D --place \"post office 10000\" --officer CB-001-0007\n" +
			"  starter stock destroy 7QF3M-9T2XK-D --card 1 --officer SX-01 --witness SX-02 --reason found-again",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := identity.ParseApplicationNumber(args[0])
			if err != nil {
				return err
			}
			act := identity.FindCard{Finding: identity.Finding{Officer: identity.OfficerID(officer), Place: place}, Card: card}
			answer, err := a.act(cmd.Context(), act, statement.Application(number), "", nil)
			if err != nil {
				return err
			}
			which := answer.Card
			return a.print(cmd, map[string]any{"application": number, "card": which}, func(w io.Writer) {
				fmt.Fprintf(w, "card %d of %s is recorded as found: two officers destroy it (starter stock destroy)\n", which, number)
			})
		},
	}
	c.Flags().IntVar(&card, "card", 0, "which card of the application; without it, the last one that was lost")
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who has it (required)")
	c.Flags().StringVar(&place, "place", "", "where it is kept until it is destroyed (required)")
	required(c, "officer", "place")
	return c
}
