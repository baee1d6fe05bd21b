package qr

import (
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
	"github.com/stretchr/testify/require"
	"rsc.io/qr/coding"

	"example.org/cancuoc/internal/identity/identitytest"
)

// The modules are those of go-qrcode, one by one, where it has one segment of bytes
// too: where nothing is worth cutting out.
func TestModules_AreThoseOfGoQRCode(t *testing.T) {
	t.Parallel()
	var payloads []string
	for n := 1; n < 420; n += 7 {
		payloads = append(payloads, strings.Repeat("Ẳ|", n)[:n])
	}
	for seed := range uint64(60) {
		card := identitytest.Card(identitytest.Seeded(seed))
		p := card.Person
		payloads = append(payloads, strings.ToLower(strings.NewReplacer(" ", "_", ".", "", "-", "").Replace(p.Name.Text+p.BirthRegistration.Text+p.Mother.Text)))
	}
	names := map[qrcode.RecoveryLevel]coding.Level{qrcode.Low: coding.L, qrcode.Medium: coding.M, qrcode.High: coding.Q, qrcode.Highest: coding.H}
	for _, payload := range payloads {
		for name, level := range names {
			qr, err := qrcode.New(payload, name)
			require.NoError(t, err)
			segments := []coding.Encoding{coding.String(payload)} // go-qrcode marks none
			version, ok := smallest(segments, level)
			require.True(t, ok)
			require.Equal(t, qr.VersionNumber, int(version))
			got, err := encode(segments, version, level)
			require.NoError(t, err)
			qr.DisableBorder = true
			want := qr.Bitmap()
			require.Len(t, want, got.size)
			for y, row := range want {
				for x, dark := range row {
					if dark != got.dark(x, y) {
						t.Fatalf("module %d, %d of version %d at level %s differs", x, y, version, level)
					}
				}
			}
		}
	}
}
