package securechannel

import (
	"crypto/cipher"
	"fmt"
	"io"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
)

// CardSession is the card's end of a channel. [Answer] makes it, Authenticate
// opens it, and the first command that is refused ends it.
type CardSession struct {
	*channel
	keys KeySet
	open bool
}

// Answer is a card's response data to INITIALIZE UPDATE. Its challenge is derived
// from the sequence counter, which the card has just stepped, and the AID of its
// security domain (Amendment D, 6.2.2.1).
func Answer(keys KeySet, diversification []byte, sequence uint32, aid, hostChallenge []byte) (*CardSession, []byte, error) {
	if err := keys.Check(); err != nil {
		return nil, nil, err
	}
	if len(diversification) != diversifiedBytes || len(hostChallenge) != challengeBytes || sequence > maxSequence {
		return nil, nil, fmt.Errorf("%w: a part of the answer to INITIALIZE UPDATE has the wrong length", apdu.ErrMalformed)
	}
	counter := []byte{byte(sequence >> 16 & 0xFF), byte(sequence >> 8 & 0xFF), byte(sequence & 0xFF)}
	staticENC, err := newCMAC(keys.ENC)
	if err != nil {
		return nil, nil, err
	}
	challenge, err := derive(staticENC, deriveCardChallenge, slices.Concat(counter, aid), 8*challengeBytes)
	if err != nil {
		return nil, nil, err
	}
	return answer(keys, diversification, optionPseudoFull, challenge, counter, hostChallenge)
}

// AnswerUnknown is a card's response data to INITIALIZE UPDATE by which nobody can tell
// the card from another: its diversification data and its challenge are random, and it
// gives no sequence counter. Who knows the card has its keys all the same.
func AnswerUnknown(keys KeySet, random io.Reader, hostChallenge []byte) (*CardSession, []byte, error) {
	if err := keys.Check(); err != nil {
		return nil, nil, err
	}
	if len(hostChallenge) != challengeBytes {
		return nil, nil, fmt.Errorf("%w: a challenge of %d bytes", apdu.ErrMalformed, len(hostChallenge))
	}
	drawn := make([]byte, diversifiedBytes+challengeBytes)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return nil, nil, err
	}
	return answer(keys, drawn[:diversifiedBytes], optionRandomFull, drawn[diversifiedBytes:], nil, hostChallenge)
}

// answer begins a channel and gives the response data.
func answer(keys KeySet, diversification []byte, option byte, challenge, counter, hostChallenge []byte) (*CardSession, []byte, error) {
	c, err := newChannel(keys, hostChallenge, challenge)
	if err != nil {
		return nil, nil, err
	}
	b := append(make([]byte, 0, initiationBytes+counterBytes), diversification...)
	b = append(b, keys.Version, protocolSCP03, option)
	b = append(append(append(b, challenge...), c.cardCryptogram...), counter...)
	return &CardSession{channel: c, keys: keys.clone()}, b, nil
}

// Authenticate serves EXTERNAL AUTHENTICATE: it opens the channel, or gives the
// status word that refuses the host.
func (s *CardSession) Authenticate(c apdu.Command) apdu.Status {
	level := Level(c.P1)
	switch {
	case c.CLA&0x04 == 0 || len(c.Data) != cryptogramBytes+macBytes:
		return apdu.WrongLength
	case !level.Allowed() || c.P2 != 0:
		return apdu.WrongParameters
	}
	mac := c.Data[cryptogramBytes:]
	c.Data = c.Data[:cryptogramBytes]
	if !equal(s.commandMAC(c), mac) {
		return apdu.SecurityNotSatisfied
	}
	if !equal(c.Data, s.hostCryptogram) {
		return apdu.VerificationFailed
	}
	s.level, s.open = level, true
	return apdu.OK
}

// Open reports whether the host has authenticated itself and every command since
// was accepted.
func (s *CardSession) Open() bool { return s != nil && s.open }

// Keys is the key set by which the channel was opened.
func (s *CardSession) Keys() KeySet { return s.keys }

// Unwrap checks and decrypts a command. A status word other than 9000 refuses it
// and ends the channel.
func (s *CardSession) Unwrap(c apdu.Command) (apdu.Command, apdu.Status) {
	n := len(c.Data) - macBytes
	if c.CLA&0x04 == 0 || n < 0 {
		s.open = false
		return apdu.Command{}, apdu.SecurityNotSatisfied
	}
	mac := c.Data[n:]
	c.Data = c.Data[:n]
	s.count()
	if !equal(s.commandMAC(c), mac) {
		s.open = false
		return apdu.Command{}, apdu.SecurityNotSatisfied
	}
	c.CLA &^= 0x04
	if s.level&bitDecryption == 0 || n == 0 {
		return c, apdu.OK
	}
	plain, err := s.decrypt(c.Data)
	if err != nil {
		s.open = false
		return apdu.Command{}, apdu.WrongData
	}
	c.Data = plain
	return c, apdu.OK
}

func (s *CardSession) decrypt(data []byte) ([]byte, error) {
	if len(data)%16 != 0 {
		return nil, errPadding
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(s.enc, s.iv(false)).CryptBlocks(plain, data)
	return unpad(plain)
}

// Wrap protects a response as the level asks.
func (s *CardSession) Wrap(r apdu.Response) apdu.Response {
	if !s.protectsResponse(r.SW) {
		return r
	}
	data := make([]byte, len(r.Data), len(r.Data)+16+macBytes)
	copy(data, r.Data)
	if s.level&bitREncryption != 0 && len(data) > 0 {
		data = pad(data)
		cipher.NewCBCEncrypter(s.enc, s.iv(true)).CryptBlocks(data, data)
	}
	return apdu.Response{Data: append(data, s.responseMAC(data, r.SW)...), SW: r.SW}
}
