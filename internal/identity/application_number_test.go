package identity_test

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestNewApplicationNumber(t *testing.T) {
	t.Parallel()
	seen := make(map[identity.ApplicationNumber]bool)
	for range 1000 {
		n, err := identity.NewApplicationNumber(rand.Reader)
		require.NoError(t, err)
		require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]$`, string(n))
		parsed, err := identity.ParseApplicationNumber(string(n))
		require.NoError(t, err)
		require.Equal(t, n, parsed)
		require.False(t, seen[n])
		seen[n] = true
	}
}

func TestNewApplicationNumber_ReportsFailingRandomness(t *testing.T) {
	t.Parallel()
	dry := errors.New("dry")
	_, err := identity.NewApplicationNumber(iotest.ErrReader(dry))
	require.ErrorIs(t, err, dry)
	_, err = identity.NewCardSerial(iotest.ErrReader(dry))
	require.ErrorIs(t, err, dry)
}

func TestParseApplicationNumber_AsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]identity.ApplicationNumber{
		"7QF3M-9T2XK-D":    "7QF3M-9T2XK-D",
		"7qf3m-9t2xk-d":    "7QF3M-9T2XK-D",
		"7QF3M9T2XKD":      "7QF3M-9T2XK-D",
		"7QF3M 9T2XK  D":   "7QF3M-9T2XK-D",
		"7Q-F3-M9-T2-XK-D": "7QF3M-9T2XK-D",
		"7QF3M-9T2EI-L":    "7QF3M-9T2E1-1",
		"7qf3m-9t2ei-l":    "7QF3M-9T2E1-1",
		"7QF3M-9T2GO-1":    "7QF3M-9T2G0-1",
		"7qf3m-9t2go-i":    "7QF3M-9T2G0-1",
	} {
		n, err := identity.ParseApplicationNumber(typed)
		require.NoError(t, err, "%q", typed)
		require.Equal(t, want, n)
	}
}

func TestParseApplicationNumber_Refuses(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"", "7QF3M-9T2XK", "7QF3M-9T2XK-D1", "7QF3M-9T2XU-D", "7QF3M_9T2XK_D", "7QF3M-9T2XK-2", "7QF3M-9T2KX-D",
		"7ſF3M-9T2XK-D", "７QF3M-9T2XK-D", strings.Repeat("-", 1<<16),
	} {
		_, err := identity.ParseApplicationNumber(typed)
		require.ErrorIs(t, err, identity.Invalid, "%.20q", typed)
		require.Equal(t, []string{"application"}, fields(err))
	}
}

// The check digit catches every single wrong digit, and every swap of neighbours
// but 0 with Z.
func TestParseApplicationNumber_CheckDigit(t *testing.T) {
	t.Parallel()
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	random := mathrand.NewChaCha8([32]byte{7})
	for range 50 {
		n, err := identity.NewApplicationNumber(random)
		require.NoError(t, err)
		plain := strings.ReplaceAll(string(n), "-", "")
		for i := range plain {
			for _, d := range []byte(digits) {
				if d == plain[i] {
					continue
				}
				_, err := identity.ParseApplicationNumber(plain[:i] + string(d) + plain[i+1:])
				require.Error(t, err)
			}
			if i == 0 || plain[i] == plain[i-1] || (plain[i-1:i+1] == "0Z" || plain[i-1:i+1] == "Z0") {
				continue
			}
			_, err := identity.ParseApplicationNumber(plain[:i-1] + string(plain[i]) + string(plain[i-1]) + plain[i+1:])
			require.Error(t, err)
		}
	}
}

func TestCardSerial(t *testing.T) {
	t.Parallel()
	s, err := identity.NewCardSerial(rand.Reader)
	require.NoError(t, err)
	parsed, err := identity.ParseCardSerial(string(s))
	require.NoError(t, err)
	require.Equal(t, s, parsed)
	for _, bad := range []string{"", "0123456789ABCDE", "0123456789ABCDEF0", "0123456789abcdef", "0123456789ABCDEG"} {
		_, err := identity.ParseCardSerial(bad)
		require.ErrorIs(t, err, identity.Invalid, "%q", bad)
	}
}

func FuzzParseApplicationNumber(f *testing.F) {
	f.Add("7QF3M-9T2XK-D")
	f.Add("7qf3m 9t2xk l")
	f.Fuzz(func(t *testing.T, typed string) {
		n, err := identity.ParseApplicationNumber(typed)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		require.Len(t, string(n), 13)
		again, err := identity.ParseApplicationNumber(string(n))
		require.NoError(t, err)
		require.Equal(t, n, again)
	})
}

func FuzzParseCardSerial(f *testing.F) {
	f.Add("0123456789ABCDEF")
	f.Fuzz(func(t *testing.T, s string) {
		serial, err := identity.ParseCardSerial(s)
		require.Equal(t, err == nil, string(serial) == s && len(s) == 16)
	})
}
