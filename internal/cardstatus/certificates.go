package cardstatus

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// mostCertificates is how long a file of them is at most, in bytes.
const mostCertificates = 1 << 20

// chain is the certificate of a key that signs or signed what verifiers hear of cards, and that
// of the CA that issued it.
type chain []*x509.Certificate

func (c chain) key() ed25519.PublicKey { return c[0].PublicKey.(ed25519.PublicKey) } // chainsOf looked

// readChains reads the certificates of a PEM file.
func readChains(name string) ([]chain, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, mostCertificates+1))
	if err != nil {
		return nil, err
	}
	if len(b) > mostCertificates {
		return nil, fmt.Errorf("%s has more than %d bytes", name, mostCertificates)
	}
	chains, err := chainsOf(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return chains, nil
}

// chainsOf reads certificates in PEM: of each that is no CA's, the chain, that which is valid
// longest first.
func chainsOf(b []byte) ([]chain, error) {
	var cas []*x509.Certificate
	var chains []chain
	for n := 1; ; n++ {
		var block *pem.Block
		block, b = pem.Decode(b)
		if block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		switch {
		case block.Type != "CERTIFICATE":
			return nil, fmt.Errorf("block %d is %q; only certificates are accepted", n, block.Type)
		case err != nil:
			return nil, fmt.Errorf("certificate %d: %w", n, err)
		case certificate.IsCA:
			cas = append(cas, certificate)
			continue
		}
		if _, is := certificate.PublicKey.(ed25519.PublicKey); !is {
			return nil, fmt.Errorf("certificate %d is of another key than Ed25519", n)
		}
		chains = append(chains, chain{certificate})
	}
	if len(bytes.TrimSpace(b)) > 0 {
		return nil, errors.New("there is something after the last certificate")
	}
	for i, c := range chains {
		by := slices.IndexFunc(cas, func(ca *x509.Certificate) bool { return c[0].CheckSignatureFrom(ca) == nil })
		if by < 0 {
			return nil, fmt.Errorf("the certificate %s is of no CA whose certificate is there too", c[0].SerialNumber.Text(16))
		}
		chains[i] = append(c, cas[by])
	}
	slices.SortStableFunc(chains, func(a, b chain) int { return b[0].NotAfter.Compare(a[0].NotAfter) })
	return chains, nil
}

// Certify adds a certificate and that of its CA, DER, to a PEM file, which may not be there yet;
// and gives the file's new content.
func Certify(name string, issued [][]byte) ([]byte, error) {
	content, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, der := range issued {
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		if !bytes.Contains(content, block) {
			content = append(content, block...)
		}
	}
	if len(content) > mostCertificates {
		return nil, fmt.Errorf("%s would have more than %d bytes: take out certificates that have ended", name, mostCertificates)
	}
	_, err = chainsOf(content)
	return content, err
}
