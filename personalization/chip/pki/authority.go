package pki

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"time"

	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/keys"
)

// Options are how an authority certifies. Every zero value has a default; the times
// are in the middle of what 9303-12 recommends.
type Options struct {
	Organization  string        // in the names of certificates; default marks them as specimens
	Contact       string        // URI of the issuing authority
	CRL           string        // URI of the revocation list
	SignatureCRL  string        // URI of the revocation list of digital signatures
	CSCACurve     string        // default brainpoolP384r1
	SignerCurve   string        // default brainpoolP384r1
	NamedCurves   bool          // identify curves by name, as OpenSSL 3 needs; 9303-12 wants explicit domain parameters
	CSCAUsage     time.Duration // how long the key of a CSCA signs; default 4 years
	SignerUsage   time.Duration // how long the key of a document signer signs; default 90 days
	CardValidity  time.Duration // the longest validity of a card; default 25 years
	MaxSignatures int           // of one document signer; default 100,000
	Reserve       int           // how many signatures are counted at once; default 100
	CRLValidity   time.Duration // how long a revocation list is current; default 90 days

	Production bool             // OpenDev then refuses, and a CSCA is made by RollOverCSCA alone
	Clock      func() time.Time // default time.Now
}

// withDefaults fills in the defaults.
func (o Options) withDefaults() Options {
	const year = 365 * 24 * time.Hour
	text := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	duration := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	text(&o.Organization, "SPECIMEN - no authority of any State")
	text(&o.Contact, "https://csca.example.org/")
	text(&o.CRL, "https://csca.example.org/crl.der")
	text(&o.SignatureCRL, "https://csca.example.org/signature-crl.der")
	text(&o.CSCACurve, "brainpoolP384r1")
	text(&o.SignerCurve, "brainpoolP384r1")
	duration(&o.CSCAUsage, 4*year)
	duration(&o.SignerUsage, 90*24*time.Hour)
	duration(&o.CardValidity, 25*year)
	duration(&o.CRLValidity, 90*24*time.Hour)
	if o.MaxSignatures == 0 {
		o.MaxSignatures = 100_000
	}
	if o.Reserve == 0 {
		o.Reserve = 100
	}
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // an office gives the database's
	}
	return o
}

// Country and State are the codes of the country: in the names of certificates, and
// in their alternative names, as in the MRZ.
const (
	Country = "VN"
	State   = "VNM"
)

// clockSkew is how long before it is made a certificate is valid, for machines whose
// clocks are slow.
const clockSkew = time.Hour

// Authority is a CSCA with its document signers. Several processes may share its
// directory; each change is made under a lock, whole or not at all.
type Authority struct {
	dir   string
	store keys.Store
	opts  Options

	cscaCurve, signerCurve elliptic.Curve
}

// OpenDev opens an authority for development, with keys in files beside its state,
// and makes what is missing: at the first start a CSCA, a document signer, a
// revocation list and a master list. In production the error is keys.ErrProduction.
func OpenDev(dir string, opts Options) (*Authority, error) {
	store, err := keys.OpenFile(filepath.Join(dir, "keys"), opts.Production)
	if err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	a, err := Open(dir, store, opts)
	if err != nil {
		return nil, err
	}
	if err := a.Ensure(a.opts.Clock()); err != nil {
		return nil, err
	}
	return a, nil
}

// Open opens an authority with its keys in a store, and makes nothing.
func Open(dir string, store keys.Store, opts Options) (*Authority, error) {
	a := &Authority{dir: dir, store: store, opts: opts.withDefaults()}
	var err error
	if a.cscaCurve, err = curve.ByName(a.opts.CSCACurve); err != nil {
		return nil, fmt.Errorf("open authority: CSCA: %w", err)
	}
	if a.signerCurve, err = curve.ByName(a.opts.SignerCurve); err != nil {
		return nil, fmt.Errorf("open authority: document signer: %w", err)
	}
	if a.opts.Reserve < 1 || a.opts.MaxSignatures < 1 {
		return nil, errors.New("open authority: a document signer must have at least one signature")
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	return a, nil
}

// Ensure makes what is missing at that time: CSCA, document signer, revocation list
// and master list. A revocation list older than a third of its validity is replaced.
func (a *Authority) Ensure(at time.Time) error {
	return a.change(func(s *state) error {
		if _, err := a.csca(s, at); err != nil {
			return err
		}
		if _, err := a.documentSigner(s, at); err != nil {
			return err
		}
		if l := s.CRL.list; l == nil || at.After(l.This.Add(a.opts.CRLValidity/3)) {
			if err := a.makeCRL(s, at); err != nil {
				return err
			}
		}
		if len(s.MasterList) == 0 {
			return a.makeMasterList(s, at)
		}
		return nil
	})
}

// form is how certificates identify curves.
func (a *Authority) form() curve.Form {
	if a.opts.NamedCurves {
		return curve.Named
	}
	return curve.Explicit
}

// name is the distinguished name for a common name.
func (a *Authority) name(common string) ([]byte, error) {
	return Name{Country: Country, Organization: a.opts.Organization, CommonName: common}.marshal()
}

// key makes the key with that label. If there is one already, a process has made it
// and ended before it could certify it. Nothing has been signed with it, so it is
// used.
func (a *Authority) key(label string, c elliptic.Curve) (crypto.Signer, error) {
	key, err := a.store.Generate(label, c)
	if errors.Is(err, keys.ErrExists) {
		return a.store.Signer(label)
	}
	return key, err
}

// ErrNoCSCA is the error of whatever needs a CSCA in production where none may certify
// now. None is made by the way: people make it, having looked at the clock.
var ErrNoCSCA = errors.New("no CSCA may certify now: check the clock, and make one (starter keys roll-over --csca)")

// csca gives the CSCA that may certify at that time. In development it makes one if
// there is none.
func (a *Authority) csca(s *state, at time.Time) (*cscaRecord, error) {
	for _, c := range slices.Backward(s.CSCAs) {
		if c.Certificate.PrivateKeyUsage.Contains(at) && !c.Retired {
			return c, nil
		}
	}
	if a.opts.Production {
		return nil, ErrNoCSCA
	}
	return a.makeCSCA(s, at)
}

// makeCSCA makes the next CSCA: its self-signed certificate and, if there was one
// before, the link certificate of that one (9303-12, 4.2.1).
func (a *Authority) makeCSCA(s *state, at time.Time) (*cscaRecord, error) {
	c := &cscaRecord{Number: len(s.CSCAs) + 1}
	c.Label = fmt.Sprintf("csca-%04d", c.Number)
	key, err := a.key(c.Label, a.cscaCurve)
	if err != nil {
		return nil, fmt.Errorf("make CSCA: %w", err)
	}
	name, err := a.name("CSCA SPECIMEN") // the same at every rollover
	if err != nil {
		return nil, fmt.Errorf("make CSCA: %w", err)
	}
	from := at.Add(-clockSkew).UTC().Truncate(time.Second)
	usage := Period{from, from.Add(a.opts.CSCAUsage)}
	r := a.request(roleCSCA, name, key.Public(), usage)
	r.valid.To = usage.To.Add(a.opts.CardValidity + a.opts.SignerUsage)
	r.issuer, r.signer = name, key
	if c.Certificate.Certificate, err = r.issue(rand.Reader); err != nil {
		return nil, fmt.Errorf("make CSCA: %w", err)
	}
	if c.Link.Certificate, err = a.makeLink(s, r); err != nil {
		return nil, fmt.Errorf("link CSCA: %w", err)
	}
	s.CSCAs = append(s.CSCAs, c)
	if len(s.CSCAs) > 1 { // from now on the new key signs the lists
		return c, errors.Join(a.makeCRL(s, at), a.makeMasterList(s, at))
	}
	return c, nil
}

// makeLink certifies the key of a new CSCA with that of the one before; nil for the
// first CSCA.
func (a *Authority) makeLink(s *state, r request) (*Certificate, error) {
	if len(s.CSCAs) == 0 {
		return nil, nil
	}
	old := s.CSCAs[len(s.CSCAs)-1]
	key, err := a.store.Signer(old.Label)
	if err != nil {
		return nil, err
	}
	r.issuer, r.issuerID, r.signer = old.Certificate.Subject, old.Certificate.SubjectKeyID, key
	r.valid.To = minTime(r.valid.To, old.Certificate.Valid.To)
	r.usage.To = minTime(r.usage.To, r.valid.To)
	return r.issue(rand.Reader)
}

// minTime is the earlier of two times.
func minTime(t, u time.Time) time.Time {
	if u.Before(t) {
		return u
	}
	return t
}

// request is a request for a certificate, with what all of them share.
func (a *Authority) request(as role, subject []byte, key crypto.PublicKey, usage Period) request {
	return request{
		role: as, subject: subject, key: key, form: a.form(),
		valid: usage, usage: usage,
		contact: a.opts.Contact, state: State, crl: a.opts.CRL,
	}
}

// certify has the current CSCA issue a certificate for the key with that label, which
// is made.
func (a *Authority) certify(s *state, as role, label, common string, c elliptic.Curve, at time.Time) (*Certificate, error) {
	csca, err := a.csca(s, at)
	if err != nil {
		return nil, err
	}
	issuer, err := a.store.Signer(csca.Label)
	if err != nil {
		return nil, err
	}
	key, err := a.key(label, c)
	if err != nil {
		return nil, err
	}
	name, err := a.name(common)
	if err != nil {
		return nil, err
	}
	from := at.Add(-clockSkew).UTC().Truncate(time.Second)
	if from.Before(csca.Certificate.Valid.From) {
		from = csca.Certificate.Valid.From
	}
	r := a.request(as, name, key.Public(), Period{from, from.Add(a.opts.SignerUsage)})
	r.valid.To = r.usage.To.Add(a.opts.CardValidity)
	r.issuer, r.issuerID, r.signer = csca.Certificate.Subject, csca.Certificate.SubjectKeyID, issuer
	return r.issue(rand.Reader)
}

// documentSigner gives the document signer that may sign at that time and has
// signatures left, and makes one if there is none.
func (a *Authority) documentSigner(s *state, at time.Time) (*signerRecord, error) {
	for _, d := range slices.Backward(s.Signers) {
		if !d.Retired && d.Reserved < a.opts.MaxSignatures && d.Certificate.PrivateKeyUsage.Contains(at) {
			return d, nil
		}
	}
	d := &signerRecord{Number: len(s.Signers) + 1}
	d.Label = fmt.Sprintf("ds-%04d", d.Number)
	var err error
	common := fmt.Sprintf("Document Signer SPECIMEN %04d", d.Number)
	d.Certificate.Certificate, err = a.certify(s, roleDocumentSigner, d.Label, common, a.signerCurve, at)
	if err != nil {
		return nil, fmt.Errorf("make document signer: %w", err)
	}
	s.Signers = append(s.Signers, d)
	return d, nil
}

// makeCRL signs a revocation list with the key of the current CSCA.
func (a *Authority) makeCRL(s *state, at time.Time) error {
	csca, err := a.csca(s, at)
	if err != nil {
		return err
	}
	key, err := a.store.Signer(csca.Label)
	if err != nil {
		return fmt.Errorf("make revocation list: %w", err)
	}
	s.CRLNumber++
	l := CRL{
		Issuer: csca.Certificate.Subject, AuthorityKeyID: csca.Certificate.SubjectKeyID,
		Number: big.NewInt(s.CRLNumber), This: at, Next: at.Add(a.opts.CRLValidity),
	}
	for _, r := range s.Revoked {
		l.Revoked = append(l.Revoked, Revocation{Serial: new(big.Int).SetBytes(r.Serial), At: r.At, Reason: r.Reason})
	}
	if s.CRL.list, err = issueCRL(rand.Reader, l, key); err != nil {
		return fmt.Errorf("make revocation list: %w", err)
	}
	return nil
}

// makeMasterList signs the list of all CSCAs and link certificates. Each list has a
// new signer, whose key is not used again.
func (a *Authority) makeMasterList(s *state, at time.Time) error {
	csca, err := a.csca(s, at)
	if err != nil {
		return err
	}
	s.MasterListSigners++
	label := fmt.Sprintf("mls-%04d", s.MasterListSigners)
	signer, err := a.certify(s, roleMasterListSigner, label, fmt.Sprintf("Master List Signer SPECIMEN %04d", s.MasterListSigners), a.cscaCurve, at)
	if err != nil {
		return fmt.Errorf("make master list: %w", err)
	}
	key, err := a.store.Signer(label)
	if err != nil {
		return fmt.Errorf("make master list: %w", err)
	}
	list, err := issueMasterList(rand.Reader, signer, csca.Certificate.Certificate, key, s.anchors(), at)
	if err != nil {
		return fmt.Errorf("make master list: %w", err)
	}
	if err := s.checkMasterList(list, at); err != nil {
		return fmt.Errorf("make master list: read it back: %w", err)
	}
	s.MasterList = list
	return nil
}

// checkMasterList reads a master list as others will, before it is published.
func (s *state) checkMasterList(list []byte, at time.Time) error {
	trust, err := NewTrustStore(s.anchors(), nil)
	if err != nil {
		return err
	}
	read, err := ParseMasterList(list)
	if err != nil {
		return err
	}
	return trust.CheckMasterList(read, at)
}

// RollOver retires the document signers in use, so that a new one makes the next
// signature, also of processes that run already: what they counted in advance is lost.
func (a *Authority) RollOver(at time.Time) error {
	return a.change(func(s *state) error {
		for _, d := range s.Signers {
			d.Retired = true
		}
		_, err := a.documentSigner(s, at)
		return err
	})
}

// RollOverCSCA replaces the CSCA in use with a new one, and makes a link certificate,
// a revocation list and a master list. Its document signers stay in use.
func (a *Authority) RollOverCSCA(at time.Time) error {
	return a.change(func(s *state) error {
		for _, c := range s.CSCAs {
			c.Retired = true
		}
		_, err := a.makeCSCA(s, at)
		return err
	})
}

// Revoke revokes a document signer by its serial number and signs a new revocation
// list. Reasons are those of RFC 5280, 5.3.1. A second call changes nothing.
func (a *Authority) Revoke(serial *big.Int, reason int, at time.Time) error {
	return a.change(func(s *state) error {
		i := slices.IndexFunc(s.Signers, func(d *signerRecord) bool { return d.Certificate.Serial.Cmp(serial) == 0 })
		if i < 0 {
			return fmt.Errorf("revoke: %w: there is no document signer with that serial number", ErrState)
		}
		s.Signers[i].Retired = true
		if slices.ContainsFunc(s.Revoked, func(r revokedRecord) bool { return new(big.Int).SetBytes(r.Serial).Cmp(serial) == 0 }) {
			return nil
		}
		s.Revoked = append(s.Revoked, revokedRecord{Serial: serial.Bytes(), At: at.UTC().Truncate(time.Second), Reason: reason})
		return a.makeCRL(s, at)
	})
}

// IssueCRL signs a new revocation list.
func (a *Authority) IssueCRL(at time.Time) (*CRL, error) {
	var l *CRL
	err := a.change(func(s *state) error {
		if err := a.makeCRL(s, at); err != nil {
			return err
		}
		l = s.CRL.list
		return nil
	})
	return l, err
}

// IssueMasterList signs a new master list.
func (a *Authority) IssueMasterList(at time.Time) ([]byte, error) {
	var list []byte
	err := a.change(func(s *state) error {
		if err := a.makeMasterList(s, at); err != nil {
			return err
		}
		list = s.MasterList
		return nil
	})
	return list, err
}

// ListedCSCA is one CSCA of a listing.
type ListedCSCA struct {
	Number      int
	Certificate *Certificate
	Link        *Certificate // issued by the CSCA before; nil for the first
	Retired     bool
}

// ListedSigner is one document signer of a listing.
type ListedSigner struct {
	Number      int
	Certificate *Certificate
	Signatures  int // counted so far; each process counts up to Options.Reserve in advance
	Retired     bool
	Revoked     bool
}

// Listing is everything that an authority has made, oldest first.
type Listing struct {
	CSCAs      []ListedCSCA
	Signers    []ListedSigner
	CRL        *CRL
	MasterList []byte
}

// List lists what the authority has made.
func (a *Authority) List() (Listing, error) {
	s, err := a.load()
	if err != nil {
		return Listing{}, err
	}
	l := Listing{CRL: s.CRL.list, MasterList: s.MasterList}
	for _, c := range s.CSCAs {
		l.CSCAs = append(l.CSCAs, ListedCSCA{c.Number, c.Certificate.Certificate, c.Link.Certificate, c.Retired})
	}
	for _, d := range s.Signers {
		revoked := slices.ContainsFunc(s.Revoked, func(r revokedRecord) bool {
			return new(big.Int).SetBytes(r.Serial).Cmp(d.Certificate.Serial) == 0
		})
		l.Signers = append(l.Signers, ListedSigner{d.Number, d.Certificate.Certificate, d.Reserved, d.Retired, revoked})
	}
	return l, nil
}

// TrustStore makes a trust store with the present CSCAs and revocation list of this
// authority.
func (a *Authority) TrustStore() (*TrustStore, error) {
	s, err := a.load()
	if err != nil {
		return nil, err
	}
	var crls []*CRL
	if s.CRL.list != nil {
		crls = append(crls, s.CRL.list)
	}
	return NewTrustStore(s.anchors(), crls)
}

// Store is where the authority's keys are.
func (a *Authority) Store() keys.Store { return a.store }
