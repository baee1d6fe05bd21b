package identitytest

import (
	"math/rand/v2"
	"strings"

	"example.org/cancuoc/internal/identity"
)

var (
	families = []string{
		"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô",
		"Dương", "Lý", "Đoàn", "Đinh", "Giàng", "Thạch", "Ông", "Ưng", "Ỷ",
	}
	middlesMale   = []string{"Văn", "Hữu", "Đức", "Quốc", "Minh", "Xuân", "Bá", "Thế", "Nghĩa"}
	middlesFemale = []string{"Thị", "Ngọc", "Thu", "Mỹ", "Bích", "Khánh", "Phương", "Diệu"}
	givens        = []string{
		"An", "Ẩn", "Bằng", "Chỉnh", "Dũng", "Đạt", "Giềng", "Hòa", "Hoà", "Huệ", "Kỳ", "Khuyến", "Lộc", "Mỵ", "Nhẫn",
		"Oanh", "Phượng", "Quỳnh", "Rỡ", "Sẵn", "Thúy", "Thuý", "Tỷ", "Uyển", "Ước", "Vỹ", "Xoàn", "Yến", "Ý",
	}
)

// names of ethnic minorities, with letters that Vietnamese has not; the last two
// hold every one of them.
var minorityNames = []string{
	"Y Bhŭk Niê Kdăm", "H'Hen Niê", "K'Brẽo", "Y Ƀlieng Ñuôl", "Thạch Chanh Đa", "Ja Wi Zơ Fa", "H' Juel Êban",
	"Rơ Mah H'Ơ̆ng", "Kpă Ŭt Čĭm", "Ê̆ Ô̆ Ơ̆ Ư̆ Ĕ Ĭ Ŏ Ŭ Č Ñ Ƀ", "ê̆ ô̆ ơ̆ ư̆ ĕ ĭ ŏ ŭ č ñ ƀ",
}

// compoundFamilies are family names of several words.
var compoundFamilies = []string{"Tôn Nữ", "Tôn Thất", "Công Tằng Tôn Nữ", "Nguyễn Trần", "Vũ Lê"}

// Name makes a valid name. Most are of three words; the others are what is
// awkward in life: one word, ten, minority languages, compound family names,
// hyphens, any Vietnamese letter, capitals only.
func Name(r *rand.Rand, sex identity.Sex) identity.Name {
	switch r.IntN(20) {
	case 0:
		return name(pick(r, families), 0)
	case 1, 2:
		return name(pick(r, minorityNames), 0)
	case 3, 4:
		family := pick(r, compoundFamilies)
		return name(family+" "+middle(r, sex)+" "+pick(r, givens), len(strings.Fields(family)))
	case 5, 6:
		return name(longName(r, sex), 0)
	case 7, 8, 9:
		return name(syllables(r, 1+r.IntN(5)), 0)
	case 10:
		return name(pick(r, families)+" Anne-"+pick(r, givens), 0)
	case 11:
		return name(strings.ToUpper(pick(r, families)+" "+middle(r, sex)+" "+pick(r, givens)), 0)
	case 12:
		return name(pick(r, families)+" "+pick(r, givens), 1)
	}
	return name(pick(r, families)+" "+middle(r, sex)+" "+pick(r, givens), 0)
}

func name(text string, familyWords int) identity.Name {
	n, err := identity.ParseName(text)
	must(err)
	n.FamilyWords = familyWords
	return n
}

func middle(r *rand.Rand, sex identity.Sex) string {
	if sex == identity.Female {
		return pick(r, middlesFemale)
	}
	return pick(r, middlesMale)
}

// longName has six to ten words.
func longName(r *rand.Rand, sex identity.Sex) string {
	words := []string{pick(r, families), middle(r, sex)}
	for n := 4 + r.IntN(5); n > 0; n-- {
		words = append(words, pick(r, givens))
	}
	return strings.Join(words, " ")
}

// The parts of a Vietnamese syllable; every vowel with every tone.
var (
	onsets = []string{"", "b", "c", "ch", "d", "đ", "g", "gi", "h", "kh", "l", "m", "n", "ng", "nh", "ph", "qu", "r", "s", "t", "th", "tr", "v", "x"}
	vowels = strings.Fields("a à ả ã á ạ ă ằ ẳ ẵ ắ ặ â ầ ẩ ẫ ấ ậ e è ẻ ẽ é ẹ ê ề ể ễ ế ệ i ì ỉ ĩ í ị " +
		"o ò ỏ õ ó ọ ô ồ ổ ỗ ố ộ ơ ờ ở ỡ ớ ợ u ù ủ ũ ú ụ ư ừ ử ữ ứ ự y ỳ ỷ ỹ ý ỵ")
	codas = []string{"", "", "c", "ch", "m", "n", "ng", "nh", "p", "t"}
)

// syllables makes words that hold every letter of the alphabet sooner or later.
func syllables(r *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		word := []rune(pick(r, onsets) + pick(r, vowels) + pick(r, codas))
		words[i] = strings.ToUpper(string(word[:1])) + string(word[1:])
	}
	return strings.Join(words, " ")
}
