package desk

import (
	"context"
	"fmt"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Station is one line of the list of personalization stations.
type Station struct {
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

// Stations lists the personalization stations with the cards in their slots.
func (d *Desk) Stations(ctx context.Context) ([]Station, error) {
	stations, err := d.Registry.StationsAtWork(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Station, len(stations))
	for i, s := range stations {
		list[i] = describeStation(s)
	}
	return list, nil
}

func describeStation(s registry.StationAtWork) Station {
	d := Station{Station: s.ID, State: "works", Why: s.PausedWhy, PausedBy: s.PausedBy, PausedAt: s.PausedAt, Slots: s.Slots, Cards: s.Cards}
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
