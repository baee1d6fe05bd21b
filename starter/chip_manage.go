package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newManageChip(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "manage CARD", Short: "Do what is ordered for a card that is in the reader: unblock, update, rotate keys",
		Long: `Do what officers ordered for an issued card (starter cards unblock, update, rotate), through
the security domain of its chip, which only the office's keys open. Where power or the
reader fails on the way, it is done again. What the chip does not take keeps nothing else
from being done. Another card in the reader is left alone, and so is a card that is not valid
any more.`,
		Example: "  starter chip manage 0123456789ABCDEF", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			serial, err := a.cardOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			card, err := office.Registry.CardBySerial(cmd.Context(), serial)
			if err != nil {
				return err
			}
			did, failed := office.ManageChip(cmd.Context(), card)
			done := make([]identity.CardManagement, len(did))
			for i, order := range did {
				done[i] = order.Do
			}
			printed := a.print(cmd, map[string]any{"serial": serial, "done": done}, func(w io.Writer) {
				if len(done) == 0 && failed == nil {
					fmt.Fprintf(w, "nothing is ordered for card %s\n", serial)
				}
				for _, do := range done {
					fmt.Fprintf(w, "card %s: %s is done\n", serial, do)
				}
			})
			return errors.Join(failed, printed)
		},
	}
}
