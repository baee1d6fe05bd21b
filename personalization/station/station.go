package station

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
	"example.org/cancuoc/personalization/profile"
)

// Encoder is a machine with a slot for one card.
type Encoder interface {
	// Open connects to the blank of that serial, which an encoder with a feeder
	// brings to the slot first; the others take what lies there. The same blank
	// may be opened again and again. The caller closes the session.
	Open(ctx context.Context, blank string) (Session, error)
}

// Session is a connection to the card in the slot.
type Session interface {
	apdu.Card
	// ATR is the card's answer to reset; nil where the line does not tell.
	ATR() []byte
	// Close gives the card up. It stays in the slot.
	Close() error
}

// Station is one personalization station.
type Station struct {
	Encoder Encoder
	Journal Journal
	Catalog *profile.Catalog // what chips and applications there are
	Profile string           // how this station's chips are filled; empty is the catalog's first

	// TransportKeys are the keys with which the maker delivers a chip.
	TransportKeys func(chipSerial []byte) (securechannel.Keys, error)
	// CardKeys are the keys that the chip is given, diversified by its serial.
	// Their version differs from that of the transport keys.
	CardKeys func(chipSerial []byte) (securechannel.Keys, error)

	// Applications are installed beside the document, by their names in the
	// catalog. Their content comes from Content.
	Applications []string
	Content      profile.Content
	// Certify makes the certificate for a key generated on the card.
	Certify func(ctx context.Context, application string, publicKey []byte) ([]byte, error)

	Random io.Reader // crypto/rand by default
	// Attempts is how often a chip may refuse a step before its blank is
	// spoiled; 3 by default. Faults of the line do not count.
	Attempts int
}

// Result tells of a card that is finished and locked.
type Result struct {
	ChipSerial []byte        // 10 bytes
	APDUs      int           // commands exchanged in this call
	Duration   time.Duration // of this call
	Found      bool          // it was finished before this call
}

// Personalize makes the card of one image out of one blank, or finds that it is
// made. A second call with the same arguments gives the same card. Errors that
// are no refusal are faults of the line or the chip and may pass; the refusals:
// [identity.Spoiled] when this blank can no longer become this card, and
// [identity.Conflict] when it is not this blank that lies in the slot.
func (s *Station) Personalize(ctx context.Context, blank string, image *chip.Image) (Result, error) {
	start := time.Now()
	content := s.content(image)
	reference := referenceOf(content, s.Applications)
	entry, err := s.intend(blank, reference)
	if err != nil {
		return Result{}, err
	}
	session, err := s.Encoder.Open(ctx, blank)
	if err != nil {
		return Result{}, fmt.Errorf("open blank %s: %w", blank, err)
	}
	counted := &counter{card: session}
	r, err := s.onCard(ctx, counted, entry, content, reference)
	r.APDUs, r.Duration = counted.n, time.Since(start)
	if closing := session.Close(); err == nil && closing != nil {
		err = fmt.Errorf("close the session with blank %s: %w", blank, closing)
	}
	return r, err
}

// counter counts the commands that a card is sent.
type counter struct {
	card apdu.Card
	n    int
}

// Transmit counts a command and passes it on.
func (c *counter) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c.n++
	return c.card.Transmit(ctx, command)
}

// intend records what the blank is to become, before it is touched. A blank is
// begun for one image only.
func (s *Station) intend(blank, reference string) (*Entry, error) {
	e, found, err := s.Journal.Load(blank)
	if err != nil {
		return nil, fmt.Errorf("station journal: %w", err)
	}
	switch {
	case !found:
		e = Entry{Blank: blank, Reference: reference, State: Begun}
		if err := s.Journal.Save(e); err != nil {
			return nil, fmt.Errorf("station journal: %w", err)
		}
	case e.State == Spoiled:
		return nil, identity.Refuse(identity.Spoiled, "blank %s is spoiled: %s", blank, e.Reason)
	case e.Reference != reference:
		return nil, identity.Refuse(identity.Spoiled, "blank %s was begun for another card", blank)
	}
	return &e, nil
}

// onCard looks at the card in the slot and does what is left to do.
func (s *Station) onCard(ctx context.Context, card apdu.Card, e *Entry, content profile.Content, reference string) (Result, error) {
	found, err := look(ctx, card)
	if err != nil {
		return Result{}, s.failed(e, fmt.Errorf("look at blank %s: %w", e.Blank, err))
	}
	if err := s.claim(e, found); err != nil {
		return Result{}, err
	}
	keys, next, err := s.keys(found)
	if err != nil {
		return Result{}, s.spoiledBy(e, err)
	}
	locked, err := s.finished(ctx, card, keys, e)
	if err != nil {
		return Result{}, s.failed(e, err)
	}
	r := Result{ChipSerial: found.serial, Found: locked}
	if !locked {
		if err := s.make(ctx, card, keys, next, e, content, reference); err != nil {
			return Result{}, s.failed(e, fmt.Errorf("personalize blank %s: %w", e.Blank, err))
		}
	}
	e.State, e.Step = Finished, ""
	if err := s.Journal.Save(*e); err != nil {
		return Result{}, fmt.Errorf("station journal: %w", err)
	}
	return r, nil
}

// blankChip is what a card tells of itself before any key is used.
type blankChip struct {
	serial   []byte
	versions []byte // of the keys it has
}

// look reads the production data and the key versions.
func look(ctx context.Context, card apdu.Card) (blankChip, error) {
	if err := profile.Select(ctx, card, nil); err != nil {
		return blankChip{}, fmt.Errorf("select the security domain: %w", err)
	}
	production, err := getData(ctx, card, 0x9F7F)
	if err != nil {
		return blankChip{}, fmt.Errorf("production data: %w", err)
	}
	if len(production) != 42 {
		return blankChip{}, fmt.Errorf("production data of %d bytes, not 42", len(production))
	}
	information, err := getData(ctx, card, 0x00E0)
	if err != nil {
		return blankChip{}, fmt.Errorf("key information: %w", err)
	}
	nodes, err := tlv.ParseAll(information)
	if err != nil {
		return blankChip{}, fmt.Errorf("key information: %w", err)
	}
	c := blankChip{serial: append(bytes.Clone(production[0:2]), production[10:18]...)}
	for _, n := range nodes {
		if len(n.Value) >= 2 {
			c.versions = append(c.versions, n.Value[1])
		}
	}
	return c, nil
}

// getData is GET DATA in the plain.
func getData(ctx context.Context, card apdu.Card, tag uint16) ([]byte, error) {
	r, err := apdu.Send(ctx, card, apdu.Command{CLA: 0x80, INS: 0xCA, P1: byte(tag >> 8), P2: byte(tag & 0xFF), Le: apdu.MaxShortLe})
	if err != nil {
		return nil, err
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	node, err := tlv.ParseOnly(r.Data, uint32(tag))
	return node.Value, err
}

// claim binds the chip to the blank: one chip for each, for ever.
func (s *Station) claim(e *Entry, c blankChip) error {
	serial := hex.EncodeToString(c.serial)
	if e.ChipSerial == serial {
		return nil
	}
	if e.ChipSerial != "" {
		return identity.Refuse(identity.Conflict, "the chip in the slot is not that of blank %s", e.Blank)
	}
	owner, err := s.Journal.Claim(serial, e.Blank)
	if err != nil {
		return fmt.Errorf("station journal: %w", err)
	}
	if owner != e.Blank {
		return identity.Refuse(identity.Conflict, "the chip in the slot belongs to blank %s, not to %s", owner, e.Blank)
	}
	e.ChipSerial = serial
	if err := s.Journal.Save(*e); err != nil {
		return fmt.Errorf("station journal: %w", err)
	}
	return nil
}

// errNoKeys says that a chip has neither its transport keys nor its own.
var errNoKeys = errors.New("the chip has neither transport keys nor card keys")

// keys finds which of its two key sets the chip has now, and which it shall have.
func (s *Station) keys(c blankChip) (now, next securechannel.Keys, err error) {
	transport, err := s.TransportKeys(c.serial)
	if err != nil {
		return now, next, fmt.Errorf("transport keys: %w", err)
	}
	if next, err = s.CardKeys(c.serial); err != nil {
		return now, next, fmt.Errorf("card keys: %w", err)
	}
	switch {
	case transport.Version == next.Version:
		return now, next, fmt.Errorf("transport keys and card keys are both of version %02X", next.Version)
	case slices.Contains(c.versions, next.Version):
		return next, next, nil
	case slices.Contains(c.versions, transport.Version):
		return transport, next, nil
	}
	return now, next, errNoKeys
}

// finished reports whether the chip is locked, and refuses one that was locked
// as another card.
func (s *Station) finished(ctx context.Context, card apdu.Card, keys securechannel.Keys, e *Entry) (bool, error) {
	channel, err := securechannel.Open(ctx, card, keys, securechannel.FullProtection, s.random())
	if err != nil {
		return false, fmt.Errorf("secure channel with blank %s: %w", e.Blank, err)
	}
	r, err := channel.Send(ctx, apdu.Command{CLA: 0x80, INS: 0xF2, P1: 0x80, P2: 0x02, Data: []byte{0x4F, 0x00}, Le: apdu.MaxShortLe})
	if err != nil {
		return false, fmt.Errorf("get status: %w", err)
	}
	if err := r.Err(); err != nil {
		return false, fmt.Errorf("get status: %w", err)
	}
	life, err := tlv.Find(r.Data, 0xE3, 0x9F70)
	if err != nil || len(life.Value) == 0 {
		return false, errors.New("get status: no life cycle state")
	}
	if life.Value[0] != lifeSecured {
		return false, nil
	}
	r, err = channel.Send(ctx, apdu.Command{CLA: 0x80, INS: 0xCA, P1: profile.ReferenceTag >> 8, P2: profile.ReferenceTag & 0xFF, Le: apdu.MaxShortLe})
	if err != nil {
		return false, fmt.Errorf("reference: %w", err)
	}
	stored, err := tlv.ParseOnly(r.Data, profile.ReferenceTag)
	if r.SW != apdu.OK || err != nil || hex.EncodeToString(stored.Value) != e.Reference {
		return false, errOtherCard
	}
	return true, nil
}

const lifeSecured = 0x0F

// errOtherCard says that a chip is locked with other content than was meant for it.
var errOtherCard = errors.New("the chip is locked as another card")

// make takes the profile's steps, noting each before it is taken.
func (s *Station) make(ctx context.Context, card apdu.Card, keys, next securechannel.Keys, e *Entry, content profile.Content, reference string) error {
	p, err := s.Catalog.Profile(s.Profile)
	if err != nil {
		return err
	}
	job := profile.Job{Card: card, Keys: keys, NextKeys: next, Content: content, Random: s.random(), Certify: s.Certify}
	for _, name := range append([]string{profile.EMRTD}, s.Applications...) {
		a, err := s.Catalog.Application(name)
		if err != nil {
			return err
		}
		job.Applications = append(job.Applications, a)
	}
	if job.Reference, err = hex.DecodeString(reference); err != nil {
		return err
	}
	job.Note = func(step string) error {
		e.Step = step
		return s.Journal.Save(*e)
	}
	return p.Run(ctx, job)
}

// failed decides what an error means for the blank. A chip that does not know
// its keys or is locked as another card is spoiled at once; one that refuses a
// step is given some more tries; a fault of the line is none of the blank's.
func (s *Station) failed(e *Entry, err error) error {
	if errors.Is(err, errOtherCard) || errors.Is(err, securechannel.ErrCryptogram) || errors.Is(err, errNoKeys) {
		return s.spoiledBy(e, err)
	}
	if _, refused := errors.AsType[apdu.Status](err); !refused {
		return err
	}
	e.Failures++
	limit := s.Attempts
	if limit == 0 {
		limit = 3
	}
	if e.Failures >= limit {
		return s.spoiledBy(e, err)
	}
	if saving := s.Journal.Save(*e); saving != nil {
		return errors.Join(err, fmt.Errorf("station journal: %w", saving))
	}
	return err
}

// spoiledBy records that the blank is spoiled, and refuses it.
func (s *Station) spoiledBy(e *Entry, cause error) error {
	e.State, e.Reason = Spoiled, cause.Error()
	if err := s.Journal.Save(*e); err != nil {
		return errors.Join(cause, fmt.Errorf("station journal: %w", err))
	}
	return identity.Refuse(identity.Spoiled, "blank %s is spoiled: %v", e.Blank, cause)
}
