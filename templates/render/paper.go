package render

import (
	"github.com/jung-kurt/gofpdf"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/qr"
)

// Paper is a document other than a card (a slip, a manifest, a record), in the typefaces
// of the cards, which have every letter of Vietnam's languages. The same paper is the
// same bytes every time. It is drawn by one goroutine.
type Paper struct {
	renderer *Renderer
	doc      *document
}

// Style says how a line of a paper is set.
type Style struct {
	Bold bool
	Size float64 // pt
	Gray uint8   // 0 is black
}

func (s Style) face() string {
	if s.Bold {
		return "bold"
	}
	return "text"
}

// Paper begins a paper with pages of w by h mm; 148 by 210 is A5.
func (r *Renderer) Paper(w, h float64, title string) *Paper {
	p := &Paper{renderer: r, doc: newDocument(forms.Page{W: w, H: h}, title, 0)}
	p.doc.pdf.SetCompression(true) // a paper may have many pages
	return p
}

// AddPage begins the next page.
func (p *Paper) AddPage() { p.doc.pdf.AddPage() }

// Width is how wide a text is, mm. It refuses a character that no paper can print.
func (p *Paper) Width(s Style, text string) (float64, error) {
	em, missing := p.renderer.faces.width(s.face(), letters(text))
	if missing != 0 {
		return 0, identity.Refuse(identity.Invalid, "the text contains a character that no paper can print (U+%04X)", missing)
	}
	return em * s.Size * point, nil
}

// Text sets a line that begins at x on the baseline y, in mm from the top left corner of
// the page. It refuses what Width refuses.
func (p *Paper) Text(x, y float64, s Style, text string) error {
	if _, err := p.Width(s, text); err != nil {
		return err
	}
	runs, _ := p.renderer.faces.shape(s.face(), letters(text))
	p.doc.texts([]piece{{runs: runs, x: x, y: y, size: s.Size, color: rgb{s.Gray, s.Gray, s.Gray}}})
	return nil
}

// QR draws a code in a square, quiet zone included, with the best error correction up to
// M whose modules are large enough to scan. It refuses a payload that is too long.
func (p *Paper) QR(x, y, size float64, payload string) error {
	const quiet = 4
	drawn, err := encodeBy(qr.Standard, &forms.Field{
		Box: forms.Box{X: x, Y: y, W: size, H: size}, Level: "M", Quiet: quiet, Module: forms.SmallestModule,
	}, payload)
	if err != nil {
		return err
	}
	p.doc.codes([]code{drawn})
	return nil
}

// Draw gives the document, for lines, boxes and images. Texts are set by Text, which has
// every letter.
func (p *Paper) Draw() *gofpdf.Fpdf { return p.doc.pdf }

// Bytes ends the paper and gives its PDF.
func (p *Paper) Bytes() ([]byte, error) { return p.doc.bytes() }
