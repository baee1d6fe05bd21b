package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/templates/render"
)

func newPaper(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "paper", Short: "Draw appointment slips, manifests of consignments, and records of destroyed blanks", GroupID: "centre",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newPaperSlip(a), newPaperManifest(a), newPaperDestruction(a))
	return c
}

// document is a paper that is ready to be drawn.
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
		return a.savePaper(cmd, file, drawn)
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write; - is standard output (default: named after what it is about, in this folder)")
	return c
}

// savePaper writes a paper for its owner's eyes; - is standard output.
func (a *app) savePaper(cmd *cobra.Command, file string, drawn []byte) error {
	if file == "-" {
		if _, err := cmd.OutOrStdout().Write(drawn); err != nil {
			return fmt.Errorf("write paper: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(file, drawn, 0o600); err != nil {
		return fmt.Errorf("write paper: %w", err)
	}
	return a.print(cmd, map[string]any{"file": file, "bytes": len(drawn)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %d bytes\n", file, len(drawn))
	})
}
