// Package rendertest helps tests with drawing.
package rendertest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

var builtIn = sync.OnceValues(func() (*render.Renderer, error) { return render.Load(forms.BuiltIn) })

// BuiltIn draws the forms that are built in. It is one for all tests of a program.
func BuiltIn(tb testing.TB) *render.Renderer {
	tb.Helper()
	r, err := builtIn()
	require.NoError(tb, err)
	return r
}

// Form finds a form that is built in.
func Form(tb testing.TB, id identity.FormID) *render.Form {
	tb.Helper()
	f, err := BuiltIn(tb).Form(id)
	require.NoError(tb, err)
	return f
}
