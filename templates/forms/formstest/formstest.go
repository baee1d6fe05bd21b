// Package formstest helps tests with the form catalog.
package formstest

import (
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/templates/forms"
)

// The forms that are built in.
const (
	CCCD2021          identity.FormID = "cccd-2021"
	CanCuoc2024       identity.FormID = "can-cuoc-2024"
	CanCuoc2024Under6 identity.FormID = "can-cuoc-2024-under-6"

	ChungNhan2024       identity.FormID = "chung-nhan-can-cuoc-2024"
	ChungNhan2024Under6 identity.FormID = "chung-nhan-can-cuoc-2024-under-6"
)

// IDs lists the forms that are built in, in the order of the law and of age.
var IDs = []identity.FormID{CCCD2021, CanCuoc2024, CanCuoc2024Under6, ChungNhan2024, ChungNhan2024Under6}

var builtIn = sync.OnceValues(func() (*forms.Catalog, error) { return forms.Load(forms.BuiltIn) })

// BuiltIn is the catalog of the forms that are built in.
func BuiltIn(tb testing.TB) *forms.Catalog {
	tb.Helper()
	c, err := builtIn()
	require.NoError(tb, err)
	return c
}

// Form finds a form that is built in.
func Form(tb testing.TB, id identity.FormID) *forms.Form {
	tb.Helper()
	f, err := BuiltIn(tb).Form(id)
	require.NoError(tb, err)
	return f
}

// Field finds a field by its ID.
func Field(f *forms.Form, id string) (forms.Field, bool) {
	i := slices.IndexFunc(f.Fields, func(g forms.Field) bool { return g.ID == id })
	if i < 0 {
		return forms.Field{}, false
	}
	return f.Fields[i], true
}

// Card makes a card of a form: issued while the form is, to a holder of the form's age.
func Card(r *rand.Rand, f *forms.Form) identity.Card {
	return identitytest.CardOf(r, f.ID, identitytest.Holders{
		From: f.Issued.From, To: f.Issued.To, FromAge: f.Issued.FromAge, ToAge: max(f.Issued.BelowAge-1, 0),
	})
}

// Changed is a folder with the form of 2024, changed, as new.yaml, and its art.
func Changed(tb testing.TB, change func(string) string) fs.FS {
	tb.Helper()
	file := string(Form(tb, CanCuoc2024).Data())
	changed := change(file)
	require.NotEqual(tb, file, changed, "nothing was changed")
	folder := fstest.MapFS{"new.yaml": {Data: []byte(changed)}}
	drawings, err := fs.Glob(forms.BuiltIn, "art/*.svg")
	require.NoError(tb, err)
	for _, name := range drawings {
		data, err := forms.BuiltIn.ReadFile(name)
		require.NoError(tb, err)
		folder[name] = &fstest.MapFile{Data: data}
	}
	return folder
}
