package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates"
)

func newForm(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "form", Short: "Check the forms of cards", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use: "check [DIR]", Short: "Read the forms of a folder (or those built in) and tell all that is wrong with them",
		Example: "  starter form check templates/forms", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			load := templates.Load
			if len(args) == 1 {
				load = func() (*templates.Catalog, error) { return templates.LoadFS(os.DirFS(args[0])) }
			}
			catalog, err := load()
			if err != nil {
				return identity.Refuse(identity.Invalid, "%s", err)
			}
			return a.print(cmd, catalog.IDs(), func(w io.Writer) {
				for _, id := range catalog.IDs() {
					fmt.Fprintf(w, "%s is good\n", id)
				}
			})
		},
	})
	return c
}
