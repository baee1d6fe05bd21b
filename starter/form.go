package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

func newForm(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "form", Short: "Check the forms of cards, and show what they look like", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newCheckForm(a), newPreviewForm(a), newFormSpecimens(a))
	return c
}

// loadForms reads the forms of a folder; those built in where it is "".
func loadForms(folder string) (*render.Renderer, error) {
	var source fs.FS = forms.BuiltIn
	if folder != "" {
		if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			return nil, identity.Refuse(identity.Invalid, "%s: there is no such folder", folder)
		}
		source = os.DirFS(folder)
	}
	loaded, err := render.Load(source)
	if err != nil {
		var faults []error // one for each line of a form that is at fault
		for line := range strings.SplitSeq(err.Error(), "\n") {
			faults = append(faults, identity.Refuse(identity.Invalid, "%s", line))
		}
		return nil, errors.Join(faults...)
	}
	return loaded, nil
}
