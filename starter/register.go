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

func newRegister(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "register", Short: "Register stations and people known to the population registry", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newRegisterStation(a), newRevokeStation(a), newRegisterPopulation(a))
	return c
}

func newRegisterStation(a *app) *cobra.Command {
	var province, name string
	c := &cobra.Command{
		Use: "station STATION", Short: "Register an enrolment station with its signing key, which is made if there is none",
		Example: "  starter register station 001-TN-01 --province 001 --name \"PC06 Hà Nội\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			key, err := office.NewStationKey(id)
			if err != nil {
				return err
			}
			err = office.Registry.SaveStation(cmd.Context(), registry.Station{
				ID: id, Kind: "enrolment", Province: identity.ProvinceCode(province), Name: name, PublicKey: key,
			})
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s registered\n", id) })
		},
	}
	c.Flags().StringVar(&province, "province", "", "province code (required)")
	c.Flags().StringVar(&name, "name", "", "what it is called")
	required(c, "province")
	return c
}

func newRevokeStation(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke STATION", Short: "Accept no more packets from a station, whose key was lost or stolen; registering it again accepts them",
		Example: "  starter register revoke 001-TN-01",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			station, err := office.Registry.Station(cmd.Context(), id)
			if err != nil {
				return err
			}
			station.Revoked = true
			if err := office.Registry.SaveStation(cmd.Context(), station); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s revoked\n", id) })
		},
	}
}

func newRegisterPopulation(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "population DIR", Short: "Import the people of DIR/population.json, and the cards they hold, into the built-in population registry",
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
			for _, citizen := range citizens {
				if err := office.Registry.SeedCitizen(cmd.Context(), seeded(citizen)); err != nil {
					return err
				}
			}
			return a.print(cmd, map[string]int{"citizens": len(citizens)}, func(w io.Writer) { fmt.Fprintf(w, "%d citizens known\n", len(citizens)) })
		},
	}
}

// seeded is a sample's citizen as the registry keeps one.
func seeded(c samples.Citizen) registry.Citizen {
	citizen := registry.Citizen{Person: c.Person, Status: registry.CitizenStatus(c.Status)}
	if c.Card != nil {
		citizen.LiveCard = &registry.OldCard{Serial: c.Card.Serial, Form: c.Card.Form, Issued: c.Card.Issued, Expiry: c.Card.Expiry}
	}
	return citizen
}
