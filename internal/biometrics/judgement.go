package biometrics

// Judgement is whether a capture will do, and if not, why.
type Judgement struct {
	OK       bool
	Reasons  []Reason
	Measures Measures
}

// Codes lists the reasons by code; they are no personal data.
func (j Judgement) Codes() []string {
	codes := make([]string, len(j.Reasons))
	for i, r := range j.Reasons {
		codes[i] = string(r.Code)
	}
	return codes
}

// Reason is one thing that speaks against a capture, and what the station should
// do about it, in Vietnamese and in English.
type Reason struct {
	Code       Code
	Vietnamese string
	English    string
}

// Measures are what was measured, by name, for the record and for choosing
// limits. Each name is one of the constants Measure....
type Measures map[string]float64

// Code names a reason. The strings are wire format.
type Code string

// The reasons. The components of ISO/IEC 29794-5 they stand for are in brackets,
// where there is one; the measures are this program's own.
const (
	PortraitTooSmall     Code = "portrait-too-small"     // [inter-eye distance, head size]
	PortraitShape        Code = "portrait-shape"         // cannot be cut to 2:3 without losing the head
	PortraitBlurred      Code = "portrait-blurred"       // [sharpness]
	PortraitDark         Code = "portrait-dark"          // [luminance mean, under-exposure prevention]
	PortraitBright       Code = "portrait-bright"        // [luminance mean, over-exposure prevention]
	PortraitFlat         Code = "portrait-flat"          // [dynamic range]
	PortraitSideLight    Code = "portrait-side-light"    // [illumination uniformity]
	PortraitGrey         Code = "portrait-grey"          // [natural colour]
	PortraitBackground   Code = "portrait-background"    // [background uniformity]
	PortraitNoFace       Code = "portrait-no-face"       // [single face present], where a FaceFinder is given
	PortraitSeveralFaces Code = "portrait-several-faces" // the same
	FingerPoor           Code = "finger-poor"            // area or coherence too low
	FingerFewMinutiae    Code = "finger-few-minutiae"
	FingersMissing       Code = "fingers-missing" // fewer fingers than are needed
	FingersAlike         Code = "fingers-alike"   // one finger given as two
)

// reason gives the sentences of a code.
func (c Code) reason() Reason {
	r := Reason{Code: c}
	switch c {
	case PortraitTooSmall:
		r.Vietnamese, r.English = "Ảnh chân dung quá nhỏ: hãy lại gần hơn hoặc tăng độ phân giải của máy ảnh.", "The portrait is too small: move closer or raise the camera's resolution."
	case PortraitShape:
		r.Vietnamese, r.English = "Khung ảnh không cắt được về tỷ lệ 2:3: hãy chụp ảnh đứng, chừa khoảng trống trên đầu và hai bên.", "The frame cannot be cut to 2:3: take it upright, with room above the head and beside it."
	case PortraitBlurred:
		r.Vietnamese, r.English = "Ảnh bị mờ: hãy lấy nét vào mắt, lau ống kính và đề nghị công dân ngồi yên.", "The portrait is blurred: focus on the eyes, clean the lens and ask the citizen to sit still."
	case PortraitDark:
		r.Vietnamese, r.English = "Ảnh quá tối: hãy bật thêm đèn phía trước hoặc tăng thời gian phơi sáng.", "The portrait is too dark: add light from the front or expose longer."
	case PortraitBright:
		r.Vietnamese, r.English = "Ảnh quá sáng, mất chi tiết: hãy giảm đèn hoặc giảm thời gian phơi sáng.", "The portrait is too bright and loses detail: reduce the light or expose shorter."
	case PortraitFlat:
		r.Vietnamese, r.English = "Ảnh thiếu tương phản: hãy tránh ánh sáng ngược và lau ống kính.", "The portrait lacks contrast: avoid light from behind and clean the lens."
	case PortraitSideLight:
		r.Vietnamese, r.English = "Hai bên mặt sáng không đều: hãy chiếu sáng đều từ hai phía.", "One side of the face is much darker: light both sides evenly."
	case PortraitGrey:
		r.Vietnamese, r.English = "Ảnh không có màu: cần ảnh màu, hãy kiểm tra chế độ của máy ảnh.", "The portrait has no colour: a colour picture is needed; check the camera's mode."
	case PortraitBackground:
		r.Vietnamese, r.English = "Phông nền không trắng hoặc không đều: hãy dùng phông trắng, không có bóng và đồ vật.", "The background is not plain white: use a white screen without shadows or objects."
	case PortraitNoFace:
		r.Vietnamese, r.English = "Không tìm thấy khuôn mặt: công dân cần nhìn thẳng vào máy ảnh.", "No face was found: the citizen must look straight into the camera."
	case PortraitSeveralFaces:
		r.Vietnamese, r.English = "Có nhiều hơn một khuôn mặt trong ảnh: chỉ chụp một mình công dân.", "There is more than one face: only the citizen may be in the picture."
	case FingerPoor:
		r.Vietnamese, r.English = "Vân tay không rõ: hãy lau sạch ngón tay và mặt kính, ấn phẳng cả đốt ngón.", "The fingerprint is unclear: clean finger and glass, and lay the whole fingertip flat."
	case FingerFewMinutiae:
		r.Vietnamese, r.English = "Vân tay có quá ít đặc điểm: hãy đặt giữa ngón vào giữa mặt kính và ấn mạnh hơn một chút.", "The fingerprint shows too few details: centre the finger on the glass and press a little more."
	case FingersMissing:
		r.Vietnamese, r.English = "Thiếu vân tay: hãy thu cả hai ngón trỏ, hoặc ghi lý do không thu được.", "Fingerprints are missing: take both index fingers, or give the reason why one cannot be taken."
	case FingersAlike:
		r.Vietnamese, r.English = "Hai vân tay là của cùng một ngón: hãy thu lại, mỗi vị trí đúng một ngón.", "Two fingerprints are of the same finger: take them again, each position from its own finger."
	}
	return r
}

// judge makes a judgement of the codes that speak against a capture.
func judge(codes []Code, measures Measures) Judgement {
	j := Judgement{OK: len(codes) == 0, Measures: measures}
	for _, c := range codes {
		j.Reasons = append(j.Reasons, c.reason())
	}
	return j
}
