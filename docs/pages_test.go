// Package docs_test checks that what the pages name exists: files and folders, links,
// tests, settings, and names in the code.
package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const root = ".."

var (
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
	quoted = regexp.MustCompile("`([^`\n]+)`")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// A path has a slash, or ends as a file of this repository does; it may hold a star.
	pathLike = regexp.MustCompile(`^[\w*.-]+/[\w*./-]*$|^[\w*-]+\.(go|md|ya?ml|json|sql|sh)$`)
	testName = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w+$`)
	setting  = regexp.MustCompile(`^([a-z]+)\.([a-z0-9_]+)(?:\.([a-z0-9_]+))?$`)
	goName   = regexp.MustCompile(`^([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?$`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// pages gives every page of the repository, by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, pattern := range []string{"README.md", "docs/*.md", "*/README.md", "*/*/README.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			relative, err := filepath.Rel(root, name)
			require.NoError(t, err)
			all[filepath.ToSlash(relative)] = string(text)
		}
	}
	require.Contains(t, all, "README.md")
	require.Contains(t, all, "docs/conformance.md")
	return all
}

// inline lists what a page says in backticks, outside blocks of code.
func inline(page string) []string {
	var list []string
	for _, match := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		list = append(list, match[1])
	}
	return list
}

// tree lists the files and folders of the repository, without what is hidden.
func tree(t *testing.T) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		list = append(list, name)
		return err
	})
	require.NoError(t, err)
	return list
}

// sources gives the Go code of each folder, tests and the rest apart.
func sources(t *testing.T) (code, tests map[string]string) {
	t.Helper()
	code, tests = make(map[string]string), make(map[string]string)
	for _, name := range tree(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		if strings.HasSuffix(name, "_test.go") {
			tests[path.Dir(name)] += string(text)
		} else {
			code[path.Dir(name)] += string(text)
		}
	}
	return code, tests
}

// A path that begins at a folder of the top is one from there; any other is the end of
// one, such as chip/lds or validity.go where a page says in which folder it is.
func TestPages_PathsExist(t *testing.T) {
	t.Parallel()
	all := tree(t)
	exists := func(named string) bool {
		top, _, deep := strings.Cut(named, "/")
		fromTop := deep && slices.Contains(all, top)
		return slices.ContainsFunc(all, func(name string) bool {
			for {
				if matched, err := path.Match(named, name); err == nil && matched {
					return true
				}
				_, rest, more := strings.Cut(name, "/")
				if fromTop || !more {
					return false
				}
				name = rest
			}
		})
	}
	for page, text := range pages(t) {
		for _, named := range inline(text) {
			if !pathLike.MatchString(named) || strings.HasPrefix(named, ".data/") || strings.HasPrefix(named, "application/") { // made by a run; media types
				continue
			}
			clean := path.Clean(named)
			require.True(t, exists(clean) || exists(path.Join(path.Dir(page), clean)), "%s names %s, which does not exist", page, named)
		}
	}
}

func TestPages_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for page, text := range all {
		for _, match := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			target, anchor, anchored := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := page
			if target != "" {
				to = path.Join(path.Dir(page), target)
				_, err := os.Stat(filepath.Join(root, to))
				require.NoError(t, err, "%s links to %s", page, target)
			}
			if anchored {
				require.Contains(t, anchors(all[to]), anchor, "%s links to %s", page, match[1])
			}
		}
	}
}

// anchors lists the headings of a page as links name them.
func anchors(page string) []string {
	var list []string
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		letters := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(match[1]), "")
		list = append(list, strings.ReplaceAll(letters, " ", "-"))
	}
	return list
}

func TestPages_TestsExist(t *testing.T) {
	t.Parallel()
	_, tests := sources(t)
	named := make(map[string]int)
	for page, text := range pages(t) {
		for _, name := range inline(text) {
			if !testName.MatchString(name) {
				continue
			}
			named[page]++
			declared := false
			for _, source := range tests {
				declared = declared || strings.Contains(source, "func "+name+"(")
			}
			require.True(t, declared, "%s names %s, which does not exist", page, name)
		}
	}
	require.Positive(t, named["docs/conformance.md"])
	require.Positive(t, named["docs/issuance-cycle.md"])
}

// A name such as identity.Stage, or registry.Box.Number, is declared in a package of
// that name.
func TestPages_NamesOfTheCodeAreDeclared(t *testing.T) {
	t.Parallel()
	code, _ := sources(t)
	declared := func(folder, name string) bool {
		return regexp.MustCompile(`(?m)^(type |func |func \(.*?\) |var |const |\t+(\w+, )*)` + name + `\b`).MatchString(code[folder])
	}
	for page, text := range pages(t) {
		for _, name := range inline(text) {
			match := goName.FindStringSubmatch(name)
			if match == nil {
				continue
			}
			found := false
			for folder := range code {
				found = found || path.Base(folder) == match[1] && declared(folder, match[2]) && (match[3] == "" || declared(folder, match[3]))
			}
			require.True(t, found, "%s names %s, which does not exist", page, name)
		}
	}
}

// A name such as worker.slots, of a group of settings, is a setting.
func TestPages_SettingsExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "config", "default.yaml"))
	require.NoError(t, err)
	var settings map[string]any
	require.NoError(t, yaml.Unmarshal(text, &settings))
	named := 0
	for page, text := range pages(t) {
		for _, name := range inline(text) {
			match := setting.FindStringSubmatch(name)
			if match == nil || pathLike.MatchString(name) {
				continue
			}
			group, ok := settings[match[1]].(map[string]any)
			if !ok {
				continue
			}
			named++
			require.Contains(t, group, match[2], "%s names %s, which does not exist", page, name)
			if match[3] != "" {
				require.Contains(t, group[match[2]], match[3], "%s names %s, which does not exist", page, name)
			}
		}
	}
	require.Positive(t, named)
}
