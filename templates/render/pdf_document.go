package render

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jung-kurt/gofpdf"

	"example.org/cancuoc/templates/forms"
)

// drawnAt is the date in every PDF, so that the same card is the same bytes.
var drawnAt = time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)

// document is one PDF while it is drawn.
type document struct {
	pdf    *gofpdf.Fpdf
	height float64            // of a page, mm
	bleed  float64            // how far pages go beyond each edge of the card, mm
	faces  map[*typeface]bool // those that the document has
	widths map[int]bool       // of its images, dots
	ops    []byte             // operators that are not yet in the document
	set    struct {           // the last settings of the page
		face  *typeface
		size  float64
		pitch float64
		color rgb
	}
}

func newDocument(page forms.Page, title string, bleed float64) *document {
	size := gofpdf.SizeType{Wd: page.W + 2*bleed, Ht: page.H + 2*bleed}
	pdf := gofpdf.NewCustom(&gofpdf.InitType{UnitStr: "mm", Size: size})
	pdf.SetCatalogSort(true)
	// A page is about 10 kB. gofpdf makes a deflater of 800 kB for each, which took half
	// of a card's time. Fonts, art and images are already deflated.
	pdf.SetCompression(false)
	pdf.SetCreationDate(drawnAt)
	pdf.SetModificationDate(drawnAt)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetTitle(title, true)
	return &document{pdf: pdf, height: size.Ht, bleed: bleed, faces: make(map[*typeface]bool), widths: make(map[int]bool)}
}

func (p *document) bytes() ([]byte, error) {
	var out bytes.Buffer
	out.Grow(200 << 10)
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// artName is the background's name among a page's resources.
const artName = "/Art"

// importArt adds the background to the document.
func (p *document) importArt(f *Form, what background) error {
	if what == (background{}) {
		return nil
	}
	object, err := f.renderer.cache.object(f, what)
	if err != nil {
		return fmt.Errorf("draw background of form %s: %w", f.ID, err)
	}
	const hash = "art"
	p.pdf.ImportObjects(map[string][]byte{hash: object})
	p.pdf.ImportTemplates(map[string]string{artName: hash})
	return nil
}

// art draws a band of the background on the current page.
func (p *document) art(f *Form, band int) {
	bottom := stride(f.Page)*float64(band) + f.Page.Bleed - p.bleed // of the page, in the object
	p.pdf.UseImportedTemplate(artName, 1, 1, p.bleed, -p.height-bottom)
}

// texts draws lines on the current page, as one piece of content. gofpdf would format
// each line separately, in a graphics state of its own.
func (p *document) texts(pieces []piece) {
	p.set.face, p.set.pitch, p.set.color = nil, 0, rgb{}
	p.ops = append(p.ops[:0], "0 g\n"...)
	for _, t := range pieces {
		if t.color != p.set.color {
			p.set.color = t.color
			p.color(t.color)
		}
		em := t.size * point
		for _, r := range t.runs {
			p.font(r.face, t.size, t.pitch)
			p.ops = append(p.ops, "BT "...)
			p.number((p.bleed+t.x+r.x*em)/point, 2)
			p.number((p.height-p.bleed-t.y)/point, 2)
			p.ops = append(p.ops, "Td "...)
			p.letters(r, t.pitch == 0)
			p.ops = append(p.ops, " ET\n"...)
		}
	}
	if p.set.pitch != 0 {
		p.ops = append(p.ops, "0 Tc\n"...)
	}
	p.flush()
}

// font selects a typeface and the space between letters.
func (p *document) font(face *typeface, size, pitch float64) {
	if face != p.set.face || size != p.set.size {
		p.flush()
		if !p.faces[face] {
			p.faces[face] = true
			p.pdf.AddFontFromBytes(face.name, "", face.json, face.packed)
		}
		p.pdf.SetFont(face.name, "", size)
		p.set.face, p.set.size = face, size
	}
	if pitch != p.set.pitch {
		p.set.pitch = pitch
		space := 0.0
		if pitch != 0 {
			space = pitch/point - face.glyphs['A'].width*size
		}
		p.number(space, 4)
		p.ops = append(p.ops, "Tc "...)
	}
}

// letters shows a run: its codes, and where letters are kerned, by how much.
func (p *document) letters(r run, kerned bool) {
	p.ops = append(p.ops, "[("...)
	var before glyph
	for _, letter := range r.text {
		g := r.face.glyphs[letter]
		if k := r.face.kern(before, g); kerned && k != 0 {
			p.ops = append(p.ops, ')')
			p.ops = strconv.AppendInt(p.ops, -int64(math.Round(k*unit)), 10)
			p.ops = append(p.ops, '(')
		}
		code := g.code
		before = g
		if code == '(' || code == ')' || code == '\\' {
			p.ops = append(p.ops, '\\')
		}
		p.ops = append(p.ops, code)
	}
	p.ops = append(p.ops, ")] TJ"...)
}

func (p *document) number(v float64, decimals int) {
	p.ops = strconv.AppendFloat(p.ops, v, 'f', decimals, 64)
	p.ops = append(p.ops, ' ')
}

func (p *document) color(c rgb) {
	for _, v := range [3]uint8{c.r, c.g, c.b} {
		p.number(float64(v)/255, 3)
	}
	p.ops = append(p.ops, "rg\n"...)
}

// flush moves the operators to the page.
func (p *document) flush() {
	if len(p.ops) > 0 {
		p.pdf.RawWriteStr(string(p.ops))
		p.ops = p.ops[:0]
	}
}

// codes draws QR codes as runs of dark modules, one path for all, in a space where a
// module is 1 by 1 and y goes down.
func (p *document) codes(codes []code) {
	for _, c := range codes {
		size := c.module / point
		p.ops = append(p.ops[:0], "q 0 g "...)
		p.number(size, 5)
		p.ops = append(p.ops, "0 0 "...)
		p.number(-size, 5)
		p.number((p.bleed+c.x)/point, 3)
		p.number((p.height-p.bleed-c.y)/point, 3)
		p.ops = append(p.ops, "cm\n"...)
		for y := range c.modules.Size() {
			c.modules.Runs(y, func(from, to int) {
				for _, v := range [3]int{from, y, to - from} {
					p.ops = strconv.AppendInt(p.ops, int64(v), 10)
					p.ops = append(p.ops, ' ')
				}
				p.ops = append(p.ops, "1 re\n"...)
			})
		}
		p.ops = append(p.ops, "f Q\n"...)
		p.flush()
	}
}
