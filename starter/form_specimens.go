package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/specimens"
)

func newFormSpecimens(a *app) *cobra.Command {
	var folder string
	c := &cobra.Command{
		Use: "specimens DIR", Short: "Draw specimens of every form, with the content that is hardest to draw: pictures, and DIR/index.html",
		Example: "  starter form specimens .data/out/forms",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			loaded, err := loadForms(folder)
			if err != nil {
				return err
			}
			if err := specimens.Write(loaded, personalization.Compose, args[0]); err != nil {
				return err
			}
			page := filepath.Join(args[0], "index.html")
			return a.print(cmd, map[string]string{"page": page}, func(w io.Writer) { fmt.Fprintln(w, page) })
		},
	}
	c.Flags().StringVar(&folder, "forms", "", "folder of forms (default: the built-in ones)")
	return c
}
