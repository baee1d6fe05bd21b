package templates

import (
	"bytes"
	"compress/zlib"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

//go:embed fonts/*.ttf
var fontFiles embed.FS

// typeface is one font file, ready for both outputs: its outlines for bitmaps,
// and for gofpdf an 8-bit encoding of its letters with the embedded file. All
// Vietnamese letters fit into 8 bits beside ASCII, which makes a PDF several
// times cheaper than gofpdf's UTF-8 route, and cannot panic.
type typeface struct {
	name   string // in PDF
	font   *sfnt.Font
	em     float64
	code   map[rune]byte    // of the letters that it has
	width  map[rune]float64 // in em
	json   []byte           // gofpdf's font definition
	packed []byte           // the file, deflated
}

// The alphabets of the font files in fonts/. Six ASCII characters that no form
// prints are left out of text, so that 222 codes are enough.
const (
	vietnamese = "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ" +
		"ÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬÈẺẼÉẸÊỀỂỄẾỆÌỈĨÍỊÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢÙỦŨÚỤƯỪỬỮỨỰỲỶỸÝỴĐ"
	minority   = "ĔĬŎŬČÑɃĕĭŏŭčñƀ№" + string(breve)
	unprinted  = "^{}|~\\`"
	mrzLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
)

// breve follows Ê Ô Ơ Ư in some names; it has no letter of its own with them.
const breve = '\u0306'

// typefaces by the names that forms use: "text", "bold", "mrz"; and the fallbacks
// of the first two.
func loadTypefaces() (map[string]*typeface, error) {
	var ascii strings.Builder
	for r := ' '; r <= '~'; r++ {
		if !strings.ContainsRune(unprinted, r) {
			ascii.WriteRune(r)
		}
	}
	faces := make(map[string]*typeface)
	for _, f := range []struct{ name, file, alphabet string }{
		{"text", "BeVietnamPro-Regular", ascii.String() + vietnamese},
		{"bold", "BeVietnamPro-SemiBold", ascii.String() + vietnamese},
		{"text-more", "NotoSans-Regular", minority},
		{"bold-more", "NotoSans-Bold", minority},
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

func loadTypeface(file, alphabet string) (*typeface, error) {
	b, err := fontFiles.ReadFile("fonts/" + file + ".ttf")
	if err != nil {
		return nil, err
	}
	parsed, err := sfnt.Parse(b)
	if err != nil {
		return nil, err
	}
	t := &typeface{
		name: file, font: parsed, em: float64(parsed.UnitsPerEm()),
		code: make(map[rune]byte), width: make(map[rune]float64),
	}
	definition := fontDefinition{
		Tp: "TrueType", Name: "CANCUO+" + file, Cw: make([]int, 256), Enc: "cancuoc", File: file + ".z",
		OriginalSize: len(b), Up: -100, Ut: 50,
	}
	var buf sfnt.Buffer
	metrics, err := parsed.Metrics(&buf, fixed.I(1000), font.HintingNone)
	if err != nil {
		return nil, err
	}
	bounds, err := parsed.Bounds(&buf, fixed.I(1000), font.HintingNone)
	if err != nil {
		return nil, err
	}
	d := &definition.Desc
	d.Ascent, d.Descent, d.CapHeight, d.Flags, d.StemV = metrics.Ascent.Round(), -metrics.Descent.Round(), metrics.CapHeight.Round(), 32, 80
	d.FontBBox.Xmin, d.FontBBox.Xmax = bounds.Min.X.Floor(), bounds.Max.X.Ceil()
	d.FontBBox.Ymin, d.FontBBox.Ymax = -bounds.Max.Y.Ceil(), -bounds.Min.Y.Floor()
	var differences strings.Builder
	differences.WriteString("32")
	next := 32
	for _, r := range alphabet {
		glyph, err := parsed.GlyphIndex(&buf, r)
		if err != nil {
			return nil, err
		}
		if glyph == 0 {
			return nil, fmt.Errorf("it has no glyph for U+%04X", r)
		}
		advance, err := parsed.GlyphAdvance(&buf, glyph, fixed.I(1000), font.HintingNone)
		if err != nil {
			return nil, err
		}
		if next > 255 {
			return nil, fmt.Errorf("its alphabet has more than 224 letters")
		}
		t.code[r], t.width[r] = byte(next), float64(advance)/64/1000
		definition.Cw[next] = advance.Round()
		fmt.Fprintf(&differences, " /%s", glyphName(r))
		next++
	}
	definition.Diff = differences.String()
	if t.json, err = json.Marshal(definition); err != nil {
		return nil, err
	}
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
	t.packed = packed.Bytes()
	return t, nil
}

// glyphName is the PDF name of a letter: the Adobe Glyph List's "uni" form, which
// text extraction reads back.
func glyphName(r rune) string {
	if r == ' ' {
		return "space"
	}
	return fmt.Sprintf("uni%04X", r)
}

// encode gives the letters' codes; every letter is known to be in the font.
func (t *typeface) encode(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, t.code[r])
	}
	return string(b)
}

// run is a piece of text in one typeface, placed from the start of its line.
type run struct {
	face *typeface
	text string
	x    float64 // em
	rise float64 // em; of a mark above a capital
}

// shape splits a line into runs and gives its width in em. It reports the first
// letter that neither the face nor its fallback has.
func (c *Catalog) shape(face, line string) (runs []run, width float64, missing rune) {
	first, more := c.faces[face], c.faces[face+"-more"]
	var previous rune
	var before float64 // where the letter before begins
	for _, r := range line {
		use := first
		if _, ok := first.code[r]; !ok {
			use = more
		}
		if use == nil {
			return nil, 0, r
		}
		if _, ok := use.code[r]; !ok {
			return nil, 0, r
		}
		if r == breve { // centred over the letter before, above its own mark
			runs = append(runs, run{face: use, text: string(r), x: before + c.width(face, previous)/2 + 0.29, rise: 0.16})
			continue
		}
		if n := len(runs); n > 0 && runs[n-1].face == use && runs[n-1].rise == 0 {
			runs[n-1].text += string(r)
		} else {
			runs = append(runs, run{face: use, text: string(r), x: width})
		}
		previous, before = r, width
		width += use.width[r]
	}
	return runs, width, 0
}

// width is that of one letter, in em.
func (c *Catalog) width(face string, r rune) float64 {
	if w, ok := c.faces[face].width[r]; ok {
		return w
	}
	if more := c.faces[face+"-more"]; more != nil {
		return more.width[r]
	}
	return 0
}
