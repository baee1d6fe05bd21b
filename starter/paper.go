package main

import (
	"context"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/templates/render"
)

func newPaper(a *app) *cobra.Command {
	return parent("paper", "center", "Draw appointment slips, manifests of consignments, and records of destroyed blanks",
		newPaperSlip(a), newPaperManifest(a), newPaperDestruction(a))
}

// document is a paper with all its content.
type document interface {
	Draw(r *render.Renderer) ([]byte, error)
}

// paperCommand is a command that draws one paper from the registry.
func paperCommand(a *app, c *cobra.Command, read func(ctx context.Context, office *office.Office, args []string) (d document, file string, err error)) *cobra.Command {
	var out string
	c.RunE = func(cmd *cobra.Command, args []string) error {
		office, err := a.office(cmd.Context())
		if err != nil {
			return err
		}
		d, file, err := read(cmd.Context(), office, args)
		if err != nil {
			return err
		}
		drawn, err := d.Draw(office.Forms)
		if err != nil {
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
