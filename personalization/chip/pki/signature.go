package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
)

// signatureLabel names the key of the CA that certifies holders' keys.
const signatureLabel = "signature-ca-0001"

// oidUserID is the attribute in which certificates in Viet Nam bear the holder's
// number (RFC 4519, 2.39).
var oidUserID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

// How long certificates for signatures are valid: the CA's, and a holder's.
const (
	signatureCAValidity = 20 * 365 * 24 * time.Hour
	signatureValidity   = 5 * 365 * 24 * time.Hour
)

// SignatureCA certifies keys that were generated on cards, for their holders'
// digital signatures (chữ ký số). It is a CA of its own: a CSCA certifies nothing
// but what signs documents (9303-12, 4.1). Its curve is P-256, named, since these
// certificates are read by programs of every day.
type SignatureCA struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// Holder is whose key is certified.
type Holder struct {
	Name   string // as on the card
	Number string // personal number
}

// LogValue hides the holder.
func (Holder) LogValue() slog.Value { return slog.StringValue("[holder]") }

// String hides the holder.
func (Holder) String() string { return "[holder]" }

// GoString hides the holder.
func (Holder) GoString() string { return "[holder]" }

// SignatureCA is the authority's CA for holders' signatures, made if there is none.
// Its certificate is published beside the CSCA's.
func (a *Authority) SignatureCA(at time.Time) (*SignatureCA, error) {
	s, err := a.load()
	if err == nil && len(s.SignatureCA) == 0 {
		err = a.change(func(now *state) error {
			s = now
			if len(s.SignatureCA) > 0 { // by another process
				return nil
			}
			s.SignatureCA, err = a.makeSignatureCA(at)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("CA for signatures: %w", err)
	}
	ca := &SignatureCA{}
	if ca.certificate, err = x509.ParseCertificate(s.SignatureCA); err != nil {
		return nil, fmt.Errorf("CA for signatures: %w: %w", ErrState, err)
	}
	if ca.key, err = a.store.Signer(signatureLabel); err != nil {
		return nil, fmt.Errorf("CA for signatures: %w", err)
	}
	return ca, nil
}

// makeSignatureCA makes its key and its self-signed certificate.
func (a *Authority) makeSignatureCA(at time.Time) ([]byte, error) {
	key, err := a.key(signatureLabel, curve.P256())
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
		Subject: pkix.Name{
			Country: []string{Country}, Organization: []string{a.opts.Organization}, CommonName: "Signature CA SPECIMEN",
		},
		NotBefore: from, NotAfter: from.Add(signatureCAValidity),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
}

// Certificate is the CA's own, DER.
func (ca *SignatureCA) Certificate() []byte { return ca.certificate.Raw }

// Certify makes the certificate for a holder's key, an uncompressed point of
// P-256, as DER: for signatures that bind the holder, and for nothing else.
func (ca *SignatureCA) Certify(holder Holder, point []byte, at time.Time) ([]byte, error) {
	if holder.Name == "" || holder.Number == "" {
		return nil, errors.New("certify a holder's key: the holder has no name or number")
	}
	key, err := curve.ParsePoint(curve.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("certify a holder's key: %w", err)
	}
	serial, err := newSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	from := at.Add(-clockSkew).UTC().Truncate(time.Second)
	if from.Before(ca.certificate.NotBefore) {
		from = ca.certificate.NotBefore
	}
	certificate := &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			Country: []string{Country}, CommonName: holder.Name,
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidUserID, Value: "CCCD:" + holder.Number}},
		},
		NotBefore: from, NotAfter: minTime(from.Add(signatureValidity), ca.certificate.NotAfter),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, ca.certificate, key, ca.key)
	if err != nil {
		return nil, fmt.Errorf("certify a holder's key: %w", err)
	}
	return der, nil
}
