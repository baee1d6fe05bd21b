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
	c := &cobra.Command{
		Use: "form", Short: "Check the forms of cards, and show what they look like", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newCheckForm(a), newPreviewForm(a), newFormSpecimens(a))
	return c
}

// forms reads the forms of a folder; those built in where it is "".
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
		var faults []error // one for each line of a form that is at fault
		for line := range strings.SplitSeq(err.Error(), "\n") {
			faults = append(faults, identity.Refuse(identity.Invalid, "%s", line))
		}
		return nil, errors.Join(faults...)
	}
	return catalog, nil
}
