package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// report is what a bench measured: with an empty registry, and where it was asked
// for, with one in which many applications have ended.
type report struct {
	Server string         `json:"server"` // Temporal's
	Cores  int            `json:"cores"`
	Runs   []measurements `json:"runs"`
}

// measurements are what was measured with one registry. Ratios are those of a card
// to a workflow of ten no-op activities, on the same server in the same run.
type measurements struct {
	Finished     int     `json:"finished_applications"`
	Cards        int     `json:"cards"`
	Card         cost    `json:"card"`
	NoOps        cost    `json:"no_ops"`
	Idle         cost    `json:"idle_second"` // with nothing to do; part of both
	Events       int     `json:"events_per_card"`
	HistoryBytes int     `json:"history_bytes_per_card"`
	RoundTrips   float64 `json:"database_round_trips_per_card"`
}

// cost is time on the clock and on the processors; in JSON, nanoseconds.
type cost struct {
	Clock            time.Duration `json:"clock"`
	Here             time.Duration `json:"here"`   // workers, software cards, the simulated printer, people's parts
	Camera           time.Duration `json:"camera"` // the simulated one, which stands in for hardware
	Temporal         time.Duration `json:"temporal"`
	TemporalDatabase time.Duration `json:"temporal_database"` // 0 for the development server, which has it inside
	Registry         time.Duration `json:"registry"`
}

// cpu is all that the processors worked, but for the camera.
func (c cost) cpu() time.Duration { return c.Here + c.Temporal + c.TemporalDatabase + c.Registry }

func (c cost) plus(d cost) cost {
	return cost{c.Clock + d.Clock, c.Here + d.Here, c.Camera + d.Camera, c.Temporal + d.Temporal, c.TemporalDatabase + d.TemporalDatabase, c.Registry + d.Registry}
}

func (c cost) minus(d cost) cost {
	return cost{c.Clock - d.Clock, c.Here - d.Here, c.Camera - d.Camera, c.Temporal - d.Temporal, c.TemporalDatabase - d.TemporalDatabase, c.Registry - d.Registry}
}

// each divides a cost among n.
func (c cost) each(n int) cost {
	d := time.Duration(n)
	return cost{c.Clock / d, c.Here / d, c.Camera / d, c.Temporal / d, c.TemporalDatabase / d, c.Registry / d}
}

func (r report) print(w io.Writer) {
	for _, m := range r.Runs {
		fmt.Fprintf(w, "Temporal server %s, %d cores, %d finished applications, %d cards\n", r.Server, r.Cores, m.Finished, m.Cards)
		m.print(w)
		fmt.Fprintln(w)
	}
	if len(r.Runs) == 2 {
		empty, full := r.Runs[0], r.Runs[1]
		dearer := ratio(full.Card.cpu(), empty.Card.cpu())
		machine := ratio(full.NoOps.cpu(), empty.NoOps.cpu()) // which know nothing of the registry
		fmt.Fprintf(w, "A card with %d finished applications costs %.2f of its CPU with none, %.2f of its time; ten no-ops cost %.2f: against them %.2f.\n",
			full.Finished, dearer, ratio(full.Card.Clock, empty.Card.Clock), machine, dearer/machine)
	}
}

func (r report) printJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func (m measurements) print(w io.Writer) {
	fmt.Fprintf(w, "%-24s %10s %20s %8s %16s\n", "", "a card", "ten no-op activities", "ratio", "an idle second")
	fmt.Fprintf(w, "%-24s %10.1f %20.1f %8.2f\n", "a second", 1/m.Card.Clock.Seconds(), 1/m.NoOps.Clock.Seconds(), ratio(m.NoOps.Clock, m.Card.Clock))
	for _, part := range []struct {
		name string
		of   func(cost) time.Duration
	}{
		{"CPU, ms", cost.cpu},
		{"  here", func(c cost) time.Duration { return c.Here }},
		{"  Temporal", func(c cost) time.Duration { return c.Temporal }},
		{"  Temporal's PostgreSQL", func(c cost) time.Duration { return c.TemporalDatabase }},
		{"  registry's PostgreSQL", func(c cost) time.Duration { return c.Registry }},
	} {
		card, noOps := part.of(m.Card), part.of(m.NoOps)
		fmt.Fprintf(w, "%-24s %10.1f %20.1f %8.2f %16.1f\n", part.name, ms(card), ms(noOps), ratio(card, noOps), ms(part.of(m.Idle)))
	}
	fmt.Fprintf(w, "The simulated camera took %.1f ms of CPU a card beside that.\n", ms(m.Card.Camera))
	fmt.Fprintf(w, "A card has %d history events of %d bytes, and %.1f round trips to its database.\n", m.Events, m.HistoryBytes, m.RoundTrips)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
