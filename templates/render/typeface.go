package render

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"example.org/cancuoc/templates/fonts"
)

// typeface is one font file, ready for both outputs: its outlines for bitmaps, and for
// gofpdf an 8-bit encoding of its letters with the file to embed. ASCII and all
// Vietnamese letters fit into 8 bits. That makes a PDF several times cheaper than
// gofpdf's UTF-8 fonts, and cannot panic.
type typeface struct {
	name   string // in PDF
	font   *sfnt.Font
	glyphs map[rune]glyph // by letter
	top    float64        // of its tallest letter above the baseline, em
	bottom float64        // of its deepest below, em
	json   []byte         // gofpdf's font definition
	packed []byte         // the file, deflated
	kerns  []int16        // by the codes of two letters, 1/1000 em
}

// typefaces are the typefaces by the names that forms use, "text", "bold" and "mrz".
// "text-more" and "bold-more" have the letters that the first two lack.
type typefaces map[string]*typeface

// glyph is one letter of a typeface. Lengths are in em, y downwards from the baseline.
type glyph struct {
	index                    sfnt.GlyphIndex
	code                     byte // in PDF
	width                    float64
	left, right, top, bottom float64 // of its ink
}

// The alphabets of the font files (package fonts). Seven ASCII characters that no form
// prints are left out, so that 224 codes are enough.
const (
	vietnamese = "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ" +
		"ÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬÈẺẼÉẸÊỀỂỄẾỆÌỈĨÍỊÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢÙỦŨÚỤƯỪỬỮỨỰỲỶỸÝỴĐ"
	minority   = "ĔĬŎŬČÑɃĕĭŏŭčñƀ№" + "\uE000\uE001\uE002\uE003\uE004\uE005\uE006\uE007"
	unprinted  = "^{}|~\\`"
	mrzLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
)

// loadTypefaces reads all typefaces.
func loadTypefaces() (typefaces, error) {
	var ascii strings.Builder
	for r := ' '; r <= '~'; r++ {
		if !strings.ContainsRune(unprinted, r) {
			ascii.WriteRune(r)
		}
	}
	common := ascii.String() + "°" + vietnamese
	faces := make(typefaces)
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
	code := firstCode
	for _, r := range alphabet {
		if code > 255 {
			return nil, errors.New("the alphabet has more than 224 letters")
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
	if err := t.measureKerns(); err != nil {
		return nil, err
	}
	embedded := without(b, "GPOS") // a PDF's letters are placed already
	if t.packed, err = deflate(embedded); err != nil {
		return nil, err
	}
	t.json, err = t.define(alphabet, len(embedded))
	return t, err
}

// without gives a font file that has been parsed without one of its tables.
func without(file []byte, table string) []byte {
	const head, entry = 12, 16 // of the directory, bytes
	n := int(binary.BigEndian.Uint16(file[4:]))
	var kept [][]byte
	for i := range n {
		if e := file[head+i*entry:][:entry]; string(e[:4]) != table {
			kept = append(kept, e)
		}
	}
	out := slices.Clone(file[:head])
	binary.BigEndian.PutUint16(out[4:], uint16(len(kept)&0xffff))
	at := head + len(kept)*entry
	var tables []byte
	for _, e := range kept {
		from, size := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
		out = append(out, e[:8]...)
		out = binary.BigEndian.AppendUint32(out, uint32((at+len(tables))&0x7fffffff))
		out = binary.BigEndian.AppendUint32(out, size)
		tables = append(tables, file[from:from+size]...)
		tables = append(tables, make([]byte, -len(tables)&3)...)
	}
	return append(out, tables...)
}

// unit is the size at which glyphs are measured, so that lengths are in 1/1000 em.
const unit = 1000

func measure(f *sfnt.Font, buf *sfnt.Buffer, r rune) (glyph, error) {
	index, err := f.GlyphIndex(buf, r)
	if err != nil {
		return glyph{}, err
	}
	if index == 0 {
		return glyph{}, fmt.Errorf("there is no glyph for U+%04X", r)
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

// codes is how many letters a typeface may have, and firstCode the code of the first.
const codes, firstCode = 224, 32

// measureKerns reads by how much each letter is moved behind each other one. Spaces are left
// alone, so that a line is as wide as its words.
func (t *typeface) measureKerns() error {
	var buf sfnt.Buffer
	for r, g := range t.glyphs {
		for s, h := range t.glyphs {
			k, err := t.font.Kern(&buf, g.index, h.index, fixed.I(unit), font.HintingNone)
			switch {
			case errors.Is(err, sfnt.ErrNotFound) || k == 0 || r == ' ' || s == ' ':
				continue
			case err != nil:
				return err
			case t.kerns == nil:
				t.kerns = make([]int16, codes*codes)
			}
			t.kerns[int(g.code-firstCode)*codes+int(h.code-firstCode)] = int16(k.Round())
		}
	}
	return nil
}

// kern is by how much the second of two letters is moved, em.
func (t *typeface) kern(a, b glyph) float64 {
	if t.kerns == nil || a.code < firstCode || b.code < firstCode {
		return 0
	}
	return float64(t.kerns[int(a.code-firstCode)*codes+int(b.code-firstCode)]) / unit
}

// contours gives a letter's outline in em, y downwards, with chords for curves.
func (t *typeface) contours(r rune) [][]dot {
	var buf sfnt.Buffer
	const scale = 1024
	segments, err := t.font.LoadGlyph(&buf, t.glyphs[r].index, fixed.I(scale), nil)
	if err != nil {
		return nil // loadTypeface has loaded it
	}
	at := func(p fixed.Point26_6) dot { return dot{float64(p.X) / 64 / scale, float64(p.Y) / 64 / scale} }
	var contours [][]dot
	for _, s := range segments {
		n := len(contours) - 1
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			contours = append(contours, []dot{at(s.Args[0])})
		case sfnt.SegmentOpLineTo:
			contours[n] = append(contours[n], at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			from, bend, to := contours[n][len(contours[n])-1], at(s.Args[0]), at(s.Args[1])
			for j := 1; j <= 6; j++ {
				t := float64(j) / 6
				u := 1 - t
				contours[n] = append(contours[n], dot{u*u*from.x + 2*u*t*bend.x + t*t*to.x, u*u*from.y + 2*u*t*bend.y + t*t*to.y})
			}
		case sfnt.SegmentOpCubeTo: // TrueType has none
			contours[n] = append(contours[n], at(s.Args[2]))
		}
	}
	return contours
}

// fontDefinition is the font definition file of gofpdf.
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

// define writes the definition with which gofpdf embeds the typeface, under the name of
// a subset (PDF 32000-1, 9.6.4).
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

// glyphName is the name of a letter in PDF: the "uni" form of the Adobe Glyph List, from
// which text is extracted; for a doubled letter it names both runes.
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
