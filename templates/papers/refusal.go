package papers

import (
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// Refusal is form CC03, by which the applicant hears that the application was rejected, and
// why (thông báo từ chối giải quyết thủ tục về căn cước), on A4.
type Refusal struct {
	Number     identity.ApplicationNumber
	Applicant  identity.Name
	Type       identity.ApplicationType
	Ground     identity.Ground
	FiledOn    identity.Date
	RejectedOn identity.Date
	Reason     identity.Reason // with what the officer wrote to it, which is the applicant's to know
	Refund     int             // VND that the applicant gets back; 0: nothing was paid
	Station    Station
	Specimen   bool
}

// Draw draws the notice as PDF. It refuses a type or ground that it has no name for.
func (n Refusal) Draw(r *render.Renderer) ([]byte, error) {
	request, err := requestOf(n.Type, n.Ground)
	if err != nil {
		return nil, err
	}
	const heading = "THÔNG BÁO"
	s := newSheet(r, 210, 297, 15, "THÔNG BÁO TỪ CHỐI GIẢI QUYẾT THỦ TỤC VỀ CĂN CƯỚC")
	s.paper.AddPage()
	s.head2023("CC03", n.Station, n.Specimen)
	s.center(s.w/2, 50, title, heading)
	s.center(s.w/2, 57, strong, "Từ chối giải quyết thủ tục về căn cước")
	s.center(s.w/2, 62, label, "Notice of refusal")
	refund := ""
	if n.Refund > 0 {
		refund = thousands(n.Refund) + " đồng / VND"
	}
	y := s.rows(78, []row{
		{"Kính gửi ông (bà)", "To", n.Applicant.Upper()},
		{"Số hồ sơ", "Application number", string(n.Number)},
		{"Yêu cầu", "Applied for", request[0] + " / " + request[1]},
		{"Ngày nộp hồ sơ", "Filed on", n.FiledOn.Display()},
		{"Ngày từ chối", "Rejected on", n.RejectedOn.Display()},
		{"Lệ phí được hoàn trả", "Fee that is given back", refund},
	})
	s.left(s.margin, y+4, strong, both("Lý do từ chối", "Reason"))
	y += 11
	if n.Reason.Code != "" {
		style, lines := s.fit(plain, both(n.Reason.VI(), n.Reason.EN()), s.w-2*s.margin, 40)
		y = s.lines(s.margin, y, leading(style), style, lines)
	}
	if n.Reason.Note != "" {
		style, lines := s.fit(plain, both("Cụ thể", "In detail")+": "+s.printable(n.Reason.Note), s.w-2*s.margin, 40)
		s.lines(s.margin, y, leading(style), style, lines)
	}
	s.lines(s.margin, 180, 3.8, label, s.wrap(label, "Ông (bà) có quyền khiếu nại theo quy định của pháp luật. / You may appeal as the law provides.", s.w-2*s.margin))
	s.signatures(200, [2]string{"Người nhận thông báo", "Received by"}, [2]string{"Thủ trưởng cơ quan", "Head of the authority"})
	return s.bytes()
}
