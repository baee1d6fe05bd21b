package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/samples/kit"
)

func newChipKit(a *app) *cobra.Command {
	var folder, named, serve, listen, vpcd string
	c := &cobra.Command{
		Use: "kit DIR", Short: "Write the reader's kit: cards of the sample persons as files, and what a reader finds in them",
		Long: `Write the reader's kit into a folder (docs/readers-kit.md): for each sample person the files of
a card, how it opens, and what a reader is to find in it, as JSON; and the certificates of the country
that signed them, which does not exist. It needs no office. With --serve, one of the cards is
served to readers then, until Ctrl-C.`,
		Example: "  starter chip kit /tmp/kit\n  starter chip kit /tmp/kit --serve 01-first-issue-at-14 --vpcd 127.0.0.1:35963",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := lds.ProfileByName(named)
			if err != nil {
				return identity.RefuseField(identity.Invalid, "profile", "%v", err)
			}
			loaded, err := loadForms("")
			if err != nil {
				return err
			}
			images, err := kit.Write(args[0], kit.Input{
				Samples: os.DirFS(folder), Forms: loaded, Profile: p,
				At: time.Now(), //nolint:forbidigo // of specimens, without an office
			})
			if err != nil {
				return err
			}
			names := slices.Sorted(maps.Keys(images))
			if err := a.print(cmd, map[string]any{"folder": args[0], "cards": names}, func(w io.Writer) {
				fmt.Fprintf(w, "%d cards in %s\n", len(names), args[0])
			}); err != nil || serve == "" {
				return err
			}
			image := images[serve]
			if image == nil {
				return identity.RefuseField(identity.NotFound, "serve", "must be one of %s", strings.Join(names, ", "))
			}
			return serveImage(cmd, image, listen, vpcd)
		},
	}
	c.Flags().StringVar(&folder, "samples", "samples", "folder of the sample applications")
	c.Flags().StringVar(&named, "profile", lds.ProfileAsObserved, "chip profile: vn-as-observed or nist")
	c.Flags().StringVar(&serve, "serve", "", "card to serve to readers then")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:9100", "address to serve APDUs at")
	c.Flags().StringVar(&vpcd, "vpcd", "", "address of the virtual reader (its port is 35963)")
	return c
}

// serveImage makes a software card of an image, and serves it.
func serveImage(cmd *cobra.Command, image *chip.Image, listen, vpcd string) error {
	ctx := cmd.Context()
	catalog, err := profile.Load()
	if err != nil {
		return err
	}
	card, err := station.SoftwareCard(ctx, catalog, "", image, softcard.Options{})
	if err != nil {
		return err
	}
	if vpcd != "" {
		return ended(ctx, softcard.ServeVPCD(ctx, vpcd, card))
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return ended(ctx, softcard.ServeTCP(ctx, listener, card))
}
