package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/templates/papers"
)

func newPaperManifest(a *app) *cobra.Command {
	return paperCommand(a, &cobra.Command{
		Use: "manifest CONSIGNMENT", Short: "Draw the manifest of a consignment: a line and a barcode for each card",
		Example: "  starter paper manifest C-000001\n  starter paper manifest C-000001 -o manifest.pdf",
		Args:    cobra.ExactArgs(1),
	}, func(ctx context.Context, office *office.Office, args []string) (document, string, error) {
		consignment, err := office.Registry.Consignment(ctx, identity.ConsignmentNumber(strings.ToUpper(args[0])))
		if err != nil {
			return nil, "", err
		}
		c, err := a.config()
		if err != nil {
			return nil, "", err
		}
		m := papers.Manifest{
			Consignment: string(consignment.Number), State: consignment.State, Courier: consignment.Courier, Seal: consignment.Seal,
			Destination: papers.Station{ID: consignment.Destination}, Post: consignment.Destination == identity.DestinationPost, Specimen: c.Forms.Specimen,
		}
		if !m.Post {
			station, err := office.Registry.Station(ctx, consignment.Destination)
			if err != nil {
				return nil, "", err
			}
			m.Destination.Name = station.Name
		}
		for _, card := range consignment.Cards {
			m.Cards = append(m.Cards, papers.ManifestCard{
				Application: card.Application, Attempt: card.Attempt, Blank: string(card.Blank), Missing: card.Missing,
			})
		}
		return m, fmt.Sprintf("manifest-%s.pdf", consignment.Number), nil
	})
}
