package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

// standstill says why no card is begun, and since when: no station works. It is empty while
// one does.
func (d *Desk) standstill(ctx context.Context) (why string, since time.Time, err error) {
	stations, err := d.Registry.StationsAtWork(ctx)
	if err != nil || slices.ContainsFunc(stations, registry.StationAtWork.Works) {
		return "", time.Time{}, err
	}
	if len(stations) == 0 {
		return "no worker of a personalization station was ever started", time.Time{}, nil
	}
	all, each := "all stations are paused", make([]string, len(stations))
	for i, s := range stations {
		stopped, what := s.PausedAt, "because "+s.PausedWhy
		if s.Silent > registry.SilentAfter {
			all = "no station works"
			stopped, what = s.SeenAt, "not heard of"
		}
		if stopped.After(since) {
			since = stopped
		}
		each[i] = fmt.Sprintf("%s since %s, %s", s.ID, stopped.In(identity.HanoiTime).Format(time.DateTime), what)
	}
	return all + ": " + strings.Join(each, "; "), since, nil
}

// explain says of applications that wait for a station why none takes them.
func (d *Desk) explain(ctx context.Context, records ...*registry.ApplicationRecord) error {
	var why string
	var since time.Time
	asked := false
	for _, r := range records {
		if r.Awaiting != "" || r.Held || r.Station != "" || !slices.Contains(registry.StagesForStations, r.Stage) {
			continue
		}
		if !asked {
			var err error
			if why, since, err = d.standstill(ctx); err != nil {
				return err
			}
			asked = true
		}
		if why != "" {
			r.AwaitingWhy, r.Since = why, since
			if since.IsZero() {
				r.Since = r.EnteredAt
			}
		}
	}
	return nil
}
