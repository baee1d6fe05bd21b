package papers

import (
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// circular17 is what gives the papers of the law of 2023 their symbols and contents.
const circular17 = "(Thông tư 17/2024/TT-BCA)"

// CaptureSheet is form CC01, the sheet of what was taken in about the applicant (phiếu thu
// nhận thông tin căn cước), on A4. It shows what the card will. The applicant, or who represents them, checks and signs
// it; where the signed sheet's scan is kept stands with the application.
type CaptureSheet struct {
	Number      identity.ApplicationNumber
	Application identity.Application
	Registered  bool // its person is the population register's record; otherwise what the station typed
	Station     Station
	Specimen    bool
}

// Draw draws the sheet as PDF. It refuses a type or ground that it has no name for, and what
// cannot be printed.
func (c CaptureSheet) Draw(r *render.Renderer) ([]byte, error) {
	request, err := requestOf(c.Application.Type, c.Application.Ground)
	if err != nil {
		return nil, err
	}
	const heading = "PHIẾU THU NHẬN THÔNG TIN CĂN CƯỚC"
	s := newSheet(r, 210, 297, 15, heading)
	const first, rest, signed, bottom = 66, 26, 258, 258 + signatureHeight
	rows := s.laid(c.rows(request))
	said := s.wrap(label, "Tôi đã kiểm tra và xác nhận các thông tin trên là đúng. / I have checked this, and it is right.", s.w-2*s.margin)
	heights := make([]float64, len(rows))
	for i, row := range rows {
		heights[i] = row.height
	}
	tail := 3 + 3.8*float64(len(said)) + 4
	pages := paginate(heights, bottom-first, bottom-rest, tail+signatureHeight)
	for i, page := range pages {
		s.paper.AddPage()
		y := float64(rest)
		if i == 0 {
			c.head(s, heading)
			y = first
		} else {
			s.specimen(c.Specimen)
			s.left(s.margin, 16, small, heading+" "+string(c.Number))
		}
		y = s.set(y, rows[page.from:page.to])
		if len(pages) > 1 {
			s.foot(string(c.Number), i+1, len(pages))
		}
		if i < len(pages)-1 {
			continue
		}
		s.lines(s.margin, y+3, 3.8, label, said)
		if y += tail; len(pages) == 1 {
			y = signed
		}
		s.signatures(y, [2]string{"Công dân hoặc người đại diện", "Citizen or representative"}, [2]string{"Cán bộ thu nhận " + string(c.Application.Officer), "Officer"})
	}
	return s.bytes()
}

// head sets what is above the sheet's rows.
func (c CaptureSheet) head(s *sheet, heading string) {
	s.head2023("CC01", c.Station, c.Specimen)
	s.center(s.w/2, 48, title, heading)
	s.center(s.w/2, 54, label, "Capture sheet of identity information")
	source := both("Theo khai báo, chưa đối chiếu với Cơ sở dữ liệu quốc gia về dân cư", "as stated, not yet compared with the population register")
	if c.Registered {
		source = both("Theo Cơ sở dữ liệu quốc gia về dân cư", "from the population register")
	}
	s.center(s.w/2, 59, small, source)
}

// rows are what the sheet says.
func (c CaptureSheet) rows(request [2]string) []row {
	p, given := c.Application.Person, thing(c.Application.Type)
	return []row{
		{"Số hồ sơ", "Application number", string(c.Number)},
		{"Yêu cầu", "Applied for", request[0] + " / " + request[1]},
		{"Ngày nộp hồ sơ", "Filed on", c.Application.FiledOn.Display()},
		{"Họ, chữ đệm và tên khai sinh", "Full name", p.Name.Upper()},
		{"Số định danh cá nhân", "Personal number", string(p.Number)},
		{"Số định danh đã hủy", "Cancelled number", string(p.CancelledNumber)},
		{"Số CMND", "Number of the old identity card", string(p.OldNumber)},
		{"Ngày, tháng, năm sinh", "Date of birth", p.Birth.Display()},
		{"Giới tính", "Sex", p.Sex.Label()},
		{"Quốc tịch", "Nationality", nationality(p)},
		{"Dân tộc", "Ethnicity", p.Ethnicity},
		{"Tôn giáo", "Religion", p.Religion},
		{"Nhóm máu", "Blood group", p.BloodGroup},
		{"Nơi đăng ký khai sinh", "Birth registered at", p.BirthRegistration.Text},
		{"Quê quán", "Place of origin", p.Origin.Text},
		{"Nơi cư trú", "Place of residence", p.Residence.Text},
		{"Đặc điểm nhận dạng", "Identifying marks", p.Marks},
		{"Họ tên cha", "Father", p.Father.Text},
		{"Họ tên mẹ", "Mother", p.Mother.Text},
		{"Họ tên vợ (chồng)", "Spouse", p.Spouse.Text},
		{"Người đại diện hợp pháp", "Legal representative", c.Application.Representative.Text},
		{"Nhận " + given[0] + " qua bưu điện tại", "The " + given[1] + " is sent to", c.Application.DeliveryTo},
	}
}

// nationality is a person's, as the register says it.
func nationality(p identity.Person) string {
	if p.Nationality == identity.NationalityUndetermined {
		return both("Chưa xác định", "undetermined")
	}
	return identity.Nationality
}

// row is a line of a form: what it is called, and what stands there.
type row struct{ vi, en, value string }

// laidRow is a row as it is set.
type laidRow struct {
	row
	style  render.Style
	lines  []string
	height float64 // mm, with the room below it
}

// valuesAt is where the values of a form's lines begin, mm from the left edge.
const valuesAt = 82.0

// laid lays the lines of a form out that say something.
func (s *sheet) laid(rows []row) (list []laidRow) {
	const highest, apart = 13.0, 2.4
	for _, r := range rows {
		if r.value == "" {
			continue
		}
		style, lines := s.fit(plainly, s.printable(r.value), s.w-s.margin-valuesAt, highest)
		list = append(list, laidRow{r, style, lines, leading(style)*float64(len(lines)) + apart})
	}
	return list
}

// set sets the lines of a form, and gives the baseline below them.
func (s *sheet) set(y float64, rows []laidRow) float64 {
	for _, r := range rows {
		s.left(s.margin, y, label, both(r.vi, r.en))
		s.lines(valuesAt, y, leading(r.style), r.style, r.lines)
		y += r.height
	}
	return y
}

// rows sets the lines of a form that say something, and gives the baseline below them.
func (s *sheet) rows(y float64, rows []row) float64 { return s.set(y, s.laid(rows)) }

// head2023 sets the head of a form of Circular 17/2024/TT-BCA.
func (s *sheet) head2023(symbol string, station Station, specimen bool) {
	s.specimen(specimen)
	s.left(s.margin, 16, label, both("Nơi tiếp nhận", "Received at"))
	style, lines := s.fit(plainly, station.names(), 80, 12)
	s.lines(s.margin, 21, leading(style), style, lines)
	s.left(s.margin, 36, small, "Mẫu "+symbol+" "+circular17)
	s.state(s.w-s.margin-34, 16)
}

// requestOf names what is applied for, in both languages.
func requestOf(t identity.ApplicationType, g identity.Ground) ([2]string, error) {
	kind, known := types[t]
	if !known {
		return kind, identity.RefuseField(identity.Invalid, "type", "is not a type of application: %q", t)
	}
	ground, known := grounds[g]
	if !known {
		return ground, identity.RefuseField(identity.Invalid, "ground", "is not a ground of the law: %q", g)
	}
	if named, otherwise := ofCertificates[g]; otherwise && t.Document() == identity.Certificate {
		ground = named
	}
	return [2]string{strings.Join([]string{kind[0], ground[0]}, ": "), strings.Join([]string{kind[1], ground[1]}, ": ")}, nil
}
