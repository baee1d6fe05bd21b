package papers

import (
	"fmt"
	"strconv"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// Manifest travels with a consignment (biên bản giao nhận thẻ), on A4. It has a line for
// each card, by which cards are counted out and in.
type Manifest struct {
	Consignment string
	State       identity.ConsignmentState
	Destination Station
	Post        bool // it goes to the post, not to a station
	Courier     string
	Seal        string // number on the seal
	Cards       []ManifestCard
	Specimen    bool
}

// ManifestCard is one line: a card, named by its blank.
type ManifestCard struct {
	Application identity.ApplicationNumber
	Attempt     int // which card of the application it is, from 1
	Blank       string
	Missing     bool // it was not in the box when that was counted
}

// states of a consignment in both languages.
var states = map[identity.ConsignmentState][2]string{
	identity.ConsignmentOpen:     {"CHƯA NIÊM PHONG", "open: provisional"},
	identity.ConsignmentSealed:   {"Đã niêm phong", "sealed"},
	identity.ConsignmentSent:     {"Đã giao vận chuyển", "sent"},
	identity.ConsignmentReceived: {"Đã nhận", "received"},
}

// columns of the manifest, mm from the left edge.
const (
	manifestNumber      = 15
	manifestApplication = 27
	manifestCard        = 66
	manifestBlank       = 84
	manifestSerial      = 138
	manifestCounted     = 176
	manifestRow         = 9 // height
)

// Draw draws the manifest as PDF. It refuses a serial that cannot be a barcode, and
// a text that cannot be printed.
func (m Manifest) Draw(r *render.Renderer) ([]byte, error) {
	s := newSheet(r, 210, 297, 15, "BIÊN BẢN GIAO NHẬN THẺ, GIẤY CHỨNG NHẬN "+m.Consignment)
	heights := make([]float64, len(m.Cards))
	for i := range heights {
		heights[i] = manifestRow
	}
	// What the box is by is on each page: pages get apart.
	again := s.wrap(small, s.printable(fmt.Sprintf("%s; %s: %s; %s: %s", m.Consignment,
		both("Nơi nhận", "Destination"), m.destination(), both("Số niêm phong", "Seal"), m.Seal)), s.w-2*s.margin)
	entries, y := m.entries(s)
	first, rest := y+16, 26+leading(small)*float64(len(again))
	const bottom, tail = 280, 26 + signatureHeight + 6
	pages := paginate(heights, bottom-first, bottom-rest, tail)
	for i, page := range pages {
		s.paper.AddPage()
		s.specimen(m.Specimen)
		top := rest
		if i == 0 {
			m.head(s, entries)
			top = first
		} else {
			s.lines(s.margin, 16, leading(small), small, again)
		}
		if page.from < page.to {
			s.columns(top-3, column{manifestNumber, "STT"}, column{manifestApplication, both("Số hồ sơ", "Application")},
				column{manifestCard, both("Thẻ", "Card")}, column{manifestSerial, both("Số phôi", "Blank")}, column{manifestCounted, both("Đếm", "Count")})
		}
		for n := page.from; n < page.to; n++ {
			m.row(s, n, top+float64(n-page.from)*manifestRow)
		}
		if i == len(pages)-1 {
			m.tail(s, top+float64(page.to-page.from)*manifestRow)
		}
		s.foot(m.Consignment, i+1, len(pages))
	}
	return s.bytes()
}

func (m Manifest) destination() string {
	if m.Post {
		return both("Bưu điện", "post")
	}
	return m.Destination.names()
}

// manifestEntry is a line of the manifest's head, or several, in its place.
type manifestEntry struct {
	y     float64
	name  string
	lines []string
}

// entries lays the manifest's head out, and gives the baseline below it.
func (m Manifest) entries(s *sheet) (list []manifestEntry, y float64) {
	state, known := states[m.State]
	if !known {
		state = [2]string{string(m.State), string(m.State)}
	}
	y = 57.0
	for _, entry := range [][2]string{
		{both("Nơi nhận", "Destination"), m.destination()},
		{both("Trạng thái", "State"), both(state[0], state[1])},
		{both("Đơn vị vận chuyển", "Courier"), m.Courier},
		{both("Số niêm phong", "Seal"), m.Seal},
		{both("Số thẻ", "Cards"), strconv.Itoa(len(m.Cards))},
	} {
		lines := s.wrap(plainly, s.printable(entry[1]), 74)
		list = append(list, manifestEntry{y, entry[0], lines})
		y += 5.4 + leading(plainly)*float64(max(len(lines)-1, 0))
	}
	return list, y
}

func (m Manifest) head(s *sheet, entries []manifestEntry) {
	s.left(s.margin, 16, label, both("Trung tâm sản xuất thẻ", "Card production centre"))
	s.state(s.w-s.margin-32, 16)
	s.center(s.w/2, 42, title, "BIÊN BẢN GIAO NHẬN THẺ, GIẤY CHỨNG NHẬN")
	s.center(s.w/2, 47.5, label, "Consignment manifest")
	for _, entry := range entries {
		s.left(s.margin, entry.y, label, entry.name)
		s.lines(s.margin+44, entry.y, leading(plainly), plainly, entry.lines)
	}
	s.barcode(135, 54, 60, 13, m.Consignment)
	s.center(165, 73, strong, m.Consignment)
}

func (m Manifest) row(s *sheet, n int, y float64) {
	c := m.Cards[n]
	base := y + 5.6
	s.left(manifestNumber, base, plain, strconv.Itoa(n+1))
	s.left(manifestApplication, base, plain, string(c.Application))
	s.left(manifestCard, base, plain, strconv.Itoa(c.Attempt))
	s.barcode(manifestBlank, y+1.2, manifestSerial-manifestBlank, manifestRow-2.4, c.Blank)
	style, _ := s.fit(plain, c.Blank, manifestCounted-manifestSerial-2, leading(plain))
	s.left(manifestSerial, base, style, c.Blank)
	if c.Missing {
		s.left(manifestCounted, y+4.2, render.Style{Bold: true, Size: 7}, "THIẾU")
		s.left(manifestCounted, y+7.4, render.Style{Bold: true, Size: 7}, "MISSING")
	} else {
		s.paper.Draw().Rect(manifestCounted+4, y+2, 5, 5, "D")
	}
	s.rule(y+manifestRow, 170)
}

func (m Manifest) tail(s *sheet, y float64) {
	missing := 0
	for _, c := range m.Cards {
		if c.Missing {
			missing++
		}
	}
	s.left(s.margin, y+8, plainly, fmt.Sprintf("Tổng số: %d; thiếu: %d", len(m.Cards), missing))
	s.left(s.margin, y+12.5, small, fmt.Sprintf("Cards in total: %d; missing: %d", len(m.Cards), missing))
	s.signatures(y+26, [2]string{"Bên giao", "Handed over by"}, [2]string{"Người vận chuyển", "Courier"}, [2]string{"Bên nhận", "Received by"})
}
