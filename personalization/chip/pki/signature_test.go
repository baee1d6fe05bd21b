package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/pki"
)

// point is a public key as a card gives it.
func point(t *testing.T) []byte {
	t.Helper()
	key, err := curve.GenerateKey(curve.P256(), rand.Reader)
	require.NoError(t, err)
	b, err := curve.MarshalPoint(&key.PublicKey)
	require.NoError(t, err)
	return b
}

func TestSignatureCA_CertifiesOnlyForSignatures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, err := open(t, dir, pki.Options{}).MakeSignatureCA(now())
	require.NoError(t, err)
	holder := pki.Holder{Name: "ĐẶNG THỊ NGỌC ƯỚC", Number: "001199999990"}

	der, err := ca.Certify(holder, point(t), now())

	require.NoError(t, err)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	require.False(t, made.IsCA)
	require.Equal(t, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, made.KeyUsage)
	require.Equal(t, holder.Name, made.Subject.CommonName)
	require.Equal(t, "CCCD:001199999990", made.Subject.Names[len(made.Subject.Names)-1].Value)
	again, err := open(t, dir, pki.Options{}).MakeSignatureCA(now().AddDate(1, 0, 0)) // another start
	require.NoError(t, err)
	require.Equal(t, ca.Certificate(), again.Certificate())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", holder, holder, holder), "001199999990")
	out, err := verify(t, dir, der)
	require.NoError(t, err, "%s", out)
	der[len(der)-1] ^= 1
	_, err = verify(t, dir, der)
	require.Error(t, err)
}

// verify checks with OpenSSL that the CA issued a certificate.
func verify(t *testing.T, dir string, der []byte) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "holder.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return exec.CommandContext(t.Context(), openSSL(t), "verify", "-x509_strict", "-CAfile", filepath.Join(dir, "signature-ca.pem"),
		"-attime", big.NewInt(now().Unix()).String(), file).CombinedOutput()
}

func TestSignatureCA_RefusesWhatItCannotCertify(t *testing.T) {
	t.Parallel()
	ca, err := open(t, t.TempDir(), pki.Options{}).MakeSignatureCA(now())
	require.NoError(t, err)
	outside := point(t)
	outside[64] ^= 1

	_, err = ca.Certify(pki.Holder{Name: "A", Number: "1"}, outside, now())
	require.ErrorIs(t, err, curve.ErrPoint)
	_, err = ca.Certify(pki.Holder{Name: "A"}, point(t), now())
	require.ErrorContains(t, err, "name or number is missing")
}

// OpenSSL refuses a certificate from the moment on at which the CA's revocation list has it, and
// takes the others.
func TestSignatureCA_ItsRevocationListIsHeeded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, err := open(t, dir, pki.Options{}).MakeSignatureCA(now())
	require.NoError(t, err)
	var files []string
	var serials []*big.Int
	for i := range 3 {
		der, err := ca.Certify(pki.Holder{Name: "A", Number: "1"}, point(t), now())
		require.NoError(t, err)
		made, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		require.Equal(t, []string{"https://csca.example.org/signature-crl.der"}, made.CRLDistributionPoints)
		serials = append(serials, made.SerialNumber)
		files = append(files, filepath.Join(dir, fmt.Sprintf("holder-%d.pem", i)))
		require.NoError(t, os.WriteFile(files[i], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	}

	der, err := ca.RevocationList([]pki.Revocation{{Serial: serials[0], At: now(), Reason: 4}, {Serial: serials[1], At: now(), Reason: 6}}, now())

	require.NoError(t, err)
	later, err := ca.RevocationList(nil, now().Add(time.Hour))
	require.NoError(t, err)
	one, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	two, err := x509.ParseRevocationList(later)
	require.NoError(t, err)
	require.Positive(t, two.Number.Cmp(one.Number))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "crl.pem"), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), 0o600))
	for i, refused := range []string{"certificate revoked", "certificate revoked", ""} {
		out, err := exec.CommandContext(t.Context(), openSSL(t), "verify", "-x509_strict", "-crl_check", "-CRLfile", filepath.Join(dir, "crl.pem"),
			"-CAfile", filepath.Join(dir, "signature-ca.pem"), "-attime", big.NewInt(now().Add(time.Hour).Unix()).String(), files[i]).CombinedOutput()
		if refused == "" {
			require.NoError(t, err, "%s", out)
			continue
		}
		require.Error(t, err)
		require.Contains(t, string(out), refused)
	}
}
