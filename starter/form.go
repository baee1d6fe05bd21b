package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

func newForm(a *app) *cobra.Command {
	return parent("form", "set-up", "Check the forms of cards, and show what they look like",
		newCheckForm(a), newPreviewForm(a), newFormSpecimens(a))
}

// forms reads the forms of a folder, or the built-in forms if it is "".
func forms(folder string) (*render.Catalog, error) {
	load := render.Load
	if folder != "" {
		if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			return nil, identity.Refuse(identity.Invalid, "%s: there is no such folder", folder)
		}
		load = func() (*render.Catalog, error) { return render.LoadFS(os.DirFS(folder)) }
	}
	catalog, err := load()
	if err != nil {
		var faults []error // one for each line that is wrong
		for line := range strings.SplitSeq(err.Error(), "\n") {
			faults = append(faults, identity.Refuse(identity.Invalid, "%s", line))
		}
		return nil, errors.Join(faults...)
	}
	return catalog, nil
}
