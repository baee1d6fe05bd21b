package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
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
	act                 func(box registry.Consignment, officer identity.OfficerID) (identity.Act, error)
}

// command makes the cobra command of m.
func (m movement) command(a *app) *cobra.Command {
	var officer string
	c := &cobra.Command{
		Use: m.use + " CONSIGNMENT", Short: m.short, Example: m.example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			number := consignmentNumber(args[0])
			box, err := office.Registry.Consignment(cmd.Context(), number)
			if err != nil {
				return err
			}
			act, err := m.act(box, identity.OfficerID(officer))
			if err != nil {
				return err
			}
			if err := move(cmd.Context(), office, box, act); err != nil {
				return err
			}
			return a.printMoved(cmd, office, number)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who does it (required)")
	required(c, "officer")
	if m.flags != nil {
		m.flags(c)
	}
	return c
}

// consignmentNumber reads an argument.
func consignmentNumber(arg string) identity.ConsignmentNumber {
	return identity.ConsignmentNumber(strings.ToUpper(arg))
}

// printMoved prints what a consignment is now, and what became of surplus cards.
func (a *app) printMoved(cmd *cobra.Command, office *office.Office, number identity.ConsignmentNumber) error {
	box, err := office.Registry.Consignment(cmd.Context(), number)
	if err != nil {
		return err
	}
	surplus, err := office.Registry.SurplusOf(cmd.Context(), number)
	if err != nil {
		return err
	}
	return a.print(cmd, moved{Consignment: number, State: box.State, Cards: len(box.Cards), Surplus: surplus}, func(w io.Writer) {
		fmt.Fprintf(w, "%s %s, %d card(s)\n", number, box.State, len(box.Cards))
		for _, s := range surplus {
			fmt.Fprintf(w, "surplus %s: %s\n", s.Named, s.Note)
		}
	})
}

// before is the state that a consignment must be in for each act.
func before(act identity.Act) identity.ConsignmentState {
	switch act.(type) {
	case identity.SealConsignment:
		return identity.ConsignmentOpen
	case identity.SendConsignment:
		return identity.ConsignmentSealed
	}
	return identity.ConsignmentSent
}

// move carries an act to a consignment. One that the officer did before is answered by
// what the consignment is, though its workflow has ended. A workflow that does not run is
// begun; one that has not heard how far its consignment is, is told.
func move(ctx context.Context, office *office.Office, box registry.Consignment, act identity.Act) error {
	if done, err := office.Registry.Moved(ctx, box.Number, act); done || err != nil {
		return err
	}
	flows, err := office.Workflows(ctx)
	if err != nil {
		return err
	}
	const tries = 5
	for try := 1; ; try++ {
		_, err = flows.Move(ctx, box.Number, act, "")
		if err == nil || !isRefusal(err) {
			return err
		}
		if done, refused := office.Registry.Moved(ctx, box.Number, act); done || refused != nil {
			return refused
		}
		now, failed := office.Registry.Consignment(ctx, box.Number)
		if failed != nil {
			return failed
		}
		if now.State != before(act) || try == tries || !behind(err) {
			return err
		}
		if err := rouse(ctx, flows, now); err != nil {
			return err
		}
	}
}

// behind reports whether a workflow refused an act because it does not run, or because it
// takes its consignment for less far than the registry has it.
func behind(err error) bool {
	if identity.Refused(err, identity.NotFound) {
		return true
	}
	return strings.Contains(strings.Join(explain(err), "\n"), " now: it is ")
}

// rouse begins the workflow of a consignment, or has it read how far the consignment is.
func rouse(ctx context.Context, flows *workflows.Client, box registry.Consignment) error {
	err := errors.Join(flows.BeginConsignment(ctx, box.Number, box.Destination), flows.LookConsignment(ctx, box.Number))
	select {
	case <-ctx.Done():
	case <-time.After(300 * time.Millisecond):
	}
	return err
}
