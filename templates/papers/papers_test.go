package papers_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/draw"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/papers"
	"example.org/cancuoc/templates/render"
)

var update = flag.Bool("update", false, "rewrite the golden pictures")

var renderer = sync.OnceValues(func() (*render.Renderer, error) { return render.Load(forms.BuiltIn) })

// paper is what all papers are.
type paper interface {
	Draw(r *render.Renderer) ([]byte, error)
}

func drawn(tb testing.TB, p paper) []byte {
	tb.Helper()
	c, err := renderer()
	require.NoError(tb, err)
	b, err := p.Draw(c)
	require.NoError(tb, err)
	return b
}

// needs gives the path of a program that tests call as a witness.
func needs(tb testing.TB, program, debian string) string {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("%s is missing; install the Debian package %s", program, debian)
		}
		tb.Skipf("%s is missing; install the Debian package %s", program, debian)
	}
	return path
}

func run(tb testing.TB, dir, program string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), program, args...)
	cmd.Dir = dir
	var out, faults strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &faults
	require.NoError(tb, cmd.Run(), "%s", &faults)
	return out.String()
}

// saved writes a paper into a folder of its own.
func saved(tb testing.TB, p paper) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "paper.pdf"), drawn(tb, p), 0o600))
	return dir
}

// text is a paper's words.
func text(tb testing.TB, dir string) string {
	tb.Helper()
	out := run(tb, dir, needs(tb, "pdftotext", "poppler-utils"), "-raw", "-enc", "UTF-8", "paper.pdf", "-")
	return strings.Join(strings.Fields(norm.NFC.String(out)), " ")
}

// codes are what a scanner reads from the pages, sorted.
func codes(tb testing.TB, dir string) []string {
	tb.Helper()
	zbarimg := needs(tb, "zbarimg", "zbar-tools")
	run(tb, dir, needs(tb, "pdftoppm", "poppler-utils"), "-r", "200", "-gray", "-png", "paper.pdf", "page")
	pages, err := filepath.Glob(filepath.Join(dir, "page*.png"))
	require.NoError(tb, err)
	read := strings.Fields(run(tb, dir, zbarimg, append([]string{"-q", "--nodbus", "-Sdisable", "-Scode128.enable", "-Sqrcode.enable"}, pages...)...))
	slices.Sort(read)
	return read
}

func slip() papers.Slip {
	return papers.Slip{
		Application: "7QF3M-9T2XK-D", Form: "can-cuoc-2024", Type: identity.Exchange, Ground: identity.GroundAge,
		FiledOn: identity.Date{Year: 2026, Month: 11, Day: 20}, Due: identity.Date{Year: 2026, Month: 12, Day: 2},
		Station: papers.Station{ID: "001-TN-01", Name: "Phòng Cảnh sát QLHC về TTXH Công an thành phố Hà Nội"},
		Fee:     50000, Officer: "CB-001-0007", StatusPage: "https://can-cuoc.example.org", Specimen: true,
	}
}

func captureSheet() papers.CaptureSheet {
	return papers.CaptureSheet{
		Number: "7QF3M-9T2XK-D", Station: slip().Station, Specimen: true,
		Application: identity.Application{
			Type: identity.Exchange, Ground: identity.GroundNumberChanged, FiledOn: identity.Date{Year: 2026, Month: 11, Day: 20}, Officer: "CB-001-0007",
			Representative: identity.Name{Text: "Lê Thị Phượng"}, Delivery: identity.Post, DeliveryTo: "Số 1, Phố Mẫu, Phường Hoàn Kiếm, Hà Nội",
			Person: identity.Person{
				Number: "001199999990", CancelledNumber: "001199999991", OldNumber: "012999999", Name: identity.Name{Text: "Đặng Thị Ngọc Ước"},
				Birth: identity.Date{Year: 1999, Month: 12, Day: 31}, Sex: identity.Female, Ethnicity: "Kinh", Religion: "Không", BloodGroup: "O+",
				Origin: identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội"}, BirthRegistration: identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội"},
				Residence: identity.Place{Text: "Căn hộ 1205, Tầng 12, Tòa nhà B, Khu nhà ở Mẫu, Số 168/24/7, Đường Mẫu, Phường Hoàn Kiếm, Hà Nội"},
				Marks:     "Nốt ruồi C: 1cm trên sau mép trái", Father: identity.Name{Text: "Đặng Văn Ẩn"}, Mother: identity.Name{Text: "Phùng Thị Ngà"}, Spouse: identity.Name{Text: "Mạc Đình Uy"},
			},
		},
	}
}

func refusal() papers.Refusal {
	return papers.Refusal{
		Number: "7QF3M-9T2XK-D", Applicant: identity.Name{Text: "Đặng Thị Ngọc Ước"}, Type: identity.Exchange, Ground: identity.GroundRequest,
		FiledOn: identity.Date{Year: 2026, Month: 11, Day: 20}, RejectedOn: identity.Date{Year: 2026, Month: 11, Day: 26}, Refund: 25_000,
		Reason: identity.Reason{Code: "data-not-proven", Note: "nhân chứng là người quen"}, Station: slip().Station, Specimen: true,
	}
}

func pinLetter() papers.PINLetter {
	return papers.PINLetter{Application: "7QF3M-9T2XK-D", Holder: identity.Name{Text: "Đặng Thị Ngọc Ước"}, PIN: "271828", Tries: 3, Specimen: true}
}

func manifest(cards int) papers.Manifest {
	m := papers.Manifest{
		Consignment: "C-000012", State: "sent", Destination: papers.Station{ID: "001-TN-01", Name: "PC06 Hà Nội"},
		Courier: "Bưu điện Việt Nam", Seal: "88213",
	}
	for i := range cards {
		m.Cards = append(m.Cards, papers.ManifestCard{
			Application: identity.ApplicationNumber(fmt.Sprintf("7QF3M-9%04d-D", i)), Attempt: 1 + i%2, Blank: fmt.Sprintf("PT%08d", i), Missing: i == 3,
		})
	}
	return m
}

func destruction(blanks int) papers.Destruction {
	d := papers.Destruction{From: identity.Date{Year: 2026, Month: 11, Day: 1}, To: identity.Date{Year: 2026, Month: 11, Day: 30}, Specimen: true}
	at := time.Date(2026, 11, 24, 9, 12, 0, 0, identity.HanoiTime)
	for i := range blanks {
		b := papers.WrittenOff{
			Serial: fmt.Sprintf("PT%08d", i), Lost: i%5 == 4,
			Events: []papers.WriteOff{{At: at, By: "PX-01", Reason: identity.Reason{Note: "inspection: the chip answers nothing"}}},
		}
		if i%5 < 2 {
			b.Events = append(b.Events, papers.WriteOff{Destroyed: true, At: at.Add(30 * time.Hour), By: "TK-01 and TK-02", Reason: identity.Reason{Note: "shredded"}})
		}
		d.Blanks = append(d.Blanks, b)
	}
	return d
}

func all() map[string]paper {
	return map[string]paper{"slip": slip(), "capture-sheet": captureSheet(), "refusal": refusal(), "pin": pinLetter(), "manifest": manifest(60), "destruction": destruction(14)}
}

func TestSlip_SaysWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	dir := saved(t, slip())

	said := text(t, dir)

	for _, want := range []string{
		"GIẤY HẸN Trả kết quả giải quyết thủ tục về căn cước", "Mẫu CC02", "Số hồ sơ / Application number 7QF3M-9T2XK-D",
		"Cấp đổi thẻ: đến tuổi phải đổi thẻ", "exchange: age for exchange reached", "Filed on 20/11/2026", "Due on 02/12/2026",
		"Phòng Cảnh sát QLHC về TTXH Công an thành phố Hà Nội (001-TN-01)", "Fee 50.000 đồng / VND", "CB-001-0007", "MẪU / SPECIMEN",
	} {
		require.Contains(t, said, want)
	}
	require.Equal(t, []string{"QR-Code:https://can-cuoc.example.org/?receipt=7QF3M-9T2XK-D"}, codes(t, dir))
}

func TestCaptureSheet_SaysWhatWasTakenIn(t *testing.T) {
	t.Parallel()

	said := text(t, saved(t, captureSheet()))

	for _, want := range []string{
		"Mẫu CC01 (Thông tư 17/2024/TT-BCA)", "PHIẾU THU NHẬN THÔNG TIN CĂN CƯỚC", "ĐẶNG THỊ NGỌC ƯỚC", "001199999990", "001199999991", "012999999",
		"31/12/1999", "Khu nhà ở Mẫu", "Lê Thị Phượng", "CB-001-0007", "MẪU / SPECIMEN",
	} {
		require.Contains(t, said, want)
	}
}

// Nobody whose nationality is not determined signs that it is Vietnamese, and the sheet says
// where it has its words from.
func TestCaptureSheet_SaysWhatTheRegisterSays(t *testing.T) {
	t.Parallel()
	typed, registered := captureSheet(), captureSheet()
	registered.Application.Person.Nationality, registered.Registered = identity.NationalityUndetermined, true

	require.Contains(t, text(t, saved(t, typed)), "Nationality Việt Nam")
	require.Contains(t, text(t, saved(t, typed)), "chưa đối chiếu")
	said := text(t, saved(t, registered))
	require.Contains(t, said, "Nationality Chưa xác định / undetermined")
	require.NotContains(t, said, "Nationality Việt Nam")
	require.Contains(t, said, "Theo Cơ sở dữ liệu quốc gia về dân cư / from the population register")
}

// The applicant hears the reason in the office's words, and what the officer wrote to it: of
// another reason than those that have words, that is all there is.
func TestRefusal_SaysWhy(t *testing.T) {
	t.Parallel()

	said := text(t, saved(t, refusal()))

	for _, want := range []string{"Mẫu CC03", "Từ chối giải quyết thủ tục về căn cước", "Thông tin kê khai không khớp", "the data given differ", "25.000 đồng", "26/11/2026", "Cụ thể / In detail: nhân chứng là người quen"} {
		require.Contains(t, said, want)
	}
}

// A certificate is no card, and no paper calls it one.
func TestPapers_OfACertificate(t *testing.T) {
	t.Parallel()
	lost, taken, refused := slip(), captureSheet(), refusal()
	lost.Form, lost.Type, lost.Ground = "chung-nhan-can-cuoc-2024", identity.CertificateReissue, identity.GroundLost
	taken.Application.Type, taken.Application.Ground = identity.CertificateExchange, identity.GroundDamaged
	refused.Type, refused.Ground, refused.Reason = identity.CertificateExchange, identity.GroundPrintError, identity.Reason{Code: "not-entitled"}

	for want, p := range map[string]paper{
		"Cấp lại giấy chứng nhận căn cước: mất giấy chứng nhận":                       lost,
		"Cấp đổi giấy chứng nhận căn cước: giấy chứng nhận hư hỏng":                   taken,
		"Cấp đổi giấy chứng nhận căn cước: sai sót thông tin in trên giấy chứng nhận": refused,
	} {
		said := text(t, saved(t, p))
		require.Contains(t, said, want)
		require.NotContains(t, strings.ToLower(said), "thẻ", want)
	}
	require.Contains(t, text(t, saved(t, lost)), "Appointment for an identity certificate")
}

func TestSlip_OtherCases(t *testing.T) {
	t.Parallel()
	s := slip()
	s.FiledOn = identity.Date{Year: 2023, Month: 11, Day: 20}
	s.Form, s.Fee, s.Post, s.Specimen, s.Station.Name = "cccd-2021", 0, true, false, ""

	said := text(t, saved(t, s))

	require.Contains(t, said, "GIẤY HẸN TRẢ THẺ CĂN CƯỚC CÔNG DÂN")
	require.Contains(t, said, "Where Qua bưu điện")
	require.Contains(t, said, "Fee Không thu / none")
	require.NotContains(t, said, "SPECIMEN")
	require.NotContains(t, said, "()")
}

// Every request of the law has a name on the slip.
func TestSlip_NamesEveryGround(t *testing.T) {
	t.Parallel()
	for _, ground := range []identity.Ground{
		identity.GroundFirstCard, identity.GroundFromCMND, identity.GroundFromCCCD, identity.GroundAge, identity.GroundBiometrics, identity.GroundSex, identity.GroundOrigin, identity.GroundDetails,
		identity.GroundAppearance, identity.GroundPrintError, identity.GroundBoundaries, identity.GroundNumberChanged,
		identity.GroundRequest, identity.GroundLost, identity.GroundDamaged, identity.GroundNationality,
	} {
		s := slip()
		s.Ground = ground
		drawn(t, s)
	}
}

func TestSlip_Refuses(t *testing.T) {
	t.Parallel()
	c, err := renderer()
	require.NoError(t, err)
	for name, change := range map[string]func(*papers.Slip){
		"type":       func(s *papers.Slip) { s.Type = "gift" },
		"ground":     func(s *papers.Slip) { s.Ground = "whim" },
		"public_url": func(s *papers.Slip) { s.StatusPage = "here" },
		"U+1F600":    func(s *papers.Slip) { s.Station.Name = "PC06 😀" },
	} {
		s := slip()
		change(&s)
		_, err := s.Draw(c)
		require.ErrorIs(t, err, identity.Invalid, name)
		require.ErrorContains(t, err, name)
	}
}

func TestManifest_HasALineForEachCard(t *testing.T) {
	t.Parallel()
	m := manifest(50)
	dir := saved(t, m)

	said, read := text(t, dir), codes(t, dir)

	want := []string{"CODE-128:C-000012"}
	for i, c := range m.Cards {
		want = append(want, "CODE-128:"+c.Blank)
		line := fmt.Sprintf("%d %s %d %s", i+1, c.Application, c.Attempt, c.Blank)
		if c.Missing {
			line += " THIẾU MISSING"
		}
		require.Contains(t, said, line)
	}
	slices.Sort(want)
	require.Equal(t, want, read)
	require.Contains(t, said, "Tổng số: 50; thiếu: 1")
	for _, part := range []string{"PC06 Hà Nội (001-TN-01)", "Đã giao vận chuyển / sent", "Bưu điện Việt Nam", "88213", "C-000012 Trang 1/3 / page 1 of 3", "page 3 of 3"} {
		require.Contains(t, said, part)
	}
}

// However many cards there are, each has its line, and the signatures a place.
func TestManifest_OfEveryLength(t *testing.T) {
	t.Parallel()
	for _, cards := range []int{0, 1, 13, 14, 20, 21, 22, 41, 42, 48, 49} {
		said := text(t, saved(t, manifest(cards)))
		require.Contains(t, said, fmt.Sprintf("Cards in total: %d;", cards))
		require.Contains(t, said, "Bên nhận Received by")
		require.Equal(t, cards, strings.Count(said, "7QF3M-"), "%d cards", cards)
	}
}

func TestDestruction_SaysWhoAndWhy(t *testing.T) {
	t.Parallel()
	d := destruction(15)
	d.Blanks[0].Events[0].Reason = identity.Reason{Note: "torn\nby 😀 " + strings.Repeat("again and ", 20)}
	dir := saved(t, d)

	said, read := text(t, dir), codes(t, dir)

	var want []string
	for _, b := range d.Blanks {
		want = append(want, "CODE-128:"+b.Serial)
		require.Contains(t, said, b.Serial)
	}
	require.Equal(t, want, read)
	for _, part := range []string{
		"01/11/2026 - 30/11/2026", "Hỏng / spoiled 24/11/2026 09:12, PX-01: torn by [U+1F600] again", "again and Hủy / destroyed 25/11/2026 15:12, TK-01 and TK-02: shredded",
		"Tổng số phôi: 15; đã hủy: 6; hỏng, chưa hủy: 6; thất lạc: 3", "Thất lạc lost", "Người làm chứng thứ hai",
	} {
		require.Contains(t, said, part)
	}
}

func TestDestruction_OfNothing(t *testing.T) {
	t.Parallel()
	require.Contains(t, text(t, saved(t, destruction(0))), "Blanks in total: 0;")
}

// A legal record cuts nothing: a story that has no room on one page goes on on the next.
func TestDestruction_CutsNothing(t *testing.T) {
	t.Parallel()
	d := destruction(3)
	var story []string
	for i := range 900 {
		story = append(story, fmt.Sprintf("torn-%d", i))
	}
	d.Blanks[1].Events[0].Reason = identity.Reason{Note: strings.Join(story, " ")}
	said := text(t, saved(t, d))
	for _, part := range append(story, "PT00000001 (tiếp theo) / continued", "PT00000002", "Người làm chứng thứ hai") {
		require.Contains(t, said, part)
	}
	require.NotContains(t, said, "...")
}

// Nobody signs a page on which there is nothing but the places to sign.
func TestPapers_RowsAreWithTheSignatures(t *testing.T) {
	t.Parallel()
	pages := func(p paper, row string) {
		said := strings.Split(run(t, saved(t, p), needs(t, "pdftotext", "poppler-utils"), "-raw", "-enc", "UTF-8", "paper.pdf", "-"), "\f")
		last := norm.NFC.String(said[len(said)-2])
		require.Contains(t, last, "signature, name")
		require.Contains(t, last, row)
	}
	for cards := 1; cards < 50; cards++ {
		pages(manifest(cards), fmt.Sprintf("PT%08d", cards-1))
	}
	for blanks := 1; blanks < 25; blanks++ {
		pages(destruction(blanks), fmt.Sprintf("PT%08d", blanks-1))
	}
}

// Which box a page belongs to stands on each: its destination and its seal, whole.
func TestManifest_NamesItsBoxOnEachPage(t *testing.T) {
	t.Parallel()
	m := manifest(60)
	m.Destination.Name, m.Courier, m.Seal = "Phòng Cảnh sát quản lý hành chính về trật tự xã hội Công an thành phố Hồ Chí Minh", strings.Repeat("Bưu điện ", 20)+"số 7", strings.Repeat("88213-", 30)+"9"
	said := strings.Split(run(t, saved(t, m), needs(t, "pdftotext", "poppler-utils"), "-raw", "-enc", "UTF-8", "paper.pdf", "-"), "\f")
	for _, page := range said[:len(said)-1] {
		page = strings.Join(strings.Fields(norm.NFC.String(page)), " ")
		require.Contains(t, page, "C-000012")
		require.Contains(t, strings.ReplaceAll(page, " ", ""), strings.ReplaceAll(m.Seal, " ", ""))
		require.Contains(t, strings.ReplaceAll(page, " ", ""), strings.ReplaceAll(m.Destination.Name, " ", ""))
		require.NotContains(t, page, "...")
	}
	require.Contains(t, strings.Join(strings.Fields(norm.NFC.String(said[0])), " "), "Bưu điện số 7")
}

func TestBarcode_RefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	c, err := renderer()
	require.NoError(t, err)
	for _, serial := range []string{strings.Repeat("P", 40), "PT-Ơ"} {
		m := manifest(1)
		m.Cards[0].Blank = serial
		_, err = m.Draw(c)
		require.ErrorIs(t, err, identity.Invalid)
		require.ErrorContains(t, err, serial)
	}
}

func TestPapers_AreTheSameEachTimeAndWhole(t *testing.T) {
	t.Parallel()
	qpdf, pdffonts := needs(t, "qpdf", "qpdf"), needs(t, "pdffonts", "poppler-utils")
	for name, p := range all() {
		want := drawn(t, p)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				c, err := renderer()
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := p.Draw(c); err != nil || !bytes.Equal(want, b) {
					t.Errorf("%s differs: %v", name, err)
				}
			})
		}
		group.Wait()
		dir := saved(t, p)
		require.Contains(t, run(t, dir, qpdf, "--check", "paper.pdf"), "No syntax or stream encoding errors found")
		for _, font := range strings.Split(strings.TrimSpace(run(t, dir, pdffonts, "paper.pdf")), "\n")[2:] {
			require.Regexp(t, `^[A-Z]{6}\+\S+ +TrueType +Custom +yes yes `, font)
		}
	}
}

// No word stands on another, not even where names are long.
func TestPapers_NothingOverlaps(t *testing.T) {
	t.Parallel()
	pdftotext := needs(t, "pdftotext", "poppler-utils")
	long := slip()
	long.Ground, long.Form = identity.GroundNumberChanged, "cccd-2021"
	long.Officer, long.StatusPage = "WWWWWWWW-WWWWWWWW-WWWWWWWW-WWWWW", "https://"+strings.Repeat("can-cuoc.", 8)+"example.org"
	long.Station.Name = strings.Repeat("Phòng Cảnh sát quản lý hành chính về trật tự xã hội ", 6)
	list := manifest(25)
	list.Destination.Name, list.Courier, list.Seal = long.Station.Name, long.Station.Name, strings.Repeat("8", 200)
	list.Cards[1].Blank = "WWWW-WWWWW-WW1234567"
	record := destruction(12)
	record.Blanks[2].Events[0].Reason = identity.Reason{Note: strings.Repeat("broken ", 300)}
	papers := all()
	papers["long slip"], papers["long manifest"], papers["long destruction"] = long, list, record
	papers["long capture sheet"] = longCaptureSheet()
	for name, p := range papers {
		out := run(t, saved(t, p), pdftotext, "-bbox", "paper.pdf", "-")
		for i, page := range strings.Split(out, "<page ")[1:] {
			require.Empty(t, overlaps(page), "%s, page %d", name, i+1)
		}
	}
}

// longCaptureSheet has in each of its rows as much as is accepted.
func longCaptureSheet() papers.CaptureSheet {
	c := captureSheet()
	name, place := identity.Name{Text: strings.Repeat("Khuyến Ngh", 12)}, strings.Repeat("Đường Xô Viết Nghệ Tĩnh, ", 8)
	p := &c.Application.Person
	p.Name, p.Father, p.Mother, p.Spouse, c.Application.Representative = name, name, name, name, name
	p.Origin.Text, p.BirthRegistration.Text, p.Residence.Text, c.Application.DeliveryTo = place, place, strings.Repeat("W", 200), place
	p.Marks, c.Application.Officer, c.Station.Name = strings.Repeat("Nốt ruồi C: ", 10), "WWWWWWWW-WWWWWWWW-WWWWWWWW-WWWWW", place
	return c
}

// A capture sheet with more rows than a page has goes on on another, and what is signed stands
// after its last row, with the signatures.
func TestCaptureSheet_SignsWhatItSays(t *testing.T) {
	t.Parallel()
	pages := strings.Split(run(t, saved(t, longCaptureSheet()), needs(t, "pdftotext", "poppler-utils"), "-layout", "paper.pdf", "-"), "\f")
	require.Len(t, pages, 3, "two, and what is after the last")
	require.NotContains(t, pages[0], "Citizen or representative")
	last := strings.Index(pages[1], "is sent to")
	said := strings.Index(pages[1], "Tôi đã kiểm tra")
	require.Positive(t, last)
	require.Greater(t, said, last)
	require.Greater(t, strings.Index(pages[1], "Citizen or representative"), said)
}

var word = regexp.MustCompile(`<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*)</word>`)

// overlaps are the pairs of a page's words that overlap, or reach off the page;
// boxes of words hold the font's room above and below, which is taken off.
func overlaps(page string) (found []string) {
	type box struct{ x0, y0, x1, y1 float64 }
	var boxes []box
	words := word.FindAllStringSubmatch(page, -1)
	for _, w := range words {
		var b box
		for i, v := range []*float64{&b.x0, &b.y0, &b.x1, &b.y1} {
			*v, _ = strconv.ParseFloat(w[i+1], 64)
		}
		room := (b.y1 - b.y0) * 0.2
		boxes = append(boxes, box{b.x0, b.y0 + room, b.x1, b.y1 - room})
	}
	size := regexp.MustCompile(`^width="([\d.]+)" height="([\d.]+)"`).FindStringSubmatch(page)
	w, _ := strconv.ParseFloat(size[1], 64)
	h, _ := strconv.ParseFloat(size[2], 64)
	for i, a := range boxes {
		if a.x0 < 20 || a.x1 > w-20 || a.y1 > h-15 {
			found = append(found, words[i][5]+" is too near the edge")
		}
		for j, b := range boxes[:i] {
			if a.x0 < b.x1-0.1 && b.x0 < a.x1-0.1 && a.y0 < b.y1 && b.y0 < a.y1 {
				found = append(found, words[i][5]+" on "+words[j][5])
			}
		}
	}
	return found
}

// The papers look as they looked when somebody last looked at them.
func TestPapers_LookAsBefore(t *testing.T) {
	t.Parallel()
	pdftoppm := needs(t, "pdftoppm", "poppler-utils")
	for name, p := range all() {
		dir := saved(t, p)
		run(t, dir, pdftoppm, "-r", "72", "-gray", "-l", "1", "-singlefile", "-png", "paper.pdf", "page")
		now := picture(t, filepath.Join(dir, "page.png"))
		golden := filepath.Join("testdata", name+".png")
		if *update {
			b, err := os.ReadFile(filepath.Join(dir, "page.png"))
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll("testdata", 0o750))
			require.NoError(t, os.WriteFile(golden, b, 0o600))
			continue
		}
		worst := difference(t, picture(t, golden), now)
		require.Less(t, worst, 24.0, "%s (-update accepts it)", name)
	}
}

func picture(tb testing.TB, name string) *image.Gray {
	tb.Helper()
	b, err := os.ReadFile(name)
	require.NoError(tb, err)
	decoded, err := png.Decode(bytes.NewReader(b))
	require.NoError(tb, err)
	gray := image.NewGray(decoded.Bounds())
	draw.Draw(gray, gray.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return gray
}

// difference is the largest mean difference of any square of 8 by 8 dots.
func difference(tb testing.TB, a, b *image.Gray) (worst float64) {
	tb.Helper()
	require.Equal(tb, a.Rect, b.Rect)
	const square = 8
	for v := 0; v+square <= a.Rect.Dy(); v += square {
		for u := 0; u+square <= a.Rect.Dx(); u += square {
			sum := 0.0
			for i := range square * square {
				at := (v+i/square)*a.Stride + u + i%square
				sum += float64(a.Pix[at]) - float64(b.Pix[at])
			}
			worst = max(worst, math.Abs(sum)/(square*square))
		}
	}
	return worst
}

// It tells its holder, in both languages, that the PIN has to be changed; and nothing that
// formats it tells the PIN.
func TestPINLetter_TellsThePINToItsHolderAlone(t *testing.T) {
	t.Parallel()
	said := text(t, saved(t, pinLetter()))
	for _, part := range []string{"Đặng Thị Ngọc Ước", "7QF3M-9T2XK-D", "271828", "phải đổi sang mã PIN của riêng mình", "change it for a PIN of your own, 6 to 12 digits", "3 wrong PINs in a row"} {
		require.Contains(t, said, part)
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", pinLetter(), pinLetter(), pinLetter()), "271828")
}
