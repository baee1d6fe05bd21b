package apdu_test

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/apdu"
)

func TestCommand_EveryCaseOfISO7816EncodesAndParses(t *testing.T) {
	t.Parallel()
	long := make([]byte, 300)
	for _, tt := range []struct {
		name string
		c    apdu.Command
		want string // hexadecimal, the start of it for long data
	}{
		{"case 1", apdu.Command{CLA: 0x00, INS: 0x84}, "00840000"},
		{"case 2 short", apdu.Command{INS: 0x84, Le: 8}, "0084000008"},
		{"case 2 short, all there is", apdu.Command{INS: 0xB0, Le: 256}, "00B0000000"},
		{"case 3 short", apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{1, 0x1E}}, "00A4020C02011E"},
		{"case 4 short", apdu.Command{INS: 0xA4, P1: 4, Data: []byte{0xA0}, Le: 256}, "00A4040001A000"},
		{"case 2 extended", apdu.Command{INS: 0xB0, Le: 1000}, "00B000000003E8"},
		{"case 2 extended, all there is", apdu.Command{INS: 0xB0, Le: 65536}, "00B00000000000"},
		{"case 3 extended", apdu.Command{INS: 0xD6, Data: long}, "00D6000000012C00"},
		{"case 4 extended", apdu.Command{INS: 0xD6, Data: long, Le: 65536}, "00D6000000012C00"},
		{"short data, extended Le", apdu.Command{INS: 0xB1, Data: []byte{9}, Le: 257}, "00B10000000001090101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			b, err := tt.c.Bytes()

			require.NoError(t, err)
			require.True(t, strings.HasPrefix(strings.ToUpper(hex.EncodeToString(b)), tt.want))
			back, err := apdu.Parse(b)
			require.NoError(t, err)
			require.Equal(t, tt.c, back)
		})
	}
}

func TestParse_RefusesWhatIsNotOneOfTheCases(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"no header":                  "00B000",
		"data shorter than Lc":       "00A4000003AABB",
		"data longer than Lc and Le": "00A4000001AABBCC",
		"half an extended length":    "00B000000001",
		"extended Lc zero":           "00B00000000000AA",
		"extended data short":        "00D60000000005AABB",
		"half an extended Le":        "00D60000000002AABBCC",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := hex.DecodeString(in)
			require.NoError(t, err)

			_, err = apdu.Parse(b)

			require.ErrorIs(t, err, apdu.ErrMalformed)
		})
	}
}

func TestCommand_BytesRefusesLengthsOutOfRange(t *testing.T) {
	t.Parallel()

	_, err := apdu.Command{Data: make([]byte, 65536)}.Bytes()
	require.ErrorIs(t, err, apdu.ErrMalformed)

	_, err = apdu.Command{Le: 65537}.Bytes()
	require.ErrorIs(t, err, apdu.ErrMalformed)

	_, err = apdu.ParseResponse([]byte{0x90})
	require.ErrorIs(t, err, apdu.ErrMalformed)
}

// script is a card that gives answers in order and records the commands.
type script struct {
	answers []string
	asked   []string
}

func (s *script) Transmit(_ context.Context, command []byte) ([]byte, error) {
	s.asked = append(s.asked, strings.ToUpper(hex.EncodeToString(command)))
	if len(s.answers) == 0 {
		return nil, errors.New("the card does not answer")
	}
	answer, err := hex.DecodeString(s.answers[0])
	s.answers = s.answers[1:]
	return answer, err
}

func TestSend_GetsTheRestAndCorrectsTheLength(t *testing.T) {
	t.Parallel()
	card := &script{answers: []string{"6C04", "AABB6103", "CC6102", "DDEE9000"}}

	r, err := apdu.Send(t.Context(), card, apdu.Command{INS: 0xCA, Le: 256})

	require.NoError(t, err)
	require.Equal(t, apdu.Response{Data: []byte{0xAA, 0xBB, 0xCC, 0xDD, 0xEE}, SW: apdu.OK}, r)
	require.Equal(t, []string{"00CA000000", "00CA000004", "00C0000003", "00C0000002"}, card.asked)
}

func TestSend_StopsAtACardThatGoesOnAsking(t *testing.T) {
	t.Parallel()
	card := &script{answers: make([]string, 5000)}
	for i := range card.answers {
		card.answers[i] = "6101"
	}

	_, err := apdu.Send(t.Context(), card, apdu.Command{INS: 0xCA})

	require.ErrorIs(t, err, apdu.ErrEndless)
}

func TestStatus_HasAText(t *testing.T) {
	t.Parallel()
	require.EqualError(t, apdu.SecurityNotSatisfied, "status 6982: security status not satisfied")
	require.EqualError(t, apdu.Status(0x6C00), "status 6C00: the right Le is 256")
	require.EqualError(t, apdu.Status(0x61FE), "status 61FE: 254 bytes remain")
	require.EqualError(t, apdu.Status(0x6FAB), "status 6FAB")
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"00840000", "0084000008", "00A4020C02011E", "00B00000000000", "00D60000000002AABB0000"} {
		b, err := hex.DecodeString(seed)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := apdu.Parse(b)
		if err != nil {
			require.ErrorIs(t, err, apdu.ErrMalformed)
			return
		}
		encoded, err := c.Bytes()
		require.NoError(t, err)
		again, err := apdu.Parse(encoded)
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}
