package main

import (
	"net/url"

	"github.com/spf13/cobra"
)

func newPaper(a *app) *cobra.Command {
	return parent("paper", "center", "Draw appointment slips, capture sheets, notices of refusal, PIN letters, manifests of consignments, and records of destroyed blanks",
		newPaperSlip(a), newPaperCaptureSheet(a), newPaperRefusal(a), newPaperPIN(a), newPaperManifest(a), newPaperDestruction(a))
}

// paperCommand is a command that draws one paper of what the registry holds.
func paperCommand(a *app, c *cobra.Command, of func(args []string) (kind string, query url.Values, file string, err error)) *cobra.Command {
	var out string
	c.RunE = func(cmd *cobra.Command, args []string) error {
		kind, query, file, err := of(args)
		if err != nil {
			return err
		}
		var drawn []byte
		if err := a.read(cmd.Context(), "/v1/papers/"+kind, query, &drawn); err != nil {
			return err
		}
		if out != "" {
			file = out
		}
		return a.write(cmd, file, private, drawn)
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; - is standard output (default: a file in this folder, named after the paper)")
	return c
}
