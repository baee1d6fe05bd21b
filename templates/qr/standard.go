package qr

import "github.com/skip2/go-qrcode"

// goLevels lists which levels of go-qrcode Standard tries for each, the best first.
var goLevels = map[Level][]qrcode.RecoveryLevel{
	"H": {qrcode.Highest, qrcode.High, qrcode.Medium, qrcode.Low},
	"Q": {qrcode.High, qrcode.Medium, qrcode.Low},
	"M": {qrcode.Medium, qrcode.Low},
	"L": {qrcode.Low},
}

// Standard is Encode by go-qrcode, for payloads that are ASCII: it cuts digits out, which
// makes a smaller code, and no reader can take its segments for other letters. Other
// payloads are Encode's.
func Standard(payload string, s Square) (code *Code, module float64, err error) {
	for i := range len(payload) {
		if payload[i] >= 0x80 {
			return Encode(payload, s)
		}
	}
	for _, level := range goLevels[s.Level] {
		drawn, err := qrcode.New(payload, level)
		if err != nil {
			continue // too long for this level
		}
		drawn.DisableBorder = true
		rows := drawn.Bitmap()
		module := s.Side / float64(len(rows)+2*s.Quiet)
		if module < s.Module-1e-9 {
			continue
		}
		return pack(rows), module, nil
	}
	return nil, 0, ErrTooLong
}

// pack keeps modules a bit for each.
func pack(rows [][]bool) *Code {
	m := newCode(len(rows))
	for y, row := range rows {
		for x, dark := range row {
			if dark {
				m.rows[y][x/64] |= 1 << (63 - x%64)
			}
		}
	}
	return m
}
