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
)

// stateVersion is the layout of state.json.
const stateVersion = 1

// state is what an authority remembers, as it stands in state.json. It holds no
// secret.
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
	Reserved    int    `json:"reserved"` // signatures made or promised
	Retired     bool   `json:"retired"`
}

// revokedRecord is one revocation.
type revokedRecord struct {
	Serial []byte    `json:"serial"`
	At     time.Time `json:"at"`
	Reason int       `json:"reason"`
}

// stored is a certificate as JSON has it, or none.
type stored struct{ *Certificate }

// MarshalJSON writes the certificate's DER.
func (c stored) MarshalJSON() ([]byte, error) {
	if c.Certificate == nil {
		return json.Marshal(nil)
	}
	return json.Marshal(c.Raw)
}

// UnmarshalJSON reads it.
func (c *stored) UnmarshalJSON(b []byte) error {
	var der []byte
	if err := json.Unmarshal(b, &der); err != nil || der == nil {
		return err
	}
	var err error
	c.Certificate, err = ParseCertificate(der)
	return err
}

// storedCRL is a revocation list as JSON has it, or none.
type storedCRL struct{ list *CRL }

// MarshalJSON writes the list's DER.
func (l storedCRL) MarshalJSON() ([]byte, error) {
	if l.list == nil {
		return json.Marshal(nil)
	}
	return json.Marshal(l.list.Raw)
}

// UnmarshalJSON reads it.
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

// makeDir makes a directory that only its owner reads.
func makeDir(dir string) error { return os.MkdirAll(dir, 0o700) }

// load reads the state. A file is replaced whole, so no lock is needed.
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
		return nil, fmt.Errorf("%w: state.json has version %d, this program reads %d", ErrState, s.Version, stateVersion)
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

// change loads the state, changes it and saves it, alone among all processes
// that share the directory. When do fails, nothing is saved; a key that it made
// is found again by the next (see Authority.key).
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

// save writes the state, then what others read: csca.pem with all CSCAs and
// links, crl.der, masterlist.der and signature-ca.pem. A crash between leaves those one step
// behind; the next change brings them up to date.
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
	if len(s.SignatureCA) > 0 {
		files["signature-ca.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.SignatureCA})
	}
	for name, content := range files {
		if err := a.publish(name, content); err != nil {
			return err
		}
	}
	return nil
}

// publish replaces a file unless it has that content already.
func (a *Authority) publish(name string, content []byte) error {
	old, err := os.ReadFile(filepath.Join(a.dir, name))
	if err == nil && string(old) == string(content) {
		return nil
	}
	return a.replace(name, content)
}

// replace writes a file whole or not at all: under another name, to the disk,
// and then renamed.
func (a *Authority) replace(name string, content []byte) error {
	temp, err := os.CreateTemp(a.dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), filepath.Join(a.dir, name))
	}
	if err == nil {
		err = syncDir(a.dir)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, errors.Join(err, removeIfThere(temp.Name())))
	}
	return nil
}

// removeIfThere removes a file that may be gone already.
func removeIfThere(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir brings a rename to the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
