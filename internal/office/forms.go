package office

import (
	"fmt"
	"os"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// loadForms reads the forms that are built in, and those of a folder if one is given.
func loadForms(folder string) (*render.Renderer, error) {
	if folder == "" {
		return render.Load(forms.BuiltIn)
	}
	loaded, err := render.Load(forms.BuiltIn, os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("read forms of forms.dir, %s: %w", folder, err)
	}
	return loaded, nil
}
