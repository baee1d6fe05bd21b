package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// outcome is what --json prints of a decision.
type outcome struct {
	Application string          `json:"application"`
	Stage       identity.Stage  `json:"stage"`
	Awaiting    identity.Action `json:"awaiting,omitzero"`
	Why         string          `json:"why,omitzero"` // what is awaited for
}

// outcomeOf is what --json prints of an answer.
func outcomeOf(number string, answer desk.Answer) outcome {
	return outcome{Application: number, Stage: answer.Stage, Awaiting: answer.Awaiting, Why: answer.Why}
}

// onApplication sends an act on the application that an argument names.
func (a *app) onApplication(ctx context.Context, arg string, act identity.Act, id string, files map[string][]byte) (desk.Answer, error) {
	number, err := identity.ParseApplicationNumber(arg)
	if err != nil {
		return desk.Answer{}, wrongToo(act.Check(), err)
	}
	return a.act(ctx, act, statement.Application(number), id, files)
}

// decision is a command that carries one decision to each application named.
type decision struct {
	use, short, group, example string
	done                       string // "approved", for the line that is printed
	flags                      func(*cobra.Command)
	act                        func(officer identity.OfficerID, reason string) identity.Act
	reason                     bool // a reason is required
}

// command makes the cobra command of d.
func (d decision) command(a *app) *cobra.Command {
	var officer, reason, id string
	reasons := identity.DecisionStep(d.use).Reasons() // a command has the name of its step
	c := &cobra.Command{
		Use: d.use + " APPLICATION...", Short: d.short, GroupID: d.group, Example: d.example,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			unreasoned := reasons.Check(identity.ReadReason(reason))
			var failed []error
			var undone []string
			outcomes := make([]outcome, 0, len(args))
			for _, number := range args {
				act, err := a.seen(cmd.Context(), number, d.act(identity.OfficerID(officer), reason))
				var answer desk.Answer
				if err == nil {
					answer, err = a.onApplication(cmd.Context(), number, act, idFor(id, number, args), nil)
				}
				if err != nil {
					failed, undone = append(failed, wrongToo(unreasoned, err)), append(undone, number)
					continue
				}
				outcomes = append(outcomes, outcomeOf(number, answer))
			}
			err := a.print(cmd, outcomes, func(w io.Writer) {
				for _, o := range outcomes {
					fmt.Fprintf(w, "%s %s\n", o.Application, text(d.done))
				}
			})
			return once(append(failed, err, notDone(undone, args, failed))...)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who decides (required)")
	c.Flags().StringVar(&reason, "reason", "", "why, for the audit trail")
	c.Flags().StringVar(&id, "id", "", "identifier that you choose for this decision: given again, it is answered by what was decided")
	if reasons != nil {
		c.Flag("reason").Usage = "one of the reasons above, or \"REASON: a note\""
		offerReasons(c, reasons)
	}
	required(c, "officer")
	if d.reason {
		required(c, "reason")
	}
	if d.flags != nil {
		d.flags(c)
	}
	return c
}

// notDone says on which of several applications nothing was decided; the reasons may not name them.
func notDone(undone, all []string, why []error) error {
	if len(undone) == 0 || len(all) == 1 {
		return nil
	}
	said := identity.Refuse(identity.Conflict, "%d of %d are not done: %s", len(undone), len(all), identity.OneLine(strings.Join(undone, " ")))
	if !isRefusal(errors.Join(why...)) { // it may pass
		return errors.New(said.Error())
	}
	return said
}

// seen says in an act what its officer sees of the application, so that nothing is decided
// unseen that comes meanwhile. Who may not see it is refused by the office, which keeps that.
func (a *app) seen(ctx context.Context, number string, act identity.Act) (identity.Act, error) {
	a.askAs(act.By()[0])
	s, err := a.status(ctx, number)
	if identity.Refused(err, identity.Forbidden) {
		return act, nil
	}
	return s.Saw(act), err
}

// idFor is the identifier of the decision on one of several applications: a decision has
// its own.
func idFor(id, number string, all []string) string {
	if id == "" || len(all) == 1 {
		return id
	}
	return id + "-" + number
}
