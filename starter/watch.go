package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
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
			rows, err := flows.List(cmd.Context(), workflows.Filter{
				Awaiting: identity.Action(awaiting), Stage: identity.Stage(stage), Province: identity.ProvinceCode(province),
				Ended: all, Limit: limit,
			})
			if err != nil {
				return err
			}
			return a.print(cmd, rows, func(w io.Writer) { printRows(w, rows, quiet) })
		},
	}
	c.Flags().StringVar(&awaiting, "awaiting", "", "only those that wait for: recapture, resolution, adjudication, approval, stock, production, release, hand-over")
	c.Flags().StringVar(&stage, "stage", "", "only those that rest at this stage: Approval, Personalization, Dispatch, HandOver, an end, or where a person or a service is waited for (status tells the stage of this moment)")
	c.Flags().StringVar(&province, "province", "", "only those of this province (001)")
	c.Flags().BoolVar(&all, "all", false, "ended ones too")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "print numbers alone")
	c.Flags().IntVar(&limit, "limit", 1000, "print no more than this many")
	return c
}

func printRows(w io.Writer, rows []workflows.Listed, quiet bool) {
	if quiet {
		for _, r := range rows {
			fmt.Fprintln(w, r.Application)
		}
		return
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "APPLICATION\tTYPE\tPROVINCE\tSTAGE\tAWAITING\tSTATION\tCONSIGNMENT\tDUE")
	for _, r := range rows {
		due := ""
		if !r.Deadline.IsZero() {
			due = r.Deadline.In(identity.HanoiTime).Format(time.DateOnly)
		}
		fmt.Fprintln(t, strings.Join([]string{
			string(r.Application), string(r.Type), string(r.Province), string(r.Stage), string(r.Awaiting), string(r.Station), string(r.Consignment), due,
		}, "\t"))
	}
	_ = t.Flush() // the writer below reports its own errors
}

// statusOf is what status prints of one application.
type statusOf struct {
	Application identity.ApplicationNumber `json:"application"`
	Stage       identity.Stage             `json:"stage"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Due         time.Time                  `json:"due"`
	Cards       int                        `json:"cards"`
	Consignment string                     `json:"consignment,omitzero"`
	Timeline    []event                    `json:"timeline"`
}

type event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitzero"`
}

func newStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status APPLICATION...", Short: "Show where applications are, and their story", GroupID: "station",
		Example: "  starter status 7QF3M-9T2XK-D\n  starter status 7QF3M-9T2XK-D --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list := make([]statusOf, 0, len(args))
			for _, arg := range args {
				s, err := a.status(cmd.Context(), arg)
				if err != nil {
					return err
				}
				list = append(list, s)
			}
			return a.print(cmd, list, func(w io.Writer) {
				for _, s := range list {
					s.print(w)
				}
			})
		},
	}
}

// status reads the registry for what happened, and the workflow for what it
// waits for.
func (a *app) status(ctx context.Context, arg string) (statusOf, error) {
	number, err := identity.ParseApplicationNumber(arg)
	if err != nil {
		return statusOf{}, err
	}
	office, err := a.office(ctx)
	if err != nil {
		return statusOf{}, err
	}
	record, err := office.Registry.Application(ctx, number)
	if err != nil {
		return statusOf{}, err
	}
	entries, err := office.Registry.Audit(ctx, number)
	if err != nil {
		return statusOf{}, err
	}
	s := statusOf{
		Application: number, Stage: record.Stage, Due: record.Due,
		Cards: record.Attempt, Consignment: string(record.Consignment), Timeline: events(entries),
	}
	if !record.Stage.Ended() {
		s.Awaiting = a.awaiting(ctx, number)
	}
	return s, nil
}

// awaiting asks the workflow what it waits for; nothing when Temporal cannot say.
func (a *app) awaiting(ctx context.Context, number identity.ApplicationNumber) identity.Action {
	flows, err := a.workflows(ctx)
	if err != nil {
		return identity.NoAction
	}
	action, _ := flows.Awaiting(ctx, number)
	return action
}

func events(entries []registry.AuditEntry) []event {
	list := make([]event, len(entries))
	for i, e := range entries {
		list[i] = event{At: e.At, Actor: e.Actor, What: e.Event, Reason: e.Reason}
	}
	return list
}

func (s statusOf) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s", s.Application, s.Stage)
	if s.Awaiting != "" {
		fmt.Fprintf(w, ", awaiting %s", s.Awaiting)
	}
	fmt.Fprintf(w, "  (due %s)\n", s.Due.In(identity.HanoiTime).Format(time.DateOnly))
	for _, e := range s.Timeline {
		fmt.Fprintf(w, "  %s  %-14s %s", e.At.In(identity.HanoiTime).Format("2006-01-02 15:04:05"), e.Actor, e.What)
		if e.Reason != "" {
			fmt.Fprintf(w, " (%s)", identity.ReadReason(e.Reason).InWords())
		}
		fmt.Fprintln(w)
	}
}
