package intake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

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
		require.Equal(t, tt.want, signedCapture(registry.Capturing{Round: 2, Signed: signed, Evidence: kept}, nil), name)
	}
}
