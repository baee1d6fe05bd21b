// Command chaos tries to lose an application. From a seed it brings up a whole
// office as processes of its own, sends applications of all kinds through it, and
// meanwhile kills, freezes and restarts the processes and interferes with the
// workflows. Each second it checks what must hold at every moment, and in the end
// what must have become of everything.
//
// Start at run.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// options are the command line.
type options struct {
	seed         uint64
	applications int
	faults       int
	duration     time.Duration // faults strike during this time
	wipe         bool          // Temporal's database is thrown away, once
	restore      bool          // the registry is restored to an earlier instant, once
	matrix       bool          // instead, every fault strikes at every place
	outages      bool          // instead, or then, the servers are away for longer and longer
	drain        time.Duration // then everything has this time to come to its end
	dir          string        // of the office; empty: a new one, removed when nothing was violated
	report       string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos: "+err.Error())
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "chaos",
		Short: "Kill an office's processes at random while applications go through it",
		Long: `Bring up an office of its own (PostgreSQL, Temporal, the gateway, a pipeline worker,
two stations), send applications through it, and meanwhile kill, freeze and restart
the processes, and terminate, cancel and reset workflows; once, throw Temporal's whole
database away, and once, restore the registry to an earlier instant. Check every second that nothing is lost, doubled or invisible, and that
everything comes to its end when the faults are over. The report is Markdown; exit
code 1 says that something was violated.

The seed decides which people apply, what is decided about them and which faults
strike when. What they meet depends on the machine as well.`,
		Example: "  go run ./internal/chaos\n  go run ./internal/chaos --seed 7 --for 1h --faults 1000 --applications 600",
		Args:    cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("applications") {
				o.applications = o.enough()
			}
			say := func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
			r, err := run(cmd.Context(), o, say)
			if err != nil {
				return err
			}
			r.summary(cmd.OutOrStdout())
			if n := len(r.violations); n > 0 {
				return fmt.Errorf("%d violation(s); see %s", n, o.report)
			}
			return nil
		},
	}
	f := c.Flags()
	f.Uint64Var(&o.seed, "seed", uint64(time.Now().Unix()), "decides people, decisions and faults")
	f.IntVar(&o.applications, "applications", 100, "how many applications are sent; more by --matrix and --outages")
	f.IntVar(&o.faults, "faults", 100, "how many faults strike")
	f.DurationVar(&o.duration, "for", 8*time.Minute, "how long faults strike")
	f.BoolVar(&o.wipe, "wipe", true, "throw Temporal's database away once, in the middle")
	f.BoolVar(&o.restore, "restore", true, "restore the registry to an earlier instant once, later")
	f.BoolVar(&o.matrix, "matrix", false, "instead, strike with every fault at every stage and wait (forty minutes)")
	f.BoolVar(&o.outages, "outages", false, "instead, or then, let PostgreSQL and Temporal be away for up to two minutes (ten minutes)")
	f.DurationVar(&o.drain, "drain", 4*time.Minute, "how long everything may then take to come to its end")
	f.StringVar(&o.dir, "dir", "", "folder of the office, with all logs, which is kept (default: a temporary one, kept when something was violated)")
	f.StringVar(&o.report, "report", filepath.Join(".data", "chaos.md"), "file to write the report to")
	return c
}

// run is one run, from the empty folder to the report. An error says that the run
// could not be made; what was violated stands in the report.
func run(ctx context.Context, o options, say func(string, ...any)) (*report, error) {
	if o.applications < 1 || o.faults < 0 || o.duration <= 0 || o.drain <= 0 {
		return nil, errors.New("--applications, --for and --drain must be more than 0, and --faults at least 0")
	}
	clearEnvironment()
	temporary, err := o.makeFolder()
	if err != nil {
		return nil, err
	}
	r, err := o.play(ctx, say)
	if temporary && (ctx.Err() != nil || err == nil && len(r.violations) == 0) {
		return r, errors.Join(err, os.RemoveAll(o.dir))
	}
	say("The office's logs are in %s", o.dir)
	return r, err
}

// ordered reports whether nothing is left to chance but who applies.
func (o *options) ordered() bool { return o.matrix || o.outages }

// enough is how many applications are sent when nobody says so.
func (o *options) enough() int {
	switch {
	case o.matrix:
		return 600
	case o.outages:
		return 2 * len(outages) * newcomers
	}
	return o.applications
}

// makeFolder makes the folder of the office, through which PostgreSQL's user can pass.
func (o *options) makeFolder() (temporary bool, err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "cancuoc-chaos-"); err != nil {
			return true, fmt.Errorf("make folder: %w", err)
		}
		temporary = true
	}
	if err := os.MkdirAll(o.dir, 0o711); err != nil {
		return temporary, fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(o.dir, 0o711); err != nil {
		return temporary, fmt.Errorf("make folder: %w", err)
	}
	return temporary, nil
}

// play brings the office up, lets the faults at it, and writes the report.
func (o *options) play(ctx context.Context, say func(string, ...any)) (*report, error) {
	r := newReport(*o)
	office, err := bringUp(ctx, *o, say)
	if err != nil {
		return nil, err
	}
	err = unleash(ctx, *o, office, r, say)
	office.tearDown()
	if err != nil {
		return nil, err
	}
	return r, r.write(o.report)
}

// clearEnvironment forgets settings of another office: the environment would take
// precedence over the files of this one.
func clearEnvironment() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "CANCUOC_") {
			_ = os.Unsetenv(name) // the name is valid
		}
	}
}
