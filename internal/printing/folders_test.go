package printing_test

import (
	"image"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/printing"
)

// Nothing of a card stays in the printer's folder when it is forgotten, and nothing else goes.
func TestFolders_ForgetAJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	spool, bitmaps := &printing.Spool{Dir: dir}, &printing.Bitmaps{Dir: dir, DPI: 50}
	sides := printing.Sides{PDF: []byte("%PDF"), Draw: func(int) (image.Image, image.Image, error) {
		one := image.NewGray(image.Rect(0, 0, 2, 2))
		return one, one, nil
	}}
	for _, p := range []printing.Printer{spool, bitmaps} {
		for _, job := range []string{"A-1", "B-1"} {
			require.NoError(t, p.Print(t.Context(), job, sides, func(string) {}))
		}
	}

	for _, forget := range []func(string) (bool, error){spool.Forget, bitmaps.Forget} {
		found, err := forget("A-1")
		require.NoError(t, err)
		require.True(t, found)
		found, err = forget("A-1")
		require.NoError(t, err)
		require.False(t, found, "it is forgotten already")
		_, err = forget("../B-1")
		require.Error(t, err)
	}

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	require.Equal(t, []string{"B-1-back.png", "B-1-front.png", "B-1.pdf"}, names)
}
