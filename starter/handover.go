package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/workflows"
)

func newHandOver(a *app) *cobra.Command {
	var officer, finger, position, proxy, post, reason string
	var oldCard bool
	c := &cobra.Command{
		Use: "handover APPLICATION", Short: "Hand the card over to the citizen, which issues it", GroupID: "station",
		Long: `Hand the card over, in one of four ways: the citizen's finger matches the captured
one; a proxy shows a paper, for children and the ill; the post delivers the card,
under a tracking number; or, where the finger does not match, the officer decides
and gives the reason.`,
		Example: "  starter handover 7QF3M-9T2XK-D --finger left-index.png --old-card --officer CB-001-0007\n" +
			"  starter handover 7QF3M-9T2XK-D --proxy \"birth certificate\" --officer CB-001-0007\n" +
			"  starter handover 7QF3M-9T2XK-D --post EB123456789VN --officer PB-001-0001",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := identity.HandOverCard{Officer: identity.OfficerID(officer), OldCardCollected: oldCard}
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
			return a.print(cmd, outcome{Application: args[0], Stage: answer.Stage}, func(w io.Writer) {
				fmt.Fprintf(w, "%s handed over: the card is issued\n", args[0])
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer at the counter (required)")
	c.Flags().StringVar(&finger, "finger", "", "image of the citizen's finger, a PNG at 500 dpi")
	c.Flags().StringVar(&position, "position", "left-index", "which finger it is")
	c.Flags().StringVar(&proxy, "proxy", "", "the paper that a proxy shows")
	c.Flags().StringVar(&post, "post", "", "the courier's tracking number")
	c.Flags().StringVar(&reason, "reason", "", "why an officer hands over without a matching finger")
	c.Flags().BoolVar(&oldCard, "old-card", false, "the old card was collected")
	required(c, "officer")
	c.MarkFlagsOneRequired("finger", "proxy", "post", "reason")
	c.MarkFlagsMutuallyExclusive("finger", "proxy", "post", "reason")
	return c
}

// handOver stores the probe, if there is one, and tells the workflow. What the same
// officer did before, in the same way, is answered as it was then.
func (a *app) handOver(ctx context.Context, arg string, m identity.HandOverCard, finger, position string) (workflows.Accepted, error) {
	number, _, err := a.record(ctx, arg)
	if err != nil {
		return workflows.Accepted{}, err
	}
	if done, err := a.handedOver(ctx, number, m); done || err != nil {
		return workflows.Accepted{Stage: identity.Issued}, err
	}
	if finger != "" {
		probe, err := readProbe(finger, position, a.opened.Sizes())
		if err != nil {
			return workflows.Accepted{}, err
		}
		if m.Probe, err = a.opened.Registry.Probe(ctx, number, probe); err != nil {
			return workflows.Accepted{}, err
		}
	}
	answer, err := a.decide(ctx, arg, m, "")
	if err != nil && isRefusal(err) {
		if done, refused := a.handedOver(ctx, number, m); done || refused != nil { // at the same moment
			return workflows.Accepted{Stage: identity.Issued}, refused
		}
	}
	return answer, err
}

// handedOver reports whether the officer handed the card over before, in that way. It
// refuses when somebody else did.
func (a *app) handedOver(ctx context.Context, number identity.ApplicationNumber, m identity.HandOverCard) (bool, error) {
	record, err := a.opened.Registry.Application(ctx, number)
	if err != nil || record.Stage != identity.Issued {
		return false, err
	}
	card, err := a.opened.Registry.Card(ctx, number, record.Attempt)
	if err != nil {
		return false, err
	}
	if card.HandedOverBy != m.Officer || card.HandedOver != m.Method {
		return false, identity.Refuse(identity.Conflict, "the card of application %s was handed over before: by %s, by way of %s", number, card.HandedOverBy, card.HandedOver)
	}
	return true, nil
}

// readProbe extracts the template from the image of a finger.
func readProbe(file, position string, sizes packet.Sizes) ([]byte, error) {
	at, err := fingerprint.ParsePosition(position)
	if err != nil {
		return nil, err
	}
	image, err := readFinger(file, sizes)
	if err != nil {
		return nil, err
	}
	template, err := fingerprint.Extract(image)
	if err != nil {
		return nil, err
	}
	return fingerprint.Templates{at: template}.MarshalBinary()
}
