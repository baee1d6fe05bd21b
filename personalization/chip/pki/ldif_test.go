package pki_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/pki"
)

// What another State reads from the LDIF is what was signed, each at a place of its own in
// the PKD's directory, and lines are as short as RFC 2849 wants them.
func TestLDIF_HoldsWhatWasSigned(t *testing.T) {
	t.Parallel()
	a := open(t, t.TempDir(), pki.Options{})
	require.NoError(t, a.RollOver(now()))
	crl, err := a.IssueCRL(now())
	require.NoError(t, err)
	masterList, err := a.IssueMasterList(now())
	require.NoError(t, err)
	made := list(t, a)

	text, err := made.LDIF()

	require.NoError(t, err)
	binaries, names := make(map[string][][]byte), make(map[string]bool)
	for part := range strings.SplitSeq(strings.TrimPrefix(string(text), "version: 1\n\n"), "\n\n") {
		for line := range strings.Lines(part) {
			require.LessOrEqual(t, len(strings.TrimSpace(line)), 76)
		}
		for line := range strings.Lines(strings.ReplaceAll(part, "\n ", "")) {
			name, value, found := strings.Cut(strings.TrimSpace(line), ":")
			require.True(t, found, line)
			if name == "dn" {
				require.False(t, names[value], "two entries at one place")
				names[value] = true
				require.True(t, strings.HasSuffix(value, ",c=VN,dc=data,dc=download,dc=pkd,dc=icao,dc=int"), value)
			}
			if encoded, binary := strings.CutPrefix(value, ": "); binary {
				content, err := base64.StdEncoding.DecodeString(encoded)
				require.NoError(t, err)
				binaries[name] = append(binaries[name], content)
			}
		}
	}
	require.Len(t, names, len(made.Signers)+2)
	require.Len(t, binaries["userCertificate;binary"], len(made.Signers))
	trust, err := a.TrustStore()
	require.NoError(t, err)
	for i, der := range binaries["userCertificate;binary"] {
		require.Equal(t, made.Signers[i].Certificate.Raw, der)
		signer, err := pki.ParseCertificate(der)
		require.NoError(t, err)
		require.NoError(t, trust.CheckSigner(signer, now()))
	}
	require.Equal(t, [][]byte{crl.Raw}, binaries["certificateRevocationList;binary"])
	require.Equal(t, [][]byte{masterList}, binaries["pkdMasterListContent"])
}
