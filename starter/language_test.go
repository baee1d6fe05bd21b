package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// What an officer at a station, at a counter or in the production center reads has its Vietnamese,
// help and flags too, as every heading of a table has, and nothing in the catalogue is left over from a text that changed.
func TestCatalogue_IsComplete(t *testing.T) {
	t.Parallel()
	c, said := readCatalogue(), textsOfProgram(t)
	for english := range said {
		require.NotEmpty(t, c.Texts[english], "vi.yaml has no %q", english)
	}
	for english, vietnamese := range c.Texts {
		require.True(t, said[english], "nobody says %q any more", english)
		require.Equal(t, verbs(english), verbs(vietnamese), english)
		require.Equal(t, strings.HasSuffix(english, "\n"), strings.HasSuffix(vietnamese, "\n"), english)
	}
}

// verbs lists those of a text, in order.
func verbs(text string) []string { return verb.FindAllString(text, -1) }

// textsOfProgram lists what the program says by say and text, and what is looked up by its
// value: what commands do but those that set up and maintain, groups, headings, actions and deadlines.
func textsOfProgram(t *testing.T) map[string]bool {
	t.Helper()
	said := map[string]bool{"is paid": true, "is given back": true} // became, of fees
	root := newRoot(&app{})
	said[root.Short] = true
	for _, g := range root.Groups() {
		said[g.Title] = true
	}
	helpOf(root.PersistentFlags(), said)
	for _, c := range root.Commands() {
		if c.GroupID != "set-up" && c.GroupID != "" {
			explanationsOf(c, said)
		}
	}
	for _, a := range identity.Actions {
		said[string(a)] = true
	}
	for _, d := range registry.Deadlines {
		said[string(d)] = true
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				switch called, _ := n.Fun.(*ast.Ident); {
				case called == nil:
				case called.Name == "say":
					add(said, n.Args[1])
				case called.Name == "text":
					add(said, n.Args[0])
				case called.Name == "printTable":
					for _, heading := range n.Args[1].(*ast.CompositeLit).Elts {
						add(said, heading)
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "done" {
					add(said, n.Value)
				}
			}
			return true
		})
	}
	return said
}

// explanationsOf adds what the help of a command, and of those below it, says of each.
func explanationsOf(c *cobra.Command, said map[string]bool) {
	said[c.Short] = true
	for paragraph := range strings.SplitSeq(c.Long, "\n\n") {
		switch first, rest, more := strings.Cut(paragraph, "\n"); {
		case paragraph == "", first == c.Short+"." && !more:
		case first == c.Short+".":
			said[rest] = true
		case first == reasonsHeading: // each reason stands in both languages
			said[reasonsHeading] = true
		default:
			said[paragraph] = true
		}
	}
	helpOf(c.LocalNonPersistentFlags(), said)
	for _, below := range c.Commands() {
		explanationsOf(below, said)
	}
}

// helpOf adds what is said of flags: of one that lists its values, what is before them.
func helpOf(flags *pflag.FlagSet, said map[string]bool) {
	listed := words(identity.Actions) + words(identity.Stages) + words(registry.Deadlines)
	flags.VisitAll(func(f *pflag.Flag) {
		usage, required := strings.CutSuffix(f.Usage, mandatory)
		if required {
			said[mandatory] = true
		}
		if before, values, lists := strings.Cut(usage, ": "); lists && strings.Contains(listed, values) {
			usage = before
		}
		if f.Name != "help" {
			said[usage] = true
		}
	})
}

func add(said map[string]bool, e ast.Expr) {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if s, err := strconv.Unquote(literal.Value); err == nil && s != "" {
			said[s] = true
		}
	}
}

// Every sentence of the office that the catalogue knows is said somewhere.
func TestCatalogue_KnowsWhatTheOfficeSays(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, pattern := range []string{"*.go", "../internal/*/*.go", "../workflows/*.go"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			code.Write(text)
		}
	}
	here := code.String()
	for english, vietnamese := range readCatalogue().Sentences {
		require.Equal(t, len(verbs(english)), strings.Count(vietnamese, "%s"), english)
		if strings.Contains(english, "(see starter help)") { // cobra's
			continue
		}
		longest := ""
		for _, literal := range verb.Split(english, -1) {
			if len(literal) > len(longest) {
				longest = literal
			}
		}
		quoted := strconv.Quote(longest)
		require.Contains(t, here, quoted[1:len(quoted)-1], english)
	}
}

// A command explains itself in Vietnamese from its first line to its flags.
func TestCatalogue_SpeaksHelp(t *testing.T) {
	t.Parallel()
	help := func(args ...string) string {
		root := newRoot(&app{})
		readCatalogue().speak(root)
		var out strings.Builder
		root.SetOut(&out)
		root.SetArgs(append(args, "--help"))
		require.NoError(t, root.Execute())
		return out.String()
	}
	for command, want := range map[string][]string{
		"hold":     {"Tạm dừng hồ sơ trước bước tiếp theo.\n\nCác lý do:\n  papers-awaited ", "số hiệu cán bộ quyết định (bắt buộc)", "in JSON, cho chương trình khác đọc"},
		"handover": {"Trả thẻ theo một trong bốn cách:"},
		"list":     {"chỉ những hồ sơ ở bước này: Received, BiometricCapture"},
	} {
		for _, w := range want {
			require.Contains(t, help(command), w)
		}
	}
	require.Contains(t, help("cards", "rotate"), "hiện nay.\nViệc này được làm khi thẻ đặt vào đầu đọc")
	require.Contains(t, help("audit", "verify"), "Check that no entry of the audit trail was changed", "what has no Vietnamese stays")
}

func TestVietnamese_AsTheLocaleSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		all, messages, lang string
		want                bool
	}{
		{"", "", "vi_VN.UTF-8", true},
		{"", "vi_VN", "en_US.UTF-8", true},
		{"C", "vi_VN", "vi_VN", false},
		{"vi", "", "", true},
		{"", "", "vic_VN", false},
		{"", "", "", false},
	} {
		environment := map[string]string{"LC_ALL": tt.all, "LC_MESSAGES": tt.messages, "LANG": tt.lang}
		require.Equal(t, tt.want, vietnamese(func(name string) string { return environment[name] }), "%+v", tt)
	}
}

// A part that the office filled in stands where it belongs, and what is not known stays.
func TestCatalogue_Sentences(t *testing.T) {
	t.Parallel()
	c := readCatalogue()
	for said, want := range map[string]string{
		"there is no application 7QF3M-9T2XK-D":                                         "không có hồ sơ 7QF3M-9T2XK-D",
		"Held: under-verification: two papers":                                          "Tạm dừng: under-verification: two papers",
		`"approvl" is not known; there are recapture, approval; did you mean approval?`: `"approvl" không có; có recapture, approval; ý là approval?`,
	} {
		got, ok := c.sentence(said)
		require.True(t, ok, said)
		require.Equal(t, want, got)
	}
	_, ok := c.sentence("something else")
	require.False(t, ok)
}
