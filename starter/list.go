package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

func newList(a *app) *cobra.Command {
	var awaiting, stage, province string
	var all, quiet bool
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List applications by where they are and what they wait for", GroupID: "office",
		Example: "  starter list --awaiting approval --province 001\n  starter list --stage HandOver --json\n  starter list --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flows, err := a.workflows(cmd.Context())
			if err != nil {
				return err
			}
			list, err := flows.List(cmd.Context(), workflows.Filter{
				Awaiting: identity.Action(awaiting), Stage: identity.Stage(stage), Province: identity.ProvinceCode(province),
				Ended: all, Limit: limit,
			})
			if err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printApplications(w, list, quiet) })
		},
	}
	c.Flags().StringVar(&awaiting, "awaiting", "", "only those that wait for this: recapture, resolution, adjudication, approval, stock, production, release or hand-over")
	c.Flags().StringVar(&stage, "stage", "", "only those that rest at this stage: Approval, Personalization, Dispatch, HandOver, an end, or one where they wait for a person or a service (starter status shows passing stages too)")
	c.Flags().StringVar(&province, "province", "", "only those of this province, for example 001")
	c.Flags().BoolVar(&all, "all", false, "also those that have ended")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "print application numbers only")
	c.Flags().IntVar(&limit, "limit", 1000, "print at most this many")
	return c
}

func printApplications(w io.Writer, list []workflows.Listed, quiet bool) {
	if quiet {
		for _, l := range list {
			fmt.Fprintln(w, l.Application)
		}
		return
	}
	rows := make([][]string, len(list))
	for i, l := range list {
		due := ""
		if !l.Deadline.IsZero() {
			due = l.Deadline.In(identity.HanoiTime).Format(time.DateOnly)
		}
		rows[i] = []string{
			string(l.Application), string(l.Type), string(l.Province), string(l.Stage), string(l.Awaiting), string(l.Station), string(l.Consignment), due,
		}
	}
	printTable(w, []string{"APPLICATION", "TYPE", "PROVINCE", "STAGE", "AWAITING", "STATION", "CONSIGNMENT", "DUE"}, rows)
}
