package pki

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"example.org/cancuoc/internal/durable"
)

// stateVersion is the version of the layout of state.json.
const stateVersion = 1

// state is what an authority keeps in state.json. It has no secrets.
type state struct {
	Version           int             `json:"version"`
	CSCAs             []*cscaRecord   `json:"cscas"`
	Signers           []*signerRecord `json:"signers"`
	MasterListSigners int             `json:"master_list_signers"`
	Revoked           []revokedRecord `json:"revoked"`
	CRLNumber         int64           `json:"crl_number"`
	CRL               storedCRL       `json:"crl"`
	MasterList        []byte          `json:"master_list"`
	SignatureCA       []byte          `json:"signature_ca,omitempty"` // its certificate, DER
	StatusCA          []byte          `json:"status_ca,omitempty"`    // so here
}

// cscaRecord is one CSCA.
type cscaRecord struct {
	Number      int    `json:"number"`
	Label       string `json:"label"`
	Certificate stored `json:"certificate"`
	Link        stored `json:"link"`
	Retired     bool   `json:"retired"`
}

// signerRecord is one document signer.
type signerRecord struct {
	Number      int    `json:"number"`
	Label       string `json:"label"`
	Certificate stored `json:"certificate"`
	Reserved    int    `json:"reserved"` // signatures counted, made or not
	Retired     bool   `json:"retired"`
}

// revokedRecord is one revocation.
type revokedRecord struct {
	Serial []byte    `json:"serial"`
	At     time.Time `json:"at"`
	Reason int       `json:"reason"`
}

// stored is a certificate in JSON; null if there is none.
type stored struct{ *Certificate }

// MarshalJSON writes the certificate's DER.
func (c stored) MarshalJSON() ([]byte, error) {
	if c.Certificate == nil {
		return json.Marshal(nil)
	}
	return json.Marshal(c.Raw)
}

// UnmarshalJSON reads the certificate.
func (c *stored) UnmarshalJSON(b []byte) error {
	var der []byte
	if err := json.Unmarshal(b, &der); err != nil || der == nil {
		return err
	}
	var err error
	c.Certificate, err = ParseCertificate(der)
	return err
}

// storedCRL is a revocation list in JSON; null if there is none.
type storedCRL struct{ list *CRL }

// MarshalJSON writes the list's DER.
func (l storedCRL) MarshalJSON() ([]byte, error) {
	if l.list == nil {
		return json.Marshal(nil)
	}
	return json.Marshal(l.list.Raw)
}

// UnmarshalJSON reads the list.
func (l *storedCRL) UnmarshalJSON(b []byte) error {
	var der []byte
	if err := json.Unmarshal(b, &der); err != nil || der == nil {
		return err
	}
	var err error
	l.list, err = ParseCRL(der)
	return err
}

// anchors are all CSCA certificates and links.
func (s *state) anchors() []*Certificate {
	var all []*Certificate
	for _, c := range s.CSCAs {
		all = append(all, c.Certificate.Certificate)
	}
	for _, c := range s.CSCAs {
		if c.Link.Certificate != nil {
			all = append(all, c.Link.Certificate)
		}
	}
	return all
}

// makeDir makes a directory that only its owner can read.
func makeDir(dir string) error { return os.MkdirAll(dir, 0o700) }

// stat tells one state from the next.
func (a *Authority) stat() (fs.FileInfo, error) {
	info, err := os.Stat(filepath.Join(a.dir, "state.json"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return info, nil
}

// load reads the state. It needs no lock, because the file is only replaced whole.
func (a *Authority) load() (*state, error) {
	b, err := os.ReadFile(filepath.Join(a.dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return &state{Version: stateVersion}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%w: state.json: %w", ErrState, err)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("%w: state.json has version %d; this program reads version %d", ErrState, s.Version, stateVersion)
	}
	for _, c := range s.CSCAs {
		if c.Certificate.Certificate == nil {
			return nil, fmt.Errorf("%w: a CSCA has no certificate", ErrState)
		}
	}
	for _, d := range s.Signers {
		if d.Certificate.Certificate == nil {
			return nil, fmt.Errorf("%w: a document signer has no certificate", ErrState)
		}
	}
	return &s, nil
}

// change loads the state, changes it by do and saves it, while all other processes
// that share the directory wait. When do fails, nothing is saved; a key that it has
// made is used next time (see Authority.key).
func (a *Authority) change(do func(*state) error) (err error) {
	lock, err := os.OpenFile(filepath.Join(a.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }() // closing unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%w: lock: %w", ErrState, err)
	}
	s, err := a.load()
	if err != nil {
		return err
	}
	if err := do(s); err != nil {
		return err
	}
	return a.save(s)
}

// save writes the state, then the files for others: csca.pem with all CSCAs and link
// certificates, crl.der, masterlist.der, signature-ca.pem and status-ca.pem. After a crash in
// between the files are out of date until the next change.
func (a *Authority) save(s *state) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if err := a.replace("state.json", b); err != nil {
		return err
	}
	var anchors []byte
	for _, c := range s.anchors() {
		anchors = append(anchors, c.PEM()...)
	}
	files := map[string][]byte{"csca.pem": anchors, "masterlist.der": s.MasterList}
	if s.CRL.list != nil {
		files["crl.der"] = s.CRL.list.Raw
	}
	for name, der := range map[string][]byte{"signature-ca.pem": s.SignatureCA, "status-ca.pem": s.StatusCA} {
		if len(der) > 0 {
			files[name] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
	}
	for name, content := range files {
		if err := a.publish(name, content); err != nil {
			return err
		}
	}
	return nil
}

// publish replaces a file unless it already has that content.
func (a *Authority) publish(name string, content []byte) error {
	old, err := os.ReadFile(filepath.Join(a.dir, name))
	if err == nil && string(old) == string(content) {
		return nil
	}
	return a.replace(name, content)
}

// replace writes a file whole or not at all.
func (a *Authority) replace(name string, content []byte) error {
	if err := durable.Replace(filepath.Join(a.dir, name), content); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}
