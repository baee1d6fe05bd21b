package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func newPaperManifest(a *app) *cobra.Command {
	return offersBoxes(a, paperCommand(a, &cobra.Command{
		Use: "manifest CONSIGNMENT", Short: "Draw the manifest of a consignment: a line and a barcode for each card",
		Example: "  starter paper manifest C-000001\n  starter paper manifest C-000001 -o manifest.pdf",
		Args:    cobra.ExactArgs(1),
	}, func(args []string) (string, url.Values, string, error) {
		number := consignmentNumber(args[0])
		return "manifest", url.Values{"of": {string(number)}}, fmt.Sprintf("manifest-%s.pdf", number), nil
	}))
}
