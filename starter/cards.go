package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

func newCards(a *app) *cobra.Command {
	onCard := func(use, short, reason string, grounds identity.ReasonTable, act func(identity.OnCard) identity.CardAct) *cobra.Command {
		return newOnCard(a, use, short, reason, grounds, act)
	}
	return parent("cards", "office", "What becomes of cards that were issued",
		newCardsShow(a),
		onCard("lost", "Record that its holder lost a card: it is dead from now on", "where and how, if the holder says", nil,
			func(c identity.OnCard) identity.CardAct { return identity.ReportLost{OnCard: c} }),
		onCard("found", "Record that a lost card is in its holder's hand again", "where it was, if the holder says", nil,
			func(c identity.OnCard) identity.CardAct { return identity.ReportFound{OnCard: c} }),
		onCard("damaged", "Record that a card is of no use any more", "what is wrong with it", nil,
			func(c identity.OnCard) identity.CardAct { return identity.ReportDamaged{OnCard: c} }),
		onCard("keep", "Record that an authority keeps a card for a time", "ground, and the number of the record after a colon (required)", identity.KeepReasons,
			func(c identity.OnCard) identity.CardAct { return identity.KeepCard{OnCard: c} }),
		onCard("return", "Record that a card that was kept was given back", "number of the record (required)", identity.ReasonTable{},
			func(c identity.OnCard) identity.CardAct { return identity.ReturnCard{OnCard: c} }),
		onCard("withdraw", "Withdraw a card for good", "ground, and the number of the decision after a colon (required)", identity.WithdrawCardReasons,
			func(c identity.OnCard) identity.CardAct { return identity.WithdrawCard{OnCard: c} }),
		onCard("lapse", "End the card of a holder who died and is in another population register (otherwise: population mark)", "ground, and the number of the death certificate after a colon (required)", identity.LapseReasons,
			func(c identity.OnCard) identity.CardAct { return identity.LapseCard{OnCard: c} }),
		newCardsUnblock(a), newCardsUpdate(a), newCardsRotate(a),
	)
}

// newOnCard makes the command of an act on a card. Its reason is required where there are
// grounds, or an empty table of them.
func newOnCard(a *app, use, short, reasonUsage string, grounds identity.ReasonTable, act func(identity.OnCard) identity.CardAct) *cobra.Command {
	var officer, reason, id string
	example := ""
	switch {
	case len(grounds) > 0: // the last: loss of nationality, which comes first, is marked in the register instead
		example = fmt.Sprintf(` --reason "%s: 12/QD-CSQLHC"`, grounds[len(grounds)-1].Code)
	case grounds != nil:
		example = ` --reason 14/BB-TG`
	}
	c := &cobra.Command{
		Use: use + " CARD", Short: short,
		Example: "  starter cards " + use + " 0123456789ABCDEF --officer CB-001-0007" + example,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			on := act(identity.OnCard{Officer: identity.OfficerID(officer), Reason: reason})
			a.askAs(identity.OfficerID(officer))
			serial, err := a.cardOf(cmd.Context(), args[0])
			if err != nil {
				return wrongToo(on.Check(), err)
			}
			answer, err := a.act(cmd.Context(), on, statement.Card(serial), id, nil)
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"serial": serial, "state": answer.Became, "under_way": answer.UnderWay}, func(w io.Writer) {
				say(w, "card %s is %s\n", serial, answer.Became)
				for _, number := range answer.UnderWay {
					say(w, "application %s of its holder is under way (starter status %s)\n", number, number)
				}
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who takes it (required)")
	c.Flags().StringVar(&reason, "reason", "", reasonUsage)
	c.Flags().StringVar(&id, "id", "", "identifier of the act, to send it again")
	required(c, "officer")
	if grounds != nil {
		required(c, "reason")
	}
	if len(grounds) > 0 {
		offerReasons(c, grounds)
	}
	return c
}

// cardOf is the serial of a card, or of the one card that a person has, by his number.
func (a *app) cardOf(ctx context.Context, named string) (identity.CardSerial, error) {
	q, err := cardQuery(named)
	if err != nil || q.Serial != "" {
		return q.Serial, err
	}
	var cards []registry.IssuedCard
	if err := a.find(ctx, "/v1/cards/find", q, &cards); err != nil {
		return "", err
	}
	i := slices.IndexFunc(cards, func(c registry.IssuedCard) bool { return c.State.Standing() })
	if i < 0 {
		return "", identity.Refuse(identity.NotFound, "the person has no card now (starter cards show lists those that were)")
	}
	return cards[i].Serial, nil
}

// cardQuery reads what names a card: its serial, or its holder's number.
func cardQuery(named string) (registry.CardQuery, error) {
	q := registry.CardQuery{Serial: identity.CardSerial(named)}
	if len(named) == 12 && strings.Trim(named, "0123456789") == "" {
		q = registry.CardQuery{Number: identity.PersonalNumber(named)}
	}
	return q, q.Check()
}

func newCardsShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show CARD", Short: "Show a card by its serial, or those of a person by the personal number; that you asked is kept",
		Example: "  starter cards show 0123456789ABCDEF\n  starter cards show 001201999990",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := cardQuery(args[0])
			if err != nil {
				return err
			}
			var cards []registry.IssuedCard
			if err := a.find(cmd.Context(), "/v1/cards/find", q, &cards); err != nil {
				return err
			}
			return a.print(cmd, cards, func(w io.Writer) {
				for _, c := range cards {
					until := text("no expiry")
					if c.Expires != (identity.Date{}) {
						until = text("until ") + c.Expires.Display()
					}
					if c.Fault != "" {
						until = c.Fault
					}
					say(w, "%s  %s  %s, issued %s, %s  %s\n", c.Serial, c.State, c.Form, c.Issued.Display(), until, c.Application)
					for _, change := range c.Life {
						say(w, "  %s  %s by %s", change.At.In(identity.HanoiTime).Format(time.DateTime), change.Became, change.By)
						if why := identity.ReadReason(change.Reason).InWords(); why != "" {
							fmt.Fprintf(w, ": %s", why)
						}
						fmt.Fprintln(w)
					}
				}
			})
		},
	}
}
