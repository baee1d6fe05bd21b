package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newRevokeStation(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke STATION", Short: "Refuse packets from a station whose key was lost or stolen, until it is registered again",
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
