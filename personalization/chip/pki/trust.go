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

// TrustStore is what a reader trusts: CSCA certificates, by decision of whoever
// loads them, and the revocation lists that those CSCAs signed. What it trusts
// does not change once made. Its methods may be called concurrently.
type TrustStore struct {
	cscas []*Certificate
	crls  []*CRL

	// RequireCRL refuses document signers of which no current revocation list is known.
	RequireCRL bool

	mu    sync.Mutex
	known map[[sha256.Size]byte]vouched // by the digest of the whole certificate
}

// vouched is a document signer's certificate whose signature was checked before:
// a station sees the same one on thousands of cards.
type vouched struct {
	csca *Certificate            // that signed it
	key  func() crypto.PublicKey // the document signer's, made ready for many checks
}

// maxVouched bounds what is kept of document signers, some 2 MB each.
const maxVouched = 16

// NewTrustStore makes a trust store. Self-signed certificates are anchors; a
// link certificate counts when a CSCA before it in the list signed it, so that
// trust passes from an old key to a new one and not back. Revocation lists that
// no CSCA of the store signed are an error.
func NewTrustStore(cscas []*Certificate, crls []*CRL) (*TrustStore, error) {
	t := &TrustStore{}
	for _, c := range cscas {
		if err := t.addCSCA(c); err != nil {
			return nil, err
		}
	}
	for _, l := range crls {
		if !slices.ContainsFunc(t.cscas, func(c *Certificate) bool { return l.of(c) && l.CheckSignedBy(c) == nil }) {
			return nil, fmt.Errorf("%w: no CSCA here signed the revocation list", ErrUntrusted)
		}
		t.crls = append(t.crls, l)
	}
	return t, nil
}

// addCSCA takes a CSCA in, once it is one and vouched for.
func (t *TrustStore) addCSCA(c *Certificate) error {
	switch {
	case !c.IsCA || c.Usage&CertSign == 0:
		return fmt.Errorf("%w: a certificate in the trust store is no CSCA's", ErrUntrusted)
	case len(c.UnknownCritical) > 0:
		return fmt.Errorf("%w: a CSCA's certificate has a critical extension that is not understood", ErrUntrusted)
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
	return fmt.Errorf("%w: neither itself nor a CSCA before it signed a CSCA's certificate", ErrUntrusted)
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

// untrusted makes a reason, in a sentence.
func untrusted(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUntrusted, fmt.Errorf(format, args...))
}

// day writes a date in a reason.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// CheckSigner reports whether a certificate is a document signer's whom a
// trusted CSCA certified, at that time, and for this kind of document. Every
// error wraps ErrUntrusted and says why in a sentence.
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
		return untrusted("its CSCA's certificate is valid from %s to %s only", day(csca.Valid.From), day(csca.Valid.To))
	}
	return t.checkRevocation(ds, csca, at)
}

// checkRole wants a certificate as 9303-12 has it for document signers. The
// document type list may be absent, as in certificates before 2014.
func checkRole(ds *Certificate) error {
	switch {
	case ds.IsCA:
		return untrusted("its certificate is a CA's")
	case ds.Usage&DigitalSignature == 0:
		return untrusted("its certificate is not for signatures")
	case ds.HasExtendedUsage:
		return untrusted("its certificate is for another use than documents")
	case len(ds.UnknownCritical) > 0:
		return untrusted("its certificate has a critical extension that is not understood")
	case ds.DocumentTypes != nil && !slices.Contains(ds.DocumentTypes, DocumentType):
		return untrusted("its certificate is not for documents of type %s", DocumentType)
	case !ds.PrivateKeyUsage.To.IsZero() && ds.PrivateKeyUsage.To.After(ds.Valid.To):
		return untrusted("its key may sign for longer than its certificate is valid")
	}
	return nil
}

// issuer finds the CSCA that signed a document signer's certificate.
func (t *TrustStore) issuer(ds *Certificate) (*Certificate, error) {
	if v, ok := t.vouched(ds); ok {
		return v.csca, nil
	}
	csca, err := t.findIssuer(ds)
	if err != nil {
		return nil, err
	}
	t.vouch(ds, csca)
	return csca, nil
}

// vouched finds what was checked of a certificate before, all of whose bytes count.
func (t *TrustStore) vouched(ds *Certificate) (vouched, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.known[sha256.Sum256(ds.Raw)]
	return v, ok
}

// vouch remembers that a CSCA signed a document signer's certificate. Whether it
// is valid, and not revoked, is asked each time.
func (t *TrustStore) vouch(ds, csca *Certificate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) == maxVouched {
		t.known = make(map[[sha256.Size]byte]vouched)
	}
	t.known[sha256.Sum256(ds.Raw)] = vouched{csca: csca, key: sync.OnceValue(func() crypto.PublicKey {
		if key, ok := ds.PublicKey.(*ecdsa.PublicKey); ok {
			return curve.Precompute(key)
		}
		return ds.PublicKey
	})}
}

// VerificationKey is a document signer's public key, for checking signatures
// with: from the second card of a document signer on, one that checks faster. It
// says nothing about trust, which is CheckSigner's business.
func (t *TrustStore) VerificationKey(ds *Certificate) crypto.PublicKey {
	if v, ok := t.vouched(ds); ok {
		return v.key()
	}
	return ds.PublicKey
}

// findIssuer tries the CSCAs of the issuer's name.
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
		return nil, untrusted("no trusted CSCA of that name signed its certificate, or the certificate was changed")
	}
	return nil, untrusted("no CSCA of the issuer's name is trusted")
}

// of reports whether the list is of the CSCA's name and key.
func (l *CRL) of(csca *Certificate) bool {
	return bytes.Equal(l.Issuer, csca.Subject) &&
		(l.AuthorityKeyID == nil || csca.SubjectKeyID == nil || bytes.Equal(l.AuthorityKeyID, csca.SubjectKeyID))
}

// checkRevocation looks the signer up in the lists of its issuer, by name: after
// a rollover, one list speaks for the old key's certificates too (9303-12, 4.3).
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
		return untrusted("no current revocation list of its CSCA is at hand")
	}
	return nil
}
