package pki

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
)

// signatureLabel is the label of the key of the CA for digital signatures.
const signatureLabel = "signature-ca-0001"

// oidUserID is the attribute with the holder's number in certificates in Viet Nam
// (RFC 4519, 2.39).
var oidUserID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

const (
	signatureValidity     = 5 * 365 * 24 * time.Hour // of holders' certificates
	signatureListValidity = 7 * 24 * time.Hour       // of the revocation list
)

// SignatureCA certifies keys that cards have generated, for the digital signatures
// (chữ ký số) of their holders. It is not the CSCA, which certifies only what signs
// documents (9303-12, 4.1). It uses P-256 as a named curve, because these
// certificates are read by all kinds of programs.
type SignatureCA struct {
	ownCA

	crl string // where its revocation list is published
}

// Holder is the holder of a key that is certified.
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

// ErrNoSignatureCA means that there is no CA for digital signatures.
var ErrNoSignatureCA = errors.New("there is none: make it (starter keys signature-ca)")

// MakeSignatureCA makes the authority's CA for digital signatures, unless there is one, and
// gives it. Its certificate is published beside that of the CSCA.
func (a *Authority) MakeSignatureCA(at time.Time) (*SignatureCA, error) {
	s, err := a.load()
	if err == nil && len(s.SignatureCA) == 0 {
		err = a.change(func(now *state) error {
			if len(now.SignatureCA) > 0 { // by another process
				return nil
			}
			var err error
			now.SignatureCA, err = a.makeCA(signatureLabel, "Signature CA SPECIMEN", at)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("CA for digital signatures: %w", err)
	}
	return a.SignatureCA()
}

// SignatureCA gives the authority's CA for digital signatures, or ErrNoSignatureCA.
func (a *Authority) SignatureCA() (*SignatureCA, error) {
	s, err := a.load()
	if err == nil && len(s.SignatureCA) == 0 {
		err = ErrNoSignatureCA
	}
	if err != nil {
		return nil, fmt.Errorf("CA for digital signatures: %w", err)
	}
	ca, err := a.openCA(signatureLabel, s.SignatureCA)
	if err != nil {
		return nil, fmt.Errorf("CA for digital signatures: %w", err)
	}
	return &SignatureCA{ca, a.opts.SignatureCRL}, nil
}

// RevocationList signs the CA's revocation list (RFC 5280, 5), DER. Its number is the moment, in
// seconds, so that a later one has a higher.
func (ca *SignatureCA) RevocationList(revoked []Revocation, at time.Time) ([]byte, error) {
	list := &x509.RevocationList{Number: big.NewInt(at.Unix()), ThisUpdate: at.UTC().Truncate(time.Second), NextUpdate: at.Add(signatureListValidity).UTC().Truncate(time.Second)}
	for _, r := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: r.Serial, RevocationTime: r.At.UTC().Truncate(time.Second), ReasonCode: r.Reason,
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.certificate, ca.key)
	if err != nil {
		return nil, fmt.Errorf("revocation list of digital signatures: %w", err)
	}
	return der, nil
}

// Certificate is the certificate of the CA, DER.
func (ca *SignatureCA) Certificate() []byte { return ca.certificate.Raw }

// Certify makes the certificate, DER, for a holder's key, an uncompressed point of
// P-256. The key may be used only for signatures that bind the holder.
func (ca *SignatureCA) Certify(holder Holder, point []byte, at time.Time) ([]byte, error) {
	if holder.Name == "" || holder.Number == "" {
		return nil, errors.New("certify a holder's key: the holder's name or number is missing")
	}
	key, err := curve.ParsePoint(curve.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("certify a holder's key: %w", err)
	}
	der, err := ca.issue(&x509.Certificate{
		Subject: pkix.Name{
			Country: []string{Country}, CommonName: holder.Name,
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidUserID, Value: "CCCD:" + holder.Number}},
		},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		CRLDistributionPoints: []string{ca.crl},
	}, key, at, signatureValidity)
	if err != nil {
		return nil, fmt.Errorf("certify a holder's key: %w", err)
	}
	return der, nil
}
