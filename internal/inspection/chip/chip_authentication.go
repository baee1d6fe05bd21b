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

// ErrAuthentication means a chip that does not prove that it has its private key.
var ErrAuthentication = errors.New("the chip does not prove that it is genuine")

// failed makes an ErrAuthentication with its reason.
func failed(err error) error { return fmt.Errorf("%w: %w", ErrAuthentication, err) }

// chipKeySize is the size of the session keys, in bytes, of a Chip Authentication
// protocol with ECDH; 0 for other protocols. With 3DES it is 16, and tdes is true.
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

// chooseChipKey finds the first announced protocol that is supported, and its key.
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
	return lds.ChipAuthenticationInfo{}, nil, failed(errors.New("EF.DG14 does not have a key for a supported protocol of Chip Authentication"))
}

// chipAuthenticate is Chip Authentication (ICAO Doc 9303-11 section 6.2): new session
// keys, agreed on with the static key in EF.DG14. The first response with them proves
// that the chip has its private key.
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
		return nil, failed(err)
	}
	shared, err := curve.ECDH(key, static)
	if err != nil {
		return nil, failed(err)
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

// sendChipKey sends the terminal's ephemeral key, with 3DES in one command, with AES
// in two.
func sendChipKey(ctx context.Context, to channel, info lds.ChipAuthenticationInfo, point []byte) error {
	var keyID []byte
	if info.KeyID >= 0 {
		keyID = tlv.Encode(0x84, new(big.Int).SetInt64(int64(info.KeyID)).FillBytes(make([]byte, keyIDSize(info.KeyID))))
	}
	if _, tdes := chipKeySize(info.Protocol); tdes {
		data := append(tlv.Encode(0x91, point), keyID...)
		_, err := ask(ctx, to, "MSE:Set KAT for Chip Authentication", apdu.Command{INS: apdu.ManageSecurityEnvironment, P1: 0x41, P2: 0xA6, Data: data})
		return err
	}
	oid, err := rawOID(info.Protocol)
	if err != nil {
		return err
	}
	data := append(tlv.Encode(0x80, oid), keyID...)
	if _, err := ask(ctx, to, "MSE:Set AT for Chip Authentication", apdu.Command{INS: apdu.ManageSecurityEnvironment, P1: 0x41, P2: 0xA4, Data: data}); err != nil {
		return err
	}
	c := apdu.Command{INS: apdu.GeneralAuthenticate, Data: tlv.Encode(0x7C, tlv.Encode(0x80, point)), Le: apdu.MaxShortLe}
	_, err = ask(ctx, to, "GENERAL AUTHENTICATE", c)
	return err
}

// keyIDSize is how many bytes a key identifier takes.
func keyIDSize(id int) int {
	if id <= 0xFF {
		return 1
	}
	return (big.NewInt(int64(id)).BitLen() + 7) / 8
}
