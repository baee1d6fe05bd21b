package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func newCheckForm(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check [DIR]", Short: "Check the forms in a folder (default: the built-in ones) and report everything that is wrong",
		Example: "  starter form check templates/forms", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			loaded, err := loadForms(strings.Join(args, ""))
			if err != nil {
				return err
			}
			return a.print(cmd, loaded.IDs(), func(w io.Writer) {
				for _, id := range loaded.IDs() {
					fmt.Fprintf(w, "%s is good\n", id)
				}
			})
		},
	}
}
