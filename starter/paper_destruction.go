package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/templates/papers"
)

func newPaperDestruction(a *app) *cobra.Command {
	var from, to string
	c := paperCommand(a, &cobra.Command{
		Use: "destruction", Short: "Draw the record of the blanks that were spoiled or destroyed in a period, for witnesses to sign",
		Example: "  starter paper destruction --from 2026-11-01 --to 2026-11-30",
		Args:    cobra.NoArgs,
	}, func(ctx context.Context, office *office.Office, _ []string) (document, string, error) {
		first, err := day("from", from)
		if err != nil {
			return nil, "", err
		}
		last, err := day("to", to)
		if err != nil {
			return nil, "", err
		}
		blanks, err := office.Registry.WrittenOff(ctx, first, last)
		if err != nil {
			return nil, "", err
		}
		c, err := a.config()
		return destruction(first, last, blanks, c.Forms.Specimen), fmt.Sprintf("destruction-%s-%s.pdf", from, to), err
	})
	c.Flags().StringVar(&from, "from", "", "first day, for example 2026-11-01 (required)")
	c.Flags().StringVar(&to, "to", "", "last day (required)")
	required(c, "from", "to")
	return c
}

// destruction makes the paper of the registry's list.
func destruction(from, to identity.Date, blanks []registry.WrittenOff, specimen bool) papers.Destruction {
	d := papers.Destruction{From: from, To: to, Specimen: specimen}
	for _, b := range blanks {
		off := papers.WrittenOff{Serial: string(b.Serial), Lost: b.Lost}
		for _, e := range b.Events {
			off.Events = append(off.Events, papers.WriteOff(e))
		}
		d.Blanks = append(d.Blanks, off)
	}
	return d
}

// day reads a flag that is a day.
func day(flag, text string) (identity.Date, error) {
	var d identity.Date
	if err := d.UnmarshalText([]byte(text)); err != nil || !d.Complete() {
		return d, identity.RefuseField(identity.Invalid, "--"+flag, "is not a day; yyyy-mm-dd is accepted")
	}
	return d, nil
}
