package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"example.org/cancuoc/internal/identity"
)

// The command line speaks English, or Vietnamese where the locale says so. What is typed
// (commands, flags, codes of stages and reasons) and what scripts read (--json) is the same in
// both.
//
// Texts are found by their English, with the verbs of package fmt. golang.org/x/text/message
// does that too, and would write the numbers of both languages with separators, also in English.

//go:embed vi.yaml
var vietnameseFile []byte

// catalogue has the Vietnamese of this program's texts, and of sentences that the office says.
type catalogue struct {
	Texts     map[string]string `yaml:"texts"`
	Sentences map[string]string `yaml:"sentences"`

	patterns []pattern
}

// pattern is a sentence of which the office fills in parts.
type pattern struct {
	english *regexp.Regexp
	format  string // Vietnamese, each part a %s
}

// spoken is the catalogue of the locale's language; nil: English.
var spoken = sync.OnceValue(func() *catalogue {
	if !vietnamese(os.Getenv) {
		return nil
	}
	return readCatalogue()
})

// vietnamese reports whether the locale asks for it, as setlocale(3) reads it.
func vietnamese(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); locale != "" {
			language, _, _ := strings.Cut(strings.ReplaceAll(locale, ".", "_"), "_")
			return language == "vi"
		}
	}
	return false
}

func readCatalogue() *catalogue {
	var c catalogue
	if err := yaml.Unmarshal(vietnameseFile, &c); err != nil { // a test reads it as well
		panic(err)
	}
	for english, format := range c.Sentences {
		var parts []string
		for _, literal := range verb.Split(english, -1) {
			parts = append(parts, regexp.QuoteMeta(literal))
		}
		c.patterns = append(c.patterns, pattern{regexp.MustCompile("^" + strings.Join(parts, "(.+?)") + "$"), format})
	}
	// The one that says most of a sentence goes first.
	slices.SortFunc(c.patterns, func(x, y pattern) int {
		return len(y.english.String()) - len(x.english.String())
	})
	return &c
}

// verb is a verb of package fmt.
var verb = regexp.MustCompile(`%[-+#0-9.\[\]]*[a-zA-Z]`)

// text is a text of this program in the locale's language.
func text(english string) string { return spoken().text(english) }

// text is a text's Vietnamese; itself, where there is none.
func (c *catalogue) text(english string) string {
	if c != nil {
		if translated, ok := c.Texts[english]; ok {
			return translated
		}
	}
	return english
}

// say prints a text of this program in the locale's language.
func say(w io.Writer, english string, args ...any) { fmt.Fprintf(w, text(english), args...) }

// coded is a code, after what it means where the locale's language is not that of the codes.
func coded(code, vietnamese string) string {
	if spoken() == nil || vietnamese == "" || vietnamese == code {
		return code
	}
	return vietnamese + " (" + code + ")"
}

// sentence is what the office said, in the locale's language: as a whole, or after the name of
// a field or file before it.
func sentence(said string) string {
	c := spoken()
	if c == nil {
		return said
	}
	for before, rest := "", said; ; {
		if translated, ok := c.sentence(rest); ok {
			return before + translated
		}
		name, more, ok := strings.Cut(rest, ": ")
		if !ok {
			return said
		}
		before, rest = before+name+": ", more
	}
}

func (c *catalogue) sentence(said string) (string, bool) {
	for _, p := range c.patterns {
		found := p.english.FindStringSubmatch(said)
		if found == nil {
			continue
		}
		parts := make([]any, len(found)-1)
		for i, part := range found[1:] {
			parts[i] = part
		}
		return fmt.Sprintf(p.format, parts...), true
	}
	return "", false
}

// speak has the help of a tree of commands in the catalogue's language: headings, what each
// command does, and but for set-up and maintenance how, and what its flags are for.
func (c *catalogue) speak(root *cobra.Command) {
	if c == nil {
		return
	}
	for _, g := range root.Groups() {
		g.Title = c.text(g.Title)
	}
	flag := func(f *pflag.Flag) { f.Usage = c.usage(f.Usage) }
	var each func(*cobra.Command)
	each = func(command *cobra.Command) {
		if command.Long != "" {
			command.Long = c.explained(command.Short, command.Long)
		}
		command.Short = c.text(command.Short)
		command.InitDefaultHelpFlag() // else only when it is asked for
		command.Flags().Lookup("help").Usage = "trợ giúp về lệnh này"
		command.LocalNonPersistentFlags().VisitAll(flag)
		for _, below := range command.Commands() {
			each(below)
		}
	}
	each(root)
	root.PersistentFlags().VisitAll(flag)
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", "Cách dùng:", "Examples:", "Ví dụ:", "Aliases:", "Tên khác:",
		"Available Commands:", "Các lệnh:", "Additional Commands:", "Lệnh khác:", "Additional help topics:", "Chủ đề khác:",
		"Global Flags:", "Tùy chọn chung:", "Flags:", "Tùy chọn:",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`, `"{{.CommandPath}} LỆNH --help" nói thêm về một lệnh.`,
	).Replace(root.UsageTemplate()))
}

// explained is what explains a command at length: each paragraph that has its Vietnamese, after
// what the command does where the first one has none.
func (c *catalogue) explained(short, long string) string {
	paragraphs := strings.Split(long, "\n\n")
	begins := paragraphs[0]
	for i, p := range paragraphs {
		paragraphs[i] = c.paragraph(short, p)
	}
	whole := strings.Join(paragraphs, "\n\n")
	if paragraphs[0] == begins && c.text(short) != short {
		return c.text(short) + "\n\n" + whole
	}
	return whole
}

// paragraph is one of what explains a command. What the command does may stand in its first line,
// or that reasons are listed.
func (c *catalogue) paragraph(short, p string) string {
	first, rest, more := strings.Cut(p, "\n")
	switch first {
	case short + ".":
		first = c.text(short) + "."
	case reasonsHeading:
		first = c.text(reasonsHeading)
	default:
		return c.text(p)
	}
	if more {
		return first + "\n" + c.text(rest)
	}
	return first
}

// mandatory ends what is said of a flag that has to be given.
const mandatory = " (required)"

// usage is what a flag is for; of one that lists its values, what is before them.
func (c *catalogue) usage(english string) string {
	said, required := strings.CutSuffix(english, mandatory)
	translated := c.text(said)
	if before, values, lists := strings.Cut(said, ": "); lists && translated == said {
		translated = c.text(before) + ": " + values
	}
	if required {
		translated += c.text(mandatory)
	}
	return translated
}

// awaited is an action, with what it means.
func awaited(a identity.Action) string { return coded(string(a), text(string(a))) }
