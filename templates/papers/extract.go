package papers

import (
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// Extract is what is held on a citizen, for the citizen, on A4: of all papers, the only one
// that names somebody.
type Extract struct {
	At       time.Time
	Officer  identity.OfficerID
	Request  string // the number of the citizen's request
	Digest   string // of what was signed, in hexadecimal
	Sections []Section
	Specimen bool
}

// Section is a part of an extract: lines under a heading.
type Section struct {
	VI, EN string
	Lines  []string
}

// Draw draws the extract as PDF. A character that no paper can print is given by its code
// point.
func (e Extract) Draw(r *render.Renderer) ([]byte, error) {
	const heading = "BẢN TRÍCH THÔNG TIN CĂN CƯỚC"
	p := newSheet(r, 210, 297, 18, heading)
	p.paper.AddPage()
	p.specimen(e.Specimen)
	p.state(p.w/2, 14)
	p.center(p.w/2, 40, title, heading)
	p.center(p.w/2, 46, label, "Extract of what is held on a citizen, and who asked for it")
	y := 56.0
	line := func(style render.Style, text string) {
		for _, part := range p.wrap(style, p.printable(text), p.w-2*p.margin) {
			if y > p.h-p.margin {
				p.paper.AddPage()
				p.specimen(e.Specimen)
				y = p.margin + 6
			}
			p.left(p.margin, y, style, part)
			y += leading(style)
		}
	}
	line(plain, both("Ngày", "Date")+": "+e.At.In(identity.HanoiTime).Format("02/01/2006 15:04")+"; "+both("cán bộ", "officer")+": "+string(e.Officer)+
		"; "+both("yêu cầu số", "request")+": "+e.Request)
	line(small, "SHA-256: "+e.Digest)
	for _, section := range e.Sections {
		y += 3
		line(plainly, both(section.VI, section.EN))
		for _, text := range section.Lines {
			line(plain, text)
		}
	}
	return p.bytes()
}
