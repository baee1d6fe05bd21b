package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// moved is what --json prints of a consignment that was moved.
type moved struct {
	Consignment identity.ConsignmentNumber `json:"consignment"`
	State       identity.ConsignmentState  `json:"state"`
	Cards       int                        `json:"cards"`
	Surplus     []registry.Surplus         `json:"surplus,omitempty"`
}

// movement is a command that moves the consignment named in its argument.
type movement struct {
	use, short, example string
	flags               func(*cobra.Command)
	act                 func(box registry.Consignment, officer identity.OfficerID) identity.Act
}

// command makes the cobra command of m.
func (m movement) command(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: m.use + " CONSIGNMENT", Short: m.short, Example: m.example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := a.onBox(cmd.Context(), args[0], func(box registry.Consignment) identity.Act { return m.act(box, identity.OfficerID(officer)) })
			if err != nil {
				return err
			}
			return a.printMoved(cmd, answer)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who does it (required)")
	required(c, "officer")
	if m.flags != nil {
		m.flags(c)
	}
	return offersBoxes(a, c)
}

// onBox sends an act on the consignment that an argument names, which says what its officer
// sees of it. Who may not see it is refused by the office, which keeps that.
func (a *app) onBox(ctx context.Context, arg string, act func(registry.Consignment) identity.Act) (desk.Answer, error) {
	number := consignmentNumber(arg)
	unseen := act(registry.Consignment{})
	a.askAs(unseen.By()[0])
	var box registry.Consignment
	err := a.read(ctx, "/v1/consignments/"+string(number), nil, &box)
	if err != nil && !identity.Refused(err, identity.Forbidden) {
		return desk.Answer{}, wrongToo(unseen.Check(), err)
	}
	return a.act(ctx, box.Saw(act(box)), statement.Consignment(number), "", nil)
}

// consignmentNumber reads an argument.
func consignmentNumber(arg string) identity.ConsignmentNumber {
	return identity.ConsignmentNumber(strings.ToUpper(arg))
}

// printMoved prints what a consignment is now, and what became of surplus cards.
func (a *app) printMoved(cmd *cobra.Command, box desk.Answer) error {
	return a.print(cmd, moved{Consignment: box.Consignment, State: box.State, Cards: box.Cards, Surplus: box.Surplus}, func(w io.Writer) {
		say(w, "%s %s, %d card(s)\n", box.Consignment, box.State, box.Cards)
		for _, s := range box.Surplus {
			say(w, "surplus %s: %s\n", s.Named, s.Note)
		}
	})
}
