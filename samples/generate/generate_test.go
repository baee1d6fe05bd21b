package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// same requires that a file is the one in the repository.
func same(t *testing.T, folder string, path ...string) {
	t.Helper()
	made, err := os.ReadFile(filepath.Join(append([]string{folder}, path...)...))
	require.NoError(t, err)
	kept, err := os.ReadFile(filepath.Join(append([]string{".."}, path...)...))
	require.NoError(t, err)
	require.Equal(t, kept, made, filepath.Join(path...))
}

func TestTheSamplesAreWhatThisProgramMakes(t *testing.T) {
	t.Parallel()
	folder, all := t.TempDir(), subjects()

	require.NoError(t, writeScript(folder, all))
	require.NoError(t, writePopulation(folder, all))
	require.NoError(t, writeReadme(folder, all))

	same(t, folder, "script.yaml")
	same(t, folder, "population.json")
	same(t, folder, "README.md")
}

func TestOneSampleIsMadeTheSameAgain(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("floating point is rounded otherwise here, and the pictures differ by a grain")
	}
	folder := t.TempDir()
	at := slices.IndexFunc(subjects(), func(s subject) bool { return s.bandaged }) // two impressions of one finger
	s := subjects()[at]

	require.NoError(t, s.write(filepath.Join(folder, s.sample.Name), uint64(at)+1))

	for _, file := range []string{"application.json", "portrait.jpg", "left-index.png", "left-index.fmr", "left-index-handover.png", "left-index-handover.fmr"} {
		same(t, folder, s.sample.Name, file)
	}
}
