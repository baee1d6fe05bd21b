package render

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/templates/fonts"
)

// typeface is one font file, ready for both outputs: its outlines for bitmaps,
// and for gofpdf an 8-bit encoding of its letters with the embedded file. All
// Vietnamese letters fit into 8 bits beside ASCII, which makes a PDF several
// times cheaper than gofpdf's UTF-8 route, and cannot panic.
type typeface struct {
	name   string // in PDF
	font   *sfnt.Font
	glyphs map[rune]glyph // of the letters that it has
	top    float64        // of its tallest letter above the baseline, em
	bottom float64        // of its deepest below, em
	json   []byte         // gofpdf's font definition
	packed []byte         // the file, deflated
}

// glyph is one letter of a typeface; lengths in em, y downwards from the
// baseline.
type glyph struct {
	index                    sfnt.GlyphIndex
	code                     byte // in PDF
	width                    float64
	left, right, top, bottom float64 // of its ink
}

// The alphabets of the font files in fonts/. Seven ASCII characters that no form
// prints are left out, so that 224 codes are enough.
const (
	vietnamese = "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ" +
		"ÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬÈẺẼÉẸÊỀỂỄẾỆÌỈĨÍỊÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢÙỦŨÚỤƯỪỬỮỨỰỲỶỸÝỴĐ"
	minority   = "ĔĬŎŬČÑɃĕĭŏŭčñƀ№" + "\uE000\uE001\uE002\uE003\uE004\uE005\uE006\uE007"
	unprinted  = "^{}|~\\`"
	mrzLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
)

// doubled are the letters of Ede, Jrai and Bahnar that Unicode writes with a mark
// of its own behind a letter. Here each is one letter, at U+E000 and up, as in the
// font files.
var doubled = [...]string{"Ê\u0306", "Ô\u0306", "Ơ\u0306", "Ư\u0306", "ê\u0306", "ô\u0306", "ơ\u0306", "ư\u0306"}

// firstDoubled is where doubled begins.
const firstDoubled = '\uE000'

// letters gives the text as the typefaces know it: NFC, with one rune for each
// letter.
func letters(text string) string {
	text = norm.NFC.String(text)
	if !strings.ContainsFunc(text, func(r rune) bool { return r == '\u0306' || isDoubled(r) }) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if isDoubled(r) { // nobody writes so; that it is no letter is found when it is shaped
			return '\uFFFD'
		}
		return r
	}, text)
	for i, pair := range doubled {
		text = strings.ReplaceAll(text, pair, string(rune(firstDoubled+i)))
	}
	return text
}

// isDoubled reports whether r stands for a pair.
func isDoubled(r rune) bool { return r >= firstDoubled && int(r-firstDoubled) < len(doubled) }

// loadTypefaces reads the typefaces by the names that forms use, "text", "bold"
// and "mrz", and the fallbacks of the first two.
func loadTypefaces() (map[string]*typeface, error) {
	var ascii strings.Builder
	for r := ' '; r <= '~'; r++ {
		if !strings.ContainsRune(unprinted, r) {
			ascii.WriteRune(r)
		}
	}
	common := ascii.String() + "°" + vietnamese
	faces := make(map[string]*typeface)
	for _, f := range []struct{ name, file, alphabet string }{
		{"text", "BeVietnamPro-Regular", common},
		{"bold", "BeVietnamPro-SemiBold", common},
		{"text-more", "BeVietnamPro-Regular-More", minority},
		{"bold-more", "BeVietnamPro-SemiBold-More", minority},
		{"mrz", "OCRB", mrzLetters},
	} {
		face, err := loadTypeface(f.file, f.alphabet)
		if err != nil {
			return nil, fmt.Errorf("font %s: %w", f.file, err)
		}
		faces[f.name] = face
	}
	return faces, nil
}

func loadTypeface(file, alphabet string) (*typeface, error) {
	b, err := fonts.Files.ReadFile(file + ".ttf")
	if err != nil {
		return nil, err
	}
	parsed, err := sfnt.Parse(b)
	if err != nil {
		return nil, err
	}
	t := &typeface{name: file, font: parsed, glyphs: make(map[rune]glyph)}
	var buf sfnt.Buffer
	code := 32
	for _, r := range alphabet {
		if code > 255 {
			return nil, errors.New("its alphabet has more than 224 letters")
		}
		g, err := measure(parsed, &buf, r)
		if err != nil {
			return nil, err
		}
		g.code = byte(code)
		t.glyphs[r] = g
		t.top, t.bottom = max(t.top, -g.top), max(t.bottom, g.bottom)
		code++
	}
	if t.packed, err = deflate(b); err != nil {
		return nil, err
	}
	t.json, err = t.define(alphabet, len(b))
	return t, err
}

// unit is the size at which glyphs are measured, so that a length is in 1/1000 em.
const unit = 1000

func measure(f *sfnt.Font, buf *sfnt.Buffer, r rune) (glyph, error) {
	index, err := f.GlyphIndex(buf, r)
	if err != nil {
		return glyph{}, err
	}
	if index == 0 {
		return glyph{}, fmt.Errorf("it has no glyph for U+%04X", r)
	}
	bounds, advance, err := f.GlyphBounds(buf, index, fixed.I(unit), font.HintingNone)
	if err != nil {
		return glyph{}, err
	}
	em := func(v fixed.Int26_6) float64 { return float64(v) / 64 / unit }
	return glyph{
		index: index, width: em(advance),
		left: em(bounds.Min.X), right: em(bounds.Max.X), top: em(bounds.Min.Y), bottom: em(bounds.Max.Y),
	}, nil
}

// fontDefinition is gofpdf's font definition file.
type fontDefinition struct {
	Tp, Name     string
	Desc         fontDescriptor
	Up, Ut       int
	Cw           []int
	Enc, Diff    string
	File         string
	OriginalSize int
}

type fontDescriptor struct {
	Ascent, Descent, CapHeight, Flags int
	FontBBox                          struct{ Xmin, Ymin, Xmax, Ymax int }
	StemV, MissingWidth               int
}

// define writes the definition by which gofpdf embeds the typeface. Its name is
// that of a subset (PDF 32000-1, 9.6.4).
func (t *typeface) define(alphabet string, size int) ([]byte, error) {
	d := fontDefinition{
		Tp: "TrueType", Name: "CANCUO+" + t.name, Cw: make([]int, 256), Enc: "cancuoc", File: t.name + ".z",
		OriginalSize: size, Up: -100, Ut: 50,
	}
	var buf sfnt.Buffer
	metrics, err := t.font.Metrics(&buf, fixed.I(unit), font.HintingNone)
	if err != nil {
		return nil, err
	}
	bounds, err := t.font.Bounds(&buf, fixed.I(unit), font.HintingNone)
	if err != nil {
		return nil, err
	}
	d.Desc.Ascent, d.Desc.Descent, d.Desc.CapHeight = metrics.Ascent.Round(), -metrics.Descent.Round(), metrics.CapHeight.Round()
	d.Desc.Flags, d.Desc.StemV = 32, 80 // non-symbolic
	d.Desc.FontBBox.Xmin, d.Desc.FontBBox.Xmax = bounds.Min.X.Floor(), bounds.Max.X.Ceil()
	d.Desc.FontBBox.Ymin, d.Desc.FontBBox.Ymax = -bounds.Max.Y.Ceil(), -bounds.Min.Y.Floor()
	differences := []byte("32")
	for _, r := range alphabet {
		g := t.glyphs[r]
		d.Cw[g.code] = int(g.width*unit + 0.5)
		differences = append(differences, " /"+glyphName(r)...)
	}
	d.Diff = string(differences)
	return json.Marshal(d)
}

// glyphName is the PDF name of a letter: the Adobe Glyph List's "uni" form, which
// text extraction reads back; of several runes for a doubled letter.
func glyphName(r rune) string {
	if r == ' ' {
		return "space"
	}
	if isDoubled(r) {
		base := []rune(doubled[r-firstDoubled])
		return fmt.Sprintf("uni%04X%04X", base[0], base[1])
	}
	return fmt.Sprintf("uni%04X", r)
}

func deflate(b []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// run is a piece of text in one typeface, placed from the start of its line.
type run struct {
	face *typeface
	text string
	x    float64 // em
}

// shape splits letters into runs and gives their width in em. Letters that neither
// the face nor its fallback has were refused before; here they are passed over.
func (c *Catalog) shape(face, text string) (runs []run, width float64) {
	first, more := c.faces[face], c.faces[face+"-more"]
	start, from := 0.0, 0
	use := first
	for i, r := range text {
		g, ok := first.glyphs[r]
		in := first
		if !ok && more != nil {
			g, ok = more.glyphs[r]
			in = more
		}
		if !ok {
			continue
		}
		if in != use {
			if i > from {
				runs = append(runs, run{face: use, text: text[from:i], x: start})
			}
			use, from, start = in, i, width
		}
		width += g.width
	}
	if from < len(text) {
		runs = append(runs, run{face: use, text: text[from:], x: start})
	}
	return runs, width
}

// glyph finds a letter in the face or its fallback.
func (c *Catalog) glyph(face string, r rune) (glyph, bool) {
	g, ok := c.faces[face].glyphs[r]
	if more := c.faces[face+"-more"]; !ok && more != nil {
		g, ok = more.glyphs[r]
	}
	return g, ok
}

// width gives the width of letters in em, and the first that is missing.
func (c *Catalog) width(face, text string) (width float64, missing rune) {
	for _, r := range text {
		g, ok := c.glyph(face, r)
		if !ok {
			return 0, r
		}
		width += g.width
	}
	return width, 0
}

// reach gives how far the letters of an alphabet go above and below the baseline,
// in em; of any letter when the alphabet is empty.
func (c *Catalog) reach(face, alphabet string) (top, bottom float64) {
	for _, name := range []string{face, face + "-more"} {
		t := c.faces[name]
		if t == nil {
			continue
		}
		if alphabet == "" {
			top, bottom = max(top, t.top), max(bottom, t.bottom)
			continue
		}
		for _, r := range alphabet {
			if g, ok := t.glyphs[r]; ok {
				top, bottom = max(top, -g.top), max(bottom, g.bottom)
			}
		}
	}
	return top, bottom
}
