package chip_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/conformance.md names tests and files; all of them exist.
func TestConformance_WhatThePageNamesExists(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	page, err := os.ReadFile(filepath.Join(root, "docs", "conformance.md"))
	require.NoError(t, err)
	var tests strings.Builder
	sources := os.DirFS(root)
	err = fs.WalkDir(sources, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(sources, path)
		tests.Write(source)
		return err
	})
	require.NoError(t, err)

	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`").FindAllSubmatch(page, -1)
	files := regexp.MustCompile("`([a-z/]+/[a-z0-9_]+\\.go)`").FindAllSubmatch(page, -1)

	require.NotEmpty(t, names)
	for _, name := range names {
		require.True(t, strings.Contains(tests.String(), "func "+string(name[1])+"("), "there is no %s", name[1]) //nolint:testifylint // a message must not be the whole source
	}
	require.NotEmpty(t, files)
	for _, file := range files {
		found, err := filepath.Glob(filepath.Join(root, "[pi]*", string(file[1]))) // personalization or internal
		require.NoError(t, err)
		require.NotEmpty(t, found, "there is no %s", file[1])
	}
}
