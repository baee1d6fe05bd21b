package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Text is a sentence in Vietnamese and in English.
type Text struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// Status is what a citizen reads of an application: the same on the page and as JSON.
type Status struct {
	Number identity.ApplicationNumber `json:"receipt"`
	State  Text                       `json:"state"`
	Advice []Text                     `json:"advice"` // what to do, the first thing first; or that nothing is to be done
	Reason *Text                      `json:"reason,omitempty"`
	Due    identity.Date              `json:"due,omitzero"`   // the last day on which the card is promised; zero where nothing is promised
	Until  identity.Date              `json:"until,omitzero"` // the last day for what the citizen is asked to do
	Where  *Where                     `json:"where,omitempty"`
	Steps  []Step                     `json:"steps"`
	VNeID  template.URL               `json:"vneid,omitzero"` // opens the application in the VNeID app
}

// Where is the station that a citizen is asked to come to.
type Where struct {
	Name    string `json:"name"`
	Address string `json:"address,omitzero"`
	Hours   string `json:"hours,omitzero"`
}

// Step is a milestone of an application, with the day on which it came to it.
type Step struct {
	Text
	On      identity.Date `json:"on,omitzero"`
	Done    bool          `json:"done"`
	Current bool          `json:"current"`
}

// What citizens read at each turn, but for the stages, which have their names.
var (
	nothingToDo = Text{"Hồ sơ đang được giải quyết; chưa cần làm gì thêm.", "The application is being worked on; you need not do anything."}
	late        = Text{
		"Hồ sơ đã quá ngày hẹn trả; chúng tôi xin lỗi và đang ưu tiên giải quyết. Chưa có ngày hẹn mới.",
		"The application is later than was promised; we are sorry, and it has priority. There is no new date yet.",
	}
	overdueNoMore = Text{"Ngày hẹn trả được tính lại khi hồ sơ tiếp tục.", "The date for your card is set anew when the application goes on."}

	recapture = Text{"Cần chụp lại", "A new capture is needed"}
	resolve   = Text{
		"Thông tin kê khai chưa khớp với Cơ sở dữ liệu quốc gia về dân cư: mời mang giấy khai sinh và các giấy tờ chứng minh đến nơi nộp hồ sơ.",
		"What was declared differs from the population database: please bring your birth certificate and the papers that prove it to the place where you applied.",
	}
	ready     = Text{"Thẻ đã sẵn sàng: mời đến nhận.", "Your card is ready: please collect it."}
	readyPost = Text{"Thẻ đã sẵn sàng và được gửi qua bưu điện đến địa chỉ đã đăng ký.", "Your card is ready and comes by post to the address you gave."}
	bring     = Text{
		"Mang theo giấy hẹn, và thẻ hoặc chứng minh nhân dân đang có để nộp lại. Vân tay được kiểm tra khi trả thẻ; người dưới 14 tuổi đến cùng người đại diện.",
		"Bring your slip, and the card that you hold, which is handed in. Your fingerprint is checked; those under 14 come with their representative.",
	}
	bringPost = Text{
		"Thẻ hoặc chứng minh nhân dân đang có được nộp lại cho người giao thẻ.",
		"The card that you hold is handed in to whoever brings the new one.",
	}
	held     = Text{"Hồ sơ tạm dừng", "The application is on hold"}
	noDate   = Text{"Trong khi tạm dừng chưa hẹn được ngày trả.", "While it is on hold no date is promised."}
	heldNext = Text{"Mời liên hệ nơi nộp hồ sơ và mang theo giấy tờ được yêu cầu; sau đó hồ sơ tiếp tục.", "Please come to the place where you applied, with the papers that are asked for; the application goes on then."}

	refusedNext = Text{
		"Thông báo bằng văn bản nêu rõ lý do được trả tại nơi nộp hồ sơ; mời mang giấy hẹn đến nhận.",
		"A written notice with the reasons is given at the place where you applied; please bring your slip.",
	}
	// Law on Complaints 02/2011/QH13, art. 7 and 9.
	appeal = Text{
		"Nếu không đồng ý, có quyền khiếu nại đến cơ quan đã từ chối trong 90 ngày kể từ ngày nhận được thông báo, hoặc khởi kiện tại Tòa án.",
		"If you disagree you may complain to the authority that refused within 90 days of receiving the notice, or go to court.",
	}
	withdrawnNext = Text{"Có thể nộp hồ sơ mới bất cứ lúc nào.", "You may apply again at any time."}
	expiredNext   = Text{"Nếu vẫn cần thẻ, mời nộp hồ sơ mới.", "If you still need a card, please apply again."}
	lostNext      = Text{
		"Nếu tìm thấy thẻ, xin mang đến cơ quan công an để mở lại; nếu không, xin làm thủ tục cấp lại.",
		"If you find it, bring it to the police to have it made valid again; otherwise apply for another.",
	}
	lostByAnother = Text{"Nếu không phải quý vị đã báo mất, xin báo ngay nơi trả thẻ.", "If it was not you who reported it, please tell the place at once."}
	issuedNext    = Text{"Nếu không phải quý vị đã nhận thẻ, xin báo ngay nơi trả thẻ.", "If it was not you who received the card, please tell the place at once."}
)

// statusOf says what a citizen reads.
func statusOf(s registry.Shown) *Status {
	v := &Status{Number: s.Number, State: Text{s.Stage.VI(), s.Stage.EN()}, Steps: steps(s)}
	switch {
	case s.Stage.Ended():
		v.ended(s)
	case s.Held && s.ForCitizen:
		v.State, v.Advice = held, []Text{heldNext, overdueNoMore}
		v.Reason = reason(s.Why)
		v.come(s)
	case s.Awaiting == identity.ToRecapture:
		v.State, v.Advice = recapture, append(captures(s.Found), closes(s.Until, overdueNoMore)...)
		v.come(s)
	case s.Awaiting == identity.ToResolve:
		v.Advice = append([]Text{resolve}, closes(s.Until, overdueNoMore)...)
		v.come(s)
	case s.Held:
		v.State, v.Advice = held, []Text{nothingToDo, noDate}
	case s.Stage == identity.HandOver && s.Delivery == identity.Post:
		v.State, v.Advice = readyPost, append([]Text{bringPost}, owed(s.Unpaid)...)
	case s.Stage == identity.HandOver:
		v.State, v.Advice = ready, append([]Text{bring}, owed(s.Unpaid)...)
		v.come(s)
	case s.Paused:
		v.Advice = []Text{nothingToDo, overdueNoMore}
	case s.Now.After(s.Due):
		v.Advice = []Text{late}
	default:
		v.Advice, v.Due = []Text{nothingToDo}, lastDay(s.Due)
	}
	v.speakOf(s.Document)
	return v
}

// closes says until when the citizen may come, before what is said then; nothing where it
// waits without end.
func closes(until time.Time, then Text) []Text {
	if until.IsZero() {
		return []Text{then}
	}
	day := lastDay(until).Display()
	return []Text{{"Sau ngày " + day + " hồ sơ hết hiệu lực.", "After " + day + " the application expires."}, then}
}

// owed says that a fee is paid when the card is collected.
func owed(fee int) []Text {
	if fee == 0 {
		return nil
	}
	return []Text{{
		fmt.Sprintf("Lệ phí %d đồng chưa nộp: nộp khi nhận thẻ.", fee),
		fmt.Sprintf("The fee of %d VND is not paid yet: please pay it when you receive the card.", fee),
	}}
}

// speakOf has every sentence speak of what was applied for; they are written of cards.
func (v *Status) speakOf(d identity.Document) {
	of := func(t Text) Text { return Text{d.Named(t.VI), d.Named(t.EN)} }
	v.State = of(v.State)
	for i, t := range v.Advice {
		v.Advice[i] = of(t)
	}
	for i, s := range v.Steps {
		v.Steps[i].Text = of(s.Text)
	}
	if v.Reason != nil {
		*v.Reason = of(*v.Reason)
	}
}

func (v *Status) ended(s registry.Shown) {
	switch s.Stage { //nolint:exhaustive // the ends
	case identity.Issued:
		v.Advice = []Text{issuedNext}
		if s.Lost {
			v.State, v.Advice = isDead, []Text{lostNext, lostByAnother}
		}
		v.come(s)
	case identity.Rejected:
		v.Advice, v.Reason = []Text{refusedNext, appeal}, reason(s.Why)
		v.come(s)
	case identity.Withdrawn: // why is the citizen's
		v.Advice = []Text{withdrawnNext}
	default:
		v.Advice, v.Reason = []Text{expiredNext}, reason(s.Why)
	}
}

// come says where the citizen is asked to come to, and until when: of what has ended nothing waits
// any more, though the registry keeps until when it did.
func (v *Status) come(s registry.Shown) {
	v.Where = &Where{s.FiledAt.Name, s.FiledAt.Address, s.FiledAt.Hours}
	if !s.Until.IsZero() && !s.Stage.Ended() {
		v.Until = lastDay(s.Until)
	}
}

// reason is a code in both languages; its note may name people, and is not told.
func reason(r identity.Reason) *Text {
	if r.VI() == "" {
		return nil
	}
	return &Text{r.VI(), r.EN()}
}

// fingers as citizens read them, by position (package fingerprint).
var fingers = map[string]Text{
	"right-thumb":  {"ngón cái phải", "right thumb"},
	"right-index":  {"ngón trỏ phải", "right index finger"},
	"right-middle": {"ngón giữa phải", "right middle finger"},
	"right-ring":   {"ngón áp út phải", "right ring finger"},
	"right-little": {"ngón út phải", "right little finger"},
	"left-thumb":   {"ngón cái trái", "left thumb"},
	"left-index":   {"ngón trỏ trái", "left index finger"},
	"left-middle":  {"ngón giữa trái", "left middle finger"},
	"left-ring":    {"ngón áp út trái", "left ring finger"},
	"left-little":  {"ngón út trái", "left little finger"},
}

// captures says what has to be taken again: the photograph, or which fingers.
func captures(found []byte) []Text {
	var judged struct{ Reasons, Fingers []string }
	_ = json.Unmarshal(found, &judged) // what cannot be read is taken again as a whole
	portrait := slices.ContainsFunc(judged.Reasons, func(code string) bool { return strings.HasPrefix(code, "portrait-") })
	taken := slices.ContainsFunc(judged.Reasons, func(code string) bool { return strings.HasPrefix(code, "finger") })
	var what []Text
	if portrait || !taken {
		what = append(what, Text{"Ảnh chân dung: mời đến nơi nộp hồ sơ để chụp lại.", "The photograph: please come to the place where you applied to have it taken again."})
	}
	if taken {
		var vi, en []string
		for _, f := range judged.Fingers {
			vi, en = append(vi, fingers[f].VI), append(en, fingers[f].EN)
		}
		which := Text{"Vân tay", "The fingerprints"}
		if len(vi) > 0 {
			which = Text{"Vân tay (" + strings.Join(vi, ", ") + ")", "The fingerprints (" + strings.Join(en, ", ") + ")"}
		}
		what = append(what, Text{which.VI + ": mời đến nơi nộp hồ sơ để lấy lại.", which.EN + ": please come to the place where you applied to have them taken again."})
	}
	return what
}

// lastDay is the last day of a time that ends then.
func lastDay(end time.Time) identity.Date { return identity.DateOf(end.Add(-time.Nanosecond)) }

// steps are the milestones of an application, each with the day on which it was passed: the
// day of the one after it, but for the first. One that ended without a card does not say how
// far it came.
func steps(s registry.Shown) []Step {
	if s.Stage.Ended() && s.Stage != identity.Issued {
		return []Step{}
	}
	reached := slices.Index(identity.Stages, s.Stage)
	var list []Step
	for i, stage := range identity.OpenStages() {
		if n := len(list); n == 0 || list[n-1].EN != stage.EN() {
			if n > 1 {
				list[n-1].passed(s.Entered[stage])
			}
			list = append(list, Step{Text: Text{stage.VI(), stage.EN()}})
		}
		last := &list[len(list)-1]
		last.Done = i < reached // of its last stage
		last.Current = last.Current || i == reached
	}
	list[0].On = identity.DateOf(s.Entered[identity.Received])
	list[len(list)-1].passed(s.Entered[identity.Issued])
	return list
}

// passed notes when a step was passed, if it was: a card that is made anew goes back.
func (s *Step) passed(at time.Time) {
	if s.Done && !at.IsZero() {
		s.On = identity.DateOf(at)
	}
}
