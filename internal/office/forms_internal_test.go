package office

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms/formstest"
)

func TestLoadForms(t *testing.T) {
	t.Parallel()
	builtIn, err := loadForms("")
	require.NoError(t, err)
	require.Len(t, builtIn.IDs(), len(formstest.IDs))

	more, err := loadForms("../../workflows/testdata/forms")
	require.NoError(t, err)
	require.Subset(t, more.IDs(), append([]identity.FormID{"trial-2026"}, formstest.IDs...))

	_, err = loadForms(t.TempDir())
	require.ErrorContains(t, err, "forms.dir")
	require.ErrorContains(t, err, "there is no *.yaml")
}
