//go:build pkcs11

package keys

import (
	"crypto"
	"crypto/aes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sync"

	"github.com/miekg/pkcs11"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// token is a Store in a token of an HSM. Keys are made in it, marked sensitive
// and not extractable, and never leave it; card keys are derived by AES-CMAC
// inside it. It uses miekg/pkcs11 because ThalesGroup/crypto11 has neither
// Brainpool curves nor CMAC.
type token struct {
	module      *pkcs11.Ctx
	slot        uint
	pin         string
	sessions    chan pkcs11.SessionHandle // 0: to be opened
	initialized bool                      // by this token, which then finalizes

	gate   sync.RWMutex // held for reading by every call to the module, so that Close waits for them
	closed bool

	mu      sync.Mutex
	signers map[string]*tokenSigner
	masters map[string]pkcs11.ObjectHandle
}

// defaultSessions keeps a network HSM busy. It wants at most 30 requests in flight
// from each process.
const defaultSessions = 16

// OpenPKCS11 opens a token, logs in and opens its sessions.
func OpenPKCS11(h HSM) (Store, error) {
	if h.Sessions == 0 {
		h.Sessions = defaultSessions
	}
	module := pkcs11.New(h.Module)
	if module == nil {
		return nil, fmt.Errorf("open HSM: %s cannot be loaded", h.Module)
	}
	t := &token{
		module: module, pin: h.PIN, sessions: make(chan pkcs11.SessionHandle, h.Sessions),
		signers: make(map[string]*tokenSigner), masters: make(map[string]pkcs11.ObjectHandle),
	}
	if err := t.open(h); err != nil {
		return nil, errors.Join(fmt.Errorf("open HSM: %w", err), t.Close())
	}
	return t, nil
}

// open initializes the module, finds the token and fills the pool.
func (t *token) open(h HSM) error {
	switch err := t.module.Initialize(); {
	case err == nil:
		t.initialized = true
	case !errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)):
		return err
	}
	slots, err := t.module.GetSlotList(true)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(slots, func(slot uint) bool {
		info, err := t.module.GetTokenInfo(slot)
		return err == nil && info.Label == h.Token
	})
	if i < 0 {
		return fmt.Errorf("there is no token %q", h.Token)
	}
	t.slot = slots[i]
	for range h.Sessions {
		session, err := t.openSession()
		if err != nil {
			return err
		}
		t.sessions <- session
	}
	return nil
}

// openSession opens a session and logs in, which counts for all sessions of the
// process.
func (t *token) openSession() (pkcs11.SessionHandle, error) {
	session, err := t.module.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return 0, fmt.Errorf("open session: %w", err)
	}
	err = t.module.Login(session, pkcs11.CKU_USER, t.pin)
	if err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
		return 0, errors.Join(fmt.Errorf("log in: %w", err), t.module.CloseSession(session))
	}
	return session, nil
}

// with lends a session to do. A session in which do failed is closed, and another
// is opened in its place when it is needed, so that an HSM that was gone for a
// while is used again without a restart.
func (t *token) with(do func(pkcs11.SessionHandle) error) error {
	t.gate.RLock()
	defer t.gate.RUnlock()
	if t.closed {
		return errors.New("the HSM is closed")
	}
	session := <-t.sessions
	if session == 0 {
		var err error
		if session, err = t.openSession(); err != nil {
			t.sessions <- 0
			return err
		}
	}
	err := do(session)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrExists) {
		_ = t.module.CloseSession(session) // it may be gone already
		session = 0
	}
	t.sessions <- session
	return err
}

// Close waits for the calls in flight, closes all sessions and unloads the module.
// A second call does nothing.
func (t *token) Close() error {
	t.gate.Lock()
	defer t.gate.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	for range len(t.sessions) {
		if session := <-t.sessions; session != 0 {
			_ = t.module.CloseSession(session) // it may be gone already
		}
	}
	var err error
	if t.initialized {
		err = t.module.Finalize()
	}
	t.module.Destroy()
	return err
}

// find finds the only object of that class and label. The error is ErrNotFound
// where there is none.
func (t *token) find(session pkcs11.SessionHandle, class uint, label string) (pkcs11.ObjectHandle, error) {
	err := t.module.FindObjectsInit(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	})
	if err != nil {
		return 0, err
	}
	found, _, err := t.module.FindObjects(session, 2)
	err = errors.Join(err, t.module.FindObjectsFinal(session))
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, ErrNotFound
	case len(found) > 1:
		return 0, errors.New("the token has two keys with this label")
	}
	return found[0], nil
}

// Signer gives the signing key with that label.
func (t *token) Signer(label string) (crypto.Signer, error) {
	if err := checkLabel(label); err != nil {
		return nil, about(label, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.signers[label]; ok {
		return s, nil
	}
	s := &tokenSigner{token: t, label: label}
	err := t.with(func(session pkcs11.SessionHandle) error {
		var err error
		if s.private, err = t.find(session, pkcs11.CKO_PRIVATE_KEY, label); err != nil {
			return err
		}
		s.public, err = t.publicKey(session, label)
		return err
	})
	if err != nil {
		return nil, about(label, err)
	}
	t.signers[label] = s
	return s, nil
}

// publicKey reads a public key. Its point is in an OCTET STRING (PKCS#11 2.40,
// 2.3.3), or bare in some HSMs.
func (t *token) publicKey(session pkcs11.SessionHandle, label string) (*ecdsa.PublicKey, error) {
	object, err := t.find(session, pkcs11.CKO_PUBLIC_KEY, label)
	if err != nil {
		return nil, err
	}
	attributes, err := t.module.GetAttributeValue(session, object, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, nil),
		pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil),
	})
	if err != nil {
		return nil, err
	}
	var oid asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(attributes[0].Value, &oid); err != nil || len(rest) > 0 {
		return nil, errors.New("the token's public key does not name its curve")
	}
	c, err := curve.ByOID(oid)
	if err != nil {
		return nil, err
	}
	point := attributes[1].Value
	var inner []byte
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 {
		point = inner
	}
	return curve.ParsePoint(c, point)
}

// Generate makes a signing key in the token.
func (t *token) Generate(label string, c elliptic.Curve) (crypto.Signer, error) {
	if err := checkLabel(label); err != nil {
		return nil, about(label, err)
	}
	oid, err := curve.OID(c)
	if err != nil {
		return nil, about(label, err)
	}
	parameters, err := asn1.Marshal(oid)
	if err != nil {
		return nil, about(label, err)
	}
	if err := t.with(func(session pkcs11.SessionHandle) error { return t.generate(session, label, parameters) }); err != nil {
		return nil, about(label, err)
	}
	return t.Signer(label)
}

// generate makes a key pair unless there is one with that label.
func (t *token) generate(session pkcs11.SessionHandle, label string, parameters []byte) error {
	if err := t.absent(session, pkcs11.CKO_PRIVATE_KEY, label); err != nil {
		return err
	}
	_, _, err := t.module.GenerateKeyPair(session,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)},
		[]*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
			pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
			pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
			pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, parameters),
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
			pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(label)),
		},
		secretAttributes(pkcs11.CKO_PRIVATE_KEY, pkcs11.CKK_EC, label))
	return err
}

// secretAttributes are those of a key that signs and never leaves the token.
func secretAttributes(class, keyType uint, label string) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(label)),
	}
}

// absent checks that there is no object of that class and label. The error is
// ErrExists where there is one.
func (t *token) absent(session pkcs11.SessionHandle, class uint, label string) error {
	_, err := t.find(session, class, label)
	switch {
	case err == nil:
		return ErrExists
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// EnsureMaster makes an AES-256 master key in the token unless there is one.
func (t *token) EnsureMaster(label string) error {
	if err := checkLabel(label); err != nil {
		return about(label, err)
	}
	err := t.with(func(session pkcs11.SessionHandle) error {
		if err := t.absent(session, pkcs11.CKO_SECRET_KEY, label); err != nil {
			return err
		}
		_, err := t.module.GenerateKey(session,
			[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)},
			append(secretAttributes(pkcs11.CKO_SECRET_KEY, pkcs11.CKK_AES, label),
				pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, masterSize)))
		return err
	})
	if errors.Is(err, ErrExists) {
		return nil
	}
	return about(label, err)
}

// Import has the token unwrap a master key, which is never outside it. The key-encryption key is
// in the token for as long as that takes.
func (t *token) Import(label string, by identity.Diversification, k Wrapped) error {
	if err := errors.Join(checkLabel(label), k.checkSize(by)); err != nil {
		return about(label, err)
	}
	return about(label, t.with(func(session pkcs11.SessionHandle) error {
		under, err := t.module.CreateObject(session, append(forNow(pkcs11.CKK_AES),
			pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true), pkcs11.NewAttribute(pkcs11.CKA_VALUE, k.Under)))
		if err != nil {
			return fmt.Errorf("key-encryption key: %w", err)
		}
		defer t.module.DestroyObject(session, under)
		tried, err := t.unwrap(session, under, k.Key, append(forNow(keyTypeOf(by, len(k.Key)-wrapping)), pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true)))
		if err != nil {
			return err
		}
		defer t.module.DestroyObject(session, tried)
		if err := t.check(session, tried, by, k.Check); err != nil {
			return err
		}
		if checkKey(by, make([]byte, len(k.Key)-wrapping), k.Check) == nil { // a key of zeros has this check value
			return ErrWeak
		}
		there, err := t.find(session, pkcs11.CKO_SECRET_KEY, label)
		switch {
		case err == nil && t.check(session, there, by, k.Check) == nil:
			return nil
		case err == nil:
			return ErrExists
		case !errors.Is(err, ErrNotFound):
			return err
		}
		as := append(secretAttributes(pkcs11.CKO_SECRET_KEY, keyTypeOf(by, len(k.Key)-wrapping), label), pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true))
		if by == identity.Undivided {
			as = readable(as)
		}
		_, err = t.unwrap(session, under, k.Key, as)
		return err
	}))
}

// forNow are the attributes of a key that is used in one session, and for no longer.
func forNow(keyType uint) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
	}
}

// readable lets the token give the value of a key: one that is not diversified is itself in
// every chip, and opens their channels outside the token.
func readable(attributes []*pkcs11.Attribute) []*pkcs11.Attribute {
	for i, a := range attributes {
		switch a.Type {
		case pkcs11.CKA_SENSITIVE:
			attributes[i] = pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false)
		case pkcs11.CKA_EXTRACTABLE:
			attributes[i] = pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true)
		}
	}
	return attributes
}

// keyTypeOf is the type of a master key of that many bytes.
func keyTypeOf(by identity.Diversification, size int) uint {
	switch {
	case by != identity.ByEMV:
		return pkcs11.CKK_AES
	case size == 16:
		return pkcs11.CKK_DES2
	}
	return pkcs11.CKK_DES3
}

// unwrap makes a key in the token of a wrapped one.
func (t *token) unwrap(session pkcs11.SessionHandle, under pkcs11.ObjectHandle, wrapped []byte, as []*pkcs11.Attribute) (pkcs11.ObjectHandle, error) {
	key, err := t.module.UnwrapKey(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP, nil)}, under, wrapped, as)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrWrapped, err)
	}
	return key, nil
}

// check compares a key in the token with a key check value.
func (t *token) check(session pkcs11.SessionHandle, key pkcs11.ObjectHandle, by identity.Diversification, value []byte) error {
	mechanism := uint(pkcs11.CKM_AES_ECB)
	if by == identity.ByEMV {
		mechanism = pkcs11.CKM_DES3_ECB
	}
	return compare(by, value, func(block []byte) ([]byte, error) { return t.encrypt(session, mechanism, key, block) })
}

// encrypt has the token encrypt blocks.
func (t *token) encrypt(session pkcs11.SessionHandle, mechanism uint, key pkcs11.ObjectHandle, blocks []byte) ([]byte, error) {
	if err := t.module.EncryptInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, key); err != nil {
		return nil, err
	}
	return t.module.Encrypt(session, blocks)
}

// mac has the token compute AES-CMAC.
func (t *token) mac(session pkcs11.SessionHandle, key pkcs11.ObjectHandle, message []byte) ([]byte, error) {
	if err := t.module.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_CMAC, nil)}, key); err != nil {
		return nil, err
	}
	return t.module.Sign(session, message)
}

// CheckValue shows which master key there is.
func (t *token) CheckValue(label string) ([]byte, error) {
	var check []byte
	err := t.withMaster(label, func(key secret) error {
		mac, err := key.mac(make([]byte, aes.BlockSize))
		if err == nil {
			check = mac[:3]
		}
		return err
	})
	return check, err
}

// CardKeys derives a chip's key set: the token computes the CMACs under the master
// key.
func (t *token) CardKeys(master string, of identity.ChipKey, serial []byte) (securechannel.KeySet, error) {
	var k securechannel.KeySet
	err := t.withMaster(master, func(key secret) error {
		var err error
		k, err = key.keySet(of, serial)
		return err
	})
	return k, err
}

// withMaster lends what the master key with that label does.
func (t *token) withMaster(label string, do func(secret) error) error {
	if err := checkLabel(label); err != nil {
		return about(label, err)
	}
	key, err := t.master(label)
	if err != nil {
		return about(label, err)
	}
	err = t.with(func(session pkcs11.SessionHandle) error {
		return do(secret{
			mac:     func(message []byte) ([]byte, error) { return t.mac(session, key, message) },
			encrypt: func(blocks []byte) ([]byte, error) { return t.encrypt(session, pkcs11.CKM_DES3_ECB, key, blocks) },
			value: func() ([]byte, error) {
				a, err := t.module.GetAttributeValue(session, key, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
				if err != nil {
					return nil, err
				}
				return a[0].Value, nil
			},
		})
	})
	if err != nil {
		t.forgetMaster(label)
	}
	return about(label, err)
}

// master finds a master key.
func (t *token) master(label string) (pkcs11.ObjectHandle, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if key, ok := t.masters[label]; ok {
		return key, nil
	}
	var key pkcs11.ObjectHandle
	err := t.with(func(session pkcs11.SessionHandle) error {
		var err error
		key, err = t.find(session, pkcs11.CKO_SECRET_KEY, label)
		return err
	})
	if err == nil {
		t.masters[label] = key
	}
	return key, err
}

// forgetMaster makes the next derivation look the key up again: after a failover
// its handle may have changed.
func (t *token) forgetMaster(label string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.masters, label)
}

// tokenSigner is a private key in the token.
type tokenSigner struct {
	token  *token
	label  string
	public *ecdsa.PublicKey

	mu      sync.Mutex
	private pkcs11.ObjectHandle
}

// Public gives the public key.
func (s *tokenSigner) Public() crypto.PublicKey { return s.public }

// Sign signs a digest by ECDSA, as DER, with the token's own random numbers. A key
// whose handle is no longer valid is looked up once more.
func (s *tokenSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts != nil && opts.HashFunc() != 0 && len(digest) != opts.HashFunc().Size() {
		return nil, about(s.label, fmt.Errorf("the digest has %d bytes, not the %d of its hash", len(digest), opts.HashFunc().Size()))
	}
	order := (s.public.Params().N.BitLen() + 7) / 8
	digest = digest[:min(len(digest), order)]
	plain, err := s.sign(digest)
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_KEY_HANDLE_INVALID)) || errors.Is(err, pkcs11.Error(pkcs11.CKR_OBJECT_HANDLE_INVALID)) {
		if err = s.lookUp(); err == nil {
			plain, err = s.sign(digest)
		}
	}
	if err != nil {
		return nil, about(s.label, err)
	}
	if len(plain) != 2*order {
		return nil, about(s.label, fmt.Errorf("the token's signature has %d bytes, not %d", len(plain), 2*order))
	}
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(plain[:order]), new(big.Int).SetBytes(plain[order:]),
	})
}

// sign has the token sign.
func (s *tokenSigner) sign(digest []byte) (plain []byte, err error) {
	s.mu.Lock()
	private := s.private
	s.mu.Unlock()
	err = s.token.with(func(session pkcs11.SessionHandle) error {
		mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)}
		if err := s.token.module.SignInit(session, mechanism, private); err != nil {
			return err
		}
		var err error
		plain, err = s.token.module.Sign(session, digest)
		return err
	})
	return plain, err
}

// lookUp finds the private key again.
func (s *tokenSigner) lookUp() error {
	return s.token.with(func(session pkcs11.SessionHandle) error {
		private, err := s.token.find(session, pkcs11.CKO_PRIVATE_KEY, s.label)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.private = private
		return nil
	})
}
