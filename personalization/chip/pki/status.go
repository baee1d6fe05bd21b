package pki

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

// statusLabel is the label of the key of the CA for the status of cards.
const statusLabel = "status-ca-0001"

// statusValidity is how long the certificate of a status key is valid: a year in which it signs,
// and two in which what it signed is still verified.
const statusValidity = 3 * 365 * 24 * time.Hour

// CertifyStatus certifies a key (Ed25519) that signs what verifiers hear of cards, and gives its
// certificate and that of the CA, DER, in the order of x5c (RFC 7515, 4.1.6). The CA is made with
// the first. It certifies nothing else, so that no key of a card or of a holder, which other CAs
// certify, passes for one that may say which cards are valid.
func (a *Authority) CertifyStatus(key ed25519.PublicKey, at time.Time) ([][]byte, error) {
	var chain [][]byte
	err := a.change(func(now *state) error {
		var err error
		if len(now.StatusCA) == 0 {
			if now.StatusCA, err = a.makeCA(statusLabel, "Card Status CA SPECIMEN", at); err != nil {
				return err
			}
		}
		chain, err = a.certifyStatus(now.StatusCA, key, at)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("certify status key: %w", err)
	}
	return chain, nil
}

func (a *Authority) certifyStatus(by []byte, key ed25519.PublicKey, at time.Time) ([][]byte, error) {
	ca, err := a.openCA(statusLabel, by)
	if err != nil {
		return nil, err
	}
	certificate, err := ca.issue(&x509.Certificate{
		Subject:  pkix.Name{Country: []string{Country}, Organization: []string{a.opts.Organization}, CommonName: "Card Status"},
		KeyUsage: x509.KeyUsageDigitalSignature,
	}, key, at, statusValidity)
	return [][]byte{certificate, by}, err
}
