package mrz_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization/chip/mrz"
)

// Every letter of the Vietnamese alphabet with every tone, and those of other
// languages of Vietnam (ICAO Doc 9303-3 section 6 A).
func TestTransliterate(t *testing.T) {
	t.Parallel()
	for want, letters := range map[string]string{
		"A": "a à ả ã á ạ ă ằ ẳ ẵ ắ ặ â ầ ẩ ẫ ấ ậ",
		"B": "b ƀ",
		"C": "c č",
		"D": "d đ ð",
		"E": "e è ẻ ẽ é ẹ ê ề ể ễ ế ệ ĕ ê̆",
		"I": "i ì ỉ ĩ í ị ĭ",
		"N": "n ñ",
		"O": "o ò ỏ õ ó ọ ô ồ ổ ỗ ố ộ ơ ờ ở ỡ ớ ợ ŏ ô̆ ơ̆",
		"U": "u ù ủ ũ ú ụ ư ừ ử ữ ứ ự ŭ ư̆",
		"Y": "y ỳ ỷ ỹ ý ỵ",
	} {
		for l := range strings.FieldsSeq(letters) {
			for _, text := range []string{l, strings.ToUpper(l)} {
				got, err := mrz.Transliterate(text)
				require.NoError(t, err)
				require.Equal(t, want, got, "%q", text)
			}
		}
	}
	for text, want := range map[string]string{
		"H'Hen": "HHEN", "Anne-Marie An": "ANNE<MARIE<AN", "": "", " a  b ": "A<B", "- a -": "A",
	} {
		got, err := mrz.Transliterate(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestTransliterate_RefusesWhatItWouldLose(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"Strauß": "'ß' (U+00DF)", "An.": "'.' (U+002E)", "Øst": "(U+00D8)", "An2": "'2'", "Ан": "(U+0410)", "A\u0308": "U+0308", "阮": "(U+962E)",
	} {
		_, err := mrz.Transliterate(text)
		require.ErrorIs(t, err, identity.Invalid, text)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "person.name")
	}
}

func nameLine(tb testing.TB, text string, familyWords int) string {
	tb.Helper()
	c := card(tb, text, "001199999990", identity.Female, "1999-12-31", "")
	c.Person.Name.FamilyWords = familyWords
	lines, err := mrz.Lines(c)
	require.NoError(tb, err)
	return lines[2]
}

func TestNameLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		familyWords int
		want        string
	}{
		{"Lương Hoàng Thị Thanh Thảo Nguyên Phương Trâm Anh", 0, "LUONG<<HOANG<THI<THANH<THAO<NG"},
		{"Công Tằng Tôn Nữ Thị Bích Huyền Trân", 0, "CONG<<TANG<TON<NU<THI<BICH<HUY"},
		{"Công Tằng Tôn Nữ Thị Bích Huyền Trân", 4, "CONG<TANG<TON<NU<<THI<BICH<HUY"},
		{"Tôn Nữ Thị Ninh", 2, "TON<NU<<THI<NINH<<<<<<<<<<<<<<"},
		{"Tôn Nữ Thị Ninh", 0, "TON<<NU<THI<NINH<<<<<<<<<<<<<<"},
		{"Y Bhŭk Niê Kdăm", 0, "Y<<BHUK<NIE<KDAM<<<<<<<<<<<<<<"},
		{"H'Hen Niê", 0, "HHEN<<NIE<<<<<<<<<<<<<<<<<<<<<"},
		{"Đỗ", 0, "DO<<<<<<<<<<<<<<<<<<<<<<<<<<<<"},
		{"Nguyễn Anne-Marie", 0, "NGUYEN<<ANNE<MARIE<<<<<<<<<<<<"},
		// Exactly 30: not truncated. 31: cut by one.
		{"Nguyen Abcdefghij Klmnopqrst", 0, "NGUYEN<<ABCDEFGHIJ<KLMNOPQRST<"},
		{"Nguyen Abcdefghij Klmnopqrstu", 0, "NGUYEN<<ABCDEFGHIJ<KLMNOPQRSTU"},
		{"Nguyen Abcdefghij Klmnopqrstuv", 0, "NGUYEN<<ABCDEFGHIJ<KLMNOPQRSTU"},
		// Position 30 would be a filler: the longest component before it loses a letter.
		{"Nguyen Abcdefghij Klmnopqrst Xyz", 0, "NGUYEN<<ABCDEFGHI<KLMNOPQRST<X"},
		{"Nguyen Abcdefghi Klmnopqrstu Xyz", 0, "NGUYEN<<ABCDEFGHI<KLMNOPQRST<X"},
		// The primary identifier alone is too long: one letter of the secondary is kept.
		{"Abcdefghijklmnopqrstuvwxyzabcdefgh Ijk", 0, "ABCDEFGHIJKLMNOPQRSTUVWXYZA<<I"},
		{"Abcdefghijklmnopqrstuvwxyzabcdefgh", 0, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCD"},
		{"Abcdefghijklmnopqrstuvwxyz Bcd Efg", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ<<EF"},
		// The cut falls behind a filler, and the secondary has single letters.
		{"Abcdefghijklmnopqrstuvwxyz Bcd E F", 2, "ABCDEFGHIJKLMNOPQRSTUVWXY<<E<F"},
		// A primary without secondary ends with a letter too.
		{"Abcdefghijklmnopqrstuvwxyzabc Defg", 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZAB<D"},
		// Single letters all the way.
		{"Y A B C D E F G H I K L M N O P", 0, "Y<<A<B<C<D<E<F<G<H<I<K<L<M<N<O"},
		{"Yy A B C D E F G H I K L M N O P", 0, "Y<<A<B<C<D<E<F<G<H<I<K<L<M<N<O"},
		{"A B C D E F G H I K L M N O P Q", 16, "A<B<C<D<E<F<G<H<I<K<L<M<N<O<P<"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, nameLine(t, tt.name, tt.familyWords))
		})
	}
}

// What Doc 9303-5 requires of a truncated name: a letter in the last position, a part
// of the secondary identifier, nothing reordered, nothing added.
func TestNameLine_Property(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5000) {
		n := identitytest.Name(identitytest.Seeded(seed), identity.Female)
		line := nameLine(t, n.Text, n.FamilyWords)

		primary, err := mrz.Transliterate(n.Family())
		require.NoError(t, err)
		secondary, err := mrz.Transliterate(n.Given())
		require.NoError(t, err)
		whole := strings.TrimRight(primary+"<<"+secondary, "<")
		if len(whole) <= 30 {
			require.Equal(t, whole, strings.TrimRight(line, "<"), "seed %d", seed)
			continue
		}
		require.NotEqual(t, byte('<'), line[29], "seed %d", seed)
		gotPrimary, gotSecondary, _ := strings.Cut(line, "<<")
		require.Equal(t, primary, gotPrimary, "seed %d", seed)
		words := strings.Split(secondary, "<")
		for i, w := range strings.Split(gotSecondary, "<") {
			require.NotEmpty(t, w, "seed %d", seed)
			require.True(t, strings.HasPrefix(words[i], w), "seed %d", seed)
		}
	}
}
