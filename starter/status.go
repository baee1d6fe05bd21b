package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// statusOf is what status prints of one application.
type statusOf struct {
	Application identity.ApplicationNumber `json:"application"`
	Stage       identity.Stage             `json:"stage"`
	Awaiting    identity.Action            `json:"awaiting,omitzero"`
	Why         string                     `json:"why,omitzero"`     // why it waits
	Since       time.Time                  `json:"since,omitzero"`   // since when
	Trouble     string                     `json:"trouble,omitzero"` // at the station that makes its card
	Due         time.Time                  `json:"due"`
	Cards       int                        `json:"cards"`
	Consignment string                     `json:"consignment,omitzero"`
	Timeline    []event                    `json:"timeline"`
}

// event is one entry of the audit trail.
type event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	What   string    `json:"what"`
	Reason string    `json:"reason,omitzero"`
}

func newStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status APPLICATION...", Short: "Show where applications are, and what has happened", GroupID: "station",
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

// status reads where an application is, what it waits for and what has happened.
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
		Application: number, Stage: record.Stage, Awaiting: record.Awaiting, Why: record.AwaitingWhy, Since: record.Since, Trouble: record.Trouble, Due: record.Due,
		Cards: record.Attempt, Consignment: string(record.Consignment), Timeline: events(entries),
	}
	return s, nil
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
	if s.Why != "" {
		fmt.Fprintf(w, "  since %s: %s\n", s.Since.In(identity.HanoiTime).Format("2006-01-02 15:04"), s.Why)
	}
	if s.Trouble != "" {
		fmt.Fprintf(w, "  trouble: %s\n", s.Trouble)
	}
	for _, e := range s.Timeline {
		fmt.Fprintf(w, "  %s  %-14s %s", e.At.In(identity.HanoiTime).Format("2006-01-02 15:04:05"), e.Actor, e.What)
		if e.Reason != "" {
			fmt.Fprintf(w, " (%s)", identity.ReadReason(e.Reason).InWords())
		}
		fmt.Fprintln(w)
	}
}
