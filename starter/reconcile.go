package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/reconciler"
)

func newReconcile(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "reconcile", Short: "Compare the registry with what Temporal runs, and mend what differs", GroupID: "set-up",
		Long: `Compare the registry with what Temporal runs, and mend what differs.

Pipeline workers do so by themselves, every worker.reconcile of the settings. Open
applications and consignments that have no workflow are begun again where the registry
has them; workflows that show something else than the registry are told to read it;
applications that wait for a blank are woken, as many as there are blanks.`,
		Example: "  starter reconcile\n  starter reconcile --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			r, err := office.Reconciler(cmd.Context())
			if err != nil {
				return err
			}
			report, err := r.Pass(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(cmd, report, func(w io.Writer) { printReport(w, report) })
		},
	}
}

func printReport(w io.Writer, r reconciler.Report) {
	fmt.Fprintf(w, "%d open applications and %d consignments compared\n", r.Applications, r.Consignments)
	say := func(what string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(w, "%s: %s\n", what, strings.Join(names, " "))
		}
	}
	say("begun again", texts(r.Begun))
	say("consignments begun again", texts(r.BegunBoxes))
	say("told to read the registry", texts(r.Told))
	say("woken for a blank", texts(r.Woken))
	say("not open in the registry, told to read it", r.Unknown)
}

func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
