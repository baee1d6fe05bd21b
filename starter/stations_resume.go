package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newStationsResume(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: "resume STATION", Short: "Let a station take cards again",
		Example: "  starter stations resume PX-01 --officer SX-C06-0001",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			act := identity.ResumeStation{Officer: identity.OfficerID(officer)}
			if _, err := a.act(cmd.Context(), act, statement.Station(id), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": string(id), "state": "works"}, func(w io.Writer) { fmt.Fprintf(w, "%s  works\n", id) })
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "your badge")
	required(c, "officer")
	return offersStations(a, c)
}
