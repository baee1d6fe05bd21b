package chip

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/des"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // the hash of ISO/IEC 9796-2 trailer BC, by crypto.SHA1
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// ErrNotGenuine is a chip that cannot prove that it has the key it claims.
var ErrNotGenuine = errors.New("the chip does not prove that it is genuine")

// notGenuine makes an ErrNotGenuine with its reason.
func notGenuine(err error) error { return fmt.Errorf("%w: %w", ErrNotGenuine, err) }

// chipKeySize is the size of the session keys, in bytes, of a Chip Authentication
// protocol with ECDH; 0 for any other. With 3DES the size is 16 and tdes is true.
func chipKeySize(protocol asn1.ObjectIdentifier) (size int, tdes bool) {
	switch protocol.String() {
	case "0.4.0.127.0.7.2.2.3.2.1":
		return 16, true
	case "0.4.0.127.0.7.2.2.3.2.2":
		return 16, false
	case "0.4.0.127.0.7.2.2.3.2.3":
		return 24, false
	case "0.4.0.127.0.7.2.2.3.2.4":
		return 32, false
	}
	return 0, false
}

// chooseChipKey finds the first announced protocol that is known here, and the key
// that it goes with.
func chooseChipKey(infos lds.SecurityInfos) (lds.ChipAuthenticationInfo, *ecdsa.PublicKey, error) {
	for _, info := range infos.ChipAuthentication {
		if size, _ := chipKeySize(info.Protocol); size == 0 {
			continue
		}
		for _, k := range infos.ChipAuthenticationKeys {
			if k.KeyID == info.KeyID {
				return info, k.Key, nil
			}
		}
	}
	return lds.ChipAuthenticationInfo{}, nil, notGenuine(errors.New("EF.DG14 names no key for Chip Authentication that is known here"))
}

// chipAuthenticate is Chip Authentication (ICAO Doc 9303-11 section 6.2): new keys
// for secure messaging, agreed with the static key of EF.DG14. The first response
// under them proves the chip.
func chipAuthenticate(ctx context.Context, s *session, infos lds.SecurityInfos, random io.Reader) (*session, error) {
	info, static, err := chooseChipKey(infos)
	if err != nil {
		return nil, err
	}
	key, err := curve.GenerateKey(static.Curve, random)
	if err != nil {
		return nil, &fault{err}
	}
	point, err := curve.MarshalPoint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	if err := sendChipKey(ctx, s, info, point); err != nil {
		return nil, notGenuine(err)
	}
	shared, err := curve.ECDH(key, static)
	if err != nil {
		return nil, notGenuine(err)
	}
	renewed := &session{line: s.line, extended: s.extended, unproven: true, objects: s.objects}
	size, tdes := chipKeySize(info.Protocol)
	if tdes {
		renewed.ssc = make([]byte, des.BlockSize)
		renewed.suite, err = newDESSuite(shared)
	} else {
		renewed.ssc = make([]byte, aes.BlockSize)
		renewed.suite, err = newAESSuite(shared, size)
	}
	return renewed, err
}

// sendChipKey sends the terminal's ephemeral key: in one command with 3DES, in two
// with AES.
func sendChipKey(ctx context.Context, to channel, info lds.ChipAuthenticationInfo, point []byte) error {
	var keyID []byte
	if info.KeyID >= 0 {
		keyID = tlv.Encode(0x84, new(big.Int).SetInt64(int64(info.KeyID)).FillBytes(make([]byte, keyIDSize(info.KeyID))))
	}
	if _, tdes := chipKeySize(info.Protocol); tdes {
		data := append(tlv.Encode(0x91, point), keyID...)
		_, err := ask(ctx, to, "agree on Chip Authentication", apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA6, Data: data})
		return err
	}
	oid, err := rawOID(info.Protocol)
	if err != nil {
		return err
	}
	data := append(tlv.Encode(0x80, oid), keyID...)
	if _, err := ask(ctx, to, "set Chip Authentication", apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA4, Data: data}); err != nil {
		return err
	}
	c := apdu.Command{INS: 0x86, Data: tlv.Encode(0x7C, tlv.Encode(0x80, point)), Le: apdu.MaxShortLe}
	_, err = ask(ctx, to, "agree on Chip Authentication", c)
	return err
}

// keyIDSize is how many bytes a key's number takes.
func keyIDSize(id int) int {
	if id <= 0xFF {
		return 1
	}
	return (big.NewInt(int64(id)).BitLen() + 7) / 8
}

// activeAuthenticate is Active Authentication (ICAO Doc 9303-11 section 6.1): the
// chip signs a challenge with the key of EF.DG15.
func activeAuthenticate(ctx context.Context, to channel, key crypto.PublicKey, infos lds.SecurityInfos, random io.Reader) error {
	challenge, err := draw(random, challengeSize)
	if err != nil {
		return err
	}
	signature, err := ask(ctx, to, "internal authenticate", apdu.Command{INS: 0x88, Data: challenge, Le: apdu.MaxShortLe})
	if err != nil {
		return notGenuine(err)
	}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return checkPlain(key, infos, challenge, signature)
	case *rsa.PublicKey:
		return checkRecoverable(key, challenge, signature)
	}
	return notGenuine(errors.New("EF.DG15 has a key of an unknown kind"))
}

// checkPlain checks an ECDSA signature r || s. EF.DG14 says by which hash, which
// must be no shorter than the curve.
func checkPlain(key *ecdsa.PublicKey, infos lds.SecurityInfos, challenge, signature []byte) error {
	if len(infos.ActiveAuthentication) == 0 || infos.ActiveAuthentication[0].Hash == 0 {
		return notGenuine(errors.New("EF.DG14 does not say by which hash the chip signs"))
	}
	hash := infos.ActiveAuthentication[0].Hash
	if bits := key.Params().N.BitLen(); bits > 8*hash.Size() && bits != 521 { // no hash is as long as P-521
		return notGenuine(errors.New("the key of EF.DG15 is on a curve larger than its hash"))
	}
	h := hash.New()
	h.Write(challenge)
	if err := curve.VerifyPlain(key, h.Sum(nil), signature); err != nil {
		return notGenuine(err)
	}
	return nil
}

// Moduli of RSA that are computed with, in bits: a modulus of the chip's choosing
// must not hold the reader for ever.
const (
	minModulus = 1024
	maxModulus = 4096
)

// checkRecoverable checks a signature with message recovery, ISO/IEC 9796-2
// scheme 1: the challenge is the part of the message that is not recovered.
func checkRecoverable(key *rsa.PublicKey, challenge, signature []byte) error {
	wrong := notGenuine(curve.ErrSignature)
	if bits := key.N.BitLen(); bits < minModulus || bits > maxModulus {
		return notGenuine(fmt.Errorf("EF.DG15 has a modulus of %d bits", bits))
	}
	s := new(big.Int).SetBytes(signature)
	if len(signature) != key.Size() || s.Cmp(key.N) >= 0 {
		return wrong
	}
	f := s.Exp(s, big.NewInt(int64(key.E)), key.N)
	if f.Bit(0) != 0 { // every trailer ends in the nibble 12; the signer may have taken the modulus less that
		f.Sub(key.N, f)
	}
	m := f.FillBytes(make([]byte, key.Size()))
	hash, trailer := hashOfTrailer(m[len(m)-2], m[len(m)-1])
	if hash == 0 {
		return wrong
	}
	end := len(m) - trailer - hash.Size()
	if m[0] != 0x6A || end < 1 { // 6A: some of the message is recovered, in whole bytes
		return wrong
	}
	h := hash.New()
	h.Write(m[1:end])
	h.Write(challenge)
	if !bytes.Equal(h.Sum(nil), m[end:end+hash.Size()]) {
		return wrong
	}
	return nil
}

// hashOfTrailer reads the last bytes of a representative and says how many of them
// are the trailer (ISO/IEC 9796-2; ISO/IEC 10118-3 for the numbers).
func hashOfTrailer(before, last byte) (crypto.Hash, int) {
	if last == 0xBC {
		return crypto.SHA1, 1
	}
	if last != 0xCC {
		return 0, 0
	}
	switch before {
	case 0x33:
		return crypto.SHA1, 2
	case 0x34:
		return crypto.SHA256, 2
	case 0x35:
		return crypto.SHA512, 2
	case 0x36:
		return crypto.SHA384, 2
	case 0x38:
		return crypto.SHA224, 2
	}
	return 0, 0
}
