package identity

import (
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Name is a person's full name: Unicode NFC, words separated by one space, in
// the case it was given. Family name first (họ), then middle names (chữ đệm),
// then the given name (tên).
type Name struct {
	Text        string
	FamilyWords int // how many leading words are the family name; 0 means 1
}

// maxName bounds a name, in letters. The law knows no limit; the card does, and
// preflight measures it.
const maxName = 120

// ParseName reads a name: NFC or NFD, letters of Vietnamese and of the other
// languages of Vietnam (Civil Code art. 26.3), apostrophe, hyphen, single spaces.
func ParseName(text string) (Name, error) {
	text, err := normalize(text, maxName)
	if err != nil {
		return Name{}, err
	}
	text = strings.ReplaceAll(text, "\u2019", "'")
	if text == "" {
		return Name{}, Refuse(Invalid, "is empty")
	}
	previous := rune(0)
	for _, r := range text {
		switch {
		case nameLetter(r), r == '\'' && unicode.IsLetter(previous), r == '-' && unicode.IsLetter(previous), r == ' ':
		case r == breve && strings.ContainsRune("ÊÔƠƯêôơư", previous):
		default:
			return Name{}, Refuse(Invalid, "holds %s; letters of Vietnam's languages, apostrophe, hyphen and single spaces are accepted", describe(r))
		}
		previous = r
	}
	return Name{Text: text}, nil
}

// breve is the only mark that NFC leaves beside a letter of Vietnam's languages
// (Ê̆ Ô̆ Ơ̆ Ư̆ of Ede, Jrai and Bahnar).
const breve = '\u0306'

// minority are letters that other languages of Vietnam add to the Vietnamese
// alphabet, upper case.
const minority = "ĔĬŎŬČÑɃFJWZ"

// accented are the 134 accented letters, upper case half.
const accented = "ÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬÈẺẼÉẸÊỀỂỄẾỆÌỈĨÍỊÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢÙỦŨÚỤƯỪỬỮỨỰỲỶỸÝỴĐ"

func nameLetter(r rune) bool {
	upper := unicode.ToUpper(r)
	return upper >= 'A' && upper <= 'Z' || strings.ContainsRune(accented, upper) || strings.ContainsRune(minority, upper)
}

// IsZero reports whether there is no name.
func (n Name) IsZero() bool { return n.Text == "" }

// Upper is the name as both forms print it.
func (n Name) Upper() string { return strings.ToUpper(n.Text) }

// Title is the name as QR code and chip carry it: each word with a capital, a
// letter after an apostrophe kept as it was given.
func (n Name) Title() string {
	words := n.Words()
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		rest := w[size:]
		if w == strings.ToUpper(w) && !strings.Contains(w, "'") {
			rest = strings.ToLower(rest)
		}
		words[i] = string(unicode.ToUpper(first)) + rest
	}
	return strings.Join(words, " ")
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

// Key folds the name for search and comparison: case, the two styles of tone
// placement (Hòa, Hoà) and y for i are one. It keeps which tone a word has.
func (n Name) Key() string { return foldKey(n.Text) }

// foldKey moves each word's tone to its end and lowers its case.
func foldKey(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		var letters, tones strings.Builder
		for _, r := range norm.NFD.String(strings.ToLower(w)) {
			if strings.ContainsRune("\u0300\u0301\u0303\u0309\u0323", r) {
				tones.WriteRune(r)
				continue
			}
			letters.WriteRune(r)
		}
		words[i] = norm.NFC.String(letters.String()) + tones.String()
	}
	return strings.Join(words, " ")
}

// String hides the name.
func (Name) String() string { return "[name]" }

// GoString hides the name.
func (Name) GoString() string { return "[name]" }

// LogValue hides the name.
func (Name) LogValue() slog.Value { return slog.StringValue("[name]") }
