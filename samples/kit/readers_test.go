package kit_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"example.org/cancuoc/personalization/chip/tlv"
)

// The readers of these cards that are in use know no specification: each was written to read the
// cards that its author had. Below is how public ones read EF.DG13, each with its weaknesses, in
// words of ours; the source of each is named.

// shown is what a reader shows, by the number of the field; the mother is 113. A field that it
// does not know, or finds empty, is not there.
type shown map[int]string

func (s shown) put(n int, value string) {
	if value != "" {
		s[n] = value
	}
}

// reader is one of them.
type reader struct {
	source    string
	read      func(dg13 []byte) (shown, error)
	shows     []int                  // the fields that it shows of cards with each parent in a sequence
	oneLength bool                   // it takes lengths of one byte alone, and loses what comes after a longer field
	loses     func(want shown) shown // what else it shows otherwise than the card has it, or nil
}

// everyField are the fields, with the mother.
var everyField = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 113, 14, 15, 16}

var readers = []reader{
	{"NFCPassportReader, DataGroup13 of a fork for these cards (Swift)", bySeparators, everyField, true, nil},
	{"JMRTD, DG13File of a fork for these cards (Kotlin)", byCharacters, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 113, 15, 16}, true, nil},
	{"nguyenddat/ript-virtual-recep, ExtractCCCD.py (Python)", byPattern, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, true, nil},
	{"NghiaLio/NFC_CCCD_Reader, nfc_dg13_parser.dart (Dart)", byNumber, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, false, nil},
	{"LuongDinhHoang/authentication_cccd, list of DG13 (Dart)", byTexts, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 113, 14, 15}, false, nil},
	{"a resolver of ICAO document profiles, VN-CCCD-2024 (TypeScript)", byFieldID, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16}, false, nil},
	{"a selective disclosure of EF.DG13, parseDG13 (TypeScript)", byIndex, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16}, false, nil},
	{"expo.modules.cccdnfc, Dg13Parser (Kotlin)", byTree, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 113}, false, func(want shown) shown {
		return withoutLongNames(withoutEmpty(want))
	}},
	{"com.margelo.nitro.nitronfc, Dg13Parser (Kotlin)", byNodes, everyField, false, withoutEmpty},
	{"a parser of data groups, DGParser (JavaScript)", byScan, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16}, false, nil},
}

// withoutEmpty: who leaves out empty texts takes a mother whose name comes alone for the father.
func withoutEmpty(want shown) shown {
	if want[13] == "" {
		want[13], want[113] = want[113], ""
	}
	return want
}

// withoutLongNames: a name is none that has more than 80 characters.
func withoutLongNames(want shown) shown {
	for _, n := range []int{2, 13, 113} {
		if utf8.RuneCountInString(want[n]) > 80 {
			want[n] = ""
		}
	}
	return want
}

// bySeparators looks for 30 xx 02 01 n, n from 1 upwards, in the bytes, and cuts the headers off by
// their usual length. Parents and spouse are parted at 30 xx 0C.
func bySeparators(b []byte) (shown, error) {
	var starts []int
	for i := 0; i+5 <= len(b); i++ {
		if b[i] == 0x30 && b[i+2] == 2 && b[i+3] == 1 && int(b[i+4]) == len(starts)+1 {
			starts = append(starts, i)
		}
	}
	starts = append(starts, len(b))
	found := make(shown)
	for i := range len(starts) - 1 {
		part := b[starts[i]:starts[i+1]]
		n := int(part[4])
		if n != 13 && n != 14 {
			if len(part) >= 7 {
				found.put(n, string(part[7:]))
			}
			continue
		}
		var at []int
		for j := 5; j+2 < len(part); j++ {
			if part[j] == 0x30 && part[j+2] == 0x0C {
				at = append(at, j)
			}
		}
		switch {
		case n == 13 && len(at) == 2:
			found.put(13, string(part[at[0]+4:at[1]]))
			found.put(113, string(part[at[1]+4:]))
		case n == 14 && len(at) > 0:
			found.put(14, string(part[at[0]+4:]))
		}
	}
	return found, nil
}

// byCharacters is the same over what the bytes are as UTF-8, in a buffer of 2048 characters that
// ends with zeros. It knows no spouse.
func byCharacters(b []byte) (shown, error) {
	var text []rune
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		text, b = append(text, r), b[n:]
	}
	buffer := make([]rune, 2048)
	copy(buffer, text)
	var starts []int
	next := 1
	for i := range len(buffer) - 5 {
		c := buffer[i : i+5]
		if c[0] == 48 && c[2] == 2 && c[3] == 1 && int(c[4]) == next {
			next++
			starts = append(starts, i)
		} else if c[0] == 0 && c[1] == 0 && c[2] == 0 && c[3] == 0 {
			starts = append(starts, i)
			break
		}
	}
	found := make(shown)
	for i := range len(starts) - 1 {
		part := buffer[starts[i]:starts[i+1]]
		if len(part) < 5 {
			continue
		}
		switch n := int(part[4]); n {
		case 13:
			var at []int
			for j := 5; j < len(part)-2; j++ {
				if part[j] == 48 && part[j+2] == 12 {
					at = append(at, j)
				}
			}
			if len(at) != 2 {
				return found, errors.New("bad format of parents")
			}
			found.put(13, string(part[at[0]+4:at[1]]))
			found.put(113, string(part[at[1]+4:]))
		case 14:
		default:
			if len(part) >= 7 {
				found.put(n, string(part[7:]))
			}
		}
	}
	return found, nil
}

// byPattern looks for 30 xx 02 01 n anywhere, takes the first text that is not empty, and its
// length from the byte after its type.
func byPattern(b []byte) (shown, error) {
	found := make(shown)
	for n := 1; n <= 12; n++ {
		for i := 0; i+7 <= len(b) && found[n] == ""; i++ {
			if b[i] != 0x30 || b[i+2] != 2 || b[i+3] != 1 || int(b[i+4]) != n {
				continue
			}
			if end := i + 7 + int(b[i+6]); end <= len(b) && utf8.Valid(b[i+7:end]) {
				found.put(n, string(b[i+7:end]))
			}
		}
	}
	return found, nil
}

// fields are the sequences of the set.
func fields(b []byte) ([]tlv.Node, error) {
	set, err := tlv.Find(b, 0x6D, 0x30, 0x31)
	if err != nil {
		return nil, err
	}
	return set.Children()
}

// byNumber reads ASN.1, and takes what follows the number of each field. Of a sequence it takes
// the elements: it knew cards with both parents in one.
func byNumber(b []byte) (shown, error) {
	list, err := fields(b)
	if err != nil {
		return nil, err
	}
	found := make(shown)
	for _, field := range list {
		parts, err := field.Children()
		if err != nil || len(parts) == 0 {
			return nil, errors.New("a field is no sequence")
		}
		if len(parts) < 2 {
			continue
		}
		texts := parts[1:2]
		if parts[1].Tag == 0x30 {
			if texts, err = parts[1].Children(); err != nil {
				return nil, err
			}
		}
		for i, text := range texts {
			if text.Tag == 0x0C || text.Tag == 0x13 {
				found.put(int(parts[0].Value[0])+100*i, string(text.Value))
			}
		}
	}
	return found, nil
}

// byTexts writes the whole file out as words, and takes the texts in the order in which they come.
// Whether one of the last two is the spouse or the old number it sees by its first character.
func byTexts(b []byte) (shown, error) {
	list, err := fields(b)
	if err != nil {
		return nil, err
	}
	var words strings.Builder
	var walk func(nodes []tlv.Node) error
	walk = func(nodes []tlv.Node) error {
		for _, n := range nodes {
			switch n.Tag {
			case 0x30:
				inner, err := n.Children()
				if err != nil || walk(inner) != nil {
					return errors.New("a field is no sequence")
				}
			case 0x0C:
				words.WriteString("UTF8String(" + string(n.Value) + ") ")
			case 0x13:
				words.WriteString("PrintableString(" + string(n.Value) + ") ")
			}
		}
		return nil
	}
	if err := walk(list); err != nil {
		return nil, err
	}
	var texts []string
	for _, m := range regexp.MustCompile(`(UTF8String|PrintableString)\((.*?)\) `).FindAllStringSubmatch(words.String(), -1) {
		texts = append(texts, m[2])
	}
	found := make(shown)
	if len(texts) < 15 {
		return nil, errors.New("too few texts")
	}
	for i, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 113} {
		found.put(n, texts[i])
	}
	isNumber := func(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
	switch len(texts) {
	case 16:
		if isNumber(texts[14]) {
			found.put(15, texts[14])
		} else {
			found.put(14, texts[14])
		}
	case 17:
		spouse, old := texts[14], texts[15]
		if !isNumber(old) {
			spouse, old = old, spouse
		}
		found.put(14, spouse)
		found.put(15, old)
	}
	return found, nil
}

// byFieldID looks for 02 01 n, and reads the text after it, or the first in a sequence after it.
// The first 02 01 01 is the version of the file, after which there is no text.
func byFieldID(b []byte) (shown, error) {
	found := make(shown)
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16} {
		at := bytes.Index(b, []byte{2, 1, byte(n)})
		if at < 0 {
			return nil, errors.New("a field is not found")
		}
		value, _, err := tlv.Parse(b[at+3:])
		if err == nil && value.Tag == 0x30 {
			value, err = tlv.Find(value.Value, 0x0C)
		}
		if err != nil {
			return nil, err
		}
		if value.Tag == 0x0C || value.Tag == 0x13 {
			found.put(n, strings.TrimSpace(string(value.Value)))
		}
	}
	return found, nil
}

// byIndex takes the sequences of the set one after the other, without looking at their numbers.
// What is in a sequence it gives as it is.
func byIndex(b []byte) (shown, error) {
	list, err := fields(b)
	if err != nil {
		return nil, err
	}
	found := make(shown)
	for i, field := range list {
		parts, err := field.Children()
		if err != nil {
			return nil, err
		}
		if n := i + 1; len(parts) > 1 && parts[1].Tag != 0x30 {
			found.put(n, string(parts[1].Value))
		}
	}
	return found, nil
}

// byTree walks through the whole file: the integer that a sequence begins with numbers the texts
// below it. Spaces around a text, empty texts and names that are too long it leaves out.
func byTree(b []byte) (shown, error) {
	texts := make(map[int][]string)
	var walk func(b []byte, number int) error
	walk = func(b []byte, number int) error {
		nodes, err := tlv.ParseAll(b)
		if err != nil {
			return err
		}
		for i, n := range nodes {
			switch text := strings.TrimSpace(string(n.Value)); n.Tag {
			case 0x02:
				if i == 0 {
					number = int(n.Value[0])
				}
			case 0x30, 0x31, 0x6D:
				if err := walk(n.Value, number); err != nil {
					return err
				}
			case 0x0C, 0x13:
				if text != "" {
					texts[number] = append(texts[number], text)
				}
			}
		}
		return nil
	}
	if err := walk(b, 0); err != nil {
		return nil, err
	}
	if len(texts[3]) == 0 || !regexp.MustCompile(`^\d{2}/\d{2}/\d{4}$`).MatchString(texts[3][0]) {
		return nil, errors.New("field 3 is no date: the fields have no numbers")
	}
	return withoutLongNames(numbered(texts)), nil
}

// numbered are the first texts of each number; the second of the parents is the mother.
func numbered(texts map[int][]string) shown {
	found := make(shown)
	for n, of := range texts {
		found.put(n, of[0])
		if n == 13 && len(of) > 1 {
			found.put(113, of[1])
		}
	}
	return found
}

// byNodes takes the sequences of the set by the numbers in them, and of each all texts that are not
// empty, with one space between words.
func byNodes(b []byte) (shown, error) {
	list, err := fields(b)
	if err != nil {
		return nil, err
	}
	texts := make(map[int][]string)
	for _, field := range list {
		parts, err := field.Children()
		if err != nil || len(parts) == 0 || parts[0].Tag != 0x02 {
			return nil, errors.New("a field has no number")
		}
		for _, part := range parts[1:] {
			for _, text := range textsIn(part) {
				if text = strings.Join(strings.Fields(text), " "); text != "" {
					texts[int(parts[0].Value[0])] = append(texts[int(parts[0].Value[0])], text)
				}
			}
		}
	}
	return numbered(texts), nil
}

// textsIn are the texts in a value, and in the sequences in it.
func textsIn(n tlv.Node) []string {
	switch n.Tag {
	case 0x0C, 0x13:
		return []string{string(n.Value)}
	case 0x30:
		var texts []string
		inner, err := n.Children()
		if err != nil {
			return nil
		}
		for _, i := range inner {
			texts = append(texts, textsIn(i)...)
		}
		return texts
	}
	return nil
}

// byScan looks for 02 01 n from the beginning, goes on after the value that follows a number that
// it knows, and takes the first text of that. A field that ends with its number is followed by the
// next field, in which there is no text before its own.
func byScan(b []byte) (shown, error) {
	found := make(shown)
	for at := 0; at+3 < len(b); at++ {
		n := int(b[at+2])
		if b[at] != 2 || b[at+1] != 1 || n < 1 || n > 16 || n == 15 {
			continue
		}
		value, rest, err := tlv.Parse(b[at+3:])
		if err != nil {
			return nil, err
		}
		if texts := textsIn(value); len(texts) > 0 {
			found.put(n, strings.TrimSpace(texts[0]))
		}
		at = len(b) - len(rest) - 1
	}
	return found, nil
}
