package intake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// Of which fingers templates are kept follows from what was captured: nobody is given another's, nor
// loses one, with a portrait or a finger that is captured anew.
func TestSignedCapture_LeavesOtherFingersAsTheyWere(t *testing.T) {
	t.Parallel()
	template := func(x int) []byte {
		b, err := minutiae.Encode(minutiae.Record{Width: 320, Height: 420, Resolution: 197, Minutiae: []minutiae.Minutia{{Type: minutiae.Ending, X: x, Y: 200}}})
		require.NoError(t, err)
		return b
	}
	finger, other := template(100), template(200)
	bundle := func(templates fingerprint.Templates) []byte {
		b, err := templates.MarshalBinary()
		require.NoError(t, err)
		return b
	}
	before := bundle(fingerprint.Templates{fingerprint.LeftIndex: finger, fingerprint.RightThumb: finger})
	signed := statement.Digest(map[string][]byte{"finger-left-index": []byte("image")})
	for name, tt := range map[string]struct {
		now  fingerprint.Templates
		want bool
	}{
		"TheFinger":     {fingerprint.Templates{fingerprint.LeftIndex: other, fingerprint.RightThumb: finger}, true},
		"AnothersThumb": {fingerprint.Templates{fingerprint.LeftIndex: other, fingerprint.RightThumb: other}, false},
		"NoThumb":       {fingerprint.Templates{fingerprint.LeftIndex: other}, false},
		"OneMore":       {fingerprint.Templates{fingerprint.LeftIndex: other, fingerprint.RightThumb: finger, fingerprint.LeftThumb: other}, false},
	} {
		kept := registry.Evidence{identity.EvidenceLeftIndex: []byte("image"), identity.EvidenceTemplates: bundle(tt.now)}
		require.Equal(t, tt.want, signedCapture(registry.Capturing{Round: 2, Signed: signed, Evidence: kept}, before, false), name)
	}
	unsigned := statement.Digest(map[string][]byte{"finger-right-thumb": []byte("image")})
	kept := registry.Evidence{identity.EvidenceTemplates: bundle(fingerprint.Templates{fingerprint.LeftIndex: finger, fingerprint.RightThumb: other})}
	require.True(t, signedCapture(registry.Capturing{Round: 2, Signed: unsigned, Evidence: kept}, before, false), "of a thumb no image is kept, and nobody can tell")
	kept[identity.EvidenceTemplates] = bundle(fingerprint.Templates{fingerprint.LeftIndex: other, fingerprint.RightThumb: other})
	require.False(t, signedCapture(registry.Capturing{Round: 2, Signed: unsigned, Evidence: kept}, before, false), "of an index there would be one")
}

// What an officer captured again is what was signed for, without a face or an eye more.
func TestSignedCapture(t *testing.T) {
	t.Parallel()
	signed := statement.Digest(map[string][]byte{"finger-left-index": []byte("finger")})
	for name, tt := range map[string]struct {
		added identity.EvidenceKind
		want  bool
	}{"AsSigned": {want: true}, "Face": {added: identity.EvidencePortrait}, "Eye": {added: identity.EvidenceLeftIris}} {
		kept := registry.Evidence{identity.EvidenceLeftIndex: []byte("finger")}
		if tt.added != "" {
			kept[tt.added] = []byte("another's")
		}
		require.Equal(t, tt.want, signedCapture(registry.Capturing{Round: 2, Signed: signed, Evidence: kept}, nil, false), name)
	}
}
