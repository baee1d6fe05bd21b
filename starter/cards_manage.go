package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// management is a command that orders a change in the chip of a card.
type management struct {
	use, short, example string
	do                  identity.CardManagement
}

func newCardsUnblock(a *app) *cobra.Command {
	var out string
	c := newManagement(a, management{
		"unblock CARD", "Order a new first PIN for the digital signature of a card, and draw its letter",
		"  starter cards unblock 0123456789ABCDEF --officer CB-001-0007 --reason 'PIN forgotten'\n  starter chip manage 0123456789ABCDEF", identity.UnblockSignature,
	}, nil, &out)
	c.Flags().StringVarP(&out, "output", "o", "", "file for the letter; - is standard output (default: a file in this folder, named after the card)")
	return c
}

func newCardsRotate(a *app) *cobra.Command {
	return newManagement(a, management{
		"rotate CARD", "Order the chip's key set of now for a card that has a former one",
		"  starter cards rotate 0123456789ABCDEF --officer CB-001-0007 --reason 'former master key'", identity.RotateKeys,
	}, nil, nil)
}

func newCardsUpdate(a *app) *cobra.Command {
	var u update
	c := newManagement(a, management{
		"update CARD", "Order that an application with a document is added to a card, or written anew",
		"  starter cards update 0123456789ABCDEF --application health-insurance --content bhyt.bin --officer CB-001-0007 --reason 17/2026", identity.UpdateApplication,
	}, &u, nil)
	c.Flags().StringVar(&u.application, "application", "", "which of the card's applications: "+strings.Join(identity.UpdatedApplications, " or ")+" (required)")
	c.Flags().StringVar(&u.content, "content", "", "file with what it holds (required)")
	required(c, "application", "content")
	return c
}

// update is what an application is to hold.
type update struct{ application, content string }

// newManagement makes the command of an order for a card.
func newManagement(a *app, m management, u *update, out *string) *cobra.Command {
	var officer, reason, id string
	c := &cobra.Command{
		Use: m.use, Short: m.short, Example: m.example, Args: cobra.ExactArgs(1),
		Long: m.short + ".\nIt is done when the card is in a reader (starter chip manage).",
		RunE: func(cmd *cobra.Command, args []string) error {
			act := identity.ManageCard{Officer: identity.OfficerID(officer), Do: m.do, Reason: reason}
			var files map[string][]byte
			if u != nil {
				content, err := os.ReadFile(u.content)
				if err != nil {
					return fmt.Errorf("read what the application holds: %w", err)
				}
				files = map[string][]byte{desk.FileContent: content}
				act.Application, act.Content = u.application, statement.Digest(files)
			}
			a.askAs(act.Officer)
			serial, err := a.cardOf(cmd.Context(), args[0])
			if err != nil {
				return wrongToo(act.Check(), err)
			}
			answer, err := a.act(cmd.Context(), act, statement.Card(serial), id, files)
			if err != nil {
				return err
			}
			if out != nil {
				if *out == "" {
					*out = fmt.Sprintf("pin-%s.pdf", serial)
				}
				return a.write(cmd, *out, private, answer.Letter)
			}
			return a.print(cmd, map[string]any{"serial": serial, "ordered": m.do}, func(w io.Writer) {
				fmt.Fprintf(w, "card %s: %s is ordered\n", serial, m.do)
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who orders it (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	c.Flags().StringVar(&id, "id", "", "identifier of the act, to send it again")
	required(c, "officer", "reason")
	return c
}
