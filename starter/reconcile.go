package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/reconciler"
	"example.org/cancuoc/internal/statement"
)

func newReconcile(a *app) *cobra.Command {
	var word identity.LetGo
	var officer string
	c := &cobra.Command{
		Use: "reconcile", Short: "Compare the registry with what Temporal runs, and mend what differs", GroupID: "set-up",
		Long: `Compare the registry with what Temporal runs, and mend what differs.

Pipeline workers do so by themselves, every worker.reconcile of the settings. Open
applications and consignments that have no workflow are begun again where the registry
has them; workflows that show something else than the registry are told to read it;
applications that wait for a blank are woken, as many as there are blanks; those that
wait for a station that is back with their card go on.

Workflows of applications and consignments that the registry does not know are listed:
it was restored to an earlier instant. An application goes on when its station submits
the packet again, which gets the same number. What will not come again is let go with
--let-go, through the gateway and with an officer's key: its workflow ends. Nothing that the
registry knows can be let go.`,
		Example: "  starter reconcile\n  starter reconcile --json\n  starter reconcile --let-go 7QF3M-9T2XK-D,C-000017 --officer VH-01 --reason 'the station has no such packet'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if word.Officer = identity.OfficerID(officer); len(word.Numbers) > 0 {
				_, err := a.act(cmd.Context(), word, statement.Office, "", nil)
				return err
			}
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
	c.Flags().StringSliceVar(&word.Numbers, "let-go", nil, "applications and consignments that the registry does not know, to be waited for no more")
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who lets them go")
	c.Flags().StringVar(&word.Reason, "reason", "", "why they are let go, for their histories")
	c.MarkFlagsRequiredTogether("let-go", "officer", "reason")
	return c
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
	say("gone on at a station that is back", texts(r.Back))
	say("not known to the registry, and waiting", r.Unknown)
	if r.Passed != "" {
		fmt.Fprintf(w, "consignments are numbered from after %s on\n", r.Passed)
	}
}

func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
