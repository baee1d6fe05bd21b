package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/statement"
)

func newHandOver(a *app) *cobra.Command {
	var officer, finger, position, proxy, post, reason, oldCard, oldCardReason string
	c := &cobra.Command{
		Use: "handover APPLICATION", Short: "Hand the card over to the citizen, which issues it", GroupID: "station",
		Long: `Hand the card over, in one of four ways: the citizen's finger matches the captured
one; a proxy shows a paper, for children and the ill; the post delivers the card,
under a tracking number; or, where the finger does not match, the officer decides
and gives the reason.

On exchange, from a CMND, and for a damaged card, the old one is handed in: say with
--old-card what became of it.`,
		Example: "  starter handover 7QF3M-9T2XK-D --finger left-index.png --old-card received --officer CB-001-0007\n" +
			"  starter handover 7QF3M-9T2XK-D --proxy \"birth certificate\" --officer CB-001-0007\n" +
			"  starter handover 7QF3M-9T2XK-D --post EB123456789VN --officer PB-001-0001",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := identity.HandOverCard{Officer: identity.OfficerID(officer), OldCard: identity.OldCard(oldCard), OldCardReason: oldCardReason}
			switch {
			case finger != "":
				m.Method = identity.HandOverByFingerprint
			case proxy != "":
				m.Method, m.Proof = identity.HandOverByProxy, proxy
			case post != "":
				m.Method, m.Proof = identity.HandOverByPost, post
			default:
				m.Method, m.Proof = identity.HandOverByOfficer, reason
			}
			answer, err := a.handOver(cmd.Context(), args[0], m, finger, position)
			if err != nil {
				return err
			}
			return a.print(cmd, outcomeOf(args[0], answer), func(w io.Writer) {
				say(w, "%s handed over: the card is issued\n", args[0])
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer at the counter (required)")
	c.Flags().StringVar(&finger, "finger", "", "image of the citizen's finger, a PNG at 500 dpi")
	c.Flags().StringVar(&position, "position", "left-index", "which finger it is")
	c.Flags().StringVar(&proxy, "proxy", "", "the paper that a proxy shows")
	c.Flags().StringVar(&post, "post", "", "the courier's tracking number")
	c.Flags().StringVar(&reason, "reason", "", "why an officer hands over without a matching finger")
	c.Flags().StringVar(&oldCard, "old-card", "", "what became of the old card: received, lost, kept (elsewhere) or none")
	c.Flags().StringVar(&oldCardReason, "old-card-reason", "", "why it was not received; needed with lost and kept")
	required(c, "officer")
	c.MarkFlagsOneRequired("finger", "proxy", "post", "reason")
	c.MarkFlagsMutuallyExclusive("finger", "proxy", "post", "reason")
	return c
}

// handOver sends how the card was handed over, with the image of the citizen's finger if
// there is one. What the same officer did before, in the same way, is answered as it was
// then.
func (a *app) handOver(ctx context.Context, arg string, m identity.HandOverCard, finger, position string) (desk.Answer, error) {
	var files map[string][]byte
	if finger != "" {
		c, err := a.config()
		if err != nil {
			return desk.Answer{}, err
		}
		image, err := readFinger(finger, office.Sizes(c))
		if err != nil {
			return desk.Answer{}, errors.Join(m.Check(), err)
		}
		files = map[string][]byte{desk.FileFinger + position: image}
	}
	m.Captured = statement.Digest(files)
	act, err := a.seen(ctx, arg, m)
	if err != nil {
		return desk.Answer{}, err
	}
	return a.onApplication(ctx, arg, act, "", files)
}
