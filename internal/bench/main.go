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
	var o options
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure what a card costs, beside a workflow that does nothing",
		Long: `Take cards through their whole life on PostgreSQL and Temporal servers started
for this, with officers' and citizens' parts played at once, and run workflows of
ten no-op activities on the same Temporal server before and after. Report what
each costs in time and in CPU, and the ratios of the two; a card's history events
and bytes, and its round trips to the database.

With --finished, do it again with a registry that holds so many applications that
have ended, which takes some minutes and gigabytes to fill.`,
		Example: `  go run ./internal/bench
  go run ./internal/bench --server postgres
  go run ./internal/bench --finished 1000000 --json`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.server != serverDev && o.server != serverPostgres {
				return fmt.Errorf("--server %q is not one of %s and %s", o.server, serverDev, serverPostgres)
			}
			r, err := bench(cmd.Context(), o, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if !asJSON {
				r.print(cmd.OutOrStdout())
				return nil
			}
			return r.printJSON(cmd.OutOrStdout())
		},
	}
	c.Flags().IntVar(&o.cards, "cards", 200, "how many cards, and how many no-op workflows")
	c.Flags().IntVar(&o.atOnce, "at-once", 50, "how many of them are in work at the same time")
	c.Flags().StringVar(&o.server, "server", serverDev, "Temporal server: dev (of development) or postgres (of production, on PostgreSQL)")
	c.Flags().IntVar(&o.finished, "finished", 0, "measure again with a registry of that many finished applications")
	c.Flags().StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of this process to a file (go tool pprof), of the measured cards alone")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for scripts")
	return c
}

// profileTo writes a CPU profile to a file, if it has a name, until it is stopped.
func profileTo(name string) (stop func(), err error) {
	if name == "" {
		return func() {}, nil
	}
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
