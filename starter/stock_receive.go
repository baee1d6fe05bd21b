package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newReceiveBlanks(a *app) *cobra.Command {
	var box identity.ReceiveBlanks
	var first, last, received, counted string
	c := &cobra.Command{
		Use: "receive", Short: "Receive a box of blanks, counted by two officers",
		Example: "  starter stock receive --box B-2026-001 --first PT00000001 --last PT00000500 --received-by TK-01 --counted-by TK-02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			box.First, box.Last = identity.BlankSerial(first), identity.BlankSerial(last)
			box.ReceivedBy, box.CountedBy = identity.OfficerID(received), identity.OfficerID(counted)
			if _, err := a.act(cmd.Context(), box, statement.Box(box.Box), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"box": box.Box, "first": first, "last": last}, func(w io.Writer) { fmt.Fprintf(w, "%s received\n", box.Box) })
		},
	}
	c.Flags().StringVar(&box.Box, "box", "", "number of the box (required)")
	c.Flags().StringVar(&first, "first", "", "first serial number (required)")
	c.Flags().StringVar(&last, "last", "", "last serial number (required)")
	c.Flags().StringVar(&box.Location, "location", identity.LocationCenter, "where the box is kept: center, or a station")
	c.Flags().StringVar(&received, "received-by", "", "officer who received it (required)")
	c.Flags().StringVar(&counted, "counted-by", "", "another officer, who counted it (required)")
	required(c, "box", "first", "last", "received-by", "counted-by")
	return c
}
