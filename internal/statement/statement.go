// Package statement is how people act: what an officer does is a statement, signed with
// the officer's own key. It is made where the officer is, verified where it enters and
// again where it is recorded, and kept, so that anybody can verify it later.
//
// The bytes that are signed are those of DSSE 1.0.2 (Dead Simple Signing Envelope), by
// Ed25519 (RFC 8032), by ECDSA on P-256 with SHA-256 (FIPS 186-5), or by a passkey (Web
// Authentication level 3), whose challenge is their hash.
package statement

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// contentType says in the signed bytes what they are, so that a signature for anything
// else is none for a statement.
const contentType = "application/vnd.cancuoc.act+json"

// maxStatement is how large a statement may be, in bytes; one may name 10,000 cards.
const maxStatement = 512 << 10

// maxSigners is how many signatures are looked at; no act has more than two officers.
const maxSigners = 4

// Statement says what its officers do, to what.
type Statement struct {
	ID      string         `json:"id"`      // chosen by the client; the same one again is answered by what was done
	Act     string         `json:"act"`     // [identity.Act.ActName]
	Subject string         `json:"subject"` // as [Application] and its like name it
	Content jsontext.Value `json:"content"` // the act
	Until   time.Time      `json:"until"`   // it is not taken in later
}

// Application names an application as the subject of a statement.
func Application(n identity.ApplicationNumber) string { return "application/" + string(n) }

// Consignment names a box of cards.
func Consignment(n identity.ConsignmentNumber) string { return "consignment/" + string(n) }

// Station names a station.
func Station(id identity.StationID) string { return "station/" + string(id) }

// Officer names an officer.
func Officer(id identity.OfficerID) string { return "officer/" + string(id) }

// Person names a person of the population register.
func Person(id identity.PersonID) string { return "person/" + string(id) }

// Box names a box of blanks.
func Box(number string) string { return "box/" + number }

// Card names a card that was issued, by its serial, which is nobody's but the card's.
func Card(serial identity.CardSerial) string { return "card/" + string(serial) }

// Verifier names who may ask for the status of cards.
func Verifier(id identity.VerifierID) string { return "verifier/" + string(id) }

// Office is the subject of what belongs to the whole office.
const Office = "office"

// ValidFor is for how long officers sign an act: an enrollment for as long as a station may
// be without a connection.
func ValidFor(act string) time.Duration {
	if act == (identity.Enroll{}).ActName() {
		return 30 * 24 * time.Hour
	}
	return 10 * time.Minute
}

// Ahead is how far ahead of the office's clock a statement may be signed: who signs for
// longer leaves one that others can use. The signer's clock may be fast by the difference
// to ValidFor.
func Ahead(act string) time.Duration {
	if act == (identity.Enroll{}).ActName() {
		return 31 * 24 * time.Hour
	}
	return time.Hour
}

// Signature is one officer's.
type Signature struct {
	Officer identity.OfficerID `json:"officer"`
	Key     []byte             `json:"key"`   // public, SubjectPublicKeyInfo (RFC 5280), DER
	Value   []byte             `json:"value"` // Ed25519: 64 bytes; ECDSA: ASN.1
	Passkey *Passkey           `json:"passkey,omitzero"`
}

// Passkey is what an authenticator signed with the statement's hash (Web Authentication
// level 3, section 7.2).
type Passkey struct {
	AuthenticatorData []byte `json:"authenticator_data"`
	ClientData        []byte `json:"client_data"` // JSON, as the browser made it

	Path []byte `json:"path,omitzero"` // from the statement to what was signed, where it is one of several: see [Together]
}

// Signed is a statement with the signatures of its officers.
type Signed struct {
	Statement  []byte      `json:"statement"` // JSON, the bytes that were signed
	Signatures []Signature `json:"signatures"`

	TakenIn time.Time `json:"taken_in,omitzero"` // set by the engine when it accepts the act; zero before
}

// New makes a statement to be signed, which is taken in until then.
func New(act identity.Act, subject, id string, until time.Time) (Signed, error) {
	content, err := contentOf(act)
	if err != nil {
		return Signed{}, fmt.Errorf("state %s: %w", act.ActName(), err)
	}
	b, err := json.Marshal(Statement{
		ID: id, Act: act.ActName(), Subject: subject, Content: content, Until: until.UTC().Truncate(time.Second),
	}, json.Deterministic(true))
	if err != nil {
		return Signed{}, fmt.Errorf("state %s: %w", act.ActName(), err)
	}
	return Signed{Statement: b}, nil
}

// contentOf is what of an act its officers state.
func contentOf(act identity.Act) (jsontext.Value, error) {
	if part, is := act.(interface{ Stated() identity.Act }); is {
		act = part.Stated()
	}
	return json.Marshal(act, json.Deterministic(true))
}

// Digest is SHA-256 over files that belong to an act: of each, in the order of their
// names, its name and its content, each preceded by its length.
func Digest(files map[string][]byte) []byte {
	if len(files) == 0 {
		return nil
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%d:%s,%d:", len(name), name, len(files[name]))
		h.Write(files[name])
	}
	return h.Sum(nil)
}

// NewID draws an identifier for a statement: 26 letters and digits.
func NewID() string { return rand.Text() }

// Sign adds an officer's signature by an Ed25519 key, or an ECDSA key on P-256, which may
// be in a token.
func (s *Signed) Sign(officer identity.OfficerID, key crypto.Signer) error {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("sign as %s: %w", officer, err)
	}
	message, options := s.signed(), crypto.SignerOpts(crypto.Hash(0))
	switch k := key.Public().(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return errors.New("sign: an ECDSA key must be on P-256")
		}
		sum := sha256.Sum256(message)
		message, options = sum[:], crypto.SHA256
	default:
		return errors.New("sign: the key must be Ed25519, or ECDSA on P-256")
	}
	value, err := key.Sign(rand.Reader, message, options)
	if err != nil {
		return fmt.Errorf("sign as %s: %w", officer, err)
	}
	s.Signatures = append(s.Signatures, Signature{Officer: officer, Key: public, Value: value})
	return nil
}

// Challenge is what a passkey has to sign for the statement: 32 bytes.
func (s Signed) Challenge() []byte {
	sum := sha256.Sum256(s.signed())
	return sum[:]
}

// signed is the bytes that are signed: DSSE's pre-authentication encoding.
func (s Signed) signed() []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(contentType), contentType, len(s.Statement), s.Statement)
}

// IsZero reports whether there is no statement.
func (s Signed) IsZero() bool { return len(s.Statement) == 0 && len(s.Signatures) == 0 }

// ID is the statement's identifier, or empty if there is none to read.
func (s Signed) ID() string {
	statement, err := s.Read()
	if err != nil {
		return ""
	}
	return statement.ID
}

// Read reads the statement, whoever signed it.
func (s Signed) Read() (Statement, error) {
	var statement Statement
	switch {
	case len(s.Statement) == 0:
		return statement, identity.RefuseField(identity.Forbidden, "statement", "is missing: an act is a statement that its officer signed; use starter or the officers' pages")
	case len(s.Statement) > maxStatement:
		return statement, identity.RefuseField(identity.Invalid, "statement", "is larger than %d kB", maxStatement>>10)
	}
	if len(s.Signatures) > maxSigners {
		return statement, identity.RefuseField(identity.Forbidden, "statement", "has more than %d signatures", maxSigners)
	}
	if err := json.Unmarshal(s.Statement, &statement, json.RejectUnknownMembers(true)); err != nil {
		return statement, identity.RefuseField(identity.Invalid, "statement", "is not the JSON of a statement: id, act, subject, content, until")
	}
	if statement.ID == "" || len(statement.ID) > 64 || statement.Act == "" || statement.Subject == "" || statement.Until.IsZero() {
		return statement, identity.RefuseField(identity.Invalid, "statement", "needs id (at most 64 characters), act, subject, content and until")
	}
	return statement, storable(s.Statement)
}

// storable refuses JSON with what the registry cannot keep, or a person cannot see: texts
// with control characters or marks of direction, and numbers of more than 31 bits.
func storable(statement []byte) error {
	for d := jsontext.NewDecoder(bytes.NewReader(statement)); ; {
		token, err := d.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // its end: it was read before
		}
		if token.Kind() == '"' && !identity.Plain(token.String()) {
			return identity.RefuseField(identity.Invalid, "statement", "contains a control character or a mark of direction; letters, digits and punctuation are accepted")
		}
		if token.Kind() == '0' {
			if _, err := strconv.ParseInt(token.String(), 10, 32); err != nil {
				return identity.RefuseField(identity.Invalid, "statement", "contains a number that is too large, or not whole; those from %d to %d are accepted", math.MinInt32, math.MaxInt32)
			}
		}
	}
}

// Says refuses a statement that says something else than this act, on this subject, by
// these officers, under this identifier. It does not look at the signatures' value.
func (s Signed) Says(act identity.Act, subject, id string) error {
	statement, err := s.Read()
	if err != nil {
		return err
	}
	content, err := contentOf(act)
	if err != nil {
		return fmt.Errorf("compare statement: %w", err)
	}
	same := statement.Act == act.ActName() && statement.Subject == subject && statement.ID == id && bytes.Equal(statement.Content, content)
	if !same {
		return identity.RefuseField(identity.Forbidden, "statement", "does not say what is asked for: another act, subject, content or identifier was signed")
	}
	signers := make([]identity.OfficerID, 0, len(s.Signatures))
	for _, signature := range s.Signatures {
		signers = append(signers, signature.Officer)
	}
	named := slices.Clone(act.By())
	slices.Sort(named)
	slices.Sort(signers)
	if !slices.Equal(named, signers) {
		return identity.RefuseField(identity.Forbidden, "statement", "must be signed by the officers whom it names, and by nobody else")
	}
	return nil
}

// Verify refuses a statement of which a signature is not by its key, or two are by one
// key. Whose the keys are, and what their owners may do, is for the registry.
func (s Signed) Verify() error {
	if _, err := s.Read(); err != nil {
		return err
	}
	if len(s.Signatures) == 0 {
		return identity.RefuseField(identity.Forbidden, "statement", "is not signed")
	}
	for i, signature := range s.Signatures {
		if slices.ContainsFunc(s.Signatures[:i], func(other Signature) bool { return bytes.Equal(other.Key, signature.Key) }) {
			return identity.RefuseField(identity.Forbidden, "statement", "is signed twice with one key; two officers are needed, each with a key of their own")
		}
		if err := signature.Officer.Check(); err != nil {
			return err
		}
		if !signature.verifies(s) {
			return identity.RefuseField(identity.Forbidden, "statement", "the signature of %s does not fit it", signature.Officer)
		}
	}
	return nil
}

// verifies reports whether a signature is by its key over the statement.
func (g Signature) verifies(s Signed) bool {
	key, err := ReadKey(g.Key)
	if err != nil {
		return false
	}
	message := s.signed()
	if g.Passkey != nil {
		if asked, err := g.Passkey.Asked(s); err != nil || !g.Passkey.answers(asked) {
			return false
		}
		client := sha256.Sum256(g.Passkey.ClientData)
		message = slices.Concat(g.Passkey.AuthenticatorData, client[:])
	}
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, message, g.Value)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(k, sum[:], g.Value)
	}
	return false
}

// Counter says how often the authenticator has signed; 0 if it does not count.
func (p Passkey) Counter() uint32 {
	const counter = 33
	if len(p.AuthenticatorData) < counter+4 {
		return 0
	}
	return binary.BigEndian.Uint32(p.AuthenticatorData[counter:])
}

// answers reports whether an authenticator answered that challenge, its user present and
// verified. Which site asked is looked at where the answer enters.
func (p Passkey) answers(challenge []byte) bool {
	var client struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	const userPresent, userVerified, flags = 1 << 0, 1 << 2, 32
	return json.Unmarshal(p.ClientData, &client) == nil && client.Type == "webauthn.get" &&
		client.Challenge == base64.RawURLEncoding.EncodeToString(challenge) &&
		len(p.AuthenticatorData) > flags && p.AuthenticatorData[flags]&(userPresent|userVerified) == userPresent|userVerified
}
