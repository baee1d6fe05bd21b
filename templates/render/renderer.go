// Package render draws cards and the papers that go with them, in one set of typefaces:
// one layout, written as PDF for printers or as bitmaps for cameras and adapters.
//
// Lengths are millimeters from the top left corner of a side, y downwards; font sizes
// are points. Start at Renderer.Form, then Form.Check and Form.PDF.
package render

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
)

// Renderer draws the forms of a catalog, and papers. Safe for concurrent use.
type Renderer struct {
	catalog *forms.Catalog
	forms   map[identity.FormID]*Form
	faces   typefaces
	cache   cache
	masks   softMasks
}

// Load reads the form catalog from folders, as [forms.Load] does, measures each form and
// makes it ready to be drawn. The error lists everything that is wrong or does not fit,
// with file, line and field; the renderer then has the forms that are sound.
func Load(folders ...fs.FS) (*Renderer, error) {
	faces, err := loadTypefaces()
	if err != nil {
		return nil, fmt.Errorf("load forms: %w", err)
	}
	catalog, err := forms.Load(folders...)
	faults := []error{err}
	r := &Renderer{catalog: catalog, forms: make(map[identity.FormID]*Form), faces: faces}
	for _, id := range catalog.IDs() {
		data, err := catalog.Form(id)
		if err != nil {
			return nil, fmt.Errorf("load forms: %w", err)
		}
		form, err := r.compile(data)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		r.forms[id] = form
	}
	return r, errors.Join(faults...)
}

// Form finds a form, or refuses with NotFound.
func (r *Renderer) Form(id identity.FormID) (*Form, error) {
	form, ok := r.forms[id]
	if !ok {
		return nil, identity.Refuse(identity.NotFound, "there is no form %s", id)
	}
	return form, nil
}

// For gives the form of the card that is applied for, as [forms.Catalog.For] does.
func (r *Renderer) For(a identity.Application) (*Form, error) {
	form, err := r.catalog.For(a)
	if err != nil {
		return nil, err
	}
	return r.Form(form.ID)
}

// IDs lists the forms, sorted.
func (r *Renderer) IDs() []identity.FormID { return slices.Sorted(maps.Keys(r.forms)) }
