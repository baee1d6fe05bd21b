package identity_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text, want, upper, title string
	}{
		{"Plain", "Đặng Thị Ngọc Ước", "Đặng Thị Ngọc Ước", "ĐẶNG THỊ NGỌC ƯỚC", "Đặng Thị Ngọc Ước"},
		{"Capitals", "ĐẶNG THỊ NGỌC ƯỚC", "ĐẶNG THỊ NGỌC ƯỚC", "ĐẶNG THỊ NGỌC ƯỚC", "Đặng Thị Ngọc Ước"},
		{"SmallLetters", "đặng thị ngọc ước", "đặng thị ngọc ước", "ĐẶNG THỊ NGỌC ƯỚC", "Đặng Thị Ngọc Ước"},
		{"Decomposed", norm.NFD.String("Nguyễn Văn Vỹ"), "Nguyễn Văn Vỹ", "NGUYỄN VĂN VỸ", "Nguyễn Văn Vỹ"},
		{"Spaces", "  Nguyễn \u00A0 Văn   Vỹ ", "Nguyễn Văn Vỹ", "NGUYỄN VĂN VỸ", "Nguyễn Văn Vỹ"},
		{"OneWord", "Đỗ", "Đỗ", "ĐỖ", "Đỗ"},
		{"Apostrophe", "H'Hen Niê", "H'Hen Niê", "H'HEN NIÊ", "H'Hen Niê"},
		{"ApostropheInCapitals", "H'HEN NIÊ", "H'HEN NIÊ", "H'HEN NIÊ", "H'Hen Niê"},
		{"TypographicApostrophe", "K’Brẽo", "K'Brẽo", "K'BRẼO", "K'Brẽo"},
		{"ApostropheAtTheEndOfAWord", "H' Juel", "H' Juel", "H' JUEL", "H' Juel"},
		{"Ede", "Y Bhŭk Niê Kdăm", "Y Bhŭk Niê Kdăm", "Y BHŬK NIÊ KDĂM", "Y Bhŭk Niê Kdăm"},
		{"LettersWithoutPrecomposedForm", "Ê̆ô̆ Ơ̆ Ư̆", "Ê̆ô̆ Ơ̆ Ư̆", "Ê̆Ô̆ Ơ̆ Ư̆", "Ê̆ô̆ Ơ̆ Ư̆"},
		{"LettersOfMinorities", "Ƀĕ Čĭ Ñŏ Ŭ", "Ƀĕ Čĭ Ñŏ Ŭ", "ɃĔ ČĬ ÑŎ Ŭ", "Ƀĕ Čĭ Ñŏ Ŭ"},
		{"Hyphen", "NGUYỄN ANNE-MARIE", "NGUYỄN ANNE-MARIE", "NGUYỄN ANNE-MARIE", "Nguyễn Anne-Marie"},
		{"HyphenAfterAMark", "Ơ̆-Lin", "Ơ̆-Lin", "Ơ̆-LIN", "Ơ̆-Lin"},
		{"MixedCaseIsKept", "Fa McWil Zơ", "Fa McWil Zơ", "FA MCWIL ZƠ", "Fa McWil Zơ"},
		{"KelvinSignIsK", "\u212A'Brẽo", "K'Brẽo", "K'BRẼO", "K'Brẽo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			n, err := identity.ParseName(tt.text)

			require.NoError(t, err)
			require.Equal(t, norm.NFC.String(tt.want), n.Text)
			require.Equal(t, tt.upper, n.Upper())
			require.Equal(t, tt.title, n.Title())
		})
	}
}

func TestParseName_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, says string }{
		"Empty":              {"", "is empty"},
		"Blank":              {"  \u00A0 ", "is empty"},
		"Digit":              {"Nguyễn Văn 2", "a digit"},
		"ControlCharacter":   {"Nguyễn\x00Văn", "control character (U+0000)"},
		"Tab":                {"Nguyễn\tVăn", "control character (U+0009)"},
		"Newline":            {"Nguyễn\nVăn", "control character (U+000A)"},
		"BidiOverride":       {"Nguyễn \u202EVăn", "control character (U+202E)"},
		"ZeroWidthSpace":     {"Nguyễn\u200BVăn", "control character (U+200B)"},
		"ByteOrderMark":      {"\uFEFFNguyễn", "control character (U+FEFF)"},
		"Emoji":              {"Nguyễn 😀", "no form can print (U+1F600)"},
		"MathematicalLetter": {"\U0001D400nh", "no form can print"},
		"GermanLetter":       {"Nguyễn Strauß", "'ß' (U+00DF)"},
		"CyrillicLookalike":  {"Nguyễn Аn", "(U+0410) of another script, which looks like A: type that"},
		"Chinese":            {"阮文", "(U+962E)"},
		"DotlessI":           {"Nguyễn Vın", "(U+0131)"},
		"LongS":              {"Nguyễn ſơn", "(U+017F)"},
		"FullWidth":          {"Ｎguyễn", "(U+FF2E)"},
		"LoneMark":           {"Nguyễn \u0301An", "a combining mark without its letter (U+0301)"},
		"MarkOnWrongLetter":  {"Nguyễn Bn\u0306", "a combining mark without its letter (U+0306)"},
		"TwoBreves":          {"Ê\u0306\u0306", "a combining mark without its letter (U+0306)"},
		"Comma":              {"Nguyễn, An", "','"},
		"Bar":                {"Nguyễn|An", "'|'"},
		"Filler":             {"Nguyễn<An", "'<'"},
		"ReplacementRune":    {"Nguyễn\uFFFD", "(U+FFFD)"},
		"LeadingApostrophe":  {"'An", "it is accepted only after a letter"},
		"TwoApostrophes":     {"H''Hen", "it is accepted only after a letter"},
		"LeadingHyphen":      {"Nguyễn -An", "it is accepted only after a letter"},
		"TrailingHyphen":     {"Nguyễn An-", "hyphen at the end of a word"},
		"LooseHyphen":        {"Anne- Marie", "hyphen at the end of a word"},
		"InvalidUTF8":        {"Nguy\xffn", "is not valid UTF-8"},
		"TooLong":            {strings.Repeat("Nguyễn ", 20), "is longer than 120 characters"},
		"MuchTooLong":        {strings.Repeat("\u0301", 1<<20), "is longer than 120 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := identity.ParseName(tt.text)

			require.ErrorIs(t, err, identity.Invalid)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// What keyboards put in the place of Đ, of an apostrophe and of a hyphen is what was meant.
func TestParseName_FoldsWhatLooksTheSame(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"\u00D0ặng Văn An": "Đặng Văn An", "\u0189ặng Văn An": "Đặng Văn An", "\u00F0ặng": "đặng", "\u0256ặng": "đặng",
		"H\u02BCHen Niê": "H'Hen Niê", "H\u2032Hen Niê": "H'Hen Niê", "H\u2019Hen Niê": "H'Hen Niê", "H`Hen Niê": "H'Hen Niê", "H\u00B4Hen Niê": "H'Hen Niê",
		"Anne\u2011Marie": "Anne-Marie", "Lê\u00A0An": "Lê An",
	} {
		name, err := identity.ParseName(given)
		require.NoError(t, err, "%q", given)
		require.Equal(t, want, name.Text)
	}
}

func TestParseName_AcceptsUpToTheLimit(t *testing.T) {
	t.Parallel()
	n, err := identity.ParseName(strings.TrimSpace(strings.Repeat("Nghiêng ", 15)))
	require.NoError(t, err)
	require.Len(t, n.Words(), 15)
	_, err = identity.ParseName(norm.NFD.String(strings.Repeat("ễ", 120)))
	require.NoError(t, err, "letters are counted, not bytes or marks")
}

func TestName_FamilyAndGiven(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text          string
		words         int
		family, given string
	}{
		{"Đặng Thị Ngọc Ước", 0, "Đặng", "Thị Ngọc Ước"},
		{"Tôn Nữ Thị Ninh", 2, "Tôn Nữ", "Thị Ninh"},
		{"Công Tằng Tôn Nữ Thị Bích Huyền Trân", 4, "Công Tằng Tôn Nữ", "Thị Bích Huyền Trân"},
		{"Đỗ", 0, "Đỗ", ""},
		{"Đỗ", 5, "Đỗ", ""},
		{"Đỗ An", -1, "Đỗ", "An"},
		{"", 0, "", ""},
	} {
		n := identity.Name{Text: tt.text, FamilyWords: tt.words}
		require.Equal(t, tt.family, n.Family())
		require.Equal(t, tt.given, n.Given())
		require.Equal(t, tt.text == "", n.IsZero())
	}
}

func TestName_Key(t *testing.T) {
	t.Parallel()
	key := func(text string) string {
		n, err := identity.ParseName(text)
		require.NoError(t, err)
		return n.Key()
	}

	for _, same := range [][2]string{
		{"Nguyễn Thị Hòa", "Nguyễn Thị Hoà"},
		{"Lê Thúy", "LÊ THUÝ"},
		{"Lê Thủy", "lê thuỷ"},
		{"Khỏe", "Khoẻ"},
		{"Nguyễn Văn Vỹ", norm.NFD.String("NGUYỄN VĂN VỸ")},
	} {
		require.Equal(t, key(same[0]), key(same[1]))
	}
	for _, other := range [][2]string{
		{"Hòa", "Hoa"}, {"Hòa", "Hóa"}, {"Hoa", "Hoă"}, {"Vỹ", "Vĩ"}, {"Đỗ", "Dỗ"}, {"Thu Hà", "Hà Thu"}, {"Thi Hà", "Thì Ha"}, {"Mơ", "Mo"},
	} {
		require.NotEqual(t, key(other[0]), key(other[1]))
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"Empty":       {"", ""},
		"Address":     {"Số 12/34B, Ngõ 56, Phố Lý Thường Kiệt", "Số 12/34B, Ngõ 56, Phố Lý Thường Kiệt"},
		"Marks":       {"Sẹo chấm C: 0,5cm trên sau mép trái", "Sẹo chấm C: 0,5cm trên sau mép trái"},
		"Decomposed":  {norm.NFD.String("Phường Bến Thành"), "Phường Bến Thành"},
		"Spaces":      {"  Xã   Ea\u00A0Kao ", "Xã Ea Kao"},
		"Typography":  {"Nhà “K’Brẽo” – Đắk Lắk", `Nhà "K'Brẽo" - Đắk Lắk`},
		"Punctuation": {`(a) & b+c%; №5 "d" 30°`, `(a) & b+c%; №5 "d" 30°`},
		"Breve":       {"Buôn Ê̆-a", "Buôn Ê̆-a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := identity.CheckText("person.marks", tt.text, 60)

			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestCheckText_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, says string }{
		"Newline":     {"Số 1\nĐường A", "control character (U+000A)"},
		"Escape":      {"Số 1\x1b[31m", "control character (U+001B)"},
		"Separator":   {"Số 1|Đường A", "'|'"},
		"Markup":      {"<b>", "'<'"},
		"Emoji":       {"Nhà 🏠", "no form can print (U+1F3E0)"},
		"Cyrillic":    {"улица", "(U+0443)"},
		"LoneMark":    {"Số \u0302", "a combining mark without its letter"},
		"InvalidUTF8": {"\xc3\x28", "is not valid UTF-8"},
		"TooLong":     {strings.Repeat("a", 61), "is longer than 60 characters"},
		"Huge":        {strings.Repeat("a", 1<<20), "is longer than 60 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := identity.CheckText("person.marks", tt.text, 60)

			require.Equal(t, []string{"person.marks"}, fields(err))
			require.ErrorIs(t, err, identity.Invalid)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("Đặng Thị Ngọc Ước")
	f.Add("H'Hen Niê")
	f.Add("Ê\u0306 Anne-Marie")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := identity.ParseName(text)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		require.True(t, norm.NFC.IsNormalString(n.Text))
		require.LessOrEqual(t, utf8.RuneCountInString(n.Text), 120)
		again, err := identity.ParseName(n.Text)
		require.NoError(t, err)
		require.Equal(t, n, again)
		for _, form := range []string{n.Upper(), n.Title()} {
			other, err := identity.ParseName(form)
			require.NoError(t, err)
			require.Equal(t, n.Key(), other.Key())
		}
	})
}

func FuzzCheckText(f *testing.F) {
	f.Add("Số 1, Đường A")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := identity.CheckText("f", text, 50)
		if err != nil {
			require.Equal(t, []string{"f"}, fields(err))
			return
		}
		require.NotContains(t, got, "|")
		again, err := identity.CheckText("f", got, 50)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

// A name is found in a text however it is written there; parts of it, and names of one word, are
// in texts that mean somebody else.
func TestName_StandsIn(t *testing.T) {
	t.Parallel()
	n := identity.Name{Text: "Đặng Thị Hoà"}
	for text, stands := range map[string]bool{
		"Đặng Thị Hoà": true, "bà ĐẶNG THỊ HÒA, mẹ": true, "dang thi hoa": true, "Đặng  Thị_Hoà.": true, "của Đặng-Thị-Hoà": true,
		"Đặng Thị": false, "Thị Hoà Đặng": false, "Đặng Thị Hoàn": false, "Đặng Văn Thị Hoà": false, "": false,
	} {
		require.Equal(t, stands, n.StandsIn(text), text)
	}
	require.False(t, identity.Name{Text: "An"}.StandsIn("An"))
	require.False(t, identity.Name{}.StandsIn("anything"))
}
