package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
)

// FileUsage explains --config, which every program takes.
const FileUsage = "configuration file (default: the built-in settings, then CANCUOC_... from the environment)"

// Exit codes of the programs.
const (
	ExitDone    = 0
	ExitFault   = 1 // something failed; it may be tried again
	ExitRefused = 2 // it was refused and would be again, or the command line or the settings make no sense
)

// A Program works until it is stopped. It takes flags, and no arguments.
type Program struct {
	Name  string
	About string // what it does: the beginning of --help
	Flags []Flag // besides --config, --version and --help
	Run   func(ctx context.Context, c Config) error
}

// Flag is a flag that gives a setting, over the file and the environment.
type Flag struct{ Name, Key, Usage string }

// Main runs the program until it ends or the process is told to stop, and exits.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := p.run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is Main, with what tests give.
func (p Program) run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	fail := func(code int, err error) int {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintf(stderr, "%s: %s\n", p.Name, strings.TrimSuffix(line, "\n"))
		}
		return code
	}
	c, err := p.settings(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintf(stdout, "%s\n\nUsage:\n  %s [flags]\n\nFlags:\n%s", p.About, p.Name, p.flags().FlagUsages())
		return ExitDone
	}
	if errors.Is(err, errVersion) {
		fmt.Fprintf(stdout, "%s version %s\n", p.Name, Version())
		return ExitDone
	}
	if err != nil {
		return fail(ExitRefused, err)
	}
	if err := p.Run(ctx, c); err != nil {
		return fail(ExitFault, err)
	}
	return ExitDone
}

// errVersion is that the version was asked for, and nothing else.
var errVersion = errors.New("the version was asked for")

// flags declares what the program takes.
func (p Program) flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet(p.Name, pflag.ContinueOnError)
	flags.Usage = func() {} // run prints it
	flags.SortFlags = false
	flags.String("config", "", FileUsage)
	for _, f := range p.Flags {
		flags.String(f.Name, "", fmt.Sprintf("%s (default: %s of the settings)", f.Usage, f.Key))
	}
	flags.Bool("version", false, "show the version")
	flags.BoolP("help", "h", false, "show this")
	return flags
}

// settings reads the command line, and the settings that it names and changes.
func (p Program) settings(args []string) (Config, error) {
	flags := p.flags()
	misuse := func(format string, a ...any) error {
		return fmt.Errorf(format+" (see %s --help)", append(a, p.Name)...)
	}
	if err := flags.Parse(doubleDashed(args)); errors.Is(err, pflag.ErrHelp) {
		return Config{}, err
	} else if err != nil {
		return Config{}, misuse("%w", err)
	}
	if help, _ := flags.GetBool("help"); help { // declared above
		return Config{}, pflag.ErrHelp
	}
	if version, _ := flags.GetBool("version"); version { // declared above
		return Config{}, errVersion
	}
	if flags.NArg() > 0 {
		return Config{}, misuse("unknown argument %q", flags.Arg(0))
	}
	var given []Setting
	for _, f := range p.Flags {
		if value := flags.Lookup(f.Name); value.Changed {
			given = append(given, Setting{Key: f.Key, Value: value.Value.String()})
		}
	}
	return Load(flags.Lookup("config").Value.String(), given...)
}

// doubleDashed lets -role stand for --role.
func doubleDashed(args []string) []string {
	all := make([]string, len(args))
	for i, arg := range args {
		if all[i] = arg; len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			all[i] = "-" + arg
		}
	}
	return all
}
