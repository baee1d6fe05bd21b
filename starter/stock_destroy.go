package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newDestroyCard(a *app) *cobra.Command {
	var card int
	var officer, witness, reason string
	c := &cobra.Command{
		Use: "destroy APPLICATION", Short: "Record that two officers destroyed a card; its application makes another one, unless it has ended",
		Example: "  starter stock destroy 7QF3M-9T2XK-D --card 1 --officer SX-01 --witness SX-02 --reason spoiled-in-production",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := identity.ParseApplicationNumber(args[0])
			if err != nil {
				return err
			}
			act := identity.DestroyCard{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Card: card, Reason: reason}
			if _, err := a.act(cmd.Context(), act, statement.Application(number), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"application": number, "card": card}, func(w io.Writer) {
				fmt.Fprintf(w, "card %d of %s is recorded as destroyed\n", card, number)
			})
		},
	}
	c.Flags().IntVar(&card, "card", 1, "which card of the application, as starter status counts them")
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who destroyed it (required)")
	c.Flags().StringVar(&witness, "witness", "", "badge of the officer who saw it (required)")
	c.Flags().StringVar(&reason, "reason", "", "one of the reasons above, or \"REASON: a note\" (required)")
	offerReasons(c, identity.DestroyReasons)
	required(c, "officer", "witness", "reason")
	return c
}
