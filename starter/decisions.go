package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/workflows"
)

// outcome is what --json prints of a decision.
type outcome struct {
	Application string          `json:"application"`
	Stage       identity.Stage  `json:"stage"`
	Awaiting    identity.Action `json:"awaiting,omitzero"`
}

// decision is a command that sends one decision on each application named.
type decision struct {
	use, short, group, example string
	done                       string // "approved", for the line that is printed
	update                     string
	flags                      func(*cobra.Command)
	message                    func(officer identity.OfficerID, reason string) any
	reason                     bool // a reason has to be given
}

// command makes the cobra command of d.
func (d decision) command(a *app) *cobra.Command {
	var officer, reason string
	c := &cobra.Command{
		Use: d.use + " APPLICATION...", Short: d.short, GroupID: d.group, Example: d.example,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var failed []error
			outcomes := make([]outcome, 0, len(args))
			for _, number := range args {
				answer, err := a.decide(cmd.Context(), number, d.update, d.message(identity.OfficerID(officer), reason))
				if err != nil {
					failed = append(failed, err)
					continue
				}
				outcomes = append(outcomes, outcome{Application: number, Stage: answer.Stage, Awaiting: answer.Awaiting})
			}
			err := a.print(cmd, outcomes, func(w io.Writer) {
				for _, o := range outcomes {
					fmt.Fprintf(w, "%s %s\n", o.Application, d.done)
				}
			})
			return errors.Join(append(failed, err)...)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who decides (required)")
	c.Flags().StringVar(&reason, "reason", "", "why; kept in the audit trail")
	required(c, "officer")
	if d.reason {
		required(c, "reason")
	}
	if d.flags != nil {
		d.flags(c)
	}
	return c
}

// required marks a flag; cobra refuses only a flag that does not exist.
func required(c *cobra.Command, flag string) {
	if err := c.MarkFlagRequired(flag); err != nil {
		panic(err)
	}
}

func newApprove(a *app) *cobra.Command {
	return decision{
		use: "approve", group: "office", done: "approved", update: workflows.UpdateApprove,
		short:   "Grant cards; never by the officer who enrolled",
		example: "  starter approve 7QF3M-9T2XK-D --officer PD-001-0002\n  starter approve $(starter list --awaiting approval --quiet) --officer PD-001-0002",
		message: func(o identity.OfficerID, reason string) any { return workflows.Approve{Officer: o, Reason: reason} },
	}.command(a)
}

func newReject(a *app) *cobra.Command {
	return decision{
		use: "reject", group: "office", done: "rejected", update: workflows.UpdateReject, reason: true,
		short:   "Refuse cards, with the reason",
		example: "  starter reject 7QF3M-9T2XK-D --officer PD-001-0002 --reason \"birth date contradicts the birth certificate\"",
		message: func(o identity.OfficerID, reason string) any { return workflows.Reject{Officer: o, Reason: reason} },
	}.command(a)
}

func newWithdraw(a *app) *cobra.Command {
	return decision{
		use: "withdraw", group: "station", done: "withdrawn", update: workflows.UpdateWithdraw, reason: true,
		short:   "Take applications back for the citizen, before a card is begun",
		example: "  starter withdraw 7QF3M-9T2XK-D --officer CB-001-0007 --reason \"found the old card\"",
		message: func(o identity.OfficerID, reason string) any { return workflows.Withdraw{Officer: o, Reason: reason} },
	}.command(a)
}

func newAdjudicate(a *app) *cobra.Command {
	var same, different bool
	return decision{
		use: "adjudicate", group: "office", done: "adjudicated", update: workflows.UpdateAdjudicate, reason: true,
		short:   "Say whether the applicant is the person found with the same fingers",
		example: "  starter adjudicate 7QF3M-9T2XK-D --same-person --officer GD-001-0001 --reason \"both index fingers agree\"",
		flags: func(c *cobra.Command) {
			c.Flags().BoolVar(&same, "same-person", false, "they are one person: the application is rejected")
			c.Flags().BoolVar(&different, "different-persons", false, "they are not: the application goes on")
			c.MarkFlagsOneRequired("same-person", "different-persons")
			c.MarkFlagsMutuallyExclusive("same-person", "different-persons")
		},
		message: func(o identity.OfficerID, reason string) any {
			return workflows.Adjudicate{Officer: o, SamePerson: same, Reason: reason}
		},
	}.command(a)
}

func newHold(a *app) *cobra.Command {
	var citizen bool
	return decision{
		use: "hold", group: "office", done: "on hold", update: workflows.UpdateHold, reason: true,
		short:   "Stop applications before their next stage",
		example: "  starter hold 7QF3M-9T2XK-D --for-citizen --officer PD-001-0002 --reason \"representative not proven\"",
		flags: func(c *cobra.Command) {
			c.Flags().BoolVar(&citizen, "for-citizen", false, "the citizen has to do something: the legal clock stops")
		},
		message: func(o identity.OfficerID, reason string) any {
			return workflows.Hold{Officer: o, Reason: reason, CitizensPart: citizen}
		},
	}.command(a)
}

func newRelease(a *app) *cobra.Command {
	var remake bool
	return decision{
		use: "release", group: "office", done: "released", update: workflows.UpdateRelease, reason: true,
		short:   "Let applications go on: from hold, from a contradiction that was resolved, from production trouble",
		example: "  starter release 7QF3M-9T2XK-D --officer PD-001-0002 --reason \"population registry corrected\"",
		flags: func(c *cobra.Command) {
			c.Flags().BoolVar(&remake, "remake", false, "write off the card at the silent station and make another")
		},
		message: func(o identity.OfficerID, reason string) any {
			return workflows.Release{Officer: o, Reason: reason, Remake: remake}
		},
	}.command(a)
}
