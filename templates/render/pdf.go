package render

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"strconv"
	"time"

	"github.com/jung-kurt/gofpdf"
	"golang.org/x/image/draw"

	"example.org/cancuoc/templates/forms"
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

	// Body draws what the blank itself has, the chip's contacts and the round
	// corners, for pictures of a finished card. Bitmaps only.
	Body bool
	// Only are the ids of the fields to draw, on white; all of the card when nil.
	// Bitmaps only: inspection wants a QR code without the rest.
	Only []string
}

// background is what these options draw of the unchanging part.
func (o Options) background() background {
	return background{art: o.Mode != Overlay && o.Only == nil, specimen: o.Specimen && o.Only == nil, body: o.Body}
}

// drawnAt is the date in every PDF, so that the same card is the same bytes.
var drawnAt = time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)

// PDF draws a card: two pages, front and back, of exactly the card's size, fonts
// embedded. The same card gives the same bytes. It refuses what Check refuses, and
// a missing portrait. Safe for concurrent use.
func (f *Form) PDF(c Content, o Options) ([]byte, error) {
	if err := f.complete(c, nil); err != nil {
		return nil, err
	}
	l, err := f.layout(c, nil)
	if err != nil {
		return nil, err
	}
	p := newDocument(f.Page, f.Title, 0)
	what := o.background()
	what.body = false
	if err := p.importArt(f, what); err != nil {
		return nil, err
	}
	for i := range sides {
		p.pdf.AddPage()
		if what != (background{}) {
			p.art(f, i)
		}
		if err := p.pictures(l.pictures[i]); err != nil {
			return nil, fmt.Errorf("draw form %s: %w", f.ID, err)
		}
		if what.art {
			p.texts(f.labels[i])
		}
		p.codes(l.codes[i])
		p.texts(l.pieces[i])
	}
	return p.bytes()
}

// Blank draws what a print house prints on blanks before: art and labels, beyond the
// card's edges by the form's bleed, with a trim box where the card is; of the
// options Specimen counts. Overlay then adds what is left. The round corners are
// punched.
func (f *Form) Blank(o Options) ([]byte, error) {
	p := newDocument(f.Page, f.Title, f.Page.Bleed)
	if err := p.importArt(f, background{art: true, specimen: o.Specimen}); err != nil {
		return nil, err
	}
	p.pdf.SetPageBox("trim", f.Page.Bleed, f.Page.Bleed, f.Page.W, f.Page.H)
	for i := range sides {
		p.pdf.AddPage()
		p.art(f, i)
		p.texts(f.labels[i])
	}
	return p.bytes()
}

// document is one PDF while it is drawn.
type document struct {
	pdf    *gofpdf.Fpdf
	height float64            // of a page, mm
	bleed  float64            // by so much pages are larger than the card, at each edge, mm
	faces  map[*typeface]bool // that the document has
	widths map[int]bool       // of its images
	ops    []byte             // operators that are not in the document yet
	set    struct {           // what the page was last told
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
	// A page is some 10 kB; gofpdf makes a deflater of 800 kB for each, which took half
	// of the time of a card. Fonts, art and images come deflated.
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
	out.Grow(128 << 10)
	if err := p.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// artName is the background's name among a page's resources.
const artName = "/Art"

// importArt brings the ready background in.
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

// art lays a side's background on the current page.
func (p *document) art(f *Form, side int) {
	bottom := stride(f.Page)*float64(side) + f.Page.Bleed - p.bleed // of the page, in the object
	p.pdf.UseImportedTemplate(artName, 1, 1, p.bleed, -p.height-bottom)
}

// texts draws lines on the current page. gofpdf would format each by itself, in
// its own graphics state; here one piece of content holds all.
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
			p.ops = append(p.ops, "Td ("...)
			p.letters(r)
			p.ops = append(p.ops, ") Tj ET\n"...)
		}
	}
	if p.set.pitch != 0 {
		p.ops = append(p.ops, "0 Tc\n"...)
	}
	p.flush()
}

// font selects a typeface and the room between letters.
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

// letters writes a run's codes, inside parentheses.
func (p *document) letters(r run) {
	for _, letter := range r.text {
		code := r.face.glyphs[letter].code
		if code == '(' || code == ')' || code == '\\' {
			p.ops = append(p.ops, '\\')
		}
		p.ops = append(p.ops, code)
	}
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

// flush hands gathered operators to the page.
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

// pictures draws images, clipped to their boxes where their proportions differ.
func (p *document) pictures(list []picture) error {
	for _, image := range list {
		if image.finger {
			// gofpdf writes images by ascending width, and two of one width in random
			// order: no two of a card have the same.
			wider := 0
			for p.widths[int(math.Round(image.box.W/25.4*fingerDPI))+wider] {
				wider++
			}
			small, err := image.thumb(wider)
			if err != nil {
				return err
			}
			image = small
		}
		p.widths[image.width] = true
		p.picture(image)
	}
	return nil
}

func (p *document) picture(i picture) {
	name := strconv.Itoa(i.width)
	options := gofpdf.ImageOptions{ImageType: "jpg"}
	p.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(i.bytes))
	b, cut := i.box, i.cover()
	if cut == image.Rect(0, 0, i.width, i.height) {
		p.pdf.ImageOptions(name, b.X, b.Y, b.W, b.H, false, options, 0, "")
		return
	}
	scaleX, scaleY := b.W/float64(cut.Dx()), b.H/float64(cut.Dy())
	p.pdf.ClipRect(b.X, b.Y, b.W, b.H, false)
	p.pdf.ImageOptions(name, b.X-float64(cut.Min.X)*scaleX, b.Y-float64(cut.Min.Y)*scaleY,
		float64(i.width)*scaleX, float64(i.height)*scaleY, false, options, 0, "")
	p.pdf.ClipEnd()
}

// fingerDPI is the resolution at which a fingerprint is printed; it comes with 500
// dpi of a finger, not of a small box.
const fingerDPI = 300

// thumb makes a fingerprint small enough for a card, wider by so many dots than it
// need be.
func (p picture) thumb(wider int) (picture, error) {
	src, _, err := image.Decode(bytes.NewReader(p.bytes))
	if err != nil {
		return picture{}, fmt.Errorf("read fingerprint: %w", err)
	}
	w, h := int(math.Round(p.box.W/25.4*fingerDPI))+wider, int(math.Round(p.box.H/25.4*fingerDPI))
	small := image.NewGray(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(small, small.Rect, src, p.cover().Add(src.Bounds().Min), draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 80}); err != nil {
		return picture{}, fmt.Errorf("write fingerprint: %w", err)
	}
	return picture{box: p.box, bytes: out.Bytes(), width: w, height: h}, nil
}
