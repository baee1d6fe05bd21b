package statement_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

const (
	one   = identity.OfficerID("SX-C06-0001")
	other = identity.OfficerID("SX-C06-0002")
)

// subject of the statements of these tests, and what two officers do to it.
var (
	subject = statement.Application("B7K2M-4QX9T-6")
	destroy = identity.DestroyCard{Officer: one, Witness: other, Card: 1, Reason: "damaged"}
	hold    = identity.Hold{Officer: one, Reason: "under-verification"}
	until   = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
)

func p256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func edwards(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return key
}

// stated is a statement that nobody has signed.
func stated(t *testing.T, act identity.Act) statement.Signed {
	t.Helper()
	s, err := statement.New(act, subject, "ID-1", until)
	require.NoError(t, err)
	return s
}

// signed is the statement of an act of two officers, with a key of each kind.
func signed(t *testing.T) statement.Signed {
	t.Helper()
	s := stated(t, destroy)
	require.NoError(t, s.Sign(one, edwards(t)))
	require.NoError(t, s.Sign(other, p256(t)))
	return s
}

func TestSigned_IsVerifiedWithEitherKindOfKey(t *testing.T) {
	t.Parallel()
	s := signed(t)

	require.NoError(t, s.Verify())
	require.NoError(t, s.Says(destroy, subject, "ID-1"))
	said, err := s.Read()
	require.NoError(t, err)
	require.Equal(t, "ID-1", s.ID())
	require.Equal(t, []string{"destroy-card", subject}, []string{said.Act, said.Subject})
	require.Equal(t, until, said.Until)
	act, err := said.Does()
	require.NoError(t, err)
	require.Equal(t, destroy, act)
}

// What is signed is DSSE's encoding, so that other programs can verify it; a signature
// over the statement alone, or as another type, is none.
func TestSigned_SignsTheEncodingOfDSSE(t *testing.T) {
	t.Parallel()
	s := stated(t, hold)
	encoded := fmt.Appendf(nil, "DSSEv1 32 application/vnd.cancuoc.act+json %d %s", len(s.Statement), s.Statement)
	sum := sha256.Sum256(encoded)
	require.Equal(t, sum[:], s.Challenge())
	key := edwards(t)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	for message, fits := range map[string]bool{
		string(encoded):     true,
		string(s.Statement): false,
		strings.Replace(string(encoded), "act+json", "log+json", 1): false,
	} {
		s.Signatures = []statement.Signature{{Officer: one, Key: public, Value: ed25519.Sign(key, []byte(message))}}
		require.Equal(t, fits, s.Verify() == nil, message)
	}
}

func TestSign_RefusesOtherKeys(t *testing.T) {
	t.Parallel()
	s := stated(t, hold)
	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, key := range []crypto.Signer{large, old} {
		require.Error(t, s.Sign(one, key))
		require.Empty(t, s.Signatures)
	}
}

func TestVerify_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, s *statement.Signed)
		want  string
	}{
		"Nothing":   {func(_ *testing.T, s *statement.Signed) { *s = statement.Signed{} }, "statement: is missing"},
		"Unsigned":  {func(_ *testing.T, s *statement.Signed) { s.Signatures = nil }, "is not signed"},
		"Altered":   {func(_ *testing.T, s *statement.Signed) { s.Statement = replaced(s.Statement, "damaged", "spoiled") }, "the signature of SX-C06-0001 does not fit"},
		"AnotherID": {func(_ *testing.T, s *statement.Signed) { s.Statement = replaced(s.Statement, "ID-1", "ID-2") }, "the signature of SX-C06-0001 does not fit"},
		"MoreTime":  {func(_ *testing.T, s *statement.Signed) { s.Statement = replaced(s.Statement, "2026", "2027") }, "the signature of SX-C06-0001 does not fit"},
		"Forged":    {func(_ *testing.T, s *statement.Signed) { s.Signatures[1].Value[8] ^= 1 }, "the signature of SX-C06-0002 does not fit"},
		"Swapped": {func(_ *testing.T, s *statement.Signed) {
			s.Signatures[0].Key, s.Signatures[1].Key = s.Signatures[1].Key, s.Signatures[0].Key
		}, "does not fit"},
		"NoKey":        {func(_ *testing.T, s *statement.Signed) { s.Signatures[0].Key = nil }, "does not fit"},
		"NoSignature":  {func(_ *testing.T, s *statement.Signed) { s.Signatures[0].Value = nil }, "does not fit"},
		"KeyOfOther":   {func(t *testing.T, s *statement.Signed) { t.Helper(); s.Signatures[0].Key = public(t, edwards(t)) }, "does not fit"},
		"OneKeyTwice":  {func(t *testing.T, s *statement.Signed) { t.Helper(); twice(t, s, one, other) }, "is signed twice with one key"},
		"Twice":        {func(t *testing.T, s *statement.Signed) { t.Helper(); twice(t, s, one, one) }, "is signed twice with one key"},
		"Space":        {func(_ *testing.T, s *statement.Signed) { s.Signatures[0].Officer += " " }, "officer"},
		"LooksAlike":   {func(_ *testing.T, s *statement.Signed) { s.Signatures[0].Officer = "S\u0425-C06-0001" }, "officer"},
		"NotAPasskey":  {func(_ *testing.T, s *statement.Signed) { s.Signatures[0].Passkey = &statement.Passkey{} }, "does not fit"},
		"LargerCurve":  {func(t *testing.T, s *statement.Signed) { t.Helper(); withLargerCurve(t, s) }, "does not fit"},
		"Enormous":     {func(_ *testing.T, s *statement.Signed) { s.Statement = append(s.Statement, make([]byte, 512<<10)...) }, "is larger than 512 kB"},
		"NotJSON":      {func(_ *testing.T, s *statement.Signed) { s.Statement = []byte("{") }, "is not the JSON of a statement"},
		"MoreThanJSON": {func(_ *testing.T, s *statement.Signed) { s.Statement = append(s.Statement, " {}"...) }, "is not the JSON of a statement"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signed(t)
			tt.spoil(t, &s)
			require.ErrorContains(t, s.Verify(), tt.want)
		})
	}
}

func replaced(b []byte, from, to string) []byte {
	return []byte(strings.Replace(string(b), from, to, 1))
}

func public(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return b
}

// twice has one key sign under two badges.
func twice(t *testing.T, s *statement.Signed, badges ...identity.OfficerID) {
	t.Helper()
	key := p256(t) // whose signatures differ each time
	s.Signatures = nil
	for _, badge := range badges {
		require.NoError(t, s.Sign(badge, key))
	}
}

func withLargerCurve(t *testing.T, s *statement.Signed) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	value, err := ecdsa.SignASN1(rand.Reader, key, s.Challenge())
	require.NoError(t, err)
	s.Signatures[0].Key, s.Signatures[0].Value = public(t, key), value
}

// A statement is good for what it says, and for nothing else.
func TestSays_RefusesAnythingElse(t *testing.T) {
	t.Parallel()
	changed := func(change func(*identity.DestroyCard)) identity.Act {
		act := destroy
		change(&act)
		return act
	}
	const another = "does not say what is asked for"
	for name, tt := range map[string]struct {
		act         identity.Act
		subject, id string
		want        string
	}{
		"AnotherAct":      {hold, subject, "ID-1", another},
		"AnotherCard":     {changed(func(a *identity.DestroyCard) { a.Card = 2 }), subject, "ID-1", another},
		"AnotherReason":   {changed(func(a *identity.DestroyCard) { a.Reason += " " }), subject, "ID-1", another},
		"AnotherWitness":  {changed(func(a *identity.DestroyCard) { a.Witness = "SX-C06-0003" }), subject, "ID-1", another},
		"AnotherSubject":  {destroy, statement.Application("B7K2M-4QX9T-7"), "ID-1", another},
		"AKindOfSubject":  {destroy, statement.Consignment("B7K2M-4QX9T-6"), "ID-1", another},
		"AnotherID":       {destroy, subject, "ID-2", another},
		"WithoutAnID":     {destroy, subject, "", another},
		"UnderlyingWords": {destroy, strings.ToLower(subject), "ID-1", another},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := signed(t).Says(tt.act, tt.subject, tt.id)
			require.ErrorIs(t, err, identity.Forbidden)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// Who is named signs, and nobody else does.
func TestSays_NeedsTheSignatureOfEachOfficer(t *testing.T) {
	t.Parallel()
	for name, badges := range map[string][]identity.OfficerID{
		"Nobody": {}, "Alone": {one}, "TheWitnessAlone": {other}, "AnotherWitness": {one, "SX-C06-0003"}, "OneMore": {one, other, "SX-C06-0003"}, "OneTwice": {one, one},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stated(t, destroy)
			for _, badge := range badges {
				require.NoError(t, s.Sign(badge, edwards(t)))
			}
			err := s.Says(destroy, subject, "ID-1")
			require.ErrorIs(t, err, identity.Forbidden)
			require.ErrorContains(t, err, "must be signed by the officers whom it names, and by nobody else")
		})
	}
	s := stated(t, destroy)
	require.NoError(t, s.Sign(other, edwards(t)))
	require.NoError(t, s.Sign(one, edwards(t)))
	require.NoError(t, s.Says(destroy, subject, "ID-1"), "in any order")
}

// Which try at the reader it is the office says: the officer signs before that is known.
func TestSays_LeavesTheTryToTheOffice(t *testing.T) {
	t.Parallel()
	act := identity.HandOverCard{Officer: one, Method: identity.HandOverByFingerprint, Captured: statement.Digest(map[string][]byte{"finger-left-index": {1}})}
	s := stated(t, act)
	require.NoError(t, s.Sign(one, edwards(t)))
	act.Probe = 3
	require.NoError(t, s.Says(act, subject, "ID-1"))

	act.Captured = statement.Digest(map[string][]byte{"finger-left-index": {2}})
	require.Error(t, s.Says(act, subject, "ID-1"), "another finger")
}

func TestDigest_IsOfEachFileByItsName(t *testing.T) {
	t.Parallel()
	require.Nil(t, statement.Digest(nil))
	seen := make(map[string]string)
	for name, files := range map[string]map[string][]byte{
		"one": {"a": []byte("bc")}, "another split": {"ab": []byte("c")}, "two": {"a": []byte("b"), "c": nil}, "none in it": {"a": nil}, "another two": {"a": nil, "c": []byte("b")},
	} {
		digest := string(statement.Digest(files))
		require.Len(t, digest, sha256.Size)
		require.Empty(t, seen[digest], name)
		seen[digest] = name
	}
}

// authenticator is what a passkey lives in.
type authenticator struct{ key *ecdsa.PrivateKey }

// answer is what it gives to a browser, and its signature.
func (a authenticator) answer(t *testing.T, badge identity.OfficerID, typ, challenge string, flags byte) statement.Signature {
	t.Helper()
	p := statement.Passkey{
		AuthenticatorData: append(make([]byte, 32), flags, 0, 0, 0, 1),
		ClientData:        fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":"https://office.example","crossOrigin":false}`, typ, challenge),
	}
	client := sha256.Sum256(p.ClientData)
	sum := sha256.Sum256(slices.Concat(p.AuthenticatorData, client[:]))
	value, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	require.NoError(t, err)
	return statement.Signature{Officer: badge, Key: public(t, a.key), Value: value, Passkey: &p}
}

// A passkey signs the statement's hash, its user being there and known to it.
func TestVerify_Passkeys(t *testing.T) {
	t.Parallel()
	const presentAndVerified = 1<<0 | 1<<2
	s := stated(t, hold)
	right, get := base64.RawURLEncoding.EncodeToString(s.Challenge()), "webauthn.get"
	elsewhere, err := statement.New(hold, statement.Application("another"), "ID-1", until)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		typ, challenge string
		flags          byte
		fits           bool
	}{
		"Right":             {get, right, presentAndVerified, true},
		"RightAndBackedUp":  {get, right, presentAndVerified | 1<<3 | 1<<4, true},
		"OfARegistration":   {"webauthn.create", right, presentAndVerified, false},
		"AnotherStatement":  {get, base64.RawURLEncoding.EncodeToString(elsewhere.Challenge()), presentAndVerified, false},
		"NoChallenge":       {get, "", presentAndVerified, false},
		"Padded":            {get, right + "=", presentAndVerified, false},
		"NobodyThere":       {get, right, 1 << 2, false},
		"AnybodyThere":      {get, right, 1 << 0, false},
		"StatementAsItself": {get, string(s.Statement), presentAndVerified, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s
			s.Signatures = []statement.Signature{authenticator{p256(t)}.answer(t, one, tt.typ, tt.challenge, tt.flags)}
			require.Equal(t, tt.fits, s.Verify() == nil)
		})
	}
	answer := authenticator{p256(t)}.answer(t, one, get, right, presentAndVerified)
	for name, spoil := range map[string]func(*statement.Signature){
		"AnotherSite": func(g *statement.Signature) {
			g.Passkey.ClientData = replaced(g.Passkey.ClientData, "office", "0ffice")
		},
		"CounterSetBack":   func(g *statement.Signature) { g.Passkey.AuthenticatorData[36] = 0 },
		"NoAuthenticator":  func(g *statement.Signature) { g.Passkey.AuthenticatorData = g.Passkey.AuthenticatorData[:32] },
		"WithoutTheAnswer": func(g *statement.Signature) { g.Passkey = nil },
	} {
		spoiled, passkey := answer, *answer.Passkey
		passkey.AuthenticatorData = append([]byte(nil), passkey.AuthenticatorData...)
		spoiled.Passkey = &passkey
		spoil(&spoiled)
		s.Signatures = []statement.Signature{spoiled}
		require.Error(t, s.Verify(), name)
	}
}

func TestRead_Refuses(t *testing.T) {
	t.Parallel()
	whole := `{"id":"1","act":"hold","subject":"office","content":{},"until":"2026-11-23T09:30:00Z"}`
	but := func(from, to string) string { return strings.Replace(whole, from, to, 1) }
	for name, text := range map[string]string{
		"NoID": but(`"1"`, `""`), "LongID": but(`"1"`, `"`+strings.Repeat("1", 65)+`"`), "NoAct": but(`"hold"`, `""`),
		"NoSubject": but(`"office"`, `""`), "NoTime": but(`,"until":"2026-11-23T09:30:00Z"`, ``), "WrongTime": but("2026-11-23T", ""),
		"More": but(`{"id"`, `{"note":"","id"`), "Twice": but(`{"id":"1"`, `{"id":"2","id":"1"`), "CaseOfLetters": but(`"id"`, `"ID"`),
		"NulInID": but(`"1"`, `"1\u0000"`), "EscapeInAct": but("hold", `ho\u001bld`), "DirectionInSubject": but("office", `office\u202e`),
		"NulInContent": but("{}", `{"Box":"B\u0000"}`), "LargeNumber": but("{}", `{"Card":2147483648}`), "Fraction": but("{}", `{"Card":0.5}`),
	} {
		_, err := statement.Signed{Statement: []byte(text)}.Read()
		require.ErrorIs(t, err, identity.Invalid, name)
	}
	_, err := statement.Signed{Statement: []byte(whole)}.Read()
	require.NoError(t, err)
}

// An act whose content is not exactly its own is none.
func TestDoes_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ act, content, want string }{
		"NoSuchAct": {"issue", `{}`, "act: does not exist"},
		"NoContent": {"hold", ``, "content"},
		"AnyJSON":   {"hold", `[]`, "content"},
		"More":      {"approve", `{"Officer":"PD-001-0001","Reason":"","Remake":true}`, "content"},
		"Nobody":    {"approve", `{"Officer":"","Reason":""}`, "officer"},
		"AForgery":  {"approve", `{"Officer":"PD-001-0001","Reason":"a\u001b[2Kb"}`, "reason"},
		"OnePerson": {"destroy-card", `{"Officer":"SX-C06-0001","Witness":"SX-C06-0001","Card":1,"Reason":"damaged"}`, "officers"},
	} {
		_, err := statement.Statement{Act: tt.act, Content: []byte(tt.content)}.Does()
		require.ErrorContains(t, err, tt.want, name)
	}
}

// Whatever comes in, what is read is whole, and an act says the same when it is stated again.
func FuzzSigned_ReadAndDo(f *testing.F) {
	for _, act := range []identity.Act{destroy, hold, identity.RegisterOfficer{By1: one, By2: other, Key: []byte{1}}} {
		s, err := statement.New(act, subject, "ID-1", until)
		require.NoError(f, err)
		f.Add(s.Statement)
	}
	f.Add([]byte(`{"id":"1","act":"hold","subject":"office","content":{},"until":"2026-11-23T09:30:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := statement.Signed{Statement: text}
		said, err := s.Read()
		if err != nil {
			require.Empty(t, s.ID())
			return
		}
		require.Equal(t, said.ID, s.ID())
		require.NotContains(t, []string{said.ID, said.Act, said.Subject}, "")
		act, err := said.Does()
		if err != nil {
			require.NotEmpty(t, identity.Refusals(err))
			return
		}
		require.Equal(t, said.Act, act.ActName())
		again, err := statement.New(act, said.Subject, said.ID, until)
		require.NoError(t, err)
		require.NoError(t, again.Sign("A", edwards(t)))
		restated, err := again.Read()
		require.NoError(t, err)
		same, err := restated.Does()
		require.NoError(t, err)
		require.Equal(t, act, same)
	})
}
