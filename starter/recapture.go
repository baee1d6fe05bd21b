package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/statement"
)

func newRecapture(a *app) *cobra.Command {
	var officer, portrait string
	var fingers, irises map[string]string
	c := &cobra.Command{
		Use: "recapture APPLICATION", Short: "Submit a new portrait or new fingers, after the first were not good enough", GroupID: "station",
		Long: `Submit a new portrait, new fingers, new eyes, or several of these. What is not given stays as captured
before. The answer says whether the capture is good, or why it is not: then capture again.`,
		Example: "  starter recapture 7QF3M-9T2XK-D --portrait samples/17-poor-portrait/recapture/portrait.jpg --officer CB-048-0007\n" +
			"  starter recapture 7QF3M-9T2XK-D --finger left-index=left-index.png --finger right-index=right-index.png --officer CB-048-0007",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := a.recapture(cmd.Context(), args[0], identity.OfficerID(officer), portrait, fingers, irises)
			if err != nil {
				return err
			}
			return a.print(cmd, outcomeOf(args[0], answer), func(w io.Writer) {
				say(w, "%s recaptured%s\n", args[0], judgment(answer))
			})
		},
	}
	c.Flags().StringVar(&officer, "officer", "", "badge of the officer who captured (required)")
	c.Flags().StringVar(&portrait, "portrait", "", "the new portrait, a JPEG")
	c.Flags().StringToStringVar(&fingers, "finger", nil, "a new finger: its position and its image, a PNG at 500 dpi; for example left-index=FILE")
	c.Flags().StringToStringVar(&irises, "iris", nil, "a new eye: left or right and its image, a gray PNG or a record of ISO/IEC 19794-6; for example left=FILE")
	required(c, "officer")
	c.MarkFlagsOneRequired("portrait", "finger", "iris")
	return c
}

// judgment says what became of a capture that was taken in.
func judgment(answer desk.Answer) string {
	switch {
	case answer.Stage != identity.BiometricCapture:
		return text(": it is good")
	case answer.Awaiting == identity.ToRecapture:
		return ". " + sentence(answer.Why)
	}
	return text(", and not judged yet: see starter status")
}

// recapture sends the new captures, to be stored under the round that is waited for. It
// may be repeated after it broke off.
func (a *app) recapture(ctx context.Context, arg string, officer identity.OfficerID, portrait string, fingers, irises map[string]string) (desk.Answer, error) {
	c, err := a.config()
	if err != nil {
		return desk.Answer{}, err
	}
	files, unread := captures(portrait, fingers, irises, office.Sizes(c))
	a.askAs(officer)
	s, err := a.status(ctx, arg)
	if err := once(unread, err); err != nil {
		return desk.Answer{}, err
	}
	return a.onApplication(ctx, arg, identity.Recapture{Officer: officer, Round: s.CaptureRound + 1, Captured: statement.Digest(files)}, "", files)
}

// captures reads the new captures, and says of each that cannot be read why.
func captures(portrait string, fingers, irises map[string]string, sizes packet.Sizes) (map[string][]byte, error) {
	files := make(map[string][]byte)
	var unread []error
	if portrait != "" {
		picture, err := inFolder(portrait, func(folder fs.FS, name string) (*packet.Image, error) {
			return packet.ReadPortrait(folder, name, sizes)
		})
		if err == nil {
			files[desk.FilePortrait] = picture.Data
		}
		unread = append(unread, inFile(portrait, err))
	}
	for _, position := range slices.Sorted(maps.Keys(fingers)) {
		image, err := readFinger(fingers[position], sizes)
		files[desk.FileFinger+position] = image
		unread = append(unread, inFile(fingers[position], err))
	}
	for _, eye := range slices.Sorted(maps.Keys(irises)) {
		image, err := readFinger(irises[eye], sizes) // of an eye, which may be as large
		files[desk.FileIris+eye] = image
		unread = append(unread, inFile(irises[eye], err))
	}
	return files, errors.Join(unread...)
}
