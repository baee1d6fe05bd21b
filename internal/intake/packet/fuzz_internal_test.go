package packet

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
)

// FuzzParseSubmission: whatever comes in is read, and reads the same again when it
// is written; or it is refused in words that a terminal can show.
func FuzzParseSubmission(f *testing.F) {
	samples, err := filepath.Glob("../../../samples/*/application.json")
	require.NoError(f, err)
	require.NotEmpty(f, samples)
	for _, name := range samples {
		b, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(b)
	}
	for _, seed := range []string{"", "{}", "[[", `{"person":{"sex":1}}`, `{"a":1}`, "{\"type\":\"\x00\"}", "{\"type\":\"\xff\"}", `{"station":"","station":""}`, `{}{}`, "\ufeff{}", `{"portrait":{"data":"?"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSubmission(b)
		if err != nil {
			requireRefusal(t, err)
			return
		}
		written, err := s.canonical()
		require.NoError(t, err)
		again, err := ParseSubmission(written)
		require.NoError(t, err)
		rewritten, err := again.canonical()
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))

		app, err := s.Application(identity.Date{Year: 2030, Month: 1, Day: 1})
		if err != nil {
			requireRefusal(t, err)
			return
		}
		same, err := SubmissionOf(app).Application(app.FiledOn)
		require.NoError(t, err)
		require.Equal(t, app, same)
	})
}

// FuzzParse lets nothing through except what the station signed.
func FuzzParse(f *testing.F) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	signed, err := Sign(Submission{Station: "001-TN-01"}, key, cast.Known().State)
	require.NoError(f, err)
	payload, err := Submission{Station: "001-TN-01"}.canonical()
	require.NoError(f, err)
	f.Add(signed)
	f.Add(bytes.Replace(signed, []byte("."), []byte(".."), 1))
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30."))
	f.Add([]byte(`{"payload":"","signatures":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			requireRefusal(t, err)
			return
		}
		got, err := p.Open(key.Public().(ed25519.PublicKey))
		if err != nil {
			requireRefusal(t, err)
			return
		}
		require.Equal(t, identity.StationID("001-TN-01"), p.Station)
		require.Equal(t, string(payload), string(got))
	})
}

// requireRefusal requires refusals and nothing else, each in words that can be shown
// to anybody.
func requireRefusal(t *testing.T, err error) {
	t.Helper()
	refusals := identity.Refusals(err)
	require.NotEmpty(t, refusals, "a fault: %v", err)
	for _, r := range refusals {
		require.NotEmpty(t, r.Detail)
		told := r.Error()
		require.Less(t, utf8.RuneCountInString(told), 400, told)
		require.True(t, utf8.ValidString(told), "%q", told)
		for _, c := range told {
			require.True(t, unicode.IsPrint(c), "%q", told)
		}
	}
}
