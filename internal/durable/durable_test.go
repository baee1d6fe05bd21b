package durable_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/durable"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	files, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, files, 1, "temporary files are removed")
	return string(b)
}

func TestCreate_KeepsTheFirst(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "key")
	var created atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := durable.Create(name, fmt.Append(nil, i)); err == nil {
				created.Add(1)
			} else if !os.IsExist(err) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, created.Load())
	first := read(t, name)

	require.ErrorIs(t, durable.Create(name, []byte("another")), fs.ErrExist)

	require.Equal(t, first, read(t, name))
}

func TestReplace_IsSeenWhole(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "state")
	require.NoError(t, durable.Replace(name, []byte("one")))
	require.Equal(t, "one", read(t, name))

	require.NoError(t, durable.Replace(name, []byte("another")))

	require.Equal(t, "another", read(t, name))
}

func TestWithoutAFolderThereIsAnError(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "none", "key")

	require.ErrorIs(t, durable.Create(name, nil), fs.ErrNotExist)
	require.ErrorIs(t, durable.Replace(name, nil), fs.ErrNotExist)
	require.ErrorIs(t, durable.SyncFolder(filepath.Dir(name)), fs.ErrNotExist)
}
