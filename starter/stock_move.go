package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newMoveBlanks(a *app) *cobra.Command {
	var act identity.MoveBlanks
	var first, last, officer, witness string
	c := &cobra.Command{
		Use: "move", Short: "Record that two officers moved blanks from a station, or to one",
		Long: `Record that two officers moved blanks from a station, or to one: those from --first to
--last, or all that are in stock there. Blanks that were received for a station that does
not exist are moved to where they are.`,
		Example: "  starter stock move --from PX-01 --to center --counted 40 --officer TK-01 --witness TK-02\n" +
			"  starter stock move --from center --to PX-01 --first PT00000001 --last PT00000100 --officer TK-01 --witness TK-02",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			act.First, act.Last = identity.BlankSerial(first), identity.BlankSerial(last)
			act.Officer, act.Witness = identity.OfficerID(officer), identity.OfficerID(witness)
			answer, err := a.act(cmd.Context(), act, statement.Office, "", nil)
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"from": act.From, "to": act.To, "blanks": answer.Blanks}, func(w io.Writer) {
				fmt.Fprintf(w, "%d blanks moved from %s to %s\n", answer.Blanks, act.From, act.To)
			})
		},
	}
	c.Flags().StringVar(&act.From, "from", "", "where they were: center, or a station (required)")
	c.Flags().StringVar(&act.To, "to", "", "where they are: center, or a station (required)")
	c.Flags().StringVar(&first, "first", "", "first serial number; without it, all that are in stock there")
	c.Flags().StringVar(&last, "last", "", "last serial number")
	c.Flags().IntVar(&act.Counted, "counted", 0, "how many they are: if the books have another number, none is moved")
	c.Flags().StringVar(&officer, "officer", "", "your badge (required)")
	c.Flags().StringVar(&witness, "witness", "", "badge of another officer, who counted them (required)")
	required(c, "from", "to", "officer", "witness")
	return c
}
