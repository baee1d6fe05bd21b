package identity

import (
	"io"
	"strings"
)

// crockford is the base-32 alphabet without I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewApplicationNumber draws a number: 50 random bits, so that it cannot be
// guessed, and a check digit (Luhn mod 32) that catches every single wrong digit
// and nearly all swaps of neighbors.
func NewApplicationNumber(random io.Reader) (ApplicationNumber, error) {
	s, err := drawFrom(random, 10, crockford)
	if err != nil {
		return "", err
	}
	return ApplicationNumber(s[:5] + "-" + s[5:] + "-" + string(luhn32(s))), nil
}

// ErrCheckDigit refuses what is written as an application number is, and has another check digit.
var ErrCheckDigit = RefuseField(Invalid, "application", "has a wrong check digit: a digit was mistyped")

// ParseApplicationNumber reads a number as people type it: hyphens and spaces
// anywhere, either case, I and L for 1, O for 0.
func ParseApplicationNumber(s string) (ApplicationNumber, error) {
	const accepted = "is not an application number; ten digits or letters and a check digit are accepted, for example 7QF3M-9T2XK-D"
	if len(s) > 64 {
		return "", RefuseField(Invalid, "application", accepted)
	}
	s = strings.Map(crockfordDigit, s)
	if len(s) != 11 || strings.Trim(s, crockford) != "" {
		return "", RefuseField(Invalid, "application", accepted)
	}
	if luhn32(s[:10]) != s[10] {
		return "", ErrCheckDigit
	}
	return ApplicationNumber(s[:5] + "-" + s[5:10] + "-" + s[10:]), nil
}

// crockfordDigit gives the digit that a typed character stands for, and -1 for
// separators, which are skipped.
func crockfordDigit(r rune) rune {
	if r >= 'a' && r <= 'z' {
		r -= 'a' - 'A'
	}
	switch r {
	case '-', ' ':
		return -1
	case 'I', 'L':
		return '1'
	case 'O':
		return '0'
	}
	return r
}

// luhn32 is the check digit of Luhn's algorithm over crockford.
func luhn32(s string) byte {
	sum, double := 0, true
	for i := len(s) - 1; i >= 0; i-- {
		v := strings.IndexByte(crockford, s[i])
		if double {
			v *= 2
			v = v/32 + v%32
		}
		sum += v
		double = !double
	}
	return crockford[(32-sum%32)%32]
}
