package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
)

func newStations(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "stations", Short: "Show the personalization stations and the cards in their slots; pause, resume and remove them", GroupID: "center",
		Example: "  starter stations\n  starter stations pause PX-01 --reason \"cleaning\" --officer SX-C06-0001\n  starter stations resume PX-01 --officer SX-C06-0001",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []desk.Station
			if err := a.read(cmd.Context(), "/v1/stations", nil, &list); err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printStations(w, list) })
		},
	}
	c.AddCommand(newStationsPause(a), newStationsResume(a), newStationsRemove(a))
	return c
}

func printStations(w io.Writer, list []desk.Station) {
	rows := make([][]string, len(list))
	for i, s := range list {
		cards := make([]string, len(s.Cards))
		why := s.Why
		for n, c := range s.Cards {
			cards[n] = fmt.Sprintf("%s (%s, blank %s)", c.Application, c.State, c.Blank)
			why = cmp.Or(why, c.Trouble)
		}
		rows[i] = []string{string(s.Station), s.State, fmt.Sprintf("%d of %d", len(s.Cards), s.Slots), strings.Join(cards, ", "), why}
	}
	printTable(w, []string{"STATION", "STATE", "SLOTS TAKEN", "CARDS", "WHY"}, rows)
}
