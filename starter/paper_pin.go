package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newPaperPIN(a *app) *cobra.Command {
	var act identity.PrintPINLetter
	var officer, id, out string
	c := &cobra.Command{
		Use: "pin APPLICATION", Short: "Draw the letter with the first PIN of a card's digital signature, once",
		Long: `Draw the letter with the PIN with which the digital signature of a card is delivered.
The card signs nothing until its holder has changed it. The letter is drawn once, and who
did it is recorded; with --id, one whose answer was lost is drawn again.`,
		Example: "  starter paper pin 7QF3M-9T2XK-D --officer GV-C06-0001\n  starter paper pin 7QF3M-9T2XK-D --officer GV-C06-0001 -o - | lp",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := identity.ParseApplicationNumber(args[0])
			act.Officer = identity.OfficerID(officer)
			if err != nil {
				return wrongToo(act.Check(), err)
			}
			answer, err := a.act(cmd.Context(), act, statement.Application(number), id, nil)
			if err != nil {
				return err
			}
			if out == "" {
				out = fmt.Sprintf("pin-%s.pdf", number)
			}
			return a.write(cmd, out, private, answer.Letter)
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who posts it (required)")
	c.Flags().IntVar(&act.Card, "card", 1, "which of the application's cards")
	c.Flags().StringVar(&id, "id", "", "identifier of the act, to send it again")
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; - is standard output (default: a file in this folder, named after the paper)")
	required(c, "officer")
	return c
}
