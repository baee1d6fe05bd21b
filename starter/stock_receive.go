package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newReceiveBlanks(a *app) *cobra.Command {
	var box registry.Box
	var first, last, received, counted string
	c := &cobra.Command{
		Use: "receive", Short: "Receive a box of blanks, counted by two officers",
		Example: "  starter stock receive --box B-2026-001 --first PT00000001 --last PT00000500 --received-by TK-01 --counted-by TK-02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			box.First, box.Last = identity.BlankSerial(first), identity.BlankSerial(last)
			box.ReceivedBy, box.CountedBy = identity.OfficerID(received), identity.OfficerID(counted)
			if err := office.Registry.ReceiveBlanks(cmd.Context(), box); err != nil {
				return err
			}
			office.WakeForStock(cmd.Context())
			return a.print(cmd, map[string]any{"box": box.Number, "first": first, "last": last}, func(w io.Writer) { fmt.Fprintf(w, "%s received\n", box.Number) })
		},
	}
	c.Flags().StringVar(&box.Number, "box", "", "number of the box (required)")
	c.Flags().StringVar(&first, "first", "", "first serial number (required)")
	c.Flags().StringVar(&last, "last", "", "last serial number (required)")
	c.Flags().StringVar(&box.Location, "location", identity.LocationCenter, "where the box is kept: center, or a station")
	c.Flags().StringVar(&received, "received-by", "", "officer who received it (required)")
	c.Flags().StringVar(&counted, "counted-by", "", "another officer, who counted it (required)")
	required(c, "box", "first", "last", "received-by", "counted-by")
	return c
}
