package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/samples"
)

func newRegisterPopulation(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "population DIR", Short: "Import the people in DIR/population.json and the cards they hold into the built-in population registry",
		Example: "  starter register population samples",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			citizens, err := samples.ReadPopulation(os.DirFS(args[0]))
			if err != nil {
				return err
			}
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			for i, citizen := range citizens {
				if err := office.Registry.SeedCitizen(cmd.Context(), seeded(citizen)); err != nil {
					return identity.InField(samples.FieldOf(i), err)
				}
			}
			return a.print(cmd, map[string]int{"citizens": len(citizens)}, func(w io.Writer) { fmt.Fprintf(w, "%d citizens known\n", len(citizens)) })
		},
	}
}

// seeded converts a citizen of the samples into one of the registry.
func seeded(c samples.Citizen) registry.Citizen {
	citizen := registry.Citizen{Person: c.Person, Status: identity.CitizenStatus(c.Status)}
	if c.Card != nil {
		citizen.LiveCard = &registry.OldCard{Serial: c.Card.Serial, Form: c.Card.Form, Issued: c.Card.Issued, Expiry: c.Card.Expiry}
	}
	return citizen
}
