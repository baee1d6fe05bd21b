// Package quality says whether a biometric sample is good enough, and if not, what
// the station should do about it. Packages portrait and fingerprint do the judging.
package quality

import (
	"fmt"
	"slices"
	"strings"
)

// Judgment is whether a sample is good enough, and if not, why.
type Judgment struct {
	OK       bool
	Reasons  []Reason // none if OK
	Fingers  []string // those that have to be taken again, by position; none where the reasons speak of no single one
	Measures Measures
}

// Finding is one thing that speaks against a sample, as it was measured.
type Finding struct {
	Code     Code
	Measured string // what was measured, and what is accepted; empty where nothing was
}

// Bound says what was measured and what is accepted; "" where it is within.
func Bound(measure string, value, least, most float64) string {
	switch {
	case value < least:
		return fmt.Sprintf("%s %s, at least %s", measure, short(value), short(least))
	case value > most:
		return fmt.Sprintf("%s %s, at most %s", measure, short(value), short(most))
	}
	return ""
}

// short writes a measure with three digits that matter, and whole where it is large.
func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Judge makes the judgment of a sample from what speaks against it. Several findings of one
// code are one reason.
func Judge(against []Finding, measures Measures) Judgment {
	j := Judgment{OK: len(against) == 0, Measures: measures}
	for _, f := range against {
		i := slices.IndexFunc(j.Reasons, func(r Reason) bool { return r.Code == f.Code })
		if i < 0 {
			s := sentences[f.Code]
			j.Reasons = append(j.Reasons, Reason{Code: f.Code, Vietnamese: s[0], English: s[1], Measured: f.Measured})
			continue
		}
		j.Reasons[i].Measured += "; " + f.Measured
	}
	return j
}

// Codes lists the reasons by code. Codes are not personal data.
func (j Judgment) Codes() []string {
	codes := make([]string, len(j.Reasons))
	for i, r := range j.Reasons {
		codes[i] = string(r.Code)
	}
	return codes
}

// Advice says what to do about each reason.
func (j Judgment) Advice() []string {
	advice := make([]string, len(j.Reasons))
	for i, r := range j.Reasons {
		advice[i] = r.Advice()
	}
	return advice
}

// Reason is one thing that speaks against a sample, and what the station should do
// about it, in Vietnamese and in English.
type Reason struct {
	Code       Code
	Vietnamese string
	English    string
	Measured   string // what was measured, and what is accepted; empty where nothing was
}

// Advice is what the station should do, with what was measured; it ends without a period.
func (r Reason) Advice() string {
	advice := strings.TrimSuffix(r.English, ".")
	if r.Measured != "" {
		advice += " (" + r.Measured + ")"
	}
	return advice
}

// Measures are what was measured, by name. The names are constants of the
// packages that measure.
type Measures map[string]float64

// AtMost keeps the lower of v and the value that the measure has.
func (m Measures) AtMost(name string, v float64) {
	if old, ok := m[name]; !ok || v < old {
		m[name] = v
	}
}

// Code names a reason. The strings are wire format.
type Code string

// The reasons, with the components of ISO/IEC 29794-5 that they stand for in
// brackets, where there are such components. How they are measured is this
// program's own.
const (
	PortraitTooSmall   Code = "portrait-too-small"  // [inter-eye distance, head size]
	PortraitShape      Code = "portrait-shape"      // cannot be cut to 2:3 without losing the head
	PortraitBlurred    Code = "portrait-blurred"    // [sharpness]
	PortraitDark       Code = "portrait-dark"       // [luminance mean, under-exposure prevention]
	PortraitBright     Code = "portrait-bright"     // [luminance mean, over-exposure prevention]
	PortraitFlat       Code = "portrait-flat"       // [dynamic range]
	PortraitSideLight  Code = "portrait-side-light" // [illumination uniformity]
	PortraitGray       Code = "portrait-grey"       // [natural color]
	PortraitBackground Code = "portrait-background" // [background uniformity]
	FingerPoor         Code = "finger-poor"         // area or coherence too low
	FingerFewMinutiae  Code = "finger-few-minutiae"
	FingersMissing     Code = "fingers-missing" // fewer fingers than are needed
	FingersAlike       Code = "fingers-alike"   // one finger given as two
)

// sentences say what to do about each code, in Vietnamese and in English.
var sentences = map[Code][2]string{
	PortraitTooSmall: {
		"Ảnh chân dung quá nhỏ: hãy lại gần hơn hoặc tăng độ phân giải của máy ảnh.",
		"The portrait is too small: move closer or raise the camera's resolution.",
	},
	PortraitShape: {
		"Khung ảnh không cắt được về tỷ lệ 2:3: hãy chụp ảnh đứng, chừa khoảng trống trên đầu và hai bên.",
		"The frame cannot be cut to 2:3: hold the camera upright, and leave room above the head and beside it.",
	},
	PortraitBlurred: {
		"Ảnh bị mờ: hãy lấy nét vào mắt, lau ống kính và đề nghị công dân ngồi yên.",
		"The portrait is blurred: focus on the eyes, clean the lens and ask the citizen to sit still.",
	},
	PortraitDark: {
		"Ảnh quá tối: hãy bật thêm đèn phía trước hoặc tăng thời gian phơi sáng.",
		"The portrait is too dark: add light from the front or use a longer exposure.",
	},
	PortraitBright: {
		"Ảnh quá sáng, mất chi tiết: hãy giảm đèn hoặc giảm thời gian phơi sáng.",
		"The portrait is too bright and loses detail: reduce the light or use a shorter exposure.",
	},
	PortraitFlat: {
		"Ảnh thiếu tương phản: hãy tránh ánh sáng ngược và lau ống kính.",
		"The portrait lacks contrast: avoid light from behind and clean the lens.",
	},
	PortraitSideLight: {
		"Hai bên mặt sáng không đều: hãy chiếu sáng đều từ hai phía.",
		"One side of the face is much darker: light both sides evenly.",
	},
	PortraitGray: {
		"Ảnh không có màu: cần ảnh màu, hãy kiểm tra chế độ của máy ảnh.",
		"The portrait has no color: a color picture is needed; check the camera's mode.",
	},
	PortraitBackground: {
		"Phông nền không trắng hoặc không đều: hãy dùng phông trắng, không có bóng và đồ vật.",
		"The background is not plain white: use a white screen without shadows or objects.",
	},
	FingerPoor: {
		"Vân tay không rõ: hãy lau sạch ngón tay và mặt kính, ấn phẳng cả đốt ngón.",
		"The fingerprint is unclear: clean the finger and the glass, and lay the whole fingertip flat.",
	},
	FingerFewMinutiae: {
		"Vân tay có quá ít đặc điểm: hãy đặt giữa ngón vào giữa mặt kính và ấn mạnh hơn một chút.",
		"The fingerprint shows too few details: center the finger on the glass and press a little harder.",
	},
	FingersMissing: {
		"Thiếu vân tay: hãy thu cả hai ngón trỏ, hoặc ghi lý do không thu được.",
		"Fingerprints are missing: take both index fingers, or give the reason why one cannot be taken.",
	},
	FingersAlike: {
		"Hai vân tay là của cùng một ngón: hãy thu lại, mỗi vị trí đúng một ngón.",
		"Two fingerprints are of the same finger: take them again, each position from its own finger.",
	},
}
