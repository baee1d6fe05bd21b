package chip

import (
	"context"
	"crypto/aes"
	"crypto/des"
	"crypto/ecdsa"
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
		_, err := ask(ctx, to, "agree on Chip Authentication", apdu.Command{INS: apdu.ManageSecurityEnvironment, P1: 0x41, P2: 0xA6, Data: data})
		return err
	}
	oid, err := rawOID(info.Protocol)
	if err != nil {
		return err
	}
	data := append(tlv.Encode(0x80, oid), keyID...)
	if _, err := ask(ctx, to, "set Chip Authentication", apdu.Command{INS: apdu.ManageSecurityEnvironment, P1: 0x41, P2: 0xA4, Data: data}); err != nil {
		return err
	}
	c := apdu.Command{INS: apdu.GeneralAuthenticate, Data: tlv.Encode(0x7C, tlv.Encode(0x80, point)), Le: apdu.MaxShortLe}
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
