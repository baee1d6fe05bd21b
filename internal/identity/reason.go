package identity

import (
	"regexp"
	"slices"
	"strings"
)

// ReasonCode says why something was done. The codes are wire format: they stand
// in the registry, in the audit trail and in histories.
type ReasonCode string

// The codes that the engine gives by itself. Those of EndReasons are sentences,
// since they stand so in the results of recorded histories.
const (
	ReasonRefused       ReasonCode = "refused by an officer"
	ReasonDuplicate     ReasonCode = "another person has these fingerprints"
	ReasonWithdrawn     ReasonCode = "withdrawn by the citizen"
	ReasonNotRecaptured ReasonCode = "not recaptured within the time"
	ReasonNotResolved   ReasonCode = "contradiction with the population registry not resolved within the time"
	ReasonNotCollected  ReasonCode = "not collected within the time"

	ReasonChipFailed       ReasonCode = "chip-failed"
	ReasonPrintFailed      ReasonCode = "print-failed"
	ReasonInspectionFailed ReasonCode = "inspection-failed"
	ReasonStationLost      ReasonCode = "station-lost"
	ReasonOutdated         ReasonCode = "outdated"
	ReasonMissing          ReasonCode = "missing"
	ReasonMisplaced        ReasonCode = "misplaced"
	ReasonRecounted        ReasonCode = "recounted"
	ReasonReplaced         ReasonCode = "replaced"
	ReasonNumberReplaced   ReasonCode = "number-replaced"
	ReasonHolderDied       ReasonCode = "holder-died"
	ReasonNationalityLost  ReasonCode = "nationality-lost"
	ReasonIssuedWrongly    ReasonCode = "issued-wrongly"
	ReasonRecordChanged    ReasonCode = "record-changed"
	ReasonStopped          ReasonCode = "stopped"
	ReasonOther            ReasonCode = "other"
)

// ReasonEntry is one line of a table of reasons: a code and what people read.
type ReasonEntry struct {
	Code   ReasonCode
	VI, EN string
}

// ReasonTable lists the reasons for one act, the usual ones first.
type ReasonTable []ReasonEntry

// The tables. Where a person gives the reason, the last entry is ReasonOther.
var (
	RejectReasons = ReasonTable{
		{"data-not-proven", "Thông tin kê khai không khớp và không có giấy tờ chứng minh", "the data given differ from the record, and no paper proves them"},
		{"not-entitled", "Không thuộc trường hợp được giải quyết theo yêu cầu", "the law does not give what was asked for"},
		{"not-a-citizen", "Không xác định được quốc tịch Việt Nam", "Vietnamese nationality is not established"},
		{"representative-not-proven", "Không chứng minh được người đại diện hợp pháp", "the legal representative is not proven"},
		{"papers-missing", "Hồ sơ không được bổ sung đầy đủ", "the papers asked for were not brought"},
		{"papers-forged", "Giấy tờ giả hoặc bị tẩy xóa, sửa chữa", "papers are forged or altered"},
		{"impersonation", "Mạo danh người khác", "the applicant poses as another person"},
		{"capture-impossible", "Không thu nhận được ảnh hoặc vân tay đạt yêu cầu", "no usable portrait or fingerprints can be captured"},
		{"deceased", "Người đề nghị đã chết", "the applicant has died"},
		other,
	}
	HoldReasons = ReasonTable{
		{"papers-awaited", "Chờ công dân bổ sung giấy tờ", "the citizen has to bring papers"},
		{"representative-awaited", "Chờ chứng minh người đại diện hợp pháp", "the legal representative has to be proven"},
		{"record-under-correction", "Chờ điều chỉnh Cơ sở dữ liệu quốc gia về dân cư", "the population registry is being corrected"},
		{"under-verification", "Đang xác minh", "the case is being verified"},
		{"authority-asked", "Theo yêu cầu của cơ quan có thẩm quyền", "an authority asked for it"},
		other,
	}
	ReleaseReasons = ReasonTable{
		{"record-corrected", "Cơ sở dữ liệu quốc gia về dân cư đã được điều chỉnh", "the population registry was corrected"},
		{"papers-brought", "Đã bổ sung đủ giấy tờ", "the papers asked for were brought"},
		{"verified", "Đã xác minh", "the case was verified"},
		{"line-repaired", "Dây chuyền đã hoạt động trở lại", "production works again"},
		{"stock-received", "Đã có phôi thẻ", "blanks were received"},
		{"card-given-up", "Bỏ thẻ đang làm dở, làm thẻ khác", "the unfinished card is given up for another"},
		other,
	}
	WithdrawReasons = ReasonTable{
		{"card-found", "Đã tìm thấy thẻ cũ", "the old card was found"},
		{"not-wanted", "Công dân không còn nhu cầu", "the citizen no longer wants a card"},
		{"filed-wrongly", "Hồ sơ lập nhầm", "the application was filed by mistake"},
		other,
	}
	DestroyReasons = ReasonTable{
		{"spoiled-in-production", "Hỏng trong sản xuất", "it was spoiled in production"},
		{"not-collected", "Công dân không đến nhận", "it was not collected"},
		{"application-ended", "Hồ sơ đã kết thúc", "its application ended without it"},
		{"damaged", "Thẻ hỏng, không trả được cho công dân", "it is damaged and cannot be handed over"},
		{"found-again", "Thẻ thất lạc đã tìm thấy", "it was lost and turned up"},
		{"revoked", "Thẻ đã bị thu hồi", "it was revoked"},
		other,
	}
	SpoilReasons = ReasonTable{
		{ReasonChipFailed, "Không ghi được chip", "the chip could not be written"},
		{ReasonPrintFailed, "In hỏng hoặc không rõ đã in hay chưa", "the print failed, or may have failed"},
		{ReasonInspectionFailed, "Không đạt kiểm tra", "it failed inspection"},
		{ReasonStationLost, "Trạm đang làm thẻ không hoạt động", "its station does not answer"},
		{ReasonOutdated, "Ngày chuẩn bị dữ liệu đã qua", "it was prepared on a day that has passed"},
		{ReasonRecordChanged, "Thông tin trong Cơ sở dữ liệu quốc gia về dân cư đã thay đổi", "the population register changed after it was prepared"},
		{ReasonStopped, "Hồ sơ bị dừng khi đang làm thẻ", "its application was stopped while it was made"},
		{ReasonMissing, "Thiếu khi kiểm đếm", "it was missing at the count"},
		{ReasonMisplaced, "Thẻ nằm ở nơi không phải của nó", "it was where it does not belong"},
		{ReasonRecounted, "Kiểm đếm lại cho kết quả khác lần trước", "a recount found otherwise than the count before it"},
	}
	RevokeReasons = ReasonTable{
		{ReasonReplaced, "Đã được thay bằng thẻ mới", "another card took its place"},
		{ReasonNumberReplaced, "Số định danh cá nhân đã được xác lập lại", "the holder's personal number was established anew"},
	}
	LapseReasons = ReasonTable{
		{ReasonHolderDied, "Người được cấp thẻ đã chết", "its holder died"},
	}
	// WithdrawCardReasons are those of article 29.1 of the law of 2023, and no others.
	WithdrawCardReasons = ReasonTable{
		{ReasonNationalityLost, "Bị tước quốc tịch hoặc được thôi quốc tịch Việt Nam", "its holder lost or gave up Vietnamese nationality"},
		{"naturalization-cancelled", "Bị hủy bỏ quyết định cho nhập quốc tịch Việt Nam", "its holder's naturalization was cancelled"},
		{"restoration-cancelled", "Bị hủy bỏ quyết định cho trở lại quốc tịch Việt Nam", "the restoration of its holder's nationality was cancelled"},
		{ReasonIssuedWrongly, "Thẻ được cấp sai quy định", "it was issued against the rules"},
		{"altered", "Thẻ bị tẩy xóa, sửa chữa", "it was erased or altered"},
	}
	// LossesOfNationality are those of them with which nationality is lost.
	LossesOfNationality = []ReasonCode{ReasonNationalityLost, "naturalization-cancelled", "restoration-cancelled"}
	// KeepReasons are those of article 29.2.
	KeepReasons = ReasonTable{
		{"custody", "Đang bị tạm giữ, tạm giam", "its holder is in custody"},
		{"prison", "Đang chấp hành án phạt tù", "its holder is in prison"},
		{"reform-school", "Đang chấp hành biện pháp đưa vào trường giáo dưỡng", "its holder is in a reform school"},
		{"compulsory-education", "Đang chấp hành biện pháp đưa vào cơ sở giáo dục bắt buộc", "its holder is in compulsory education"},
		{"compulsory-rehabilitation", "Đang chấp hành biện pháp đưa vào cơ sở cai nghiện bắt buộc", "its holder is in compulsory rehabilitation"},
	}
	EndReasons = ReasonTable{
		{ReasonRefused, "Bị từ chối", "an officer refused it"},
		{ReasonDuplicate, "Vân tay trùng với người khác", "another person has these fingerprints"},
		{ReasonWithdrawn, "Công dân rút hồ sơ", "the citizen withdrew it"},
		{ReasonNotRecaptured, "Quá hạn chụp lại ảnh hoặc vân tay", "no new portrait or fingerprints within the time"},
		{ReasonNotResolved, "Quá hạn giải quyết thông tin chưa khớp", "the contradiction with the population registry was not resolved within the time"},
		{ReasonNotCollected, "Quá hạn nhận thẻ", "the card was not collected within the time"},
	}

	other = ReasonEntry{ReasonOther, "Lý do khác", "another reason"}
)

// ReasonTables lists every table.
var ReasonTables = []ReasonTable{
	RejectReasons, HoldReasons, ReleaseReasons, WithdrawReasons, DestroyReasons, SpoilReasons, RevokeReasons, LapseReasons, WithdrawCardReasons, KeepReasons, EndReasons,
}

// Reasons is the table for a decision step; nil where a person gives the reason in
// their own words, or none.
func (s DecisionStep) Reasons() ReasonTable {
	switch s {
	case StepReject:
		return RejectReasons
	case StepHold:
		return HoldReasons
	case StepRelease:
		return ReleaseReasons
	case StepWithdraw:
		return WithdrawReasons
	case StepRecapture, StepAdjudicate, StepApprove, StepIdentify:
	}
	return nil
}

// Reason is why something was done: a code of one of the tables, and a note in
// the words of whoever did it. The note may name people: no citizen
// sees it but the one who is refused, on the notice of it.
type Reason struct {
	Code ReasonCode // empty where the note says it all
	Note string
}

// reasonSeparator stands between code and note.
const reasonSeparator = ": "

// ReadReason reads what String writes. Text that begins with no code is a note:
// reasons were free text once, and those of adjudicators are.
func ReadReason(text string) Reason {
	code, note, _ := strings.Cut(text, reasonSeparator)
	if _, known := lookUp(ReasonCode(code)); known {
		return Reason{Code: ReasonCode(code), Note: note}
	}
	return Reason{Note: text}
}

// String writes the code, or the code and the note: "papers-forged: birth
// certificate". This is the form on the wire, in the registry and in the audit
// trail.
func (r Reason) String() string {
	if r.Code == "" || r.Note == "" {
		return string(r.Code) + r.Note
	}
	return string(r.Code) + reasonSeparator + r.Note
}

// VI says the code in Vietnamese; nothing where there is none.
func (r Reason) VI() string { e, _ := lookUp(r.Code); return e.VI }

// EN says the code in English; nothing where there is none.
func (r Reason) EN() string { e, _ := lookUp(r.Code); return e.EN }

// InWords says the reason in both languages, with its note: for officers and for
// papers.
func (r Reason) InWords() string {
	if r.Code == "" {
		return r.Note
	}
	words := r.VI() + " / " + r.EN()
	if r.Note != "" {
		words += reasonSeparator + r.Note
	}
	return words
}

// lookUp finds a code in the tables.
func lookUp(code ReasonCode) (ReasonEntry, bool) {
	for _, t := range ReasonTables {
		if i := t.index(code); i >= 0 {
			return t[i], true
		}
	}
	return ReasonEntry{}, false
}

func (t ReasonTable) index(code ReasonCode) int {
	return slices.IndexFunc(t, func(e ReasonEntry) bool { return e.Code == code })
}

// Codes lists the codes of a table, in order.
func (t ReasonTable) Codes() []ReasonCode {
	codes := make([]ReasonCode, len(t))
	for i, e := range t {
		codes[i] = e.Code
	}
	return codes
}

// asCode is a reason that was meant for a code: words that hyphens join, before a note or alone.
// One word may be one that is close to a code.
var asCode, asWord = regexp.MustCompile(`^[a-z]+(-[a-z]+)+(: |$)`), regexp.MustCompile(`^[a-z]+(: |$)`)

// mistyped refuses a reason that was meant for a code, which is none of the table: else it
// would be taken for a note, and the citizen would read it as it is.
func (t ReasonTable) mistyped(reason string) error {
	code, _, _ := strings.Cut(reason, reasonSeparator)
	if _, near := closest(code, t.Codes()); !asCode.MatchString(reason) && (!near || !asWord.MatchString(reason)) {
		return nil
	}
	return Known("reason", ReasonCode(code), t.Codes())
}

// AsksCitizen reports whether a hold for that reason waits for the citizen.
func AsksCitizen(hold Reason) bool {
	return hold.Code == "papers-awaited" || hold.Code == "representative-awaited"
}

// Check refuses a reason whose code is not in the table, and ReasonOther without a
// note. A note without a code is another reason, where the table has that. A nil table
// accepts every reason.
func (t ReasonTable) Check(r Reason) error {
	switch {
	case t == nil:
		return nil
	case r.Code == "" && strings.TrimSpace(r.Note) != "" && t.index(ReasonOther) >= 0:
		return nil // another reason, in the words of whoever gave it
	case t.index(r.Code) < 0:
		return RefuseField(Invalid, "reason", "must begin with one of %s; a note may follow after a colon", join(t.Codes()))
	case r.Code == ReasonOther && strings.TrimSpace(r.Note) == "":
		return RefuseField(Invalid, "reason", "is %s: say which, after a colon", ReasonOther)
	}
	return nil
}
