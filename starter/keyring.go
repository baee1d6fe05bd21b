package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/personalization/chip/keys"
)

// keyring is the folder of the officers' keys on this machine, each in BADGE.pem (PKCS#8,
// PEM), with their sessions beside them; and a token with the keys of those who have none
// there.
type keyring struct {
	dir   string
	asks  identity.OfficerID         // who asks where no officer is named; empty: the only one
	token func() (keys.Store, error) // nil: there is none
}

const keySuffix = ".pem"

// asking is the officer who asks.
func (k keyring) asking() (identity.OfficerID, error) {
	if k.asks != "" {
		return k.asks, k.asks.Check()
	}
	found, err := filepath.Glob(filepath.Join(k.dir, "*"+keySuffix))
	if err != nil || len(found) != 1 {
		return "", identity.RefuseField(identity.Invalid, "as", "is needed: %d officers have a key in %s; give --as BADGE, or client.officer of the settings", len(found), k.dir)
	}
	return identity.OfficerID(strings.TrimSuffix(filepath.Base(found[0]), keySuffix)), nil
}

// sign makes the statement of an act, signed by all who do it.
func (k keyring) sign(act identity.Act, subject, id string) (statement.Signed, error) {
	signed, err := statement.New(act, subject, id, time.Now().Add(statement.ValidFor(act.ActName()))) //nolint:forbidigo // the office compares it with its own clock
	if err != nil {
		return signed, err
	}
	var missing []error
	for _, officer := range act.By() {
		key, err := k.key(officer)
		if err == nil {
			err = signed.Sign(officer, key)
		}
		missing = append(missing, err)
	}
	return signed, errors.Join(missing...)
}

// key reads an officer's key.
func (k keyring) key(officer identity.OfficerID) (crypto.Signer, error) {
	if err := officer.Check(); err != nil {
		return nil, err
	}
	file := filepath.Join(k.dir, string(officer)+keySuffix)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && k.token != nil {
		return k.inToken(officer)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, identity.RefuseField(identity.Forbidden, "officer", "%s has no key on this machine (%s)", officer, file)
	}
	if err != nil {
		return nil, fmt.Errorf("read key of %s: %w", officer, err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, identity.RefuseField(identity.Invalid, "officer", "%s holds no key in PEM", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, identity.RefuseField(identity.Invalid, "officer", "%s holds no key of PKCS#8 that signs", file)
	}
	return signer, nil
}

// labelOf is how an officer's key is labeled in a token.
func labelOf(officer identity.OfficerID) string { return "officer-" + strings.ToLower(string(officer)) }

// inToken finds an officer's key in the token, which signs and does not give it away.
func (k keyring) inToken(officer identity.OfficerID) (crypto.Signer, error) {
	token, err := k.token()
	if err != nil {
		return nil, err
	}
	key, err := token.Signer(labelOf(officer))
	if errors.Is(err, keys.ErrNotFound) {
		return nil, identity.RefuseField(identity.Forbidden, "officer", "%s has no key on this machine, neither in %s nor in its token", officer, k.dir)
	}
	return key, err
}

// ensure gives an officer's public key, of a new key if there is none.
func (k keyring) ensure(officer identity.OfficerID) ([]byte, error) {
	key, err := k.key(officer)
	if identity.Refused(err, identity.Forbidden) {
		key, err = k.make(officer)
	}
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKIXPublicKey(key.Public())
}

// make makes a key: of P-256 in the token if there is one, else of Ed25519 in a file.
func (k keyring) make(officer identity.OfficerID) (crypto.Signer, error) {
	if k.token != nil {
		token, err := k.token()
		if err != nil {
			return nil, err
		}
		return token.Generate(labelOf(officer), elliptic.P256())
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key of %s: %w", officer, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make key of %s: %w", officer, err)
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make key of %s: %w", officer, err)
	}
	file, err := os.OpenFile(filepath.Join(k.dir, string(officer)+keySuffix), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make key of %s: %w", officer, err)
	}
	if err := errors.Join(pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), file.Close()); err != nil {
		return nil, fmt.Errorf("make key of %s: %w", officer, err)
	}
	return key, nil
}

// kept is a session as it is kept between commands.
type kept struct {
	Gateway string `json:"gateway"`
	api.Session
}

// session gives an officer's session at a gateway that lasts for a while yet.
func (k keyring) session(officer identity.OfficerID, gateway string) (string, bool) {
	var s kept
	b, err := os.ReadFile(k.sessionFile(officer))
	if err != nil || json.Unmarshal(b, &s) != nil || s.Gateway != gateway {
		return "", false
	}
	const spare = 30 * time.Second
	return s.Token, time.Until(s.Until) > spare //nolint:forbidigo // if the clock is wrong, the office says that the session has ended
}

// keepSession keeps a session for the next command. In a folder that cannot be written, the
// next command logs in again.
func (k keyring) keepSession(officer identity.OfficerID, gateway string, s api.Session) error {
	b, err := json.Marshal(kept{gateway, s})
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	file, err := os.CreateTemp(k.dir, "."+string(officer)+"-*")
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	_, err = file.Write(b)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), k.sessionFile(officer))
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// forgetSession forgets an officer's session.
func (k keyring) forgetSession(officer identity.OfficerID) error {
	if err := os.Remove(k.sessionFile(officer)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget session: %w", err)
	}
	return nil
}

func (k keyring) sessionFile(officer identity.OfficerID) string {
	return filepath.Join(k.dir, string(officer)+".session")
}
