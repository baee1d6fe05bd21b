package papers

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// Destruction is the record of the blanks that were spoiled or destroyed in some days
// (biên bản tiêu hủy phôi thẻ), on A4, for witnesses to sign. It does not say what was
// printed on them.
type Destruction struct {
	From, To identity.Date // both days included
	Blanks   []WrittenOff
	Specimen bool
}

// WrittenOff is a blank that will never be anybody's card.
type WrittenOff struct {
	Serial string
	Lost   bool // it was missing when its box was counted, so nobody can destroy it
	Events []WriteOff
}

// destroyed reports whether the blank is destroyed.
func (b WrittenOff) destroyed() bool {
	return len(b.Events) > 0 && b.Events[len(b.Events)-1].Destroyed
}

// WriteOff is one step: the blank was spoiled or destroyed.
type WriteOff struct {
	Destroyed bool // otherwise spoiled
	At        time.Time
	By        string // an officer, two officers, or a station
	Reason    identity.Reason
}

// columns of the record, mm from the left edge.
const (
	destroyedNumber = 15
	destroyedBlank  = 25
	destroyedState  = 86
	destroyedWhat   = 112
	destroyedLine   = 3.8
	destroyedLines  = 40 // of a row at most: a blank with more takes several
)

// destroyedRow is a row of the record: a blank, or how its story goes on.
type destroyedRow struct {
	number int // of the blank, from 0
	on     bool
	lines  []string
}

func (r destroyedRow) height() float64 { return max(15, 4+destroyedLine*float64(len(r.lines))) }

// rows lays the blanks out.
func (d Destruction) rows(s *sheet) []destroyedRow {
	var rows []destroyedRow
	for i, b := range d.Blanks {
		var lines []string
		for _, e := range b.Events {
			lines = append(lines, s.wrap(label, e.sentence(s), s.w-s.margin-destroyedWhat)...)
		}
		first := lines[:min(len(lines), destroyedLines)]
		rows = append(rows, destroyedRow{number: i, lines: first})
		for more := range slices.Chunk(lines[len(first):], destroyedLines) {
			rows = append(rows, destroyedRow{number: i, on: true, lines: more})
		}
	}
	return rows
}

// Draw draws the record as PDF. It refuses a serial that cannot be a barcode.
func (d Destruction) Draw(r *render.Renderer) ([]byte, error) {
	period := fmt.Sprintf("%s - %s", d.From.Display(), d.To.Display())
	s := newSheet(r, 210, 297, 15, "BIÊN BẢN TIÊU HỦY PHÔI THẺ "+period)
	rows := d.rows(s)
	heights := make([]float64, len(rows))
	for i, row := range rows {
		heights[i] = row.height()
	}
	const first, rest, bottom, tail = 72, 28, 280, 36 + signatureHeight + 6
	pages := paginate(heights, bottom-first, bottom-rest, tail)
	for i, page := range pages {
		s.paper.AddPage()
		s.specimen(d.Specimen)
		y := float64(rest)
		if i == 0 {
			d.head(s, period)
			y = first
		}
		if page.from < page.to {
			s.columns(y-3, column{destroyedNumber, "STT"}, column{destroyedBlank, both("Số phôi", "Blank")},
				column{destroyedState, both("Tình trạng", "State")}, column{destroyedWhat, both("Khi nào, ai, vì sao", "when, by whom, why")})
		}
		for n := page.from; n < page.to; n++ {
			d.row(s, rows[n], y)
			y += heights[n]
		}
		if i == len(pages)-1 {
			d.tail(s, y)
		}
		s.foot(period, i+1, len(pages))
	}
	return s.bytes()
}

func (d Destruction) head(s *sheet, period string) {
	s.left(s.margin, 16, label, both("Trung tâm sản xuất thẻ", "Card production centre"))
	s.state(s.w-s.margin-32, 16)
	s.center(s.w/2, 42, title, "BIÊN BẢN TIÊU HỦY PHÔI THẺ")
	s.center(s.w/2, 47.5, label, "Record of blanks spoiled and destroyed")
	s.center(s.w/2, 56, strong, period)
}

func (d Destruction) row(s *sheet, r destroyedRow, y float64) {
	b := d.Blanks[r.number]
	s.left(destroyedNumber, y+6, plain, strconv.Itoa(r.number+1))
	s.lines(destroyedWhat, y+5, destroyedLine, label, r.lines)
	s.rule(y+r.height(), 170)
	if r.on {
		s.left(destroyedBlank, y+6, plain, both(b.Serial+" (tiếp theo)", "continued"))
		return
	}
	s.barcode(destroyedBlank, y+1.5, destroyedState-destroyedBlank-1, 7, b.Serial)
	s.center((destroyedBlank+destroyedState-1)/2, y+12.5, plain, b.Serial)
	state := [2]string{"Hỏng", "spoiled"}
	switch {
	case b.Lost:
		state = [2]string{"Thất lạc", "lost"}
	case b.destroyed():
		state = [2]string{"Đã hủy", "destroyed"}
	}
	s.left(destroyedState, y+5, plainly, state[0])
	s.left(destroyedState, y+9, small, state[1])
}

// sentence gives a step as one line, for example "Hỏng / spoiled 24/11/2026 09:12, PX-01:
// mute chip".
func (e WriteOff) sentence(s *sheet) string {
	what := both("Hỏng", "spoiled")
	if e.Destroyed {
		what = both("Hủy", "destroyed")
	}
	by, reason := s.printable(e.By), s.printable(e.Reason.InWords())
	if reason != "" {
		reason = ": " + reason
	}
	return fmt.Sprintf("%s %s, %s%s", what, e.At.In(identity.HanoiTime).Format("02/01/2006 15:04"), by, reason)
}

func (d Destruction) tail(s *sheet, y float64) {
	destroyed, lost := 0, 0
	for _, b := range d.Blanks {
		switch {
		case b.Lost:
			lost++
		case b.destroyed():
			destroyed++
		}
	}
	spoiled := len(d.Blanks) - destroyed - lost
	s.left(s.margin, y+8, plainly, fmt.Sprintf("Tổng số phôi: %d; đã hủy: %d; hỏng, chưa hủy: %d; thất lạc: %d", len(d.Blanks), destroyed, spoiled, lost))
	s.left(s.margin, y+12.5, small, fmt.Sprintf("Blanks in total: %d; destroyed: %d; spoiled, not yet destroyed: %d; lost: %d", len(d.Blanks), destroyed, spoiled, lost))
	s.left(s.margin, y+20, plain, "Chúng tôi xác nhận các phôi ghi \"đã hủy\" đã được tiêu hủy trước sự chứng kiến của chúng tôi.")
	s.left(s.margin, y+24.5, small, "We confirm that the blanks marked \"destroyed\" were destroyed before our eyes.")
	s.signatures(y+36, [2]string{"Người tiêu hủy", "Destroyed by"}, [2]string{"Người làm chứng thứ nhất", "First witness"}, [2]string{"Người làm chứng thứ hai", "Second witness"})
}
