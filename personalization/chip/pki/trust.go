package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
)

// TrustStore is what a reader trusts: CSCA certificates, by decision of whoever loads
// them, and the revocation lists signed by those CSCAs. It never changes. Its methods
// may be called concurrently.
type TrustStore struct {
	cscas []*Certificate
	crls  []*CRL

	// RequireCRL refuses document signers without a current revocation list.
	RequireCRL bool

	mu      sync.Mutex
	checked map[[sha256.Size]byte]checkedSigner // by the digest of the whole certificate
}

// checkedSigner is a document signer's certificate whose signature was checked
// before: a station sees the same one on thousands of cards.
type checkedSigner struct {
	csca *Certificate            // its issuer
	key  func() crypto.PublicKey // of the document signer, prepared for many verifications
}

// maxChecked bounds how many document signers are kept, about 2 MB each.
const maxChecked = 16

// NewTrustStore makes a trust store. Self-signed certificates are trust anchors; a
// link certificate must be signed by a CSCA before it in the list, so that trust goes
// from an old key to a new one and not back. A revocation list that no CSCA of the
// store signed is an error.
func NewTrustStore(cscas []*Certificate, crls []*CRL) (*TrustStore, error) {
	t := &TrustStore{}
	for _, c := range cscas {
		if err := t.addCSCA(c); err != nil {
			return nil, err
		}
	}
	for _, l := range crls {
		if !slices.ContainsFunc(t.cscas, func(c *Certificate) bool { return l.of(c) && l.CheckSignedBy(c) == nil }) {
			return nil, fmt.Errorf("%w: the revocation list is not signed by a CSCA of the trust store", ErrUntrusted)
		}
		t.crls = append(t.crls, l)
	}
	return t, nil
}

// addCSCA adds a CSCA that is self-signed or has a link certificate.
func (t *TrustStore) addCSCA(c *Certificate) error {
	switch {
	case !c.IsCA || c.Usage&CertSign == 0:
		return fmt.Errorf("%w: a certificate for the trust store is not that of a CSCA", ErrUntrusted)
	case len(c.UnknownCritical) > 0:
		return fmt.Errorf("%w: the certificate of a CSCA has an unknown critical extension", ErrUntrusted)
	case c.SelfIssued() && c.CheckSignedBy(c) == nil:
		t.cscas = append(t.cscas, c)
		return nil
	}
	for _, known := range t.cscas {
		if bytes.Equal(c.Issuer, known.Subject) && c.CheckSignedBy(known) == nil {
			t.cscas = append(t.cscas, c)
			return nil
		}
	}
	return fmt.Errorf("%w: the certificate of a CSCA is signed neither by itself nor by a CSCA before it", ErrUntrusted)
}

// CSCAs are the certificates that the store trusts.
func (t *TrustStore) CSCAs() []*Certificate { return slices.Clone(t.cscas) }

// CRLs are the revocation lists of the store.
func (t *TrustStore) CRLs() []*CRL { return slices.Clone(t.crls) }

// WithCRL is the store with one more revocation list.
func (t *TrustStore) WithCRL(l *CRL) (*TrustStore, error) {
	made, err := NewTrustStore(t.cscas, append(slices.Clone(t.crls), l))
	if err != nil {
		return nil, err
	}
	made.RequireCRL = t.RequireCRL
	return made, nil
}

// untrusted makes an error with a reason in a sentence.
func untrusted(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUntrusted, fmt.Errorf(format, args...))
}

// day is a date as reasons give it.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// CheckSigner checks that a certificate is that of a document signer, issued by a
// trusted CSCA, valid at that time, and for this type of document. Every error wraps
// ErrUntrusted and says why in a sentence.
func (t *TrustStore) CheckSigner(ds *Certificate, at time.Time) error {
	if err := checkRole(ds); err != nil {
		return err
	}
	csca, err := t.issuer(ds)
	if err != nil {
		return err
	}
	switch {
	case csca.Country == "" || ds.Country != csca.Country:
		return untrusted("the document signer and its CSCA name different countries")
	case at.Before(ds.Valid.From):
		return untrusted("its certificate is not valid before %s", day(ds.Valid.From))
	case at.After(ds.Valid.To):
		return untrusted("its certificate expired on %s", day(ds.Valid.To))
	case !csca.Valid.Contains(at):
		return untrusted("the certificate of its CSCA is valid only from %s to %s", day(csca.Valid.From), day(csca.Valid.To))
	}
	return t.checkRevocation(ds, csca, at)
}

// checkRole checks that a certificate has the profile of a document signer in
// 9303-12. The document type list may be absent, as in certificates before 2014.
func checkRole(ds *Certificate) error {
	switch {
	case ds.IsCA:
		return untrusted("its certificate is that of a CA")
	case ds.Usage&DigitalSignature == 0:
		return untrusted("its certificate is not for signatures")
	case ds.HasExtendedUsage:
		return untrusted("its certificate is for another use than documents")
	case len(ds.UnknownCritical) > 0:
		return untrusted("its certificate has an unknown critical extension")
	case ds.DocumentTypes != nil && !slices.Contains(ds.DocumentTypes, DocumentType):
		return untrusted("its certificate is not for documents of type %s", DocumentType)
	case !ds.PrivateKeyUsage.To.IsZero() && ds.PrivateKeyUsage.To.After(ds.Valid.To):
		return untrusted("its key may sign after its certificate has expired")
	}
	return nil
}

// issuer finds the CSCA that signed a document signer's certificate.
func (t *TrustStore) issuer(ds *Certificate) (*Certificate, error) {
	if c, ok := t.find(ds); ok {
		return c.csca, nil
	}
	csca, err := t.findIssuer(ds)
	if err != nil {
		return nil, err
	}
	t.keep(ds, csca)
	return csca, nil
}

// find finds a document signer's certificate that was checked before.
func (t *TrustStore) find(ds *Certificate) (checkedSigner, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.checked[sha256.Sum256(ds.Raw)]
	return c, ok
}

// keep remembers that a CSCA signed a document signer's certificate. Validity and
// revocation are checked each time.
func (t *TrustStore) keep(ds, csca *Certificate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.checked == nil || len(t.checked) == maxChecked {
		t.checked = make(map[[sha256.Size]byte]checkedSigner)
	}
	t.checked[sha256.Sum256(ds.Raw)] = checkedSigner{csca: csca, key: sync.OnceValue(func() crypto.PublicKey {
		if key, ok := ds.PublicKey.(*ecdsa.PublicKey); ok {
			return curve.Precompute(key)
		}
		return ds.PublicKey
	})}
}

// VerificationKey is a document signer's public key to verify signatures with: from
// the second card of a document signer on, one that verifies faster. It says nothing
// about trust: see CheckSigner.
func (t *TrustStore) VerificationKey(ds *Certificate) crypto.PublicKey {
	if c, ok := t.find(ds); ok {
		return c.key()
	}
	return ds.PublicKey
}

// findIssuer tries the CSCAs with the name of the issuer.
func (t *TrustStore) findIssuer(ds *Certificate) (*Certificate, error) {
	named := false
	for _, csca := range t.cscas {
		if !bytes.Equal(ds.Issuer, csca.Subject) {
			continue
		}
		named = true
		if ds.AuthorityKeyID != nil && csca.SubjectKeyID != nil && !bytes.Equal(ds.AuthorityKeyID, csca.SubjectKeyID) {
			continue
		}
		if ds.CheckSignedBy(csca) == nil {
			return csca, nil
		}
	}
	if named {
		return nil, untrusted("its certificate is not signed by the trusted CSCA of that name, or was changed")
	}
	return nil, untrusted("there is no trusted CSCA with the name of its issuer")
}

// of reports whether the list has the name and the key identifier of the CSCA.
func (l *CRL) of(csca *Certificate) bool {
	return bytes.Equal(l.Issuer, csca.Subject) &&
		(l.AuthorityKeyID == nil || csca.SubjectKeyID == nil || bytes.Equal(l.AuthorityKeyID, csca.SubjectKeyID))
}

// checkRevocation looks a certificate up in the lists of its issuer, by name: after a
// rollover, one list covers the certificates of the old key too (9303-12, 4.3).
func (t *TrustStore) checkRevocation(ds, csca *Certificate, at time.Time) error {
	current := false
	for _, l := range t.crls {
		if !bytes.Equal(l.Issuer, csca.Subject) {
			continue
		}
		if r, ok := l.find(ds.Serial); ok {
			return untrusted("its certificate was revoked on %s", day(r.At))
		}
		current = current || l.Next.IsZero() || !at.After(l.Next)
	}
	if t.RequireCRL && !current {
		return untrusted("there is no current revocation list of its CSCA")
	}
	return nil
}
