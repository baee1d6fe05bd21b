package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newStock(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "stock", Short: "Show blanks by account: every serial is in exactly one", GroupID: "centre",
		Example: "  starter stock\n  starter stock receive --box B-2026-001 --first PT00000001 --last PT00000500 --received-by TK-01 --counted-by TK-02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			stock, err := office.Registry.Stock(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(cmd, stock, func(w io.Writer) { printStock(w, stock) })
		},
	}
	c.AddCommand(newReceiveBlanks(a), newDestroyCard(a))
	return c
}

func printStock(w io.Writer, s registry.Stock) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "received\tin stock\tin production\tspoiled\tissued\tdestroyed\t")
	fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d\t\n", s.Received, s.InStock, s.InProduction, s.Spoiled, s.Issued, s.Destroyed)
	_ = t.Flush() // the writer below reports its own errors
	if s.Balanced {
		fmt.Fprintln(w, "The stock balances: received = in stock + in production + spoiled + issued + destroyed.")
		return
	}
	fmt.Fprintln(w, "THE STOCK DOES NOT BALANCE: stop the stations and count.")
}

func newReceiveBlanks(a *app) *cobra.Command {
	var box registry.Box
	var first, last, received, counted string
	c := &cobra.Command{
		Use: "receive", Short: "Take in a box of blanks, counted by two officers",
		Example: "  starter stock receive --box B-2026-001 --first PT00000001 --last PT00000500 --received-by TK-01 --counted-by TK-02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			box.First, box.Last = registry.BlankSerial(first), registry.BlankSerial(last)
			box.ReceivedBy, box.CountedBy = identity.OfficerID(received), identity.OfficerID(counted)
			if err := office.Registry.ReceiveBlanks(cmd.Context(), box); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"box": box.Number, "first": first, "last": last}, func(w io.Writer) { fmt.Fprintf(w, "%s taken in\n", box.Number) })
		},
	}
	c.Flags().StringVar(&box.Number, "box", "", "number of the box (required)")
	c.Flags().StringVar(&first, "first", "", "first serial (required)")
	c.Flags().StringVar(&last, "last", "", "last serial (required)")
	c.Flags().StringVar(&box.Location, "location", "centre", "where it is kept: the centre, or a station")
	c.Flags().StringVar(&received, "received-by", "", "officer who received it (required)")
	c.Flags().StringVar(&counted, "counted-by", "", "another officer, who counted it (required)")
	for _, flag := range []string{"box", "first", "last", "received-by", "counted-by"} {
		required(c, flag)
	}
	return c
}

func newDestroyCard(a *app) *cobra.Command {
	var card int
	var officer, witness, reason string
	c := &cobra.Command{
		Use: "destroy APPLICATION", Short: "Book a card as destroyed by two officers: one that was spoiled, or was made and is not wanted any more",
		Example: "  starter stock destroy 7QF3M-9T2XK-D --card 1 --officer SX-01 --witness SX-02 --reason \"spoiled at inspection\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := identity.ParseApplicationNumber(args[0])
			if err != nil {
				return err
			}
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			officers := [2]identity.OfficerID{identity.OfficerID(officer), identity.OfficerID(witness)}
			if err := office.Registry.Destroy(cmd.Context(), number, card, officers, reason); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"application": number, "card": card}, func(w io.Writer) {
				fmt.Fprintf(w, "card %d of %s is booked as destroyed\n", card, number)
			})
		},
	}
	c.Flags().IntVar(&card, "card", 1, "which card of the application, as its story counts them")
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who destroyed it (required)")
	c.Flags().StringVar(&witness, "witness", "", "badge of the officer who saw it (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	for _, flag := range []string{"officer", "witness", "reason"} {
		required(c, flag)
	}
	return c
}
