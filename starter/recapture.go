package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/workflows"
)

func newRecapture(a *app) *cobra.Command {
	var officer, portrait string
	var fingers map[string]string
	c := &cobra.Command{
		Use: "recapture APPLICATION", Short: "Submit a new portrait or new fingers, after the first were not good enough", GroupID: "station",
		Long: `Submit a new portrait, new fingers, or both. What is not given stays as captured
before.`,
		Example: "  starter recapture 7QF3M-9T2XK-D --portrait samples/17-poor-portrait/recapture/portrait.jpg --officer CB-048-0007\n" +
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
	c.Flags().StringToStringVar(&fingers, "finger", nil, "a new finger: its position and its image, a PNG at 500 dpi; for example left-index=FILE")
	required(c, "officer")
	c.MarkFlagsOneRequired("portrait", "finger")
	return c
}

// recapture stores the new captures under the next round, then tells the workflow. It
// may be repeated after it broke off: the round stays the same until the workflow has
// accepted it.
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
	return a.decide(ctx, arg, identity.Recapture{Officer: officer, Round: round}, "")
}

// captured reads and checks the new captures.
func (a *app) captured(ctx context.Context, number identity.ApplicationNumber, round int, portrait string, fingers map[string]string) (map[identity.EvidenceKind][]byte, error) {
	sizes := a.opened.Sizes()
	var picture *packet.Image
	if portrait != "" {
		var err error
		picture, err = inFolder(portrait, func(folder fs.FS, name string) (*packet.Image, error) {
			return packet.ReadPortrait(folder, name, sizes)
		})
		if err != nil {
			return nil, err
		}
	}
	list := make([]packet.Fingerprint, 0, len(fingers))
	for _, position := range slices.Sorted(maps.Keys(fingers)) {
		image, err := readFinger(fingers[position], sizes)
		if err != nil {
			return nil, err
		}
		list = append(list, packet.Fingerprint{Position: position, Data: image})
	}
	before, err := a.templates(ctx, number, round)
	if err != nil {
		return nil, err
	}
	return intake.Recapture(picture, list, before, sizes)
}

// templates are the fingers captured up to a round; none if every finger is missing.
func (a *app) templates(ctx context.Context, number identity.ApplicationNumber, round int) (fingerprint.Templates, error) {
	evidence, err := a.opened.Registry.EvidenceOf(ctx, number, registry.EvidenceKey{Kind: identity.EvidenceTemplates, Attempt: round})
	raw, taken := evidence[identity.EvidenceTemplates]
	if err != nil || !taken {
		return nil, err
	}
	var templates fingerprint.Templates
	err = templates.UnmarshalBinary(raw)
	return templates, err
}
