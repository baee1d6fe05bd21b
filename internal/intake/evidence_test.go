package intake_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
)

// FuzzCapture: whatever images and templates come in are kept, or refused.
func FuzzCapture(f *testing.F) {
	f.Add([]byte(nil), "left-index", []byte(nil), []byte(nil), "BANDAGED")
	f.Add([]byte{0xff, 0xd8, 0xff}, "right-index", []byte("\x89PNG\r\n\x1a\n"), []byte("FMR\x00 20\x00"), "")
	sizes := packet.Sizes{Document: 1 << 16, Portrait: 1 << 16, Finger: 1 << 16, Packet: 1 << 20}
	f.Fuzz(func(t *testing.T, picture []byte, position string, image, template []byte, missing string) {
		fingers := []packet.Fingerprint{{Position: position, Data: image, TemplateData: template, Missing: missing}}

		found, err := intake.Recapture(&packet.Image{Data: picture}, fingers, fingerprint.Templates{}, sizes)

		if err == nil {
			require.Equal(t, picture, found[identity.EvidencePortrait])
			return
		}
		require.NotEmpty(t, identity.Refusals(err), "a fault: %v", err)
		require.Len(t, identity.Refusals(err), len(identity.Apart(err)), "a fault: %v", err)
	})
}
