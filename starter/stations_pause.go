package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newStationsPause(a *app) *cobra.Command {
	var officer, reason string
	c := &cobra.Command{
		Use: "pause STATION", Short: "Have a station take no more cards; what is in its slots waits there",
		Example: "  starter stations pause PX-01 --reason \"cleaning\" --officer SX-C06-0001",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := identity.ParseStationID(args[0])
			if err != nil {
				return err
			}
			if strings.TrimSpace(reason) == "" {
				return identity.RefuseField(identity.Invalid, "reason", "is empty; say why")
			}
			act := identity.PauseStation{Officer: identity.OfficerID(officer), Reason: reason}
			if _, err := a.act(cmd.Context(), act, statement.Station(id), "", nil); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"station": string(id), "state": "paused"}, func(w io.Writer) { fmt.Fprintf(w, "%s  paused\n", id) })
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "your badge")
	c.Flags().StringVar(&reason, "reason", "", "why")
	required(c, "officer", "reason")
	return offersStations(a, c)
}
