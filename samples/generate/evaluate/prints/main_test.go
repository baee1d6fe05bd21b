package main

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// A good print that lay turned was found with its upper edge a quarter of a millimeter from where
// it was, when the specimen's mark stood where it does here: its face was refused.
func TestGood_IsFoundWhereItLies(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(forms.BuiltIn, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := fs.ReadFile(forms.BuiltIn, name)
		files[name] = &fstest.MapFile{Data: bytes.ReplaceAll(b, []byte("{side: front, x: 38, y: 28.8, size: 17, angle: 12}"), []byte("{side: front, x: 44, y: 34, size: 17, angle: 12}"))}
		return err
	}))
	e := evaluation{dir: t.TempDir()}
	var err error
	e.forms, err = render.Load(files)
	require.NoError(t, err)
	form, err := e.forms.Form("cccd-2021")
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(920, 7))
	c, err := e.make(form, 920, anyPerson(random))
	require.NoError(t, err)
	front, back, err := e.look(c, anyLight(random))
	require.NoError(t, err)

	found, err := printinspection.Inspect(form, front, back, c.content, drawn)

	require.NoError(t, err)
	require.Empty(t, found)
}
