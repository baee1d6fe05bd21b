// Package papers draws the papers that go with cards: the appointment slip that a citizen
// takes home, the capture sheet, the notice of refusal, the manifest that travels with a consignment, the record of blanks that
// were spoiled and destroyed. They are in Vietnamese first, with English beside it.
//
// A paper holds no more than its reader needs: none names a citizen or says what a card
// says, but those that are for the citizen in person: the capture sheet that is signed, the
// notice of refusal, the PIN letter and the extract. The same paper is the same bytes each time; its dates are
// those of its record, not of its printing. Start at Slip, CaptureSheet, Refusal, Manifest,
// Destruction.
package papers

import (
	"fmt"
	"strconv"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// Station is a station as papers name it.
type Station struct {
	ID   identity.StationID
	Name string // may be empty
}

// names gives the station's name and its code.
func (s Station) names() string {
	if s.Name == "" {
		return string(s.ID)
	}
	return s.Name + " (" + string(s.ID) + ")"
}

// The styles of all papers.
var (
	title    = render.Style{Bold: true, Size: 15}
	strong   = render.Style{Bold: true, Size: 11}
	strongly = render.Style{Bold: true, Size: 16}
	plain    = render.Style{Size: 9}
	plainly  = render.Style{Bold: true, Size: 9}
	label    = render.Style{Size: 8, Gray: 70}
	small    = render.Style{Size: 7.5, Gray: 70}
)

// sheet is a paper while it is drawn. After its first error nothing more is drawn.
type sheet struct {
	paper  *render.Paper
	w, h   float64 // of a page, mm
	margin float64 // mm
	err    error
}

func newSheet(r *render.Renderer, w, h, margin float64, name string) *sheet {
	s := &sheet{paper: r.Paper(w, h, name), w: w, h: h, margin: margin}
	s.paper.Draw().SetLineWidth(0.2)
	return s
}

func (s *sheet) bytes() ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.paper.Bytes()
}

// left sets a line that begins at x on the baseline y.
func (s *sheet) left(x, y float64, style render.Style, text string) {
	if s.err == nil {
		s.err = s.paper.Text(x, y, style, text)
	}
}

// right sets a line that ends at x.
func (s *sheet) right(x, y float64, style render.Style, text string) {
	s.left(x-s.width(style, text), y, style, text)
}

// center sets a line around x.
func (s *sheet) center(x, y float64, style render.Style, text string) {
	s.left(x-s.width(style, text)/2, y, style, text)
}

func (s *sheet) width(style render.Style, text string) float64 {
	width, err := s.paper.Width(style, text)
	if s.err == nil {
		s.err = err
	}
	return width
}

// both gives Vietnamese and English on one line: "Số hồ sơ / Application number".
func both(vi, en string) string { return vi + " / " + en }

// wrap breaks a text into lines of at most width mm, and words where they are wider than
// a line.
func (s *sheet) wrap(style render.Style, text string, width float64) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		joined := strings.TrimLeft(line+" "+word, " ")
		if s.width(style, joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for s.err == nil && s.width(style, word) > width {
			head := s.head(style, word, width)
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// head is as much of a word as fits, at least one letter.
func (s *sheet) head(style render.Style, word string, width float64) string {
	end := len(word)
	for i := range word {
		if i > 0 && s.width(style, word[:i]) > width {
			break
		}
		end = i
	}
	if end == 0 {
		end = len(string([]rune(word)[:1]))
	}
	return word[:end]
}

// smallest is the least size in which a paper is set, pt.
const smallest = 5.0

// fit breaks a text into lines of at most width mm that are no higher than height together,
// by setting it smaller if need be. It refuses a text that has no room.
func (s *sheet) fit(style render.Style, text string, width, height float64) (render.Style, []string) {
	for {
		lines := s.wrap(style, text, width)
		if s.err != nil || float64(len(lines))*leading(style) <= height {
			return style, lines
		}
		if style.Size -= 0.5; style.Size < smallest {
			s.err = identity.Refuse(identity.Invalid, "a text of %d letters is too long for this paper", len([]rune(text)))
			return style, nil
		}
	}
}

// leading is how far lines of a style are apart, mm.
func leading(style render.Style) float64 { return style.Size*0.36 + 1.0 }

// lines sets lines below each other, and gives the baseline of the next.
func (s *sheet) lines(x, y, leading float64, style render.Style, lines []string) float64 {
	for _, line := range lines {
		s.left(x, y, style, line)
		y += leading
	}
	return y
}

// printable replaces each character that no paper can print with its code point, for
// example "[U+1F600]": a record of what people typed must be drawn and must not hide it.
func (s *sheet) printable(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if _, err := s.paper.Width(plain, text); err == nil {
		return text
	}
	var out strings.Builder
	for _, letter := range text {
		if _, err := s.paper.Width(plain, string(letter)); err != nil {
			fmt.Fprintf(&out, "[U+%04X]", letter)
			continue
		}
		out.WriteRune(letter)
	}
	return out.String()
}

// state sets the State's name and motto, centered around x.
func (s *sheet) state(x, y float64) {
	s.center(x, y, render.Style{Bold: true, Size: 8}, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
	s.center(x, y+4, render.Style{Bold: true, Size: 8}, "Độc lập - Tự do - Hạnh phúc")
	s.center(x, y+8, small, "SOCIALIST REPUBLIC OF VIET NAM")
	s.center(x, y+11.5, small, "Independence - Freedom - Happiness")
}

// specimen marks the page at its top, if the paper is a specimen.
func (s *sheet) specimen(yes bool) {
	if yes {
		s.center(s.w/2, 8, render.Style{Bold: true, Size: 10, Gray: 120}, "MẪU / SPECIMEN")
	}
}

// signatures draws boxes side by side for people to sign in, each with the signer's part.
// They are signatureHeight high.
func (s *sheet) signatures(y float64, signers ...[2]string) {
	w := (s.w - 2*s.margin) / float64(len(signers))
	for i, signer := range signers {
		x := s.margin + (float64(i)+0.5)*w
		style, lines := s.fit(plainly, signer[0], w-4, 2*leading(plainly))
		for n, line := range lines {
			s.center(x, y+float64(n)*leading(style), style, line)
		}
		below := y + float64(max(len(lines)-1, 0))*leading(style)
		s.center(x, below+4, small, signer[1])
		s.center(x, below+8, small, both("Ký, ghi rõ họ tên", "signature, name"))
		s.paper.Draw().Line(x-w/2+6, y+signatureHeight, x+w/2-6, y+signatureHeight)
	}
}

const signatureHeight = 21 // mm

// foot numbers a page.
func (s *sheet) foot(name string, page, pages int) {
	y := s.h - 10
	s.rule(y-4, 0)
	s.left(s.margin, y, small, name)
	s.right(s.w-s.margin, y, small, both(fmt.Sprintf("Trang %d/%d", page, pages), fmt.Sprintf("page %d of %d", page, pages)))
}

// column is the head of a table's column.
type column struct {
	x    float64
	name string
}

// columns sets the heads of a table's columns, and a line below them.
func (s *sheet) columns(y float64, heads ...column) {
	for _, head := range heads {
		s.left(head.x, y, small, head.name)
	}
	s.rule(y+2, 0)
}

// rule draws a line across the page; gray is 0 for black to 255.
func (s *sheet) rule(y float64, gray int) {
	pdf := s.paper.Draw()
	pdf.SetDrawColor(gray, gray, gray)
	pdf.Line(s.margin, y, s.w-s.margin, y)
	pdf.SetDrawColor(0, 0, 0)
}

// span is the rows of one page; to is the row after the last.
type span struct{ from, to int }

// signed is how many rows at least are on the page with the signatures, if there are rows.
const signed = 3

// paginate distributes rows of these heights over pages, at least one. The first page and
// the rest have that much room for rows; the last one needs tail below its rows, which are
// never none: nobody signs a page without rows.
func paginate(heights []float64, first, rest, tail float64) []span {
	pages, room := []span{{}}, first
	for i, height := range heights {
		if height > room {
			pages, room = append(pages, span{i, i}), rest
		}
		pages[len(pages)-1].to = i + 1
		room -= height
	}
	if tail <= room {
		return pages
	}
	last := &pages[len(pages)-1]
	from, room := last.to, rest-tail
	for from > last.from && last.to-from < signed && heights[from-1] <= room {
		from--
		room -= heights[from]
	}
	end := span{from, last.to}
	if last.to = from; last.from == last.to && len(pages) > 1 {
		pages = pages[:len(pages)-1] // all its rows have moved
	}
	return append(pages, end)
}

// thousands groups a number as Vietnam writes it: 1.234.567.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte('.')
		}
		out.WriteRune(d)
	}
	return out.String()
}
