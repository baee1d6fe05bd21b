package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

func newConsignments(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "consignments", Short: "Show consignments, and move them", GroupID: "centre",
		Example: "  starter consignments\n  starter consignments seal C-0001 --officer GV-01\n  starter consignments send C-0001 --courier \"VNPost\" --seal 88213 --officer GV-01\n  starter consignments receive C-0001 --counted 4 --officer CB-001-0007",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			list, err := office.Registry.Consignments(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) { printConsignments(w, list) })
		},
	}
	c.AddCommand(newSeal(a), newSend(a), newReceive(a))
	return c
}

func printConsignments(w io.Writer, list []registry.Consignment) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "CONSIGNMENT\tDESTINATION\tSTATE\tCARDS\tCOURIER")
	for _, c := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", c.Number, c.Destination, c.State, len(c.Cards), c.Courier)
	}
	_ = t.Flush() // the writer below reports its own errors
}

// move sends an update to a consignment.
func (a *app) move(ctx context.Context, number, update string, message any) (workflows.ConsignmentState, error) {
	var state workflows.ConsignmentState
	err := a.update(ctx, workflows.ConsignmentWorkflowID(number), update, message, &state)
	return state, err
}

// moved is what --json prints of a consignment that was moved.
type moved struct {
	Consignment string `json:"consignment"`
	State       string `json:"state"`
	Cards       int    `json:"cards"`
}

// moveCommand is a command that moves the consignment named in its argument.
func moveCommand(a *app, use, short, example string, message func() (update string, m any)) (c *cobra.Command, officer *string) {
	officer = new(string)
	c = &cobra.Command{
		Use: use + " CONSIGNMENT", Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			update, m := message()
			state, err := a.move(cmd.Context(), args[0], update, m)
			if err != nil {
				return err
			}
			return a.print(cmd, moved{Consignment: args[0], State: state.State, Cards: state.Cards}, func(w io.Writer) {
				fmt.Fprintf(w, "%s %s, %d card(s)\n", args[0], state.State, state.Cards)
			})
		},
	}
	c.Flags().StringVar(officer, "officer", "", "badge of the officer who does it (required)")
	required(c, "officer")
	return c, officer
}

func newSeal(a *app) *cobra.Command {
	var officer *string
	var c *cobra.Command
	c, officer = moveCommand(a, "seal", "Close a consignment before its cut-off", "  starter consignments seal C-0001 --officer GV-01",
		func() (string, any) {
			return workflows.UpdateSeal, workflows.Seal{Officer: identity.OfficerID(*officer)}
		})
	return c
}

func newSend(a *app) *cobra.Command {
	var officer *string
	var courier, seal string
	var c *cobra.Command
	c, officer = moveCommand(a, "send", "Hand a sealed consignment to the courier", "  starter consignments send C-0001 --courier VNPost --seal 88213 --officer GV-01",
		func() (string, any) {
			return workflows.UpdateSend, workflows.Send{Officer: identity.OfficerID(*officer), Courier: courier, Seal: seal}
		})
	c.Flags().StringVar(&courier, "courier", "", "who takes it (required)")
	c.Flags().StringVar(&seal, "seal", "", "number on the seal (required)")
	required(c, "courier")
	required(c, "seal")
	return c
}

func newReceive(a *app) *cobra.Command {
	var officer *string
	var counted int
	var missing []string
	var c *cobra.Command
	c, officer = moveCommand(a, "receive", "Count a consignment in at its destination", "  starter consignments receive C-0001 --counted 4 --officer CB-001-0007",
		func() (string, any) {
			m := workflows.Receive{Officer: identity.OfficerID(*officer), Counted: counted}
			for _, n := range missing {
				m.Missing = append(m.Missing, identity.ApplicationNumber(strings.ToUpper(n)))
			}
			return workflows.UpdateReceive, m
		})
	c.Flags().IntVar(&counted, "counted", 0, "how many cards were in the box (required)")
	c.Flags().StringSliceVar(&missing, "missing", nil, "applications on the manifest whose card was not in it")
	required(c, "counted")
	return c
}
