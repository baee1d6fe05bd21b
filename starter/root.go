package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
)

// run runs one command line, and gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := &app{}
	defer app.close()
	root := newRoot(app) //nolint:contextcheck // commands get the context from cobra
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return config.ExitDone
	}
	app.asJSON = app.asJSON || slices.Contains(args, "--json") // it may stand behind what could not be read
	app.complain(stderr, err)
	if isRefusal(err) {
		return config.ExitRefused
	}
	return config.ExitFault
}

// complain says what is wrong: a line for each, or as one JSON document.
func (a *app) complain(w io.Writer, err error) {
	if a.asJSON && json.MarshalWrite(w, map[string]any{"errors": faultsOf(err)}) == nil {
		fmt.Fprintln(w)
		return
	}
	for _, line := range explain(err) {
		fmt.Fprintln(w, "starter: "+sentence(line))
	}
}

// newRoot makes the tree of commands, a file each.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "starter",
		Short:         "Submit applications for identity cards, follow them, decide on them",
		Version:       config.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
				return misuse(err)
			}
			return nil
		},
	}
	root.PersistentFlags().StringVar(&a.configFile, "config", "", config.FileUsage)
	root.PersistentFlags().StringVar(&a.as, "as", "", "badge of the officer who asks (default: client.officer of the settings, or the only one with a key here)")
	root.PersistentFlags().BoolVar(&a.asJSON, "json", false, "print JSON, for scripts")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misread(err) })
	root.AddGroup(
		&cobra.Group{ID: "station", Title: "At an enrollment station:"},
		&cobra.Group{ID: "office", Title: "In the provincial office:"},
		&cobra.Group{ID: "center", Title: "In the production center:"},
		&cobra.Group{ID: "set-up", Title: "Setting up and maintenance:"},
	)
	root.AddCommand(
		newSubmit(a), newSign(a), newStatus(a), newRecapture(a), newWithdraw(a), newHandOver(a),
		newList(a), newFind(a), newWatch(a), newApprove(a), newReject(a), newAdjudicate(a), newHold(a), newRelease(a), newLogin(a), newLogout(a),
		newStock(a), newStations(a), newConsignments(a), newCards(a), newExtract(a), newFees(a), newNotifications(a), newPopulation(a), newPaper(a), newChip(a), newForm(a),
		newRun(a), newMigrate(a), newOfficers(a), newRegister(a), newReconcile(a), newAudit(a), newKeys(a),
	)
	guardArgs(root)
	spoken().speak(root)
	return root
}

// guardArgs makes a wrong number of arguments a misuse, in every command, and says of a command
// that there is not which one may have been meant.
func guardArgs(c *cobra.Command) {
	c.SuggestionsMinimumDistance = 2 // letters to add, drop or change
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err == nil {
				return nil
			}
			if len(args) > 0 {
				if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
					err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(meant, " or "))
				}
			}
			return misuse(err)
		}
	}
	for _, sub := range c.Commands() {
		guardArgs(sub)
	}
}

// misuse refuses a command line that makes no sense.
func misuse(err error) error {
	return identity.Refuse(identity.Invalid, "%s (see starter help)", strings.ReplaceAll(err.Error(), "\n", "; "))
}

// misread refuses a flag, and says of a value that cannot be read what is accepted.
func misread(err error) error {
	bad, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return misuse(err)
	}
	accepted := map[string]string{
		"int": "a whole number", "bool": "true or false", "duration": "a span of time, for example 90s or 12h,",
	}[bad.GetFlag().Value.Type()]
	if accepted == "" {
		return misuse(err)
	}
	return identity.RefuseField(identity.Invalid, bad.GetFlag().Name, "%q cannot be read; %s is accepted (see starter help)", identity.OneLine(bad.GetValue()), accepted)
}

// print prints v as JSON if that was asked for, else by text.
func (a *app) print(cmd *cobra.Command, v any, text func(w io.Writer)) error {
	out := cmd.OutOrStdout()
	if !a.asJSON {
		text(out)
		return nil
	}
	if err := json.MarshalWrite(out, v, jsontext.WithIndent("  ")); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	fmt.Fprintln(out)
	return nil
}

// parent makes a command that only has commands below it.
func parent(use, group, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, GroupID: group, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(below...)
	return c
}

// required marks flags as required.
func required(c *cobra.Command, flags ...string) {
	for _, flag := range flags {
		if err := c.MarkFlagRequired(flag); err != nil { // there is no such flag
			panic(err)
		}
	}
}
