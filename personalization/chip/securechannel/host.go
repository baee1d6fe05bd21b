package securechannel

import (
	"bytes"
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"example.org/cancuoc/personalization/chip/apdu"
)

// Values and lengths of Amendment D, 7.1.
const (
	classSecured = 0x84 // GlobalPlatform with secure messaging

	protocolSCP03     = 0x03
	optionPseudo      = 0x10 // i: the challenge is pseudo-random
	optionPseudoFull  = 0x70 // i: and R-MAC and R-ENCRYPTION are supported
	optionRandomFull  = 0x60 // i: R-MAC and R-ENCRYPTION are supported, the challenge is random
	diversifiedBytes  = 10
	counterBytes      = 3
	initiationBytes   = diversifiedBytes + 3 + challengeBytes + cryptogramBytes
	maxSequence       = 1<<24 - 1
	maxChannelPayload = apdu.MaxExtendedData - macBytes - 16
)

// ErrCryptogram means a card that does not have the keys: it is not the chip
// that was expected, or its keys were changed.
var ErrCryptogram = errors.New("the card's cryptogram is wrong")

// Initiation is a card's answer to INITIALIZE UPDATE.
type Initiation struct {
	Diversification []byte // 10 bytes by which the chip's keys are diversified
	KeyVersion      byte   // key version number
	Option          byte   // i, the options of SCP03 that the card uses
	Sequence        uint32
	challenge       []byte
	cryptogram      []byte
}

// Session is the host's end of an open channel.
type Session struct {
	*channel
	Initiation Initiation
	card       apdu.Card
	keys       KeySet
	err        error // what closed the channel
}

// Open opens a channel with the selected security domain: INITIALIZE UPDATE
// with eight random bytes, then EXTERNAL AUTHENTICATE at the security level. The
// error is [ErrCryptogram] where the card does not have these keys, and wraps its
// status word where it refuses.
func Open(ctx context.Context, card apdu.Card, keys KeySet, level Level, random io.Reader) (*Session, error) {
	if err := keys.Check(); err != nil {
		return nil, err
	}
	if !level.Allowed() {
		return nil, fmt.Errorf("security level %02X is not one of SCP03", byte(level))
	}
	hostChallenge := make([]byte, challengeBytes)
	if _, err := io.ReadFull(random, hostChallenge); err != nil {
		return nil, fmt.Errorf("host challenge: %w", err)
	}
	initiation, err := initialize(ctx, card, keys.Version, hostChallenge)
	if err != nil {
		return nil, fmt.Errorf("initialize update: %w", err)
	}
	c, err := newChannel(keys, hostChallenge, initiation.challenge)
	if err != nil {
		return nil, err
	}
	if !equal(c.cardCryptogram, initiation.cryptogram) {
		return nil, fmt.Errorf("initialize update: %w", ErrCryptogram)
	}
	s := &Session{channel: c, Initiation: initiation, card: card, keys: keys.clone()}
	if err := s.authenticate(ctx, level); err != nil {
		return nil, fmt.Errorf("external authenticate: %w", err)
	}
	return s, nil
}

func initialize(ctx context.Context, card apdu.Card, version byte, hostChallenge []byte) (Initiation, error) {
	r, err := apdu.Send(ctx, card, apdu.Command{
		CLA: apdu.ClassGlobalPlatform, INS: apdu.InitializeUpdate, P1: version, Data: hostChallenge, Le: apdu.MaxShortLe,
	})
	if err != nil {
		return Initiation{}, err
	}
	if err := r.Err(); err != nil {
		return Initiation{}, err
	}
	return parseInitiation(r.Data)
}

func parseInitiation(b []byte) (Initiation, error) {
	if len(b) != initiationBytes && len(b) != initiationBytes+counterBytes {
		return Initiation{}, fmt.Errorf("the answer has %d bytes, not %d or %d", len(b), initiationBytes, initiationBytes+counterBytes)
	}
	if b[11] != protocolSCP03 {
		return Initiation{}, fmt.Errorf("the card offers SCP%02X, not SCP03", b[11])
	}
	i := Initiation{
		Diversification: bytes.Clone(b[:diversifiedBytes]),
		KeyVersion:      b[10],
		Option:          b[12],
		challenge:       bytes.Clone(b[13 : 13+challengeBytes]),
		cryptogram:      bytes.Clone(b[13+challengeBytes : initiationBytes]),
	}
	if s := b[initiationBytes:]; len(s) == counterBytes {
		i.Sequence = uint32(s[0])<<16 | uint32(s[1])<<8 | uint32(s[2])
	}
	return i, nil
}

// authenticate proves to the card that the host has the keys, and sets the level.
func (s *Session) authenticate(ctx context.Context, level Level) error {
	c := apdu.Command{CLA: classSecured, INS: apdu.ExternalAuthenticate, P1: byte(level)}
	c.Data = append(c.Data, s.hostCryptogram...)
	c.Data = append(c.Data, s.commandMAC(c)...)
	r, err := apdu.Send(ctx, s.card, c)
	if err != nil {
		return err
	}
	s.level = level
	return r.Err()
}

// Send protects one command, sends it, and checks and decrypts the response. A
// status word that is an error is in the response; a response whose MAC is wrong
// closes the channel.
func (s *Session) Send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	if s.err != nil {
		return apdu.Response{}, fmt.Errorf("%w: %w", ErrClosed, s.err)
	}
	wrapped, err := s.wrap(c)
	if err != nil {
		return apdu.Response{}, err
	}
	r, err := apdu.Send(ctx, s.card, wrapped)
	if err == nil {
		r, err = s.unwrap(r)
	}
	s.err = err // host and card have lost step
	return r, err
}

// PutKey gives the chip a new key set and checks its receipt. See [PutKey].
func (s *Session) PutKey(ctx context.Context, replace byte, next KeySet) error {
	c, receipt, err := PutKey(s.keys, replace, next)
	if err != nil {
		return err
	}
	r, err := s.Send(ctx, c)
	if err != nil {
		return fmt.Errorf("put key: %w", err)
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("put key: %w", err)
	}
	if !bytes.Equal(r.Data, receipt) {
		return fmt.Errorf("put key: %w: the card's receipt has other key check values", ErrKeys)
	}
	return nil
}

// SealSecret encrypts a secret under the DEK of the channel's keys.
func (s *Session) SealSecret(secret []byte) ([]byte, error) { return s.keys.SealSecret(secret) }

// MaxData is how many bytes of data a command may have so that with all that the
// channel adds it fits in limit bytes.
func (s *Session) MaxData(limit int) int {
	n := limit - macBytes
	if s.level&bitDecryption != 0 {
		n = n/16*16 - 1
	}
	return max(n, 0)
}

// wrap encrypts and authenticates a command.
func (s *Session) wrap(c apdu.Command) (apdu.Command, error) {
	if len(c.Data) > maxChannelPayload {
		return apdu.Command{}, fmt.Errorf("%w: %d bytes of data in a secure channel", apdu.ErrMalformed, len(c.Data))
	}
	c.CLA |= 0x04
	s.count()
	data := make([]byte, len(c.Data), len(c.Data)+16+macBytes)
	copy(data, c.Data)
	if s.level&bitDecryption != 0 && len(data) > 0 {
		data = pad(data)
		cipher.NewCBCEncrypter(s.enc, s.iv(false)).CryptBlocks(data, data)
	}
	c.Data = data
	c.Data = append(c.Data, s.commandMAC(c)...)
	return c, nil
}

// unwrap checks and decrypts a response.
func (s *Session) unwrap(r apdu.Response) (apdu.Response, error) {
	if !s.protectsResponse(r.SW) {
		if s.level&bitRMAC != 0 && len(r.Data) > 0 { // what is no status was taken for one
			return apdu.Response{}, fmt.Errorf("%w: an error comes without data: the reader cut the response", apdu.ErrMalformed)
		}
		return r, nil
	}
	n := len(r.Data) - macBytes
	if n < 0 || !equal(s.responseMAC(r.Data[:n], r.SW), r.Data[n:]) {
		return apdu.Response{}, fmt.Errorf("response: %w", ErrMAC)
	}
	r.Data = r.Data[:n]
	if s.level&bitREncryption == 0 || n == 0 {
		return r, nil
	}
	if n%16 != 0 {
		return apdu.Response{}, fmt.Errorf("response: %w", errPadding)
	}
	cipher.NewCBCDecrypter(s.enc, s.iv(true)).CryptBlocks(r.Data, r.Data)
	var err error
	if r.Data, err = unpad(r.Data); err != nil {
		return apdu.Response{}, fmt.Errorf("response: %w", err)
	}
	return r, nil
}
