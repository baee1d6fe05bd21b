package notify

import (
	"strings"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// text is what a citizen reads, Vietnamese first.
type text struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// templates are what citizens are told: in one sentence or two, without the person's name and
// without a reason, both of which the citizens' page keeps to itself. {receipt} is the
// application's number, {place} where it was filed, {until} the last day.
var templates = map[identity.EventKind]text{
	identity.EventReceived: {
		"Hồ sơ {receipt} đã được tiếp nhận.",
		"Application {receipt} was received.",
	},
	identity.EventRecapture: {
		"Hồ sơ {receipt}: cần chụp ảnh hoặc lấy vân tay lại tại {place}{until}.",
		"Application {receipt}: the photograph or fingerprints have to be taken again at {place}{until}.",
	},
	identity.EventReady: {
		"Hồ sơ {receipt}: thẻ đã sẵn sàng, mời đến nhận tại {place}{until}. Xin mang theo giấy hẹn.",
		"Application {receipt}: your card is ready; please collect it at {place}{until}, and bring your slip.",
	},
	identity.EventReminder: {
		"Hồ sơ {receipt}: thẻ vẫn chờ được nhận tại {place}{until}. Xin mang theo giấy hẹn.",
		"Application {receipt}: your card still waits at {place}{until}; please bring your slip.",
	},
	identity.EventRejected: {
		"Hồ sơ {receipt} không được chấp nhận; thông báo bằng văn bản nêu rõ lý do được trả tại {place}.",
		"Application {receipt} was refused; a written notice with the reasons is given at {place}.",
	},
	identity.EventExpired: {
		"Hồ sơ {receipt} đã hết hiệu lực. Nếu vẫn cần thẻ, mời nộp hồ sơ mới.",
		"Application {receipt} has expired. If you still need a card, please apply again.",
	},
	identity.EventCardLost: {
		"Thẻ cấp theo hồ sơ {receipt} đã được báo mất và không còn giá trị. Nếu không phải quý vị báo mất, xin báo ngay cho cơ quan công an.",
		"The card given on application {receipt} is reported lost, and is not valid any more. If it was not you who reported it, please tell the police at once.",
	},
	identity.EventCardValid: {
		"Thẻ cấp theo hồ sơ {receipt} không còn bị coi là mất và có giá trị trở lại. Nếu thẻ không ở chỗ quý vị, xin báo ngay cho cơ quan công an.",
		"The card given on application {receipt} is not reported lost any more, and is valid again. If you do not have it, please tell the police at once.",
	},
}

// byPost are those of a card that comes by post.
var byPost = map[identity.EventKind]text{
	identity.EventReady: {
		"Hồ sơ {receipt}: thẻ đã sẵn sàng và được gửi qua bưu điện đến địa chỉ đã đăng ký.",
		"Application {receipt}: your card is ready, and comes by post to the address you gave.",
	},
	identity.EventReminder: {
		"Hồ sơ {receipt}: thẻ gửi qua bưu điện chưa được nhận. Xin liên hệ nơi nộp hồ sơ, {place}{until}.",
		"Application {receipt}: your card, which came by post, was not received yet. Please turn to {place}, where you applied{until}.",
	},
}

// say is what the citizen reads of a delivery, with the address of the page.
func (l *line) say(d registry.Delivery) text {
	t := templates[d.Kind]
	if special, is := byPost[d.Kind]; is && d.Delivery == identity.Post {
		t = special
	}
	until := text{}
	if !d.Until.IsZero() {
		day := lastDay(d.Until).Display()
		until = text{", chậm nhất ngày " + day, " until " + day}
	}
	page := " " + l.statusURL(d.Application)
	fill := func(s, until string) string {
		return strings.NewReplacer("{receipt}", string(d.Application), "{place}", d.Place.Name, "{until}", until).Replace(d.Document.Named(s)) + page
	}
	return text{fill(t.VI, until.VI), fill(t.EN, until.EN)}
}
