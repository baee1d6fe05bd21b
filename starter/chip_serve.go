package main

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization/chip/softcard"
)

func newServeChip(a *app) *cobra.Command {
	var listen, vpcd string
	c := &cobra.Command{
		Use: "serve APPLICATION", Short: "Serve the chip to readers, over TCP or PC/SC, until Ctrl-C",
		Long: `Serve the simulated chip of a finished card, in development: a real chip is in its card.

With --listen: APDUs over TCP in both directions, each after its length in two bytes
(big-endian). With --vpcd: through the virtual reader of Debian's package
vsmartcard-vpcd, where every PC/SC program can read the chip.`,
		Example: "  starter chip serve 7QF3M-9T2XK-D --listen 127.0.0.1:9100\n  starter chip serve 7QF3M-9T2XK-D --vpcd 127.0.0.1:35963",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.finished(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			chip, err := a.opened.SimulatedChip(ctx, card)
			if err != nil {
				return err
			}
			defer chip.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "serving the chip of card %d of %s (MRZ key and CAN are printed on the card)\n", card.Attempt, card.Application)
			if vpcd != "" {
				return ended(ctx, softcard.ServeVPCD(ctx, vpcd, chip))
			}
			listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
			if err != nil {
				return fmt.Errorf("listen: %w", err)
			}
			return ended(ctx, softcard.ServeTCP(ctx, listener, chip))
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:9100", "address to serve APDUs at")
	c.Flags().StringVar(&vpcd, "vpcd", "", "address of the virtual reader (its port is 35963)")
	return c
}

// ended drops the error of a service that was told to end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
