package pki

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
)

// Signers hands out document signers, one signature at a time, and rolls over
// to a new one by itself when a usage period or a count of signatures ends.
// Signatures are counted in the authority's state in advance, a block at a time,
// so that a crash loses a few of them and never makes one too many.
type Signers struct {
	authority *Authority

	mu          sync.Mutex
	certificate *Certificate
	key         crypto.Signer
	left        int
}

// Signers gives document signers of this authority. Keep one for a process.
func (a *Authority) Signers() *Signers { return &Signers{authority: a} }

// Signer gives a document signer for one signature at that time: its
// certificate and its key, whose usage period contains the time.
func (s *Signers) Signer(at time.Time) (*Certificate, crypto.Signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 || !s.certificate.PrivateKeyUsage.Contains(at) {
		if err := s.reserve(at); err != nil {
			return nil, nil, fmt.Errorf("take document signer: %w", err)
		}
	}
	s.left--
	return s.certificate, s.key, nil
}

// reserve counts a block of signatures of the current document signer. Nothing
// is handed out before the count is on the disk.
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
	s.certificate, s.left = record.Certificate.Certificate, block
	s.key = &sampledKey{Signer: key, public: s.certificate.PublicKey}
	return nil
}

// sampledKey checks the first signature of each block by the certificate, so that
// a key that is not the certificate's, or an HSM that computes wrongly, is found
// before a block of cards is signed. It does not check each one, which takes as
// long as everything else about a security object does.
type sampledKey struct {
	crypto.Signer
	public crypto.PublicKey // of the certificate
	proven atomic.Bool
}

// Sign signs a digest by ECDSA, as DER.
func (k *sampledKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := k.Signer.Sign(random, digest, opts)
	if err != nil || k.proven.Load() {
		return signature, err
	}
	public, ok := k.public.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("check the document signer's first signature: its certificate has a %T", k.public)
	}
	if err := curve.Verify(public, digest, signature); err != nil {
		return nil, fmt.Errorf("check the document signer's first signature: %w", err)
	}
	k.proven.Store(true)
	return signature, nil
}
