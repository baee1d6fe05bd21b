package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/jung-kurt/gofpdf"
)

// Mode is what a printer puts on a card.
type Mode string

// The modes.
const (
	Full    Mode = "full"    // everything, on white cards
	Overlay Mode = "overlay" // what differs from card to card, on blanks printed before
)

// Options of drawing.
type Options struct {
	Mode     Mode // Full when empty
	Specimen bool // mark each side MẪU / SPECIMEN
}

// drawnAt is the date in every PDF, so that the same card is the same bytes.
var drawnAt = time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)

// PDF draws a card: two pages, front and back, of exactly the card's size, fonts
// embedded. The same card gives the same bytes. It refuses what Check refuses.
// Safe for concurrent use.
func (f *Form) PDF(c Content, o Options) ([]byte, error) {
	l, err := f.layout(c)
	if err != nil {
		return nil, err
	}
	pdf := gofpdf.NewCustom(&gofpdf.InitType{UnitStr: "mm", Size: gofpdf.SizeType{Wd: f.Page.W, Ht: f.Page.H}})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(drawnAt)
	pdf.SetModificationDate(drawnAt)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetTitle(f.Title, true)
	p := &pdfPage{pdf: pdf, fonts: make(map[*typeface]bool)}
	full := o.Mode != Overlay
	if full {
		if err := p.importArt(f, o.Specimen); err != nil {
			return nil, err
		}
	}
	for i, side := range []Side{Front, Back} {
		pdf.AddPageFormat("P", gofpdf.SizeType{Wd: f.Page.W, Ht: f.Page.H})
		if full {
			pdf.UseImportedTemplate(artName, 1, 1, 0, -f.Page.H*float64(i+1))
			for _, t := range f.texts(side) {
				p.text(t)
			}
		}
		p.pictures(l.pictures[i])
		p.codes(l.codes[i], f.Page.H)
		for _, t := range l.pieces[i] {
			p.text(t)
		}
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("draw form %s: %w", f.ID, err)
	}
	return out.Bytes(), nil
}

// artName is the background's name among a page's resources.
const artName = "/Art"

// pdfPage draws on one document.
type pdfPage struct {
	pdf   *gofpdf.Fpdf
	fonts map[*typeface]bool
}

// importArt brings the ready background in.
func (p *pdfPage) importArt(f *Form, specimen bool) error {
	object, err := f.xobject(specimen)
	if err != nil {
		return fmt.Errorf("draw background of form %s: %w", f.ID, err)
	}
	const hash = "art"
	p.pdf.ImportObjects(map[string][]byte{hash: object})
	p.pdf.ImportTemplates(map[string]string{artName: hash})
	return nil
}

// text draws a line.
func (p *pdfPage) text(t piece) {
	p.pdf.SetTextColor(int(t.color.r), int(t.color.g), int(t.color.b))
	for _, r := range t.runs {
		if !p.fonts[r.face] {
			p.fonts[r.face] = true
			p.pdf.AddFontFromBytes(r.face.name, "", r.face.json, r.face.packed)
		}
		p.pdf.SetFont(r.face.name, "", t.size)
		em := t.size * point
		p.pdf.Text(t.x+r.x*em, t.y-r.rise*em, r.face.encode(r.text))
	}
}

// codes draws QR codes as runs of dark modules, one path for all.
func (p *pdfPage) codes(codes []code, height float64) {
	for _, c := range codes {
		var path []byte
		for y, row := range c.rows {
			for x := 0; x < len(row); x++ {
				if !row[x] {
					continue
				}
				from := x
				for x < len(row) && row[x] {
					x++
				}
				for _, v := range []float64{
					(c.x + float64(from)*c.module) / point,
					(height - c.y - float64(y+1)*c.module) / point,
					float64(x-from) * c.module / point,
					c.module / point,
				} {
					path = strconv.AppendFloat(path, v, 'f', 3, 64)
					path = append(path, ' ')
				}
				path = append(path, "re\n"...)
			}
		}
		p.pdf.RawWriteStr("0 g\n" + string(path) + "f")
	}
}

// pictures draws images. gofpdf writes two images of one width in random order,
// so each is registered under a name of its own content.
func (p *pdfPage) pictures(list []picture) {
	for _, i := range list {
		sum := sha256.Sum256(i.bytes)
		name := hex.EncodeToString(sum[:8])
		options := gofpdf.ImageOptions{ImageType: i.kind}
		p.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(i.bytes))
		p.pdf.ImageOptions(name, i.box.X, i.box.Y, i.box.W, i.box.H, false, options, 0, "")
	}
}

// texts are the fixed texts of a side, in their places.
func (f *Form) texts(side Side) []piece {
	var pieces []piece
	for _, t := range f.Texts {
		if t.Side != side {
			continue
		}
		runs, width, _ := f.catalog.shape(orText(t.Font), t.Text)
		x := t.X
		if t.Align == "centre" {
			x += (t.W - width*t.Size*point) / 2
		}
		pieces = append(pieces, piece{runs: runs, x: x, y: t.Y + t.H - 0.28*t.Size*point, size: t.Size, color: f.color(t.Color)})
	}
	return pieces
}
