package papers

import (
	"log/slog"
	"strconv"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// PINLetter is the letter with the PIN with which the digital signature of a card is delivered,
// on A5. It goes to the holder apart from the card.
type PINLetter struct {
	Application identity.ApplicationNumber
	Holder      identity.Name
	PIN         string
	Tries       int // how many wrong PINs in a row block the application
	Specimen    bool
}

// LogValue hides the letter.
func (PINLetter) LogValue() slog.Value { return slog.StringValue("[PIN letter]") }

// String hides the letter.
func (PINLetter) String() string { return "[PIN letter]" }

// GoString hides the letter.
func (PINLetter) GoString() string { return "[PIN letter]" }

// Draw draws the letter as PDF.
func (l PINLetter) Draw(r *render.Renderer) ([]byte, error) {
	const heading = "THƯ BÁO MÃ PIN CHỮ KÝ SỐ"
	p := newSheet(r, 148, 210, 12, heading)
	p.paper.AddPage()
	p.specimen(l.Specimen)
	p.state(p.w-p.margin-30, 16)
	p.center(p.w/2, 45, title, heading)
	p.center(p.w/2, 51, label, "PIN letter for the digital signature")
	y := 65.0
	entry := func(vi, en, value string) {
		p.left(p.margin, y, label, both(vi, en))
		y = p.lines(p.margin, y+6, leading(strong), strong, p.wrap(strong, p.printable(value), p.w-2*p.margin)) + 2.4
	}
	entry("Kính gửi", "To", l.Holder.Text)
	entry("Số hồ sơ", "Application number", string(l.Application))
	p.left(p.margin, y, label, both("Mã PIN ban đầu", "First PIN"))
	p.center(p.w/2, y+14, render.Style{Bold: true, Size: 28}, l.PIN)
	y += 28
	for _, part := range [][2]string{
		{
			"Mã này không ký được: trước khi ký lần đầu, Ông/Bà phải đổi sang mã PIN của riêng mình (6 đến 12 chữ số).",
			"This PIN does not sign: before the first signature, change it for a PIN of your own, 6 to 12 digits.",
		},
		{
			"Nếu thẻ cho biết mã PIN đã được đổi mà Ông/Bà chưa đổi, xin đừng dùng chữ ký số và báo ngay cho cơ quan cấp thẻ.",
			"If the card says that the PIN was changed and you did not change it, do not use the signature, and tell the office at once.",
		},
		{
			"Nhập sai mã PIN " + strconv.Itoa(l.Tries) + " lần liên tiếp thì chữ ký số bị khóa; mang thẻ đến cơ quan cấp thẻ để mở khóa.",
			"After " + strconv.Itoa(l.Tries) + " wrong PINs in a row the signature is blocked; take the card to the office to have it unblocked.",
		},
		{
			"Không cho ai biết mã PIN, kể cả cán bộ.",
			"Tell nobody the PIN, and no officer either.",
		},
	} {
		y = p.lines(p.margin, y, leading(plain), plain, p.wrap(plain, part[0], p.w-2*p.margin))
		y = p.lines(p.margin, y, leading(label), label, p.wrap(label, part[1], p.w-2*p.margin)) + 3
	}
	return p.bytes()
}
