package main

import (
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func newReissue(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "reissue SERIAL", Short: "List the cards that a document signer signed: those to be made anew when it is revoked, or ends",
		Long: `List the cards whose chips a document signer signed, by its serial number in hexadecimal as
starter keys shows it: those that are valid, and those in work or on their way. When it is revoked,
they have to be made anew; until then verifiers hear of each that its signer is revoked. Those that
are valid when its certificate ends have no expiry, and are exchanged before.
The list names cards and applications, and nobody.`,
		Example: "  starter keys reissue 5f3a9c017b22e4d08841\n  starter keys reissue 5f3a9c017b22e4d08841 --json > reissue.json", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, list, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			serial, ok := new(big.Int).SetString(strings.ReplaceAll(args[0], ":", ""), 16)
			if !ok {
				return identity.RefuseField(identity.Invalid, "serial", "is not a hexadecimal number")
			}
			revoked, known := false, false
			for _, s := range list.Signers {
				if s.Certificate.Serial.Cmp(serial) == 0 {
					known, revoked = true, s.Revoked
				}
			}
			if !known {
				return identity.RefuseField(identity.NotFound, "serial", "belongs to no document signer (see starter keys)")
			}
			cards := []registry.SignedCard{}
			if err := a.opened.Registry.CardsToReissue(cmd.Context(), serial.Text(16), func(c registry.SignedCard) error {
				cards = append(cards, c)
				return nil
			}); err != nil {
				return err
			}
			shown := map[string]any{"signer": serial.Text(16), "revoked": revoked, "cards": cards}
			return a.print(cmd, shown, func(w io.Writer) {
				state := "is not revoked"
				if revoked {
					state = "is revoked"
				}
				fmt.Fprintf(w, "document signer %s %s; it signed %d cards that are valid or may become so\n", serial.Text(16), state, len(cards))
				rows := make([][]string, len(cards))
				for i, c := range cards {
					rows[i] = []string{string(c.Serial), string(c.Application), strconv.Itoa(c.Card), string(c.State)}
				}
				printTable(w, []string{"SERIAL", "APPLICATION", "CARD", "STATE"}, rows)
			})
		},
	}
}
