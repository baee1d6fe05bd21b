package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// Code in a page: in backticks, or indented.
var (
	codeInPage = regexp.MustCompile("`[^`]+`|(?m)^    .+$")
	usage      = regexp.MustCompile(`\bstarter (?:[^#;$)|` + "`" + `\n]+)`)
	word       = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// The pages show commands and flags that exist.
func TestPages_ShowCommandsThatExist(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	pages = append(pages, "../README.md", "../samples/README.md", "../templates/forms/README.md")
	shown := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, code := range codeInPage.FindAllString(strings.ReplaceAll(string(text), "\\\n", " "), -1) {
			for _, line := range usage.FindAllString(code, -1) {
				shown++
				checkUsage(t, page, line)
			}
		}
	}
	require.Greater(t, shown, 50)
}

// checkUsage finds the command of a line such as "starter stock receive --box B", and its flags.
func checkUsage(t *testing.T, page, line string) {
	t.Helper()
	root := newRoot(&app{})
	root.InitDefaultHelpCmd()
	root.InitDefaultVersionFlag()
	command, rest := root, strings.Fields(line)[1:]
	for len(rest) > 0 && command.HasSubCommands() && word.MatchString(rest[0]) {
		next := child(command, rest[0])
		require.NotNil(t, next, "%s: %q: %q has no command %q", page, line, command.CommandPath(), rest[0])
		command, rest = next, rest[1:]
	}
	command.InitDefaultHelpFlag()
	for _, argument := range rest {
		name, isFlag := strings.CutPrefix(strings.Trim(argument, "[],."), "--")
		if !isFlag {
			continue
		}
		name, _, _ = strings.Cut(name, "=")
		require.NotNil(t, command.Flag(name), "%s: %q: %q has no flag --%s", page, line, command.CommandPath(), name)
	}
}

func child(command *cobra.Command, name string) *cobra.Command {
	for _, c := range command.Commands() {
		if c.Name() == name || c.HasAlias(name) {
			return c
		}
	}
	return nil
}
