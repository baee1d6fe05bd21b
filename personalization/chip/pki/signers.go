package pki

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
)

// Signers gives document signers, one signature at a time, and changes to a new one
// by itself when a usage period or a number of signatures ends. Signatures are
// counted in the authority's state in advance, in blocks, so that a crash loses a few
// of them but never exceeds the number.
type Signers struct {
	authority *Authority

	mu          sync.Mutex
	certificate *Certificate
	key         crypto.Signer
	number      int
	left        int
	seen        fs.FileInfo // the authority's state, as it was when the signer was found in use
}

// Signers gives the document signers of this authority. A process needs one.
func (a *Authority) Signers() *Signers { return &Signers{authority: a} }

// Signer gives the certificate and the key of a document signer for one signature
// at that time, which is in its usage period.
func (s *Signers) Signer(at time.Time) (*Certificate, crypto.Signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(at); err != nil {
		return nil, nil, err
	}
	s.left--
	return s.certificate, s.key, nil
}

// Prove reports what would keep Signer from giving a document signer at that time. It uses
// no signature up.
func (s *Signers) Prove(at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready(at)
}

// ready has at least one signature left at that time.
func (s *Signers) ready(at time.Time) error {
	if s.left > 0 && s.certificate.PrivateKeyUsage.Contains(at) {
		inUse, err := s.inUse()
		if err != nil {
			return fmt.Errorf("look after document signer: %w", err)
		}
		if inUse {
			return nil
		}
	}
	if err := s.reserve(at); err != nil {
		return fmt.Errorf("take document signer: %w", err)
	}
	return nil
}

// inUse reports whether the document signer was neither rolled over nor revoked, by whatever
// process. The state is read when it has changed: its file is replaced whole.
func (s *Signers) inUse() (bool, error) {
	now, err := s.authority.stat()
	if err != nil {
		return false, err
	}
	if s.seen != nil && os.SameFile(s.seen, now) && s.seen.ModTime().Equal(now.ModTime()) {
		return true, nil
	}
	st, err := s.authority.load()
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(st.Signers, func(d *signerRecord) bool { return d.Number == s.number })
	if i < 0 || st.Signers[i].Retired {
		return false, nil
	}
	s.seen = now
	return true, nil
}

// reserve counts a block of signatures of the current document signer. The count is
// on disk before any of them can be made.
func (s *Signers) reserve(at time.Time) error {
	a := s.authority
	var record *signerRecord
	var block int
	err := a.change(func(st *state) error {
		var err error
		if record, err = a.documentSigner(st, at); err != nil {
			return err
		}
		block = min(a.opts.Reserve, a.opts.MaxSignatures-record.Reserved)
		record.Reserved += block
		return nil
	})
	if err != nil {
		return err
	}
	key, err := a.store.Signer(record.Label)
	if err != nil {
		return err
	}
	s.certificate, s.number, s.left, s.seen = record.Certificate.Certificate, record.Number, block, nil
	s.key = &sampledKey{Signer: key, public: s.certificate.PublicKey}
	return nil
}

// sampledKey verifies the first signature of each block with the certificate, so
// that a wrong key or an HSM that computes wrongly is found before a block of cards
// is signed. To verify every signature would take as long as everything else about a
// security object together.
type sampledKey struct {
	crypto.Signer
	public crypto.PublicKey // of the certificate
	proven atomic.Bool      // a signature was verified
}

// Sign signs a digest by ECDSA, as DER.
func (k *sampledKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := k.Signer.Sign(random, digest, opts)
	if err != nil || k.proven.Load() {
		return signature, err
	}
	public, ok := k.public.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("verify the document signer's first signature: its certificate has a %T", k.public)
	}
	if err := curve.Verify(public, digest, signature); err != nil {
		return nil, fmt.Errorf("verify the document signer's first signature: %w", err)
	}
	k.proven.Store(true)
	return signature, nil
}
