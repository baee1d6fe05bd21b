package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newRegisterStation(a *app) *cobra.Command {
	var province, name string
	c := &cobra.Command{
		Use: "station STATION", Short: "Register an enrollment station with its signing key, which is made if there is none",
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
			key, err := office.StationKeys().Ensure(id)
			if err != nil {
				return err
			}
			err = office.Registry.SaveStation(cmd.Context(), registry.Station{
				ID: id, Kind: identity.EnrollmentStation, Province: identity.ProvinceCode(province), Name: name, PublicKey: key,
			})
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s registered\n", id) })
		},
	}
	c.Flags().StringVar(&province, "province", "", "province code (required)")
	c.Flags().StringVar(&name, "name", "", "name of the station")
	required(c, "province")
	return c
}
