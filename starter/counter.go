package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/biometrics"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

func newRecapture(a *app) *cobra.Command {
	var officer, portrait string
	var fingers map[string]string
	c := &cobra.Command{
		Use: "recapture APPLICATION", Short: "Give a new portrait, or new fingers, after the first were not good enough", GroupID: "station",
		Long: `Give a new portrait, new fingers, or both. What is not given stays as it was
captured before.`,
		Example: "  starter recapture 7QF3M-9T2XK-D --portrait samples/17-poor-portrait/recapture.jpg --officer CB-048-0007\n" +
			"  starter recapture 7QF3M-9T2XK-D --finger left-index=left-index.png --finger right-index=right-index.png --officer CB-048-0007",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := a.recapture(cmd.Context(), args[0], identity.OfficerID(officer), portrait, fingers)
			if err != nil {
				return err
			}
			return a.print(cmd, outcome{Application: args[0], Stage: answer.Stage, Awaiting: answer.Awaiting}, func(w io.Writer) {
				fmt.Fprintf(w, "%s recaptured\n", args[0])
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who captured (required)")
	c.Flags().StringVar(&portrait, "portrait", "", "the new portrait, a JPEG")
	c.Flags().StringToStringVar(&fingers, "finger", nil, "a new finger: its position and its image, a PNG at 500 dpi, as left-index=FILE")
	required(c, "officer")
	c.MarkFlagsOneRequired("portrait", "finger")
	return c
}

// recapture stores what was captured anew under the next round, then tells the
// workflow. A broken-off call may be repeated: the round stays the same until
// the workflow has accepted it.
func (a *app) recapture(ctx context.Context, arg string, officer identity.OfficerID, portrait string, fingers map[string]string) (workflows.Accepted, error) {
	number, record, err := a.record(ctx, arg)
	if err != nil {
		return workflows.Accepted{}, err
	}
	evidence, err := a.captured(ctx, number, record.CaptureRound, portrait, fingers)
	if err != nil {
		return workflows.Accepted{}, err
	}
	round := record.CaptureRound + 1
	if err := a.opened.Registry.Capture(ctx, number, round, officer, evidence); err != nil {
		return workflows.Accepted{}, err
	}
	return a.decide(ctx, arg, workflows.UpdateRecapture, workflows.Recapture{Officer: officer, Round: round})
}

// captured reads and checks what was captured anew.
func (a *app) captured(ctx context.Context, number identity.ApplicationNumber, round int, portrait string, fingers map[string]string) (map[registry.Role][]byte, error) {
	sizes := a.opened.Sizes()
	var picture *intake.Image
	if portrait != "" {
		var err error
		picture, err = inFolder(portrait, func(folder fs.FS, name string) (*intake.Image, error) {
			return intake.ReadPortrait(folder, name, sizes)
		})
		if err != nil {
			return nil, err
		}
	}
	list := make([]intake.Fingerprint, 0, len(fingers))
	for _, position := range slices.Sorted(maps.Keys(fingers)) {
		image, err := readFinger(fingers[position], sizes)
		if err != nil {
			return nil, err
		}
		list = append(list, intake.Fingerprint{Position: position, Data: image})
	}
	before, err := a.templates(ctx, number, round)
	if err != nil {
		return nil, err
	}
	return intake.Recapture(picture, list, before, sizes)
}

// templates are the fingers that were captured up to a round; none where every
// finger was missing.
func (a *app) templates(ctx context.Context, number identity.ApplicationNumber, round int) (biometrics.Templates, error) {
	evidence, err := a.opened.Registry.EvidenceOf(ctx, number, registry.Wanted{Role: registry.RoleTemplates, Attempt: round})
	raw, taken := evidence[registry.RoleTemplates]
	if err != nil || !taken {
		return nil, err
	}
	var templates biometrics.Templates
	err = templates.UnmarshalBinary(raw)
	return templates, err
}

// readFinger reads the image of a finger.
func readFinger(file string, sizes intake.Sizes) ([]byte, error) {
	return inFolder(file, func(folder fs.FS, name string) ([]byte, error) { return intake.ReadFinger(folder, name, sizes) })
}

// record reads an application that a command names.
func (a *app) record(ctx context.Context, arg string) (identity.ApplicationNumber, registry.Record, error) {
	number, err := identity.ParseApplicationNumber(arg)
	if err != nil {
		return "", registry.Record{}, err
	}
	office, err := a.office(ctx)
	if err != nil {
		return "", registry.Record{}, err
	}
	record, err := office.Registry.Application(ctx, number)
	return number, record, err
}

func newHandOver(a *app) *cobra.Command {
	var officer, finger, position, proxy, post, reason string
	var oldCard bool
	c := &cobra.Command{
		Use: "handover APPLICATION", Short: "Hand the card to the citizen, which issues it", GroupID: "station",
		Long: `Hand the card over. The citizen's finger is matched with the capture; for
children and the ill a proxy shows a paper; a card sent by post has a tracking
number; where the finger does not match, an officer may decide with a reason.`,
		Example: "  starter handover 7QF3M-9T2XK-D --finger left-index.png --old-card --officer CB-001-0007\n" +
			"  starter handover 7QF3M-9T2XK-D --proxy \"birth certificate\" --officer CB-001-0007\n" +
			"  starter handover 7QF3M-9T2XK-D --post EB123456789VN --officer PB-001-0001",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m := workflows.HandOver{Officer: identity.OfficerID(officer), OldCardCollected: oldCard}
			switch {
			case finger != "":
				m.Method = workflows.MethodFingerprint
			case proxy != "":
				m.Method, m.Proof = workflows.MethodProxy, proxy
			case post != "":
				m.Method, m.Proof = workflows.MethodPost, post
			default:
				m.Method, m.Proof = workflows.MethodOfficer, reason
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

// handOver puts the probe into the vault, where one is given, and tells the
// workflow.
func (a *app) handOver(ctx context.Context, arg string, m workflows.HandOver, finger, position string) (workflows.Accepted, error) {
	number, _, err := a.record(ctx, arg)
	if err != nil {
		return workflows.Accepted{}, err
	}
	if finger != "" {
		probe, err := readProbe(finger, position, a.opened.Sizes())
		if err != nil {
			return workflows.Accepted{}, err
		}
		if m.Round, err = a.opened.Registry.Probe(ctx, number, probe); err != nil {
			return workflows.Accepted{}, err
		}
	}
	return a.decide(ctx, arg, workflows.UpdateHandOver, m)
}

// readProbe extracts the template of a finger image.
func readProbe(file, position string, sizes intake.Sizes) ([]byte, error) {
	at, err := biometrics.ParsePosition(position)
	if err != nil {
		return nil, err
	}
	image, err := readFinger(file, sizes)
	if err != nil {
		return nil, err
	}
	template, err := biometrics.ExtractPNG(image)
	if err != nil {
		return nil, err
	}
	return biometrics.Templates{at: template}.MarshalBinary()
}
