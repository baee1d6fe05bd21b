package main

import (
	"fmt"
	"io"
)

// measurements are what a bench measured.
type measurements struct {
	Cards           int     `json:"cards"`
	CardsPerSecond  float64 `json:"cards_per_second"`
	NoOpsPerSecond  float64 `json:"no_ops_per_second"` // workflows of ten no-op activities
	Ratio           float64 `json:"ratio"`
	Events          int     `json:"events_per_card"`
	HistoryBytes    int     `json:"history_bytes_per_card"`
	RoundTrips      float64 `json:"database_round_trips_per_card"`
	CPU             float64 `json:"cpu_ms_per_card"` // this process: workers, software cards, people's parts
	TemporalCPU     float64 `json:"temporal_cpu_ms_per_card"`
	PostgresCPU     float64 `json:"postgres_cpu_ms_per_card"`
	NoOpCPU         float64 `json:"no_op_cpu_ms"`
	NoOpTemporalCPU float64 `json:"no_op_temporal_cpu_ms"`
	Cores           int     `json:"cores"`
}

func (f measurements) print(w io.Writer) {
	fmt.Fprintf(w, "cards per second, whole life     %8.1f\n", f.CardsPerSecond)
	fmt.Fprintf(w, "ten no-op activities, per second %8.1f\n", f.NoOpsPerSecond)
	fmt.Fprintf(w, "ratio                            %8.2f\n", f.Ratio)
	fmt.Fprintf(w, "history per card                 %8d events, %d bytes\n", f.Events, f.HistoryBytes)
	fmt.Fprintf(w, "database round trips per card    %8.1f\n", f.RoundTrips)
	fmt.Fprintf(w, "CPU per card, ms                 %8.1f here, %.1f Temporal, %.1f PostgreSQL\n", f.CPU, f.TemporalCPU, f.PostgresCPU)
	fmt.Fprintf(w, "CPU per no-op workflow, ms       %8.1f here, %.1f Temporal\n", f.NoOpCPU, f.NoOpTemporalCPU)
	fmt.Fprintf(w, "(%d cores)\n", f.Cores)
}
