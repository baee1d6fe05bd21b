package intake_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/abis"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/personalization/chip/lds"
)

// FuzzCapture: whatever images and templates come in are kept, or refused; what is kept
// breaks no later stage.
func FuzzCapture(f *testing.F) {
	f.Add([]byte(nil), "left-index", []byte(nil), []byte(nil), "BANDAGED")
	f.Add([]byte{0xff, 0xd8, 0xff}, "right-index", []byte("\x89PNG\r\n\x1a\n"), []byte("FMR\x00 20\x00"), "")
	s := sample(f)
	f.Add(s.Portrait.Data, "left-index", []byte(nil), s.Fingerprints[0].TemplateData, "")
	f.Add(s.Portrait.Data, "left-index", s.Fingerprints[0].Data, s.Fingerprints[0].TemplateData, "")
	sizes := packet.Sizes{Document: 1 << 16, Portrait: 1 << 16, Finger: 1 << 16, Packet: 1 << 20}
	f.Fuzz(func(t *testing.T, picture []byte, position string, image, template []byte, missing string) {
		fingers := []packet.Fingerprint{{Position: position, Data: image, TemplateData: template, Missing: missing}}

		found, err := intake.Recapture(packet.Submission{Portrait: &packet.Image{Data: picture}, Fingerprints: fingers}, fingerprint.Templates{}, sizes)

		if err == nil {
			require.Equal(t, picture, found[identity.EvidencePortrait])
			usable(t, found)
			return
		}
		require.NotEmpty(t, identity.Refusals(err), "a fault: %v", err)
		require.Len(t, identity.Refusals(err), len(identity.Apart(err)), "a fault: %v", err)
	})
}

// usable does with captures what later stages do.
func usable(t *testing.T, found map[identity.EvidenceKind][]byte) {
	t.Helper()
	_, err := portrait.Judge(found[identity.EvidencePortrait], portrait.DefaultLimits())
	require.NoError(t, err)
	_, chip, err := portrait.Normalize(found[identity.EvidencePortrait])
	require.NoError(t, err)
	_, err = lds.CheckPortrait(chip)
	require.NoError(t, err)
	if found[identity.EvidenceTemplates] == nil {
		return
	}
	var fingers fingerprint.Templates
	require.NoError(t, fingers.UnmarshalBinary(found[identity.EvidenceTemplates]))
	_, err = fingerprint.Judge(fingers, fingerprint.DefaultQualityLimits())
	require.NoError(t, err)
	gallery := abis.NewGallery()
	require.NoError(t, gallery.Add("1", fingers))
	_, err = gallery.Identify(t.Context(), fingers, abis.DefaultLimits())
	require.NoError(t, err)
}
