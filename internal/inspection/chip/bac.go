package chip

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
)

// ErrAccess means a chip that does not give access, because the password is wrong or
// because the chip does not prove that it has it.
var ErrAccess = errors.New("access to the chip was refused")

// denied makes an ErrAccess with its reason, which may be a fault.
func denied(err error) error { return fmt.Errorf("%w: %w", ErrAccess, err) }

// Lengths of Basic Access Control in bytes.
const (
	challengeSize = 8
	keyHalfSize   = 16
	tokenSize     = 2*challengeSize + keyHalfSize // in plain and encrypted
)

// basicAccess is Basic Access Control (ICAO Doc 9303-11 section 4.3), after the eMRTD
// application was selected.
func basicAccess(ctx context.Context, to *plainChannel, mrzInformation string, random io.Reader) (*session, error) {
	keys, err := newDESSuite(seedOf(mrzInformation)[:16])
	if err != nil {
		return nil, err
	}
	challenge, err := ask(ctx, to, "GET CHALLENGE", apdu.Command{INS: apdu.GetChallenge, Le: challengeSize})
	if err != nil {
		return nil, denied(err)
	}
	if len(challenge) != challengeSize {
		return nil, denied(fmt.Errorf("the challenge has %d bytes, not %d", len(challenge), challengeSize))
	}
	mine, err := draw(random, challengeSize+keyHalfSize) // RND.IFD, K.IFD
	if err != nil {
		return nil, err
	}
	secret, err := mutualAuthenticate(ctx, to, keys, mine, challenge)
	if err != nil {
		return nil, err
	}
	suite, err := newDESSuite(secret)
	if err != nil {
		return nil, err
	}
	return &session{line: to, suite: suite, ssc: slices.Concat(challenge[4:], mine[4:8])}, nil
}

// mutualAuthenticate exchanges the halves of the key and gives the secret of the
// session.
func mutualAuthenticate(ctx context.Context, to *plainChannel, keys *desSuite, mine, challenge []byte) ([]byte, error) {
	cryptogram := keys.encrypt(nil, slices.Concat(mine[:challengeSize], challenge, mine[challengeSize:]))
	data := slices.Concat(cryptogram, keys.mac(pad(cryptogram, des.BlockSize)))
	answer, err := ask(ctx, to, "EXTERNAL AUTHENTICATE", apdu.Command{INS: apdu.ExternalAuthenticate, Data: data, Le: len(data)})
	if err != nil {
		return nil, denied(err)
	}
	if len(answer) != tokenSize+macSize ||
		subtle.ConstantTimeCompare(answer[tokenSize:], keys.mac(pad(answer[:tokenSize], des.BlockSize))) != 1 {
		return nil, denied(errors.New("the checksum of the chip's answer is wrong"))
	}
	theirs := make([]byte, tokenSize) // RND.IC, RND.IFD, K.IC
	cipher.NewCBCDecrypter(keys.block, make([]byte, des.BlockSize)).CryptBlocks(theirs, answer[:tokenSize])
	if !bytes.Equal(theirs[:8], challenge) || !bytes.Equal(theirs[8:16], mine[:8]) {
		return nil, denied(errors.New("the chip answered another challenge"))
	}
	secret := make([]byte, keyHalfSize)
	subtle.XORBytes(secret, mine[challengeSize:], theirs[16:])
	return secret, nil
}

// draw gives n random bytes.
func draw(random io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, &fault{fmt.Errorf("draw random bytes: %w", err)}
	}
	return b, nil
}
