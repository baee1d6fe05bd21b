package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// stationOf is one line of the list of stations.
type stationOf struct {
	Station   identity.StationID    `json:"station"`
	State     string                `json:"state"` // works, paused or silent
	Why       string                `json:"why,omitzero"`
	PausedBy  string                `json:"paused_by,omitzero"`
	PausedAt  time.Time             `json:"paused_at,omitzero"`
	SilentAt  time.Time             `json:"silent_since,omitzero"`
	SilentFor string                `json:"silent_for,omitzero"`
	Slots     int                   `json:"slots"`
	Cards     []registry.CardInSlot `json:"cards"` // in its slots
}

func newStations(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "stations", Short: "Show the personalization stations and the cards in their slots; pause, resume and remove them", GroupID: "center",
		Example: "  starter stations\n  starter stations pause PX-01 --reason \"cleaning\" --officer SX-C06-0001\n  starter stations resume PX-01 --officer SX-C06-0001",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var stations []registry.StationAtWork
			if err := a.read(cmd.Context(), "/v1/stations", nil, &stations); err != nil {
				return err
			}
			list := make([]stationOf, len(stations))
			for i, s := range stations {
				list[i] = describeStation(s)
			}
			return a.print(cmd, list, func(w io.Writer) { printStations(w, list) })
		},
	}
	c.AddCommand(newStationsPause(a), newStationsResume(a), newStationsRemove(a))
	return c
}

func describeStation(s registry.StationAtWork) stationOf {
	d := stationOf{Station: s.ID, State: "works", Why: s.PausedWhy, PausedBy: s.PausedBy, PausedAt: s.PausedAt, Slots: s.Slots, Cards: s.Cards}
	if s.PausedWhy != "" {
		d.State = "paused"
	}
	if s.Silent > registry.SilentAfter {
		d.State, d.SilentFor = "silent", s.Silent.Round(time.Second).String()
		d.SilentAt = s.SeenAt
		d.Why = fmt.Sprintf("not heard of since %s, for %s: its worker is off, or does not reach the database", s.SeenAt.In(identity.HanoiTime).Format(time.DateTime), d.SilentFor)
		if s.PausedWhy != "" {
			d.Why += "; paused: " + s.PausedWhy
		}
	}
	return d
}

func printStations(w io.Writer, list []stationOf) {
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
