package specimens_test

import (
	"bytes"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render/rendertest"
	"example.org/cancuoc/templates/specimens"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")

	require.NoError(t, specimens.Write(rendertest.BuiltIn(t), personalization.Compose, dir))

	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	require.NoError(t, err)
	pictures, err := filepath.Glob(filepath.Join(dir, "*.png"))
	require.NoError(t, err)
	require.Len(t, pictures, 5*(7+1)*2, "seven cards of each form, and one with its layers")
	for _, name := range pictures {
		require.Contains(t, string(page), `"`+filepath.Base(name)+`"`)
	}
}

// The card with the longest of everything leaves nothing empty that a form has room for.
func TestOf_TheLongestHasEverything(t *testing.T) {
	t.Parallel()
	for _, id := range formstest.IDs {
		form := rendertest.Form(t, id)
		list, err := specimens.Of(form, personalization.Compose)
		require.NoError(t, err)
		longest := list[1]
		for _, field := range form.Fields {
			if field.Kind == forms.TextField {
				require.NotEmpty(t, field.Value().Text(longest.Content.Card), "%s: %s of %s", id, field.ID, longest.Name)
			}
		}
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	form := rendertest.Form(t, "can-cuoc-2024")

	sizes := make(map[specimens.Kind]int)
	for _, kind := range []specimens.Kind{specimens.Card, specimens.Overlay, specimens.Blank} {
		var pdf bytes.Buffer
		require.NoError(t, specimens.Preview(&pdf, form, personalization.Compose, kind, specimens.PDF))
		require.True(t, bytes.HasPrefix(pdf.Bytes(), []byte("%PDF-")))
		sizes[kind] = pdf.Len()
	}
	require.Less(t, sizes[specimens.Overlay], sizes[specimens.Card])
	require.Less(t, sizes[specimens.Blank], sizes[specimens.Card])
	for _, kind := range []specimens.Kind{specimens.Card, specimens.Overlay, specimens.Layers} {
		var picture bytes.Buffer
		require.NoError(t, specimens.Preview(&picture, form, personalization.Compose, kind, specimens.PNG))
		_, err := png.Decode(&picture)
		require.NoError(t, err)
	}
	require.ErrorIs(t, specimens.Preview(io.Discard, form, personalization.Compose, specimens.Card, "svg"), identity.Invalid)
	require.ErrorIs(t, specimens.Preview(io.Discard, form, personalization.Compose, specimens.Blank, specimens.PNG), identity.Invalid)
	require.ErrorIs(t, specimens.Preview(io.Discard, form, personalization.Compose, specimens.Layers, specimens.PDF), identity.Invalid)
	require.ErrorIs(t, specimens.Preview(io.Discard, form, personalization.Compose, "back", specimens.PNG), identity.Invalid)
}
