package papers

import (
	"net/url"
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// Slip is the appointment slip that a citizen takes home, on A5: form CC02 of the law of 2023
// (giấy hẹn trả kết quả giải quyết thủ tục về căn cước), and before it the giấy hẹn trả thẻ.
// It names nobody: whoever finds it learns neither whose it is nor, without the date of
// birth that the status page asks for, how far the application is.
type Slip struct {
	Application identity.ApplicationNumber
	Form        identity.FormID
	Type        identity.ApplicationType
	Ground      identity.Ground
	FiledOn     identity.Date
	Due         identity.Date // the last day on which the card may be given
	Station     Station       // where it was filed, and is collected
	Post        bool          // the card is sent by post
	Fee         int           // VND; 0: nothing was charged
	Officer     identity.OfficerID
	StatusPage  string // URL of the citizens' status page
	Specimen    bool
}

// types of application in both languages.
var types = map[identity.ApplicationType][2]string{
	identity.FirstIssue: {"Cấp thẻ lần đầu", "first issue"},
	identity.Exchange:   {"Cấp đổi thẻ", "exchange"},
	identity.Reissue:    {"Cấp lại thẻ", "reissue"},

	identity.CertificateIssue:    {"Cấp giấy chứng nhận căn cước", "identity certificate"},
	identity.CertificateExchange: {"Cấp đổi giấy chứng nhận căn cước", "exchange of identity certificate"},
	identity.CertificateReissue:  {"Cấp lại giấy chứng nhận căn cước", "reissue of identity certificate"},
}

// grounds of the law in both languages.
var grounds = map[identity.Ground][2]string{
	identity.GroundFirstCard:     {"chưa có thẻ", "no card so far"},
	identity.GroundFromCMND:      {"chuyển từ chứng minh nhân dân", "from the old identity card (CMND)"},
	identity.GroundFromCCCD:      {"chuyển từ thẻ căn cước công dân", "from the citizen identity card (CCCD)"},
	identity.GroundAge:           {"đến tuổi phải đổi thẻ", "age for exchange reached"},
	identity.GroundDetails:       {"thay đổi, cải chính thông tin", "details changed or corrected"},
	identity.GroundAppearance:    {"thay đổi nhận dạng", "appearance changed"},
	identity.GroundBiometrics:    {"bổ sung ảnh khuôn mặt, vân tay", "portrait or fingerprints added"},
	identity.GroundSex:           {"xác định lại giới tính, chuyển đổi giới tính", "sex re-determined or changed"},
	identity.GroundOrigin:        {"xác định lại quê quán", "place of origin corrected"},
	identity.GroundPrintError:    {"sai sót thông tin in trên thẻ", "error in the printed information"},
	identity.GroundBoundaries:    {"sắp xếp đơn vị hành chính", "administrative units rearranged"},
	identity.GroundNumberChanged: {"xác lập lại số định danh cá nhân", "personal number re-established"},
	identity.GroundRequest:       {"theo yêu cầu", "on request"},
	identity.GroundLost:          {"mất thẻ", "card lost"},
	identity.GroundDamaged:       {"thẻ hư hỏng", "card damaged"},
	identity.GroundNationality:   {"trở lại quốc tịch Việt Nam", "nationality regained"},

	identity.GroundFirstCertificate: {"chưa có giấy chứng nhận", "no certificate so far"},
	identity.GroundExpired:          {"hết hạn sử dụng", "expired"},
}

// ofCertificates are the grounds that are named otherwise where a certificate is asked for,
// which is no card.
var ofCertificates = map[identity.Ground][2]string{
	identity.GroundPrintError: {"sai sót thông tin in trên giấy chứng nhận", "error in the printed information"},
	identity.GroundLost:       {"mất giấy chứng nhận", "certificate lost"},
	identity.GroundDamaged:    {"giấy chứng nhận hư hỏng", "certificate damaged"},
}

// thing is what the applicant is given, in both languages.
func thing(t identity.ApplicationType) [2]string {
	if t.Document() == identity.Certificate {
		return [2]string{"giấy chứng nhận", "certificate"}
	}
	return [2]string{"thẻ", "card"}
}

// Draw draws the slip as PDF. It refuses a type or ground that it has no name for, a form
// that does not exist, and a station's name that cannot be printed.
func (s Slip) Draw(r *render.Renderer) ([]byte, error) {
	request, err := requestOf(s.Type, s.Ground)
	if err != nil {
		return nil, err
	}
	status, err := s.statusURL()
	if err != nil {
		return nil, err
	}
	form, err := r.Form(s.Form)
	if err != nil {
		return nil, err
	}
	heading, of := "GIẤY HẸN TRẢ THẺ "+strings.ToUpper(form.Card.Vietnamese), ""
	if identity.LawOn(s.FiledOn) == identity.Law2023 {
		heading, of = "GIẤY HẸN", "Trả kết quả giải quyết thủ tục về căn cước"
	}
	p := newSheet(r, 148, 210, 12, strings.TrimSpace(heading+" "+of))
	p.paper.AddPage()
	p.specimen(s.Specimen)
	p.left(p.margin, 16, label, both("Nơi tiếp nhận", "Received at"))
	style, lines := p.fit(plainly, s.Station.names(), 60, 18)
	p.lines(p.margin, 21, leading(style), style, lines)
	p.state(p.w-p.margin-30, 16)
	p.center(p.w/2, 45, title, heading)
	english := 51.0
	if of != "" {
		p.center(p.w/2, 51, strong, of)
		p.center(p.w/2, 59, small, "Mẫu CC02 "+circular17)
		english = 55.5
	}
	p.center(p.w/2, english, label, "Appointment for "+article(form.Card.English))

	y := 65.0
	entry := func(vi, en string, style render.Style, lines ...string) {
		p.left(p.margin, y, label, both(vi, en))
		y = p.lines(p.margin, y+style.Size*0.36+1.8, style.Size*0.36+1.2, style, lines) + 2.4
	}
	entry("Số hồ sơ", "Application number", strongly, string(s.Application))
	entry("Yêu cầu", "Applied for", strong, p.wrap(strong, request[0], 76)...)
	y = p.lines(p.margin, y-2.4, 3.8, label, p.wrap(label, request[1], 76)) + 2.4
	entry("Ngày nộp hồ sơ", "Filed on", strong, s.FiledOn.Display())
	entry("Ngày hẹn trả", "Due on", strongly, s.Due.Display())
	entry("Lệ phí", "Fee", strong, s.fee())
	where := s.Station.names()
	if s.Post {
		where = both("Qua bưu điện, đến địa chỉ đã đăng ký", "By post")
	}
	style, lines = p.fit(strong, where, p.w-2*p.margin, 16)
	entry("Nơi trả", "Where", style, lines...)

	const code = 42
	x := p.w - p.margin - code
	if p.err == nil {
		p.err = p.paper.QR(x, 62, code, status)
	}
	p.center(x+code/2, 107, label, "Quét mã để tra cứu hồ sơ;")
	p.center(x+code/2, 110.5, label, "cần nhập ngày sinh")
	p.center(x+code/2, 114, small, "Scan to see the status;")
	p.center(x+code/2, 117.5, small, "the date of birth is asked for")

	given := thing(s.Type)
	style, lines = p.fit(label, "Khi đến nhận "+given[0]+", xin mang theo giấy hẹn này và "+given[0]+" cũ nếu có. / "+
		"Please bring this slip, and the old "+given[1]+" if you have one. "+s.StatusPage, p.w-2*p.margin, 11)
	p.lines(p.margin, 168, leading(style), style, lines)
	p.signatures(182, [2]string{"Người nộp hồ sơ", "Applicant"}, [2]string{"Cán bộ tiếp nhận " + string(s.Officer), "Officer"})
	return p.bytes()
}

// article gives the name of a card in lower case, with "a" or "an" before it.
func article(name string) string {
	name = strings.ToLower(name)
	if strings.ContainsAny(name[:1], "aeiou") {
		return "an " + name
	}
	return "a " + name
}

// statusURL is the status page with the application's number filled in.
func (s Slip) statusURL() (string, error) {
	u, err := url.Parse(s.StatusPage)
	if err != nil || u.Host == "" {
		return "", identity.RefuseField(identity.Invalid, "gateway.public_url", "is not the address of a page")
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	u.RawQuery = url.Values{"receipt": {string(s.Application)}}.Encode()
	return u.String(), nil
}

func (s Slip) fee() string {
	if s.Fee == 0 {
		return both("Không thu", "none")
	}
	return thousands(s.Fee) + " đồng / VND"
}
