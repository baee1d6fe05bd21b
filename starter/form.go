package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/gallery"
	"example.org/cancuoc/templates/render"
)

func newForm(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "form", Short: "Check the forms of cards, and show what they look like", GroupID: "set-up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newCheckForm(a), newPreviewForm(a), newFormGallery(a))
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

func newCheckForm(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check [DIR]", Short: "Read the forms of a folder (or those built in) and tell all that is wrong with them",
		Example: "  starter form check templates/forms", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			catalog, err := forms(strings.Join(args, ""))
			if err != nil {
				return err
			}
			return a.print(cmd, catalog.IDs(), func(w io.Writer) {
				for _, id := range catalog.IDs() {
					fmt.Fprintf(w, "%s is good\n", id)
				}
			})
		},
	}
}

func newPreviewForm(a *app) *cobra.Command {
	var folder, kind string
	c := &cobra.Command{
		Use: "preview FORM FILE", Short: "Draw a form with an invented person: FILE.pdf as it is printed, FILE.png as it looks",
		Example: "  starter form preview can-cuoc-2024 can-cuoc-2024.pdf\n  starter form preview cccd-2021 cccd-2021.png --forms templates/forms\n  starter form preview can-cuoc-2024 blank.pdf --show blank",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			catalog, err := forms(folder)
			if err != nil {
				return err
			}
			form, err := catalog.Form(identity.FormID(args[0]))
			if err != nil {
				return err
			}
			var drawn bytes.Buffer // whole, or no file at all
			format := gallery.Format(strings.TrimPrefix(filepath.Ext(args[1]), "."))
			if err := gallery.Preview(&drawn, form, gallery.Kind(kind), format); err != nil {
				return err
			}
			return a.publish(cmd, args[1], drawn.Bytes())
		},
	}
	c.Flags().StringVar(&kind, "show", string(gallery.Card), "card: all of it; overlay: what is printed on a blank; blank: that blank, with bleed, for a print house")
	c.Flags().StringVar(&folder, "forms", "", "folder of the forms, in place of those built in")
	return c
}

func newFormGallery(a *app) *cobra.Command {
	var folder string
	c := &cobra.Command{
		Use: "gallery DIR", Short: "Draw every form with what is hardest to draw: pictures, and DIR/index.html to look at them",
		Example: "  starter form gallery .data/out/forms",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			catalog, err := forms(folder)
			if err != nil {
				return err
			}
			if err := gallery.Write(catalog, args[0]); err != nil {
				return err
			}
			page := filepath.Join(args[0], "index.html")
			return a.print(cmd, map[string]string{"page": page}, func(w io.Writer) { fmt.Fprintln(w, page) })
		},
	}
	c.Flags().StringVar(&folder, "forms", "", "folder of the forms, in place of those built in")
	return c
}
