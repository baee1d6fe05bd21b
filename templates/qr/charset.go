package qr

// mistaken reports whether a reader that guesses may take a text for one in another
// character set than UTF-8: zbar tries Latin-1 and Shift-JIS first. Nearly every
// Vietnamese text has bytes that are neither; the codes of the others, a few in a
// hundred, say what they are.
func mistaken(payload string) bool {
	ascii := true
	for i := range len(payload) {
		ascii = ascii && payload[i] < 0x80
	}
	return !ascii && (maybeLatin1(payload) || maybeShiftJIS(payload))
}

// maybeLatin1 reports whether no byte is a control character of ISO/IEC 8859-1.
func maybeLatin1(payload string) bool {
	for i := range len(payload) {
		if payload[i] >= 0x80 && payload[i] < 0xA0 {
			return false
		}
	}
	return true
}

// maybeShiftJIS reports whether the bytes are letters of one or two bytes in JIS X
// 0208, appendix 1.
func maybeShiftJIS(payload string) bool {
	for i := 0; i < len(payload); i++ {
		switch b := payload[i]; {
		case b < 0x80, b >= 0xA1 && b <= 0xDF:
		case b >= 0x81 && b <= 0xFC && b != 0xA0:
			i++
			if i == len(payload) || payload[i] < 0x40 || payload[i] == 0x7F || payload[i] > 0xFC {
				return false
			}
		default:
			return false
		}
	}
	return true
}
