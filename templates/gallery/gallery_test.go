package gallery_test

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
	"example.org/cancuoc/templates/gallery"
	"example.org/cancuoc/templates/render"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	catalog, err := render.Load()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "new")

	require.NoError(t, gallery.Write(catalog, personalization.Compose, dir))

	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	require.NoError(t, err)
	pictures, err := filepath.Glob(filepath.Join(dir, "*.png"))
	require.NoError(t, err)
	require.Len(t, pictures, 3*7*2)
	for _, name := range pictures {
		require.Contains(t, string(page), `"`+filepath.Base(name)+`"`)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	catalog, err := render.Load()
	require.NoError(t, err)
	form, err := catalog.Form(identity.FormCanCuoc2024)
	require.NoError(t, err)

	sizes := make(map[gallery.Kind]int)
	for _, kind := range []gallery.Kind{gallery.Card, gallery.Overlay, gallery.Blank} {
		var pdf bytes.Buffer
		require.NoError(t, gallery.Preview(&pdf, form, personalization.Compose, kind, gallery.PDF))
		require.True(t, bytes.HasPrefix(pdf.Bytes(), []byte("%PDF-")))
		sizes[kind] = pdf.Len()
	}
	require.Less(t, sizes[gallery.Overlay], sizes[gallery.Card])
	require.Less(t, sizes[gallery.Blank], sizes[gallery.Card])
	for _, kind := range []gallery.Kind{gallery.Card, gallery.Overlay} {
		var picture bytes.Buffer
		require.NoError(t, gallery.Preview(&picture, form, personalization.Compose, kind, gallery.PNG))
		_, err = png.Decode(&picture)
		require.NoError(t, err)
	}
	require.ErrorIs(t, gallery.Preview(io.Discard, form, personalization.Compose, gallery.Card, "svg"), identity.Invalid)
	require.ErrorIs(t, gallery.Preview(io.Discard, form, personalization.Compose, gallery.Blank, gallery.PNG), identity.Invalid)
	require.ErrorIs(t, gallery.Preview(io.Discard, form, personalization.Compose, "back", gallery.PNG), identity.Invalid)
}
