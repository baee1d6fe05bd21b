package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newRevokeStation(a *app) *cobra.Command {
	var officer, reason string
	c := &cobra.Command{
		Use: "revoke STATION", Short: "Refuse packets from a station whose key was lost or stolen, until two administrators register it again",
		Example: "  starter register revoke 001-TN-01 --officer QT-C06-0001 --reason \"the laptop was stolen\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			act := identity.RevokeStation{Officer: identity.OfficerID(officer), Reason: reason}
			if _, err := a.act(cmd.Context(), act, statement.Station(id), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "%s revoked\n", id) })
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the administrator who revokes it (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	required(c, "officer", "reason")
	return c
}
