package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
)

// TestSubmissionFiles_RefusesWhatIsNone: each argument that names nothing is told, and
// holds up none of the others.
func TestSubmissionFiles_RefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, folder := range []string{"empty", "[x", "[x/a", "deep", "deep/er", "deep/er/still"} {
		require.NoError(t, os.Mkdir(at(folder), 0o700))
	}
	for _, file := range []string{"file", "[x/a/application.json", "deep/er/still/application.json"} {
		require.NoError(t, os.WriteFile(at(file), nil, 0o600))
	}
	require.NoError(t, os.Symlink("loop", at("loop")))

	files, err := submissionFiles([]string{at("empty"), at("loop"), at("file/x"), at("absent"), at("deep"), at("a\x00b"), at("[x"), at("file")})

	require.Equal(t, []string{at("[x/a/application.json"), at("file")}, files)
	const nothing, noDocument = ": there is no such file or folder", ": there is no application.json in it"
	require.EqualError(t, err, at("empty")+noDocument+"\n"+at("loop")+nothing+"\n"+at("file/x")+nothing+"\n"+at("absent")+nothing+"\n"+
		at("deep")+noDocument+"\n"+at("a b")+nothing)
}

// TestSubmit_ShowsNamesThatAStrangerChose: a name in no encoding, or with what a terminal
// obeys, keeps nobody from reading what became of the application.
func TestSubmit_ShowsNamesThatAStrangerChose(t *testing.T) {
	t.Setenv("CANCUOC_DATA_DIR", t.TempDir())
	folder := filepath.Join(t.TempDir(), "a\x1b[31mb\nc\xff")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "application.json"), nil, 0o600))
	var out, problems bytes.Buffer

	code := run(t.Context(), []string{"submit", "--json", filepath.Dir(folder)}, nil, &out, &problems)

	require.Equal(t, config.ExitRefused, code, "%s", problems.String())
	require.Contains(t, out.String(), "a [31mb c?")
	require.Regexp(t, `^\{"errors":\[\{"kind":"Invalid","detail":".*a \[31mb c\?/application\.json: the document is empty; [^\n]*\}\]\}\n$`, problems.String())
}
