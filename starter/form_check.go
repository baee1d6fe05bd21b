package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/templates/forms"
)

func newCheckForm(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check [DIR]", Short: "Check the forms in a folder (default: the built-in ones) and report everything that is wrong",
		Example: "  starter form check templates/forms", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := strings.Join(args, "")
			loaded, err := loadForms(folder)
			if err != nil {
				return err
			}
			if folder != "" { // as forms.dir, they must get along with the built-in forms
				if _, err := forms.Load(forms.BuiltIn, os.DirFS(folder)); err != nil {
					return refuseForms(err)
				}
			}
			return a.print(cmd, loaded.IDs(), func(w io.Writer) {
				for _, id := range loaded.IDs() {
					fmt.Fprintf(w, "%s is good\n", id)
				}
			})
		},
	}
}
