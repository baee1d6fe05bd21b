package forms

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"example.org/cancuoc/internal/identity"
)

// BuiltIn is the folder of the forms that are built in, with their art.
//
//go:embed *.yaml art
var BuiltIn embed.FS

// Catalog is the form catalog: every form, and whose card gets which.
type Catalog struct {
	forms map[identity.FormID]*Form
}

// Load reads the forms (*.yaml) of some folders. A form takes the place of one with the
// same ID in an earlier folder. The error lists everything that is wrong, with file,
// line and field; the catalog then holds the forms that are sound.
func Load(folders ...fs.FS) (*Catalog, error) {
	c := &Catalog{forms: make(map[identity.FormID]*Form)}
	var faults []error
	for _, folder := range folders {
		found, err := readAll(folder)
		maps.Copy(c.forms, found)
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return c, err
	}
	return c, c.rivals()
}

// readAll reads the forms of one folder.
func readAll(folder fs.FS) (map[identity.FormID]*Form, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("load forms: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("load forms: there is no *.yaml")
	}
	found := make(map[identity.FormID]*Form)
	var faults []error
	for _, name := range names {
		form, err := read(folder, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if found[form.ID] != nil {
			faults = append(faults, fmt.Errorf("form %s:1: another file has the id %s", name, form.ID))
		}
		found[form.ID] = form
	}
	return found, errors.Join(faults...)
}

// read reads and checks one form.
func read(folder fs.FS, name string) (*Form, error) {
	b, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, fmt.Errorf("form %s: %w", name, err)
	}
	f := &Form{file: name, data: b}
	if err := f.decode(); err != nil {
		return nil, err
	}
	f.settle()
	if err := errors.Join(f.validate(), f.readDrawings(folder)); err != nil {
		return nil, err
	}
	return f, nil
}

// Form finds a form, or refuses with NotFound.
func (c *Catalog) Form(id identity.FormID) (*Form, error) {
	form, ok := c.forms[id]
	if !ok {
		return nil, identity.Refuse(identity.NotFound, "there is no form %s", id)
	}
	return form, nil
}

// IDs lists the forms, sorted.
func (c *Catalog) IDs() []identity.FormID { return slices.Sorted(maps.Keys(c.forms)) }

// For gives the form of the card or certificate that is applied for: by the law of the day on which the
// application was filed, that day, and the holder's age on it. The application has
// passed Check. It refuses where no form is issued.
func (c *Catalog) For(a identity.Application) (*Form, error) {
	law, age, document := identity.LawOn(a.FiledOn), a.Person.Birth.AgeOn(a.FiledOn), a.Type.Document()
	var latest *Form
	for _, f := range c.forms {
		if f.Issued.covers(document, law, a.FiledOn, age) && (latest == nil || f.Issued.From.Compare(latest.Issued.From) > 0) {
			latest = f
		}
	}
	if latest == nil {
		return nil, identity.RefuseField(identity.Invalid, "filed_on", "is a day on which no form of %s is issued under law %s to a holder aged %d", document, law, age)
	}
	return latest, nil
}

// rivals lists the forms that are issued to the same holders from the same day on, so that
// For could not choose.
func (c *Catalog) rivals() error {
	ids := c.IDs()
	var faults []error
	for i, id := range ids {
		for _, other := range ids[:i] {
			if f, g := c.forms[id], c.forms[other]; f.Issued.rivals(g.Issued) {
				faults = append(faults, f.Fault(f.Issued.line, "issued", "the form %s is issued to the same holders from the same day on; only one can be", other))
			}
		}
	}
	return errors.Join(faults...)
}

// rivals reports whether one application could get both forms, neither being the later.
func (i Issued) rivals(o Issued) bool {
	below := func(i Issued) int { return cmp.Or(i.BelowAge, oldest+1) }
	return i.Document == o.Document && i.Law == o.Law && i.From == o.From && max(i.FromAge, o.FromAge) < min(below(i), below(o))
}
