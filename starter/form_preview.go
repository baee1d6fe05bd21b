package main

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/specimens"
)

func newPreviewForm(a *app) *cobra.Command {
	var folder, kind string
	c := &cobra.Command{
		Use: "preview FORM FILE", Short: "Draw a form with an invented person: FILE.pdf as it is printed, FILE.png as it looks",
		Example: "  starter form preview can-cuoc-2024 can-cuoc-2024.pdf\n  starter form preview cccd-2021 cccd-2021.png --forms templates/forms\n  starter form preview can-cuoc-2024 blank.pdf --show blank",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			loaded, err := loadForms(folder)
			if err != nil {
				return err
			}
			form, err := loaded.Form(identity.FormID(args[0]))
			if err != nil {
				return err
			}
			var drawn bytes.Buffer // a file is written whole or not at all
			format := specimens.Format(strings.TrimPrefix(filepath.Ext(args[1]), "."))
			if err := specimens.Preview(&drawn, form, personalization.Compose, specimens.Kind(kind), format); err != nil {
				return err
			}
			return a.write(cmd, args[1], public, drawn.Bytes())
		},
	}
	c.Flags().StringVar(&kind, "show", string(specimens.Card), "card: everything; overlay: what is printed on a preprinted blank; blank: that blank, with bleed, for the print shop; layers: a card with its ultraviolet, changing and raised art in false colors")
	c.Flags().StringVar(&folder, "forms", "", "folder of forms (default: the built-in ones)")
	return c
}
