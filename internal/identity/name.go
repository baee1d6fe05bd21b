package identity

import (
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Name is a person's full name: Unicode NFC, words separated by one space, in
// the case it was given. Family name first (họ), then middle names (chữ đệm),
// then the given name (tên).
type Name struct {
	Text        string
	FamilyWords int // how many leading words are the family name; 0 means 1
}

// maxName bounds a name, in characters. The law sets no limit; what fits on the
// card is measured at intake.
const maxName = 120

// ParseName reads a name: NFC or NFD, letters of Vietnamese and of the other
// languages of Vietnam (Civil Code art. 26.3), apostrophe (H'Hen), hyphen inside
// a word, spaces.
func ParseName(text string) (Name, error) {
	text, err := normalize(text, maxName)
	if err != nil {
		return Name{}, err
	}
	if text == "" {
		return Name{}, Refuse(Invalid, "is empty")
	}
	previous := ' '
	for _, r := range text + " " {
		if !nameRune(r, previous) {
			return Name{}, refuseNameRune(r, previous)
		}
		previous = r
	}
	return Name{Text: text}, nil
}

// nameRune reports whether r may follow previous in a name.
func nameRune(r, previous rune) bool {
	switch {
	case letter(r):
		return true
	case r == breve:
		return carriesBreve(previous)
	case r == ' ':
		return previous != '-'
	case r == '\'' || r == '-':
		return letter(previous) || previous == breve
	}
	return false
}

// refuseNameRune says why r may not follow previous in a name.
func refuseNameRune(r, previous rune) error {
	switch r {
	case ' ':
		return Refuse(Invalid, "has a hyphen at the end of a word; a hyphen is accepted between letters")
	case '\'', '-':
		return Refuse(Invalid, "has %q after %s; it is accepted only after a letter", r, describe(previous))
	}
	return Refuse(Invalid, "contains %s; letters of Vietnam's languages, apostrophe, hyphen and space are accepted", describe(r))
}

// breve is the only mark that NFC leaves beside a letter of Vietnam's languages:
// Ê̆ Ô̆ Ơ̆ Ư̆ of Ede, Jrai and Bahnar.
const breve = '\u0306'

// carriesBreve reports whether r is a letter that takes the breve as a mark.
func carriesBreve(r rune) bool { return strings.ContainsRune("ÊÔƠƯêôơư", r) }

// letters of Vietnamese outside ASCII and the range U+1EA0 to U+1EF9 (TCVN
// 6909:2001), then those that Ede, Jrai, Bahnar and Cơ-ho add.
const letters = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúý" + "ĂăĐđĨĩŨũƠơƯư" + "ĔĕĬĭŎŏŬŭČčÑñɃƀ"

// letter reports whether r is a letter of a language of Vietnam. F, J, W and Z
// are: minorities and the foreign-born have them in their names.
func letter(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= 0x1EA0 && r <= 0x1EF9:
		return true
	}
	return strings.ContainsRune(letters, r)
}

// IsZero reports whether the name is unknown.
func (n Name) IsZero() bool { return n.Text == "" }

// Upper is the name as both forms print it.
func (n Name) Upper() string { return strings.ToUpper(n.Text) }

// Title is the name as QR code and chip carry it: each word begins with a capital.
// A word given in mixed case keeps it (H'Hen, McDonald).
func (n Name) Title() string {
	words := n.Words()
	for i, w := range words {
		words[i] = title(w)
	}
	return strings.Join(words, " ")
}

func title(word string) string {
	var out strings.Builder
	allCapitals := word == strings.ToUpper(word)
	first := true // of the word, or of a part after an apostrophe or hyphen
	for i, r := range word {
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case allCapitals && !first:
			r = unicode.ToLower(r)
		}
		out.WriteRune(r)
		first = r == '\'' || r == '-'
	}
	return out.String()
}

// Words are the words of the name.
func (n Name) Words() []string { return strings.Fields(n.Text) }

// Family is the family name: the first word, or as many as the record says.
func (n Name) Family() string {
	words := n.Words()
	return strings.Join(words[:n.familyWords(words)], " ")
}

// Given is everything after the family name.
func (n Name) Given() string {
	words := n.Words()
	return strings.Join(words[n.familyWords(words):], " ")
}

func (n Name) familyWords(words []string) int {
	return min(max(n.FamilyWords, 1), len(words))
}

// Key folds the name for search and comparison: case and the two styles of tone
// placement (Hòa, Hoà) make no difference. Tones and letters do: Hoa and Hòa are
// two names, as are Vỹ and Vĩ.
func (n Name) Key() string {
	words := n.Words()
	for i, w := range words {
		words[i] = key(w)
	}
	return strings.Join(words, " ")
}

// key lowers a word's case and moves its tone to the end.
func key(word string) string {
	var letters, tones strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(word)) {
		if strings.ContainsRune("\u0300\u0301\u0303\u0309\u0323", r) { // grave, acute, tilde, hook above, dot below
			tones.WriteRune(r)
			continue
		}
		letters.WriteRune(r)
	}
	return norm.NFC.String(letters.String() + tones.String())
}

// StandsIn reports whether a text has all words of the name in their order, in whatever case, with
// tones or without, and whatever stands between them that is no letter. A name of one word is in many
// texts that mean nobody.
func (n Name) StandsIn(text string) bool {
	name, words := bareWords(n.Text), bareWords(text)
	if len(name) < 2 {
		return false
	}
	for ; len(words) >= len(name); words = words[1:] {
		if slices.Equal(words[:len(name)], name) {
			return true
		}
	}
	return false
}

// bareWords are the words of a text in small letters without tones and marks.
func bareWords(text string) []string {
	bare := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'ð':
			return 'd'
		}
		return r
	}, norm.NFKD.String(strings.ToLower(text)))
	return strings.FieldsFunc(bare, func(r rune) bool { return !unicode.IsLetter(r) })
}

// String hides the name.
func (Name) String() string { return "[name]" }

// GoString hides the name.
func (Name) GoString() string { return "[name]" }

// LogValue hides the name.
func (Name) LogValue() slog.Value { return slog.StringValue("[name]") }
