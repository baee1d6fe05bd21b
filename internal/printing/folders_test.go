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

	for _, folder := range []interface {
		Jobs() ([]string, error)
		Holds(job string) (bool, error)
		Forget(job string) error
	}{spool, bitmaps} {
		jobs, err := folder.Jobs()
		require.NoError(t, err)
		require.Equal(t, []string{"A-1", "B-1"}, jobs)
		held, err := folder.Holds("A-1")
		require.NoError(t, err)
		require.True(t, held)
		require.NoError(t, folder.Forget("A-1"))
		require.NoError(t, folder.Forget("A-1"), "it is forgotten already")
		held, err = folder.Holds("A-1")
		require.NoError(t, err)
		require.False(t, held)
		require.Error(t, folder.Forget("../B-1"))
	}

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	require.Equal(t, []string{"B-1-back.png", "B-1-front.png", "B-1.pdf"}, names)
}
