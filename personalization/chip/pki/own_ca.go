package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
)

// ownCAValidity is how long the certificate of a CA beside the CSCA is valid.
const ownCAValidity = 20 * 365 * 24 * time.Hour

// ownCA is a CA of the authority's own beside the CSCA, which certifies what that may not.
type ownCA struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// makeCA makes the key of a CA of its own and its self-signed certificate, DER.
func (a *Authority) makeCA(label, name string, at time.Time) ([]byte, error) {
	key, err := a.key(label, curve.P256())
	if err != nil {
		return nil, err
	}
	serial, err := newSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	from := at.Add(-clockSkew).UTC().Truncate(time.Second)
	certificate := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Country: []string{Country}, Organization: []string{a.opts.Organization}, CommonName: name},
		NotBefore:    from, NotAfter: from.Add(ownCAValidity),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
}

// openCA opens the CA of that certificate, DER, whose key has that label.
func (a *Authority) openCA(label string, certificate []byte) (ownCA, error) {
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return ownCA{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	key, err := a.store.Signer(label)
	return ownCA{parsed, key}, err
}

// issue makes a certificate, DER, of a key, valid from then on for so long, and no longer than the
// CA's own.
func (ca ownCA) issue(certificate *x509.Certificate, key crypto.PublicKey, at time.Time, validity time.Duration) ([]byte, error) {
	var err error
	if certificate.SerialNumber, err = newSerial(rand.Reader); err != nil {
		return nil, err
	}
	certificate.NotBefore = at.Add(-clockSkew).UTC().Truncate(time.Second)
	if certificate.NotBefore.Before(ca.certificate.NotBefore) {
		certificate.NotBefore = ca.certificate.NotBefore
	}
	certificate.NotAfter = minTime(certificate.NotBefore.Add(validity), ca.certificate.NotAfter)
	certificate.BasicConstraintsValid = true
	return x509.CreateCertificate(rand.Reader, certificate, ca.certificate, key, ca.key)
}
