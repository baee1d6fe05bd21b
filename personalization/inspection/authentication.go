package inspection

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // ISO/IEC 9796-2 trailer BC
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"

	"example.org/cancuoc/personalization/apdu"
	"example.org/cancuoc/personalization/curve"
	"example.org/cancuoc/personalization/lds"
	"example.org/cancuoc/personalization/tlv"
)

// ErrNotGenuine is a chip that cannot prove that it has the key it claims.
var ErrNotGenuine = errors.New("the chip is not genuine")

// chipKeySizes are the Chip Authentication protocols with ECDH and AES, by OID.
var chipKeySizes = map[string]int{
	"0.4.0.127.0.7.2.2.3.2.2": 16,
	"0.4.0.127.0.7.2.2.3.2.3": 24,
	"0.4.0.127.0.7.2.2.3.2.4": 32,
}

// chipAuthenticate is Chip Authentication (ICAO Doc 9303-11 section 6.2): new keys
// for secure messaging, agreed with the static key of EF.DG14. The first command
// under them proves the chip.
func chipAuthenticate(ctx context.Context, s *session, infos lds.SecurityInfos, random io.Reader) (*session, error) {
	if len(infos.ChipAuthentication) == 0 || len(infos.ChipAuthenticationKeys) == 0 {
		return nil, fmt.Errorf("%w: EF.DG14 names no key for Chip Authentication", ErrNotGenuine)
	}
	info, static := infos.ChipAuthentication[0], infos.ChipAuthenticationKeys[0]
	size, known := chipKeySizes[info.Protocol.String()]
	if !known {
		return nil, fmt.Errorf("%w: Chip Authentication protocol %s is not known here", ErrNotGenuine, info.Protocol)
	}
	oid, err := rawOID(info.Protocol)
	if err != nil {
		return nil, err
	}
	data := tlv.Encode(0x80, oid)
	if info.KeyID >= 0 {
		data = append(data, tlv.Encode(0x84, []byte{byte(info.KeyID & 0xFF)})...)
	}
	if _, err := send(ctx, s, "set Chip Authentication", apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA4, Data: data}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotGenuine, err)
	}
	key, err := curve.GenerateKey(static.Key.Curve, random)
	if err != nil {
		return nil, err
	}
	mine, err := curve.MarshalPoint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	c := apdu.Command{INS: 0x86, Data: tlv.Encode(0x7C, tlv.Encode(0x80, mine)), Le: 256}
	if _, err := send(ctx, s, "agree on Chip Authentication", c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotGenuine, err)
	}
	shared, err := curve.ECDH(key, static.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotGenuine, err)
	}
	suite, err := newAESSuite(shared, size)
	if err != nil {
		return nil, err
	}
	return &session{card: s.card, suite: suite, ssc: make([]byte, aes.BlockSize)}, nil
}

// activeAuthenticate is Active Authentication (ICAO Doc 9303-11 section 6.1): the
// chip signs a challenge with the key of EF.DG15.
func activeAuthenticate(ctx context.Context, card apdu.Card, key crypto.PublicKey, infos lds.SecurityInfos, random io.Reader) error {
	challenge := make([]byte, 8)
	if _, err := io.ReadFull(random, challenge); err != nil {
		return fmt.Errorf("draw challenge: %w", err)
	}
	signature, err := send(ctx, card, "internal authenticate", apdu.Command{INS: 0x88, Data: challenge, Le: 256})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotGenuine, err)
	}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		hash := crypto.SHA256
		if len(infos.ActiveAuthentication) > 0 && infos.ActiveAuthentication[0].Hash != 0 {
			hash = infos.ActiveAuthentication[0].Hash
		}
		h := hash.New()
		h.Write(challenge)
		if err := curve.VerifyPlain(key, h.Sum(nil), signature); err != nil {
			return fmt.Errorf("%w: Active Authentication: %w", ErrNotGenuine, err)
		}
		return nil
	case *rsa.PublicKey:
		return recover9796(key, signature, challenge)
	}
	return fmt.Errorf("%w: EF.DG15 has a key of an unknown kind", ErrNotGenuine)
}

// recover9796 verifies a signature with message recovery, ISO/IEC 9796-2 scheme 1,
// with SHA-1 (trailer BC) or SHA-256 (trailer 34CC), as Active Authentication with
// RSA uses it.
func recover9796(key *rsa.PublicKey, signature, challenge []byte) error {
	wrong := fmt.Errorf("%w: Active Authentication: the signature is wrong", ErrNotGenuine)
	s := new(big.Int).SetBytes(signature)
	if s.Cmp(key.N) >= 0 {
		return wrong
	}
	m := new(big.Int).Exp(s, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	hash, trailer := crypto.SHA1, 1
	if m[len(m)-1] == 0xCC {
		hash, trailer = crypto.SHA256, 2
		if m[len(m)-2] != 0x34 {
			return wrong
		}
	} else if m[len(m)-1] != 0xBC {
		return wrong
	}
	end := len(m) - trailer - hash.Size()
	if m[0] != 0x6A || end < 1 {
		return wrong
	}
	recovered := append(bytes.Clone(m[1:end]), challenge...)
	var digest []byte
	if hash == crypto.SHA1 {
		sum := sha1.Sum(recovered) //nolint:gosec // the chip chose it
		digest = sum[:]
	} else {
		sum := sha256.Sum256(recovered)
		digest = sum[:]
	}
	if !bytes.Equal(digest, m[end:end+hash.Size()]) {
		return wrong
	}
	return nil
}
