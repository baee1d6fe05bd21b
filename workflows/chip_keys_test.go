package workflows_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
)

// Who has everything that the office keeps, and its keys, cannot make a copy of an issued
// card, nor sign in its holder's name: the private keys of its chip are in the chip.
func TestCardApplication_NothingKeptLetsACopyOfTheCardPass(t *testing.T) {
	t.Parallel()
	o := newOffice(t, signing(), corrupt(1))
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)
	written := registrytest.Written(t, o.url)
	require.Equal(t, identity.Issued, o.process().End)

	keys := keysOfChips(t, o.chips)
	require.Len(t, keys, 2*3, "of Chip and Active Authentication and of the signature, in a spoiled chip and in the card")
	kept := append(o.vault(), registrytest.Dump(t, o.url))
	for _, dir := range []string{o.journal, o.spool} {
		kept = append(kept, filesIn(t, dir)...)
	}
	require.Greater(t, len(kept), 10)
	log := written()
	require.True(t, slices.ContainsFunc(log, func(b []byte) bool { return bytes.Contains(b, []byte("took blank PT0002 for card 2")) }), "it is the log of this office's database")
	kept = append(kept, log...)

	for _, form := range formsOf(keys) {
		for _, b := range kept {
			require.False(t, bytes.Contains(b, []byte(form)), "a private key of the chip is kept")
		}
	}
	b, err := o.Evidence(t.Context(), o.number, identity.EvidenceChipImage, 2)
	require.NoError(t, err)
	var image chip.Image
	require.NoError(t, image.UnmarshalBinary(b))
	require.True(t, image.Open())
	card, err := o.Card(t.Context(), o.number, 2)
	require.NoError(t, err)
	require.Len(t, card.DigestSOD, 32, "what was signed is on record all the same")
	o.signsForItsHolder(&image)
}

// signsForItsHolder looks at the digital signature of the second card: only the holder's own PIN
// lets it sign, and OpenSSL verifies what it signs by the certificate that is booked for it.
func (o *testOffice) signsForItsHolder(image *chip.Image) {
	t := o.t
	t.Helper()
	card, err := o.chipStation().Encoder.Open(t.Context(), "PT0002")
	require.NoError(t, err)
	defer card.Close()
	application, err := chipinspection.OpenSignature(t.Context(), card, chipinspection.Access{MRZInformation: image.MRZInformation})
	require.NoError(t, err)
	contract := []byte("a contract")
	digest := sha256.Sum256(contract)
	_, err = application.Sign(t.Context(), digest)
	require.ErrorIs(t, err, apdu.SecurityNotSatisfied)
	require.ErrorIs(t, application.Verify(t.Context(), image.TransportPIN), apdu.ConditionsNotSatisfied)
	_, err = application.Sign(t.Context(), digest)
	require.ErrorIs(t, err, apdu.SecurityNotSatisfied)

	require.NoError(t, application.ChangePIN(t.Context(), image.TransportPIN, "31415926"))
	require.NoError(t, application.Verify(t.Context(), "31415926"))
	plain, err := application.Sign(t.Context(), digest)
	require.NoError(t, err)

	booked, err := o.Certificate(t.Context(), o.number, 2)
	require.NoError(t, err)
	onCard, err := application.Certificate(t.Context())
	require.NoError(t, err)
	require.Equal(t, booked.DER, onCard)
	o.opensslVerifies(booked.DER, contract, plain)
	conn, err := pgx.Connect(t.Context(), registrytest.Behind(t, o.url))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var all, superseded int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*), count(superseded_at) FROM signature_certificates WHERE attempt = 1`).Scan(&all, &superseded))
	require.Equal(t, [2]int{2, 1}, [2]int{all, superseded}, "the one that the station never heard of counts no more")
}

// opensslVerifies has OpenSSL verify a signature, r || s, by a certificate of the CA.
func (o *testOffice) opensslVerifies(certificate, signed, signature []byte) {
	t := o.t
	t.Helper()
	dir := t.TempDir()
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"holder.pem":    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"ca.pem":        pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.signCA.Certificate()}),
		"contract.txt":  signed,
		"signature.der": der,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	for _, args := range [][]string{
		{"verify", "-x509_strict", "-attime", strconv.FormatInt(o.env.Now().Unix(), 10), "-CAfile", "ca.pem", "holder.pem"},
		{"x509", "-in", "holder.pem", "-pubkey", "-noout", "-out", "key.pem"},
		{"dgst", "-sha256", "-verify", "key.pem", "-signature", "signature.der", "contract.txt"},
	} {
		cmd := exec.CommandContext(t.Context(), "openssl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "openssl %s: %s", args, out)
	}
}

// isChip reports whether a file is the chip of a simulated card, which leaves the office in it.
func isChip(name string) bool { return strings.HasSuffix(name, ".chip") }

// keysOfChips are the private keys in the chips that were made, which are files below a folder.
func keysOfChips(t *testing.T, dir string) [][]byte {
	t.Helper()
	unique := make(map[string]bool) // a card's file has two snapshots of it
	var list [][]byte
	found := func(key []byte) {
		if !unique[string(key)] {
			unique[string(key)], list = true, append(list, key)
		}
	}
	for name, memory := range filesBelow(t, dir) {
		if !isChip(name) {
			continue
		}
		for at := range memory {
			if key := rsaKey(memory[at:]); key != nil {
				found(key.Primes[0].Bytes())
			}
			// A private key of a named curve has fewer than 256 bytes.
			for _, header := range []int{2, 3} {
				end := at + header
				if end > len(memory) || memory[at] != 0x30 || header == 3 && memory[at+1] != 0x81 {
					continue
				}
				if end += int(memory[at+header-1]); end > len(memory) {
					continue
				}
				if _, err := curve.ParsePrivateKey(memory[at:end]); err == nil {
					_, scalar, _ := bytes.Cut(memory[at:end], []byte{0x02, 0x01, 0x01, 0x04, 0x20}) // RFC 5915
					found(scalar[:32])
				}
			}
		}
	}
	return list
}

// formsOf is how keys may be written: as they are, which DER and PEM within base64 have too, in
// hexadecimal, as a number, and in base64 wherever it begins.
func formsOf(keys [][]byte) []string {
	var forms []string
	for _, key := range keys {
		forms = append(forms, string(key), hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)), new(big.Int).SetBytes(key).String())
		for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			for shift := range 3 { // what stands before and after is not known
				in := alphabet.EncodeToString(append(make([]byte, shift), key...))
				forms = append(forms, in[(shift*8+5)/6:(shift+len(key))*8/6])
			}
		}
	}
	return forms
}

// rsaKey is the private key of RSA with which b begins; nil: none.
func rsaKey(b []byte) *rsa.PrivateKey {
	const header = 4
	if len(b) < header || b[0] != 0x30 || b[1] != 0x82 {
		return nil
	}
	end := header + int(b[2])<<8 + int(b[3])
	if end > len(b) {
		return nil
	}
	key, _ := x509.ParsePKCS8PrivateKey(b[:end])
	of, _ := key.(*rsa.PrivateKey)
	return of
}

// vault is all evidence, in plain.
func (o *testOffice) vault() [][]byte {
	o.t.Helper()
	conn, err := pgx.Connect(o.t.Context(), registrytest.Behind(o.t, o.url))
	require.NoError(o.t, err)
	defer conn.Close(o.t.Context())
	rows, err := conn.Query(o.t.Context(), `SELECT application, kind, attempt FROM vault_blobs`)
	require.NoError(o.t, err)
	var all [][]byte
	var number identity.ApplicationNumber
	var kind identity.EvidenceKind
	var attempt int
	_, err = pgx.ForEachRow(rows, []any{&number, &kind, &attempt}, func() error {
		b, err := o.Evidence(o.t.Context(), number, kind, attempt)
		all = append(all, b)
		return err
	})
	require.NoError(o.t, err)
	return all
}

// filesIn are the files of a folder.
func filesIn(t *testing.T, dir string) [][]byte {
	t.Helper()
	return slices.Collect(maps.Values(filesBelow(t, dir)))
}

// filesBelow are the files of a folder, by their names.
func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		all[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	}))
	return all
}
