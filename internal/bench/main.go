// Command bench measures what a card costs: it takes cards through their whole
// life on servers that it starts for that, and compares the rate with a workflow
// of ten activities that do nothing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var cards, atOnce int
	var profile string
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure what a card costs, beside a workflow that does nothing",
		Long: `Take cards through their whole life on PostgreSQL and Temporal servers started
for this, with officers' and citizens' parts played at once, and run workflows of
ten no-op activities on the same Temporal server before and after. Report both
rates, their ratio, and what a card costs: history events and bytes, database
round trips, CPU.`,
		Example: "  go run ./internal/bench\n  go run ./internal/bench --cards 500 --json",
		Args:    cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if profile != "" {
				stop, err := profileTo(profile)
				if err != nil {
					return err
				}
				defer stop()
			}
			m, err := bench(cmd.Context(), cards, atOnce, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if !asJSON {
				m.print(cmd.OutOrStdout())
				return nil
			}
			if err := json.MarshalWrite(cmd.OutOrStdout(), m, jsontext.WithIndent("  ")); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	c.Flags().IntVar(&cards, "cards", 200, "how many cards, and how many no-op workflows")
	c.Flags().IntVar(&atOnce, "at-once", 50, "how many of them are in work at the same time")
	c.Flags().StringVar(&profile, "cpuprofile", "", "write a CPU profile of this process to a file (go tool pprof)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return c
}

// profileTo writes a CPU profile to a file until it is stopped.
func profileTo(name string) (stop func(), err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // of the measurement, a profile is not part
	}, nil
}
