package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
)

func newStock(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "stock", Short: "Show the blanks in each account; every serial number is in exactly one", GroupID: "center",
		Example: "  starter stock\n  starter stock receive --box B-2026-001 --first PT00000001 --last PT00000500 --received-by TK-01 --counted-by TK-02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var stock desk.Stock
			if err := a.read(cmd.Context(), "/v1/stock", nil, &stock); err != nil {
				return err
			}
			return a.print(cmd, stock, func(w io.Writer) { printStock(w, stock) })
		},
	}
	c.AddCommand(newReceiveBlanks(a), newMoveBlanks(a), newUnwanted(a), newFound(a), newDestroyCard(a))
	return c
}

func printStock(w io.Writer, s desk.Stock) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, text("received\tin stock\tin production\tspoiled\tissued\tdestroyed\t"))
	fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d\t\n", s.Received, s.InStock, s.InProduction, s.Spoiled, s.Issued, s.Destroyed)
	if len(s.Of) > 1 { // what is in stock of one is none of the other
		for _, of := range s.Of {
			fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d", of.Received, of.InStock, of.InProduction, of.Spoiled, of.Issued, of.Destroyed)
			say(t, "\t  of %s\n", of.Document)
		}
	}
	_ = t.Flush() // to a terminal: nobody is left to be told
	for _, s := range s.Stranded {
		say(w, "%d blanks are in stock at %s, where no station is: starter stock move --from %s --to center\n", s.Blanks, s.Location, s.Location)
	}
	if s.Balanced {
		say(w, "The stock balances: received = in stock + in production + spoiled + issued + destroyed.\n")
		return
	}
	say(w, "THE STOCK DOES NOT BALANCE: stop the stations and count.\n")
}
