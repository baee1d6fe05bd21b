package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newPaperSlip(a *app) *cobra.Command {
	return paperCommand(a, &cobra.Command{
		Use: "slip APPLICATION", Short: "Draw the appointment slip of an application, with a QR code to the status page",
		Example: "  starter paper slip 7QF3M-9T2XK-D\n  starter paper slip 7QF3M-9T2XK-D -o - | lp",
		Args:    cobra.ExactArgs(1),
	}, func(args []string) (string, url.Values, string, error) {
		number, err := identity.ParseApplicationNumber(args[0])
		return "slip", url.Values{"of": {string(number)}}, fmt.Sprintf("slip-%s.pdf", number), err
	})
}
