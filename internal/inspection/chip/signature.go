package chip

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
)

// SignatureAID is the identifier of the digital signature application.
func SignatureAID() []byte { return []byte{0xA0, 0x00, 0x00, 0x07, 0x24, 0x56, 0x01, 0x01} }

// signatureCertificate is the file with the holder's certificate.
var signatureCertificate = lds.Row{EF: "EF.C.CH.DS", FID: 0x4001, Tag: 0x30}

// pinReference is the reference of the holder's PIN.
const pinReference = 0x81

// Signature is the digital signature application of a card, in secure messaging: neither PIN
// nor certificate is ever in plain on the air.
type Signature struct{ r *reader }

// OpenSignature opens a card by what is printed on it, and selects its digital signature
// application.
func OpenSignature(ctx context.Context, card apdu.Card, access Access) (*Signature, error) {
	to := &plainChannel{card: card}
	r := &reader{
		Options: Options{Random: rand.Reader, ShortAPDUs: access.ShortAPDUs},
		line:    to, channel: to, reading: &Reading{Files: make(lds.Files), Unreadable: make(map[lds.EF]error)}, longest: shortResponse,
	}
	if err := r.public(ctx); err != nil {
		return nil, err
	}
	if err := r.enter(ctx, access); err != nil {
		return nil, err
	}
	s := &Signature{r}
	return s, s.open(ctx)
}

// open selects the application.
func (s *Signature) open(ctx context.Context) error {
	_, err := ask(ctx, s.r.channel, "SELECT the digital signature application",
		apdu.Command{INS: apdu.Select, P1: apdu.SelectByName, P2: apdu.NoResponse, Data: SignatureAID()})
	return err
}

// Certificate reads the holder's certificate, DER.
func (s *Signature) Certificate(ctx context.Context) ([]byte, error) {
	byName := *s.r
	byName.SelectFiles = true
	return byName.read(ctx, signatureCertificate)
}

// ChangePIN gives the holder a new PIN for the one until now, or for the transport PIN.
func (s *Signature) ChangePIN(ctx context.Context, now, next string) error {
	_, err := ask(ctx, s.r.channel, "CHANGE REFERENCE DATA",
		apdu.Command{INS: apdu.ChangeReferenceData, P2: pinReference, Data: slices.Concat([]byte(now), []byte(next))})
	return err
}

// Verify tries the holder's PIN, which allows one signature. Without one it asks how many may
// be tried; it expects data, since not all chips pad a command of a header alone in one way.
func (s *Signature) Verify(ctx context.Context, pin string) error {
	c := apdu.Command{INS: apdu.Verify, P2: pinReference, Data: []byte(pin)}
	if pin == "" {
		c.Le = apdu.MaxShortLe
	}
	_, err := ask(ctx, s.r.channel, "VERIFY", c)
	return err
}

// Sign has the card sign a SHA-256 hash: r || s.
func (s *Signature) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	return ask(ctx, s.r.channel, "COMPUTE DIGITAL SIGNATURE",
		apdu.Command{INS: apdu.PerformSecurityOperation, P1: 0x9E, P2: 0x9A, Data: digest[:], Le: apdu.MaxShortLe})
}

// ExpectSignature is what is expected of the digital signature application.
type ExpectSignature struct {
	Certificate [32]byte // SHA-256 of the one that was issued for its key
	Delivered   bool     // the holder has set no PIN yet: it must not sign
}

// signature looks at the digital signature application, after everything else.
func (r *reader) signature(ctx context.Context, want ExpectSignature) error {
	s := &Signature{r}
	err := s.open(ctx)
	if err == nil {
		err = s.check(ctx, want)
	}
	if isFault(err) || errors.Is(err, ErrMessaging) {
		return err
	}
	r.reading.Signature = err
	return nil
}

// check says what is wrong with the application.
func (s *Signature) check(ctx context.Context, want ExpectSignature) error {
	certificate, err := s.Certificate(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the certificate: %w", err)
	case sha256.Sum256(certificate) != want.Certificate:
		return errors.New("the certificate is not the one that was issued for the card's key")
	case !want.Delivered:
		return nil
	}
	if err := s.Verify(ctx, ""); !errors.Is(err, apdu.ConditionsNotSatisfied) {
		return notDelivered("has a PIN of somebody", err)
	}
	if _, err := s.Sign(ctx, sha256.Sum256(nil)); !errors.Is(err, apdu.SecurityNotSatisfied) {
		return notDelivered("signs without a PIN of its holder", err)
	}
	return nil
}

// notDelivered is the error of an application that is not as it is delivered.
func notDelivered(what string, err error) error {
	return errors.Join(errors.New("the application "+what), err)
}
