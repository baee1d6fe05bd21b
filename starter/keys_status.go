package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/cardstatus"
	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/internal/identity"
)

// certifiedKey is what keys status prints.
type certifiedKey struct {
	Key          string `json:"kid"`
	Certificates string `json:"certificates_file"`
	CA           string `json:"ca_sha256"` // by which verifiers know the CA, hexadecimal
}

func newStatusKey(a *app) *cobra.Command {
	var officer, witness string
	c := &cobra.Command{
		Use: "status FILE", Short: "Certify a key that signs what verifiers hear of cards",
		Long: `Certify the key in FILE, which signs what verifiers hear of cards (status.key_file), or a new one,
which FILE is made for. Two officers sign for it. Its certificate is added to those of the keys before
it in status.certificates_file, with that of the CA, which is made with the first. To replace the key in
use: give every gateway the new certificates first and restart it, then the new key (status.key_file)
and restart it again. What the former key signed is verified until its certificate ends; of one that
others know, take the certificate out of the file instead.`,
		Example: "  starter keys status status-2027.key --officer KH-C06-0001 --witness KH-C06-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := a.config()
			if err != nil {
				return err
			}
			into := settings.Status.CertificatesFile
			if into == "" {
				return identity.RefuseField(identity.Invalid, "status.certificates_file", "is empty: say where the certificates are kept")
			}
			seed, made, err := statusKey(args[0])
			if err != nil {
				return identity.RefuseField(identity.Invalid, "file", "%v", err)
			}
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			key := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
			act := identity.RollOverSigner{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), StatusKey: key}
			if err := a.onOffice(cmd, act, func() error {
				if !made {
					return nil
				}
				return durable.Create(args[0], seed)
			}); err != nil {
				return err
			}
			issued, err := authority.CertifyStatus(key, a.opened.Now())
			if err != nil {
				return err
			}
			content, err := cardstatus.Certify(into, issued)
			if err != nil {
				return err
			}
			if err := durable.Replace(into, content); err != nil {
				return err
			}
			return a.printStatusKey(cmd, seed, into, issued[1])
		},
	}
	twoOnKeys(c, &officer, &witness)
	return c
}

// statusKey reads the seed of a key, or draws one where there is no such file yet.
func statusKey(name string) (seed []byte, made bool, err error) {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, durable.KeySize)
		_, err := rand.Read(seed)
		return seed, true, err
	}
	seed, err = durable.ReadKey(name, false)
	return seed, false, err
}

func (a *app) printStatusKey(cmd *cobra.Command, seed []byte, into string, ca []byte) error {
	signer, err := cardstatus.NewSigner(seed, nil, a.opened.Now)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(ca)
	made := certifiedKey{Key: signer.KeyID(), Certificates: into, CA: hex.EncodeToString(sum[:])}
	return a.print(cmd, made, func(w io.Writer) {
		fmt.Fprintf(w, "the key %s is certified in %s\nverifiers know its CA by SHA-256 %s\n", made.Key, made.Certificates, made.CA)
	})
}
