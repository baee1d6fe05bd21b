package station

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/tlv"
	"example.org/cancuoc/personalization/profile"
)

// Encoder is a machine with a slot for one card.
type Encoder interface {
	// Open connects to the blank with that serial. An encoder with a feeder brings
	// it to the slot first; the others take what is in the slot. A blank may be
	// opened repeatedly. The caller closes the session.
	Open(ctx context.Context, blank string) (Session, error)
	// Prove reports what would keep Open from working, without touching a card.
	Prove(ctx context.Context) error
}

// Session is a connection to the card in the slot.
type Session interface {
	apdu.Card
	// ATR is the card's answer to reset; nil where the encoder does not give it.
	ATR() []byte
	// Close ends the session. The card stays in the slot.
	Close() error
}

// Station is one personalization station.
type Station struct {
	Encoder Encoder
	Journal Journal
	Catalog *profile.Catalog // card profiles and card applications
	Profile string           // card profile of this station's chips; empty is the first one of the catalog

	// InitialKeys is the initial (transport) key set of a key version number, with which a
	// maker delivers a chip. Of a number that the station does not have, it is ErrNoKeys.
	InitialKeys func(ctx context.Context, version byte, chipSerial []byte) (securechannel.KeySet, error)
	// Delivered is what the maker's manifest says of a blank; nil: there are no manifests.
	Delivered func(ctx context.Context, blank string) (Delivered, error)
	// CardKeys is the key set that the chip is given now, diversified by its serial.
	// Its key version number differs from that of every initial key set.
	CardKeys func(ctx context.Context, chipSerial []byte) (securechannel.KeySet, error)
	// FormerKeys are key sets that cards were given before, by their key version number; of
	// another number it is ErrNoKeys. nil: there were none.
	FormerKeys func(ctx context.Context, version byte, chipSerial []byte) (securechannel.KeySet, error)

	// Sealer completes the images of chips that make their keys.
	Sealer Sealer

	// Certify makes the certificate for a key that a card has generated.
	Certify func(ctx context.Context, card identity.CardSerial, application string, publicKey []byte) ([]byte, error)

	Random io.Reader // crypto/rand by default
	reader reach     // of the encoder
	intent sync.Mutex
	// Attempts is how often a chip may refuse a step before its blank is spoiled;
	// 3 by default. Faults of the connection do not count.
	Attempts int
}

// Delivered is what the maker says of the chip in a blank.
type Delivered struct {
	ChipSerial []byte // nil: the blank came without a manifest
	KeyVersion byte   // key version number of its initial key set
}

// Sealer completes images of chips that have made their keys.
type Sealer interface {
	// Prove reports what would keep an image from being sealed.
	Prove() error
	// Curves names the curves of the keys that the chip of an image makes, or profile.RSA.
	Curves(image *chip.Image) (ca, aa string, err error)
	// Seal gives an image what depends on the keys.
	Seal(image *chip.Image, ca, aa crypto.PublicKey) (*chip.Image, error)
}

// Result describes a card that is finished and locked.
type Result struct {
	ChipSerial []byte        // 10 bytes
	APDUs      int           // commands exchanged in this call
	Duration   time.Duration // of this call
	Found      bool          // the card was finished before this call
}

// Personalize makes the card of one image out of one blank, or finds that it is
// made. A second call with the same arguments gives the same card. It refuses with
// [identity.Spoiled] when this blank can no longer become this card. Every other error
// is a [Fault], which may pass; it wraps [identity.Conflict] when another blank is in
// the slot.
func (s *Station) Personalize(ctx context.Context, blank string, image *chip.Image) (Result, error) {
	start := time.Now()
	w := work{image: image, content: image.Content(), reference: referenceOf(image)}
	var err error
	if w.delivered, err = s.delivered(ctx, blank); err != nil {
		return Result{}, err
	}
	entry, err := s.intend(blank, w.reference)
	if err != nil {
		return Result{}, err
	}
	session, err := s.Encoder.Open(ctx, blank)
	if err != nil {
		return Result{}, entry.unanswered(fmt.Errorf("open blank %s: %w", blank, err))
	}
	watched := &apdu.Watch{Card: session}
	r, err := s.onCard(ctx, watched, entry, w)
	r.APDUs, r.Duration = watched.Sent, time.Since(start)
	if closing := session.Close(); err == nil && closing != nil {
		err = entry.fault(Device, fmt.Errorf("close the session with blank %s: %w", blank, closing))
	}
	return r, err
}

// work is the card that a blank is to become.
type work struct {
	image     *chip.Image
	content   profile.Content
	reference string
	delivered Delivered
}

// delivered asks what the maker's manifest says of a blank.
func (s *Station) delivered(ctx context.Context, blank string) (Delivered, error) {
	if s.Delivered == nil {
		return Delivered{}, nil
	}
	d, err := s.Delivered(ctx, blank)
	if err != nil {
		return d, fmt.Errorf("read the manifest of blank %s: %w", blank, err)
	}
	return d, nil
}

// Prove reports a fault of the station that would be met after a blank is taken: a
// journal or a magazine that cannot be written, an encoder that does not answer.
func (s *Station) Prove(ctx context.Context) error {
	if err := s.Journal.Prove(); err != nil {
		return &Fault{Part: Notes, Clean: true, Err: fmt.Errorf("station journal: %w", err)}
	}
	if err := s.Encoder.Prove(ctx); err != nil {
		return &Fault{Part: Device, Clean: true, Err: err}
	}
	if s.Sealer == nil {
		return nil
	}
	if err := s.Sealer.Prove(); err != nil {
		return &Fault{Part: Signer, Clean: true, Err: err}
	}
	return nil
}

// BlankOf finds the blank that this station wrote to for the card of one image, and did
// not spoil; "" when there is none. The registry may have forgotten that it was taken, when it
// was restored to an earlier instant.
func (s *Station) BlankOf(image *chip.Image) (string, error) {
	reference := referenceOf(image)
	blank, err := s.Journal.Of(reference)
	if err != nil || blank == "" {
		return "", notes(err)
	}
	e, found, err := s.Journal.Load(blank)
	if err != nil || !found || e.Reference != reference || e.State == Spoiled || e.Clean {
		return "", notes(err)
	}
	return blank, nil
}

// Untouched reports whether the journal knows the blank, and that nothing was ever written
// to it. Nobody may be working at it.
func (s *Station) Untouched(blank string) (bool, error) {
	e, found, err := s.Journal.Load(blank)
	return found && e.Clean, notes(err)
}

// notes is a fault of the journal before a blank is taken; nil when there is none.
func notes(err error) error {
	if err == nil {
		return nil
	}
	return &Fault{Part: Notes, Clean: true, Err: fmt.Errorf("station journal: %w", err)}
}

// Holds reports a [Fault] of the slot when the chip in it is not the one that was written
// for that blank.
func (s *Station) Holds(ctx context.Context, blank string) error {
	e, found, err := s.Journal.Load(blank)
	switch {
	case err != nil:
		return &Fault{Part: Notes, Err: fmt.Errorf("station journal: %w", err)}
	case !found || e.Clean || e.ChipSerial == "":
		return nil // nothing is known of it
	}
	session, err := s.Encoder.Open(ctx, blank)
	if err != nil {
		return e.unanswered(fmt.Errorf("open blank %s: %w", blank, err))
	}
	defer session.Close()
	chip, err := look(ctx, session)
	if err != nil {
		return e.unanswered(fmt.Errorf("look at blank %s: %w", blank, err))
	}
	if err := s.belongs(&e, &chip, Delivered{}); err != nil || !chip.locked {
		return err
	}
	keys, _, err := s.keysOfCard(ctx, chip)
	switch {
	case errors.Is(err, ErrNoKeys):
		return e.otherChip()
	case err != nil:
		return e.fault(Keys, fmt.Errorf("card key set: %w", err))
	}
	_, err = securechannel.Open(ctx, session, keys, securechannel.FullProtection, s.random())
	switch {
	case isOther(err):
		return e.otherChip()
	case err != nil:
		return e.fault(Device, fmt.Errorf("secure channel with blank %s: %w", blank, err))
	}
	return nil
}

// ErrUsed means a blank that the journal knows: it was written to before, and is no
// failure of the station now.
var ErrUsed = errors.New("used before")

// intend records which card the blank is to become, before it is touched. A blank
// that was written to is begun for one image only.
func (s *Station) intend(blank, reference string) (*Entry, error) {
	s.intent.Lock() // two calls at once for one blank have one entry
	defer s.intent.Unlock()
	e, found, err := s.Journal.Load(blank)
	if err != nil { // it may have been written to
		return nil, &Fault{Part: Notes, Err: fmt.Errorf("station journal: %w", err)}
	}
	if e.Clean { // no chip is the blank's before it was written to
		e.ChipSerial = ""
	}
	switch {
	case !found, e.Clean && e.Reference != reference:
		e = Entry{Blank: blank, Reference: reference, State: Begun, Clean: true}
		if err := s.Journal.Save(e); err != nil {
			return nil, e.fault(Notes, fmt.Errorf("station journal: %w", err))
		}
	case e.State == Spoiled:
		return nil, fmt.Errorf("%w: %w", ErrUsed, identity.Refuse(identity.Spoiled, "blank %s is spoiled: %s", blank, e.Reason))
	case e.Reference != reference:
		return nil, fmt.Errorf("%w: %w", ErrUsed, identity.Refuse(identity.Spoiled, "blank %s was begun for another card", blank))
	}
	return &e, nil
}

// onCard looks at the card in the slot and does what remains to be done.
func (s *Station) onCard(ctx context.Context, card *apdu.Watch, e *Entry, w work) (Result, error) {
	found, err := look(ctx, card)
	switch {
	case empty(err):
		return Result{}, e.unanswered(err)
	case errors.Is(err, globalplatform.ErrNoSerial) && e.ChipSerial != "":
		return Result{}, e.otherChip()
	case errors.Is(err, globalplatform.ErrNoSerial):
		return Result{}, e.fault(Chip, err)
	case err != nil:
		return Result{}, s.failedOn(ctx, card, e, found, fmt.Errorf("look at blank %s: %w", e.Blank, err))
	}
	if err := s.belongs(e, &found, w.delivered); err != nil {
		return Result{}, err
	}
	keys, next, err := s.keys(ctx, found, w.delivered)
	locked := false
	if err == nil {
		locked, err = s.finished(ctx, card, keys, e, found, w.image)
	}
	switch {
	case found.locked && isOther(err):
		return Result{}, e.otherChip()
	case err != nil:
		return Result{}, s.failedOn(ctx, card, e, found, err)
	}
	if locked {
		err = s.claim(e, found)
	} else {
		err = s.make(ctx, card, keys, next, e, found, w)
	}
	if err != nil {
		return Result{}, s.failedOn(ctx, card, e, found, fmt.Errorf("personalize blank %s: %w", e.Blank, err))
	}
	e.State, e.Step = Finished, ""
	if err := s.Journal.Save(*e); err != nil {
		return Result{}, e.fault(Notes, fmt.Errorf("station journal: %w", err))
	}
	return Result{ChipSerial: found.serial, Found: locked}, nil
}

// ErrEmptySlot means that there is no card in the encoder's slot.
var ErrEmptySlot = errors.New("there is no card in the slot")

// empty reports whether a card that is looked at is not there. Encoders behind a network
// connection cut it when their slot is empty, or is being changed.
func empty(err error) bool {
	return errors.Is(err, ErrEmptySlot) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// unanswered is the fault of a card that does not answer when it is looked at: it is
// missing, or the encoder fails.
func (e *Entry) unanswered(err error) error {
	if empty(err) {
		return e.fault(Slot, fmt.Errorf("%w: %w", ErrEmptySlot, err))
	}
	return e.fault(Device, err)
}

// blankChip is what a card says of itself before any key is used.
type blankChip struct {
	serial []byte // a locked chip does not tell it
	locked bool
	keys   []byte // its key information template
}

// look reads the chip's serial, unless it is locked, and which keys it has.
func look(ctx context.Context, card apdu.Card) (blankChip, error) {
	if err := profile.Select(ctx, card, globalplatform.IssuerSecurityDomain()); err != nil {
		return blankChip{}, fmt.Errorf("select the issuer security domain: %w", err)
	}
	var c blankChip
	cplc, err := getData(ctx, card, globalplatform.TagCPLC)
	if c.locked = errors.Is(err, apdu.SecurityNotSatisfied); !c.locked {
		if err == nil {
			c.serial, err = globalplatform.ParseCPLC(cplc)
		}
		if err != nil {
			return blankChip{}, fmt.Errorf("read the chip's serial: %w", err)
		}
	}
	if c.keys, err = getData(ctx, card, globalplatform.TagKeys); err != nil {
		return blankChip{}, fmt.Errorf("read key information: %w", err)
	}
	return c, nil
}

// getDataCommand is GET DATA of a data object.
func getDataCommand(tag uint16) apdu.Command {
	return apdu.Command{CLA: apdu.ClassGlobalPlatform, INS: apdu.GetData, P1: byte(tag >> 8), P2: byte(tag & 0xFF), Le: apdu.MaxShortLe}
}

// getData reads a data object outside the secure channel.
func getData(ctx context.Context, card apdu.Card, tag uint16) ([]byte, error) {
	r, err := apdu.Send(ctx, card, getDataCommand(tag))
	if err != nil {
		return nil, err
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	node, err := tlv.ParseOnly(r.Data, uint32(tag))
	return node.Value, err
}

// otherChip is the fault of a slot whose chip is not the blank's.
func (e *Entry) otherChip() error {
	return e.fault(Slot, identity.Refuse(identity.Conflict, "the chip in the slot does not belong to blank %s", e.Blank))
}

// isOther reports whether a locked chip does not have the keys of the chip that it was
// taken for.
func isOther(err error) bool {
	return errors.Is(err, securechannel.ErrCryptogram) || errors.Is(err, ErrNoKeys)
}

// belongs refuses a chip that is another blank's. Which chip it is was said in plain, and
// binds nothing.
func (s *Station) belongs(e *Entry, c *blankChip, d Delivered) error {
	if c.locked {
		return s.takeLocked(e, c, d)
	}
	if d.ChipSerial != nil && !bytes.Equal(d.ChipSerial, c.serial) {
		return e.fault(Slot, identity.Refuse(identity.Conflict, "the chip in the slot is not the one that the maker's manifest has for blank %s", e.Blank))
	}
	if e.ChipSerial != "" && e.ChipSerial != hex.EncodeToString(c.serial) {
		return e.otherChip()
	}
	owner, err := s.Journal.Owner(hex.EncodeToString(c.serial))
	if err != nil {
		return e.fault(Notes, fmt.Errorf("station journal: %w", err))
	}
	return e.ownedBy(owner)
}

// ownedBy is the fault of a slot whose chip is another blank's; nil where it is nobody's, "", or
// this one's.
func (e *Entry) ownedBy(owner string) error {
	if owner == "" || owner == e.Blank {
		return nil
	}
	return e.fault(Slot, identity.Refuse(identity.Conflict, "the chip in the slot belongs to blank %s, not to blank %s", owner, e.Blank))
}

// claim binds a chip to the blank for good: it is about to be written to, or is finished. Its
// serial was said under its keys.
func (s *Station) claim(e *Entry, c blankChip) error {
	if e.ChipSerial != "" {
		return nil
	}
	s.intent.Lock() // until the blank is no longer clean, the chip can be claimed for another
	defer s.intent.Unlock()
	serial := hex.EncodeToString(c.serial)
	owner, err := s.Journal.Claim(serial, e.Blank)
	if err != nil {
		return e.fault(Notes, fmt.Errorf("station journal: %w", err))
	}
	if err := e.ownedBy(owner); err != nil {
		return err
	}
	claimed := *e
	claimed.ChipSerial, claimed.Clean = serial, false
	if err := s.Journal.Save(claimed); err != nil {
		return e.fault(Notes, fmt.Errorf("station journal: %w", err))
	}
	*e = claimed
	return nil
}

// takeLocked takes a locked chip for the one that was written for the blank. Whether it is
// shows when it is asked for its keys. Where neither the journal nor the maker's manifest
// knows the blank's chip, it is a card that was finished before.
func (s *Station) takeLocked(e *Entry, c *blankChip, d Delivered) error {
	if e.ChipSerial == "" { // another call may have written to it since
		if now, found, err := s.Journal.Load(e.Blank); err != nil {
			return e.fault(Notes, fmt.Errorf("station journal: %w", err))
		} else if found && now.Reference == e.Reference {
			*e = now
		}
	}
	var err error
	if c.serial, err = hex.DecodeString(e.ChipSerial); err == nil && len(c.serial) == 0 {
		c.serial = d.ChipSerial
	}
	if err != nil || len(c.serial) == 0 {
		return e.fault(Slot, identity.Refuse(identity.Conflict, "the chip in the slot is locked: it belongs to a finished card, not to blank %s", e.Blank))
	}
	return nil
}

// ErrNoKeys means a chip whose key set is none that the station knows.
var ErrNoKeys = errors.New("the chip has neither an initial key set that the station knows nor a card key set")

// keys finds which key set the chip has now, and which it is to be given. It has one, and no
// key besides. A card that was begun under an earlier version is finished under that.
func (s *Station) keys(ctx context.Context, c blankChip, d Delivered) (now, next securechannel.KeySet, err error) {
	version, length, err := profile.KeySetOf(c.keys)
	if err != nil {
		return now, next, err
	}
	now, next, err = s.keysOfCard(ctx, c)
	switch {
	case err == nil:
		next = now
	case !errors.Is(err, ErrNoKeys) || c.locked:
		return now, next, err
	case d.ChipSerial != nil && d.KeyVersion != version:
		return now, next, fmt.Errorf("%w: the maker delivers it with key version %02X, and it has %02X", ErrNoKeys, d.KeyVersion, version)
	default:
		if now, err = s.InitialKeys(ctx, version, c.serial); err != nil {
			return now, next, fmt.Errorf("initial key set: %w", err)
		}
	}
	if len(now.ENC) != length {
		return now, next, fmt.Errorf("%w: its keys have %d bytes, and those of version %02X that the station knows have %d", ErrNoKeys, length, version, len(now.ENC))
	}
	return now, next, nil
}

// keysOfCard finds which of the key sets of cards a chip has, and which cards are given now. The
// error is ErrNoKeys when it has none of them.
func (s *Station) keysOfCard(ctx context.Context, c blankChip) (now, next securechannel.KeySet, err error) {
	version, _, err := profile.KeySetOf(c.keys)
	if err != nil {
		return now, next, err
	}
	if next, err = s.CardKeys(ctx, c.serial); err != nil {
		return now, next, fmt.Errorf("card key set: %w", err)
	}
	switch {
	case version == next.Version:
		return next, next, nil
	case s.FormerKeys == nil:
		return now, next, ErrNoKeys
	}
	now, err = s.FormerKeys(ctx, version, c.serial)
	return now, next, err
}

// finished reports whether the chip is locked. The error is errOtherCard for one that says,
// under its keys, that it was locked as another card. One that is not locked repeats its serial
// under its keys, and proves to hold no application of others.
func (s *Station) finished(ctx context.Context, card apdu.Card, keys securechannel.KeySet, e *Entry, c blankChip, image *chip.Image) (bool, error) {
	channel, err := securechannel.Open(ctx, card, keys, securechannel.FullProtection, s.random())
	if err != nil {
		return false, fmt.Errorf("secure channel with blank %s: %w", e.Blank, err)
	}
	r, err := channel.Send(ctx, apdu.Command{
		CLA: apdu.ClassGlobalPlatform, INS: apdu.GetStatus, P1: globalplatform.ScopeCard, P2: 0x02, Data: []byte{0x4F, 0x00}, Le: apdu.MaxShortLe,
	})
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return false, fmt.Errorf("get status: %w", err)
	}
	life, err := tlv.Find(r.Data, 0xE3, 0x9F70)
	if err != nil || len(life.Value) == 0 {
		return false, errors.New("get status: the card does not give its life cycle state")
	}
	if globalplatform.LifeCycle(life.Value[0]) != globalplatform.Secured {
		return false, s.fresh(ctx, channel, e, c, image)
	}
	r, err = channel.Send(ctx, getDataCommand(profile.ReferenceTag))
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return false, fmt.Errorf("read the reference: %w", err)
	}
	stored, err := tlv.ParseOnly(r.Data, profile.ReferenceTag)
	if err != nil || hex.EncodeToString(stored.Value) != e.Reference {
		return false, errOtherCard
	}
	return true, nil
}

// fresh refuses a chip that is not locked and holds an application of others, or whose serial
// is not the one that was heard in plain: keys that are the same for many chips do not show it.
func (s *Station) fresh(ctx context.Context, channel *securechannel.Session, e *Entry, c blankChip, image *chip.Image) error {
	serial, err := profile.SerialOf(ctx, channel)
	switch {
	case err == nil && bytes.Equal(serial, c.serial):
	case err == nil, errors.Is(err, globalplatform.ErrNoSerial):
		return e.fault(Device, errors.New("the chip's serial is another one under its keys than in plain: what it said was changed on the way"))
	default:
		return err
	}
	own, err := s.applications(image)
	if err != nil {
		return err
	}
	return profile.CheckApplications(ctx, channel, own)
}

// errOtherCard means a chip that is locked with other content than its blank was
// begun for.
var errOtherCard = errors.New("the chip is locked as another card")

// make takes the steps of the card profile, and records each before it is taken.
// The chip becomes the blank's before the first step that writes to it.
func (s *Station) make(ctx context.Context, card *apdu.Watch, keys, next securechannel.KeySet, e *Entry, c blankChip, w work) error {
	p, err := s.Catalog.Profile(s.Profile)
	if err != nil {
		return err
	}
	job := profile.Job{Card: card, Keys: keys, NextKeys: next, Serial: c.serial, Content: w.content, Random: s.random()}
	if s.Certify != nil {
		job.Certify = func(ctx context.Context, application string, publicKey []byte) ([]byte, error) {
			return s.certify(ctx, e, w.image.Serial, application, publicKey)
		}
	}
	if job.Applications, err = s.applications(w.image); err != nil {
		return err
	}
	if job.Reference, err = hex.DecodeString(w.reference); err != nil {
		return err
	}
	if w.image.Open() {
		if err := s.complete(&job, e, w.image); err != nil {
			return err
		}
	}
	job.Note = func(step string) error {
		e.Step = step
		if e.ChipSerial == "" && profile.Action(step).Writes() {
			return s.claim(e, c)
		}
		if err := s.Journal.Save(*e); err != nil {
			return &Fault{Part: Notes, Clean: e.Clean, Err: fmt.Errorf("station journal: %w", err)}
		}
		return nil
	}
	return s.atLength(card, func(short bool) error {
		job.Short = short
		return p.Run(ctx, job)
	})
}

// certify gets a certificate. That it does not get one is no fault of the chip.
func (s *Station) certify(ctx context.Context, e *Entry, card identity.CardSerial, application string, publicKey []byte) ([]byte, error) {
	certificate, err := s.Certify(ctx, card, application, publicKey)
	if err != nil {
		return nil, e.fault(Signer, err)
	}
	return certificate, nil
}

// applications are those that the card of an image is given.
func (s *Station) applications(image *chip.Image) ([]*profile.Application, error) {
	var list []*profile.Application
	for _, name := range append([]string{profile.EMRTD}, image.Applications...) {
		a, err := s.Catalog.Application(name)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// complete has the job seal an open image with the keys that the chip makes.
func (s *Station) complete(job *profile.Job, e *Entry, image *chip.Image) error {
	if s.Sealer == nil {
		return e.fault(Signer, errors.New("the image is open, and there is nothing to seal it with: Sealer is nil"))
	}
	ca, aa, err := s.Sealer.Curves(image)
	if err != nil {
		return e.fault(Signer, err)
	}
	job.Curves = map[string]string{chip.CAPrivate: ca, chip.AAPrivate: aa}
	job.Complete = func(_ context.Context, made map[string]crypto.PublicKey) (profile.Content, error) {
		sealed, err := s.Sealer.Seal(image, made[chip.CAPrivate], made[chip.AAPrivate])
		if err != nil {
			return nil, e.fault(Signer, fmt.Errorf("seal the card: %w", err))
		}
		return sealed.Content(), nil
	}
	return nil
}

// failedOn is failed where the card may have been changed for another since it was looked at,
// which some encoders do not show: what that one refuses is no failure of the blank.
func (s *Station) failedOn(ctx context.Context, card apdu.Card, e *Entry, c blankChip, err error) error {
	if _, fault := errors.AsType[*Fault](err); !fault && s.exchanged(ctx, card, e, c) {
		return e.otherChip()
	}
	return s.failed(e, c, err)
}

// exchanged reports whether the chip in the slot is another than the one that was looked at, or,
// where that said nothing, than the blank's. One that is locked does not tell its serial, and
// shows by its keys which it is.
func (s *Station) exchanged(ctx context.Context, card apdu.Card, e *Entry, was blankChip) bool {
	serial := was.serial
	if serial == nil {
		serial, _ = hex.DecodeString(e.ChipSerial)
	}
	c, err := look(ctx, card)
	if err != nil || len(serial) == 0 {
		return false // nothing is known of the one, or of the other
	}
	if !c.locked {
		return !bytes.Equal(c.serial, serial)
	}
	c.serial = serial
	keys, _, err := s.keysOfCard(ctx, c)
	if err == nil {
		_, err = securechannel.Open(ctx, card, keys, securechannel.FullProtection, s.random())
	}
	return isOther(err)
}

// failed decides what an error means for the blank. One that was not written to is as
// it was, and one that is locked is whole: neither is spoiled by what it refuses. A chip that
// says under its keys that it is another card is spoiled at once; one that refuses a
// step, shows other keys or what a blank must not hold is tried again, up to Attempts, since a
// reader may have spoilt what it said. A fault of the connection does not count, nor does a
// length that is refused: readers refuse lengths in a chip's name.
func (s *Station) failed(e *Entry, c blankChip, err error) error {
	if errors.Is(err, errOtherCard) {
		return s.spoiledBy(e, err)
	}
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault
	}
	if errors.Is(err, profile.ErrOtherChip) {
		return e.otherChip()
	}
	part, counts := Device, false
	switch status, refused := errors.AsType[apdu.Status](err); {
	case errors.Is(err, securechannel.ErrCryptogram), errors.Is(err, ErrNoKeys):
		part, counts = Keys, true
	case errors.Is(err, profile.ErrForeign):
		part, counts = Chip, true
	case refused:
		counts = status != apdu.WrongLength
	}
	if e.Clean || c.locked || e.State == Finished || !counts {
		return e.fault(part, err)
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
		return e.fault(Notes, errors.Join(err, fmt.Errorf("station journal: %w", saving)))
	}
	return e.fault(part, err)
}

// spoiledBy records that the blank is spoiled, and refuses it.
func (s *Station) spoiledBy(e *Entry, cause error) error {
	e.State, e.Reason, e.Clean = Spoiled, cause.Error(), false
	if err := s.Journal.Save(*e); err != nil {
		return e.fault(Notes, errors.Join(cause, fmt.Errorf("station journal: %w", err)))
	}
	return identity.Refuse(identity.Spoiled, "blank %s is spoiled: %v", e.Blank, cause)
}
