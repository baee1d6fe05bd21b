package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status APPLICATION...", Short: "Show where applications are, and what has happened", GroupID: "station",
		Example: "  starter status 7QF3M-9T2XK-D\n  starter status 7QF3M-9T2XK-D --json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list := make([]desk.Status, 0, len(args))
			for _, arg := range args {
				s, err := a.status(cmd.Context(), arg)
				if err != nil {
					return err
				}
				list = append(list, s)
			}
			return a.print(cmd, list, func(w io.Writer) {
				for _, s := range list {
					printStatus(w, s)
				}
			})
		},
	}
}

// status reads where an application is, what it waits for and what has happened.
func (a *app) status(ctx context.Context, arg string) (desk.Status, error) {
	var s desk.Status
	number, err := identity.ParseApplicationNumber(arg)
	if err != nil {
		return s, err
	}
	err = a.read(ctx, "/v1/applications/"+string(number), nil, &s)
	return s, err
}

func printStatus(w io.Writer, s desk.Status) {
	fmt.Fprintf(w, "%s  %s", s.Application, coded(string(s.Stage), s.Stage.VI()))
	if s.Awaiting != "" {
		say(w, ", awaiting %s", awaited(s.Awaiting))
	}
	say(w, "  (due %s)\n", s.Due.In(identity.HanoiTime).Format(time.DateOnly))
	if s.Why != "" {
		say(w, "  since %s: %s\n", s.Since.In(identity.HanoiTime).Format("2006-01-02 15:04"), sentence(s.Why))
	}
	if s.Trouble != "" {
		say(w, "  trouble: %s\n", sentence(s.Trouble))
	}
	if s.Fault != "" {
		say(w, "  fault: %s\n", s.Fault)
	}
	if s.Nowhere {
		say(w, "  the population register has nobody like the applicant: approve with --paper, by what proves the person\n")
	}
	printRequested(w, s)
	for _, e := range s.Timeline {
		fmt.Fprintf(w, "  %s  %-14s %s", e.At.In(identity.HanoiTime).Format("2006-01-02 15:04:05"), e.Actor, sentence(e.What))
		if e.Reason != "" {
			fmt.Fprintf(w, " (%s)", sentence(identity.ReadReason(e.Reason).InWords()))
		}
		fmt.Fprintln(w)
	}
}

// printRequested shows what was applied for, and what of it whoever approves has to judge.
func printRequested(w io.Writer, s desk.Status) {
	if s.Fault == "" {
		say(w, "  %s, ground %s, %s", s.Requested.Type, s.Requested.Ground, s.Requested.Channel)
		for _, claim := range s.Requested.Claims() {
			fmt.Fprintf(w, "; %s", claim)
		}
		fmt.Fprintln(w)
	}
	if s.LateReason != "" {
		say(w, "  filed on %s, entered late: %s\n", s.FiledOn.Display(), s.LateReason)
	}
	if s.Payment.Fee > 0 || s.Payment.GiveBack > 0 {
		say(w, "  fee %d VND, %s\n", s.Payment.Fee, paymentInWords(s.Payment))
	}
}

// paymentInWords says what became of a fee.
func paymentInWords(p registry.Payment) string {
	words := text("not paid")
	switch {
	case p.Fee == 0:
		words = text("free of charge")
	case p.PaidAt != nil:
		words = fmt.Sprintf(text("paid on %s to %s, receipt %s"), p.PaidAt.In(identity.HanoiTime).Format(time.DateOnly), p.PaidTo, p.Receipt)
	}
	if p.Refunded != nil {
		words += text(", given back on ") + p.Refunded.In(identity.HanoiTime).Format(time.DateOnly)
	}
	if p.GiveBack > 0 {
		words += fmt.Sprintf(text(", %d VND to be given back"), p.GiveBack)
	}
	return words
}
