package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newStationsRemove(a *app) *cobra.Command {
	var officer, witness, reason, blanks string
	c := &cobra.Command{
		Use: "remove STATION", Short: "Take a station out of service that is gone for good, and account for its blanks",
		Long: `Take a station out of service that is gone for good: it is listed, counted and waited for
no longer. Two officers say where the blanks in its stock are now: at the center, at
another station, or lost with it, which spoils them. A station that works, or that holds
a card, is refused. Should it be heard of again, it is listed, and paused until
it is resumed.`,
		Example: "  starter stations remove PX-01 --reason \"burned down\" --blanks lost --officer SX-C06-0001 --witness SX-C06-0002\n" +
			"  starter stations remove PX-01 --reason \"closed\" --blanks center --officer SX-C06-0001 --witness SX-C06-0002",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			act := identity.RemoveStation{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Reason: reason, Blanks: blanks}
			answer, err := a.act(cmd.Context(), act, statement.Station(id), "", nil)
			if err != nil {
				return err
			}
			n := answer.Blanks
			return a.print(cmd, map[string]any{"station": id, "state": "removed", "blanks": n}, func(w io.Writer) {
				fmt.Fprintf(w, "%s  out of service", id)
				if n > 0 {
					fmt.Fprintf(w, ", %d blanks: %s", n, blanks)
				}
				fmt.Fprintln(w)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "your badge (required)")
	c.Flags().StringVar(&witness, "witness", "", "badge of another officer, who counted the blanks (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	c.Flags().StringVar(&blanks, "blanks", "", "where the blanks in its stock are now: center, a station, or lost; needed if it has any")
	required(c, "officer", "witness", "reason")
	return offersStations(a, c)
}
