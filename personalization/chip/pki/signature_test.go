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
