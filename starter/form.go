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
	return parent("form", "set-up", "Check the forms of cards, and show what they look like",
		newCheckForm(a), newPreviewForm(a), newFormSpecimens(a))
}

// loadForms reads the forms of a folder, or the built-in forms if it is "".
func loadForms(folder string) (*render.Renderer, error) {
	var source fs.FS = forms.BuiltIn
	if folder != "" {
		if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			return nil, identity.Refuse(identity.Invalid, "%s: there is no such folder", folder)
		}
		source = os.DirFS(folder)
	}
	loaded, err := render.Load(source)
	return loaded, refuseForms(err)
}

// refuseForms gives a refusal for each line that is wrong.
func refuseForms(err error) error {
	if err == nil {
		return nil
	}
	var faults []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		faults = append(faults, identity.Refuse(identity.Invalid, "%s", line))
	}
	return errors.Join(faults...)
}
