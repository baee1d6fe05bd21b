package station

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
)

// Simulated is an encoder with software cards, each a file in a folder. A blank
// that has no file yet comes out of the magazine, empty. Cards keep what is written
// to them, so that a program that was killed finds the card in the slot as it left
// it.
type Simulated struct {
	dir     string
	options SimulatedOptions
	heads   chan struct{}

	mu    sync.Mutex
	cards map[string]*simulatedCard // by blank; kept while the encoder lives
}

// SimulatedOptions say how the simulated encoder behaves. Only InitialKeys is
// required.
type SimulatedOptions struct {
	// InitialKeys is the initial (transport) key set that the maker puts into a
	// blank.
	InitialKeys func(ctx context.Context, blank string, chipSerial []byte) (securechannel.KeySet, error)
	// Faults are the simulated faults of a blank's card, by its serial. May be nil.
	Faults func(blank string) []SimulatedFault
	// Command is how long a command takes, Byte how long each byte of it and of its
	// response takes in addition.
	Command, Byte time.Duration
	// Heads is how many cards are served at once; 0 is no limit.
	Heads int
	// Sync makes every change of a card wait for the disk.
	Sync bool
}

// FaultKind is the kind of a simulated fault.
type FaultKind string

// The kinds of simulated faults.
const (
	Mute         FaultKind = "mute"                         // the card does not answer
	WrongStatus  FaultKind = "wrong-status"                 // the response is Status
	Torn         FaultKind = "torn"                         // power is lost in the middle of a write
	ReaderLost   FaultKind = "reader-lost"                  // the connection to the reader breaks
	Slow         FaultKind = "slow"                         // a command takes Delay longer
	CorruptFile  FaultKind = "corrupt-file"                 // one byte of File always reads wrong
	NoActiveAuth FaultKind = "refuse-active-authentication" // always
)

// SimulatedFault is something that goes wrong with one simulated card.
type SimulatedFault struct {
	Kind   FaultKind
	After  int           // how many commands are answered before it
	Always bool          // it repeats at every command from then on; otherwise it happens once in the card's life
	Status uint16        // of WrongStatus: the status word
	File   uint16        // of CorruptFile: the file identifier
	Offset int           // of CorruptFile: which byte
	Delay  time.Duration // of Slow
}

// Errors of the simulated encoder.
var (
	ErrMute       = errors.New("the card does not answer")
	ErrReaderLost = errors.New("the connection to the reader is lost")
)

// simulatedCard is one card in the encoder.
type simulatedCard struct {
	free    chan struct{} // holds one token while there is no session
	card    *softcard.Card
	file    *cardFile
	commits uint64 // of the snapshot on disk
	served  int    // commands since the encoder was started
	faults  []SimulatedFault
	lost    bool // the session's connection is broken
}

// NewSimulated makes an encoder whose cards lie in dir.
func NewSimulated(dir string, o SimulatedOptions) (*Simulated, error) {
	if o.InitialKeys == nil {
		return nil, errors.New("simulated encoder: there is no initial key set")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("simulated encoder: %w", err)
	}
	s := &Simulated{dir: dir, options: o, cards: make(map[string]*simulatedCard)}
	if o.Heads > 0 {
		s.heads = make(chan struct{}, o.Heads)
	}
	return s, nil
}

// Open brings the blank to a slot and resets the card. It waits for a free slot and
// for the end of another session with the blank.
func (s *Simulated) Open(ctx context.Context, blank string) (Session, error) {
	if err := acquire(ctx, s.heads); err != nil {
		return nil, fmt.Errorf("wait for a slot: %w", err)
	}
	c := s.place(blank)
	select {
	case <-c.free:
	case <-ctx.Done():
		release(s.heads)
		return nil, fmt.Errorf("wait for blank %s: %w", blank, ctx.Err())
	}
	session := &simulatedSession{encoder: s, blank: blank, simulatedCard: c}
	if err := s.insert(ctx, blank, c); err != nil {
		return nil, errors.Join(fmt.Errorf("simulated encoder: %w", err), session.Close())
	}
	return session, nil
}

// Prove reports whether the magazine's folder can be written.
func (s *Simulated) Prove(context.Context) error {
	if err := durable.Prove(s.dir, placeBytes, false); err != nil {
		return fmt.Errorf("magazine: %w", err)
	}
	return nil
}

// acquire takes one of the heads, if their number is limited.
func acquire(ctx context.Context, heads chan struct{}) error {
	if heads == nil {
		return nil
	}
	select {
	case heads <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// release gives a head back.
func release(heads chan struct{}) {
	if heads != nil {
		<-heads
	}
}

// place finds the card of a blank, or makes a place for it.
func (s *Simulated) place(blank string) *simulatedCard {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, found := s.cards[blank]
	if !found {
		c = &simulatedCard{free: make(chan struct{}, 1)}
		c.free <- struct{}{}
		if s.options.Faults != nil {
			c.faults = s.options.Faults(blank)
		}
		s.cards[blank] = c
	}
	return c
}

// insert reads the card from disk, or takes a new one, and powers it up.
func (s *Simulated) insert(ctx context.Context, blank string, c *simulatedCard) error {
	if !plain.MatchString(blank) {
		return fmt.Errorf("%q is not a serial", blank)
	}
	var snapshot []byte
	var err error
	if c.file, snapshot, err = openCardFile(filepath.Join(s.dir, "card-"+blank+".chip"), s.options.Sync); err != nil {
		return err
	}
	options := softcard.Options{Defects: defects(c.faults)}
	if snapshot != nil {
		if c.card, err = softcard.Restore(snapshot, options); err != nil {
			return fmt.Errorf("blank %s: %w", blank, err)
		}
	} else if err := s.takeBlank(ctx, blank, c, options); err != nil {
		return err
	}
	c.commits, c.lost = c.card.Commits(), false
	return c.card.Reset(ctx)
}

// takeBlank takes a new card out of the magazine.
func (s *Simulated) takeBlank(ctx context.Context, blank string, c *simulatedCard, options softcard.Options) error {
	serial := ChipSerial(blank)
	keys, err := s.options.InitialKeys(ctx, blank, serial)
	if err != nil {
		return fmt.Errorf("initial key set: %w", err)
	}
	if c.card, err = softcard.New(softcard.Blank{ChipSerial: serial, Keys: keys}, options); err != nil {
		return err
	}
	return c.file.write(c.card.AppendSnapshot)
}

// ChipSerial is the serial of the chip in a simulated blank: the first 10 bytes of
// the SHA-256 of the blank's serial.
func ChipSerial(blank string) []byte {
	h := sha256.Sum256([]byte(blank))
	return h[:globalplatform.SerialSize]
}

// defects are the simulated faults that a card has from the start.
func defects(faults []SimulatedFault) softcard.Defects {
	var d softcard.Defects
	for _, f := range faults {
		switch f.Kind {
		case CorruptFile:
			d.CorruptFile, d.CorruptOffset = f.File, f.Offset
		case NoActiveAuth:
			d.RefuseActiveAuthentication = true
		case Mute, WrongStatus, Torn, ReaderLost, Slow:
		}
	}
	return d
}

// simulatedSession is a session with one simulated card.
type simulatedSession struct {
	*simulatedCard
	encoder *Simulated
	blank   string
	closed  bool
}

// Transmit lets the card serve one command, with its simulated faults. What the
// command changed is on disk before the response is given.
func (s *simulatedSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if s.lost || s.closed {
		return nil, ErrReaderLost
	}
	o := &s.encoder.options
	if err := wait(ctx, o.Command+time.Duration(len(command))*o.Byte); err != nil {
		return nil, err
	}
	fault, due := s.due()
	s.served++
	if due {
		switch fault.Kind {
		case Mute:
			return nil, ErrMute
		case WrongStatus:
			return apdu.Response{SW: apdu.Status(fault.Status)}.Bytes(), nil
		case ReaderLost:
			s.lost = true
			return nil, ErrReaderLost
		case Slow:
			if err := wait(ctx, fault.Delay); err != nil {
				return nil, err
			}
		case Torn:
			s.card.PowerLossAfter(0, softcard.MidWrite)
		case CorruptFile, NoActiveAuth:
		}
	}
	response, err := s.card.Transmit(ctx, command)
	if n := s.card.Commits(); n != s.commits {
		if err := s.file.write(s.card.AppendSnapshot); err != nil {
			s.lost = true // the card would forget what it has confirmed
			return nil, fmt.Errorf("keep blank %s: %w", s.blank, err)
		}
		s.commits = n
	}
	if err != nil {
		return nil, err
	}
	return response, wait(ctx, time.Duration(len(response))*o.Byte)
}

// PowerLossAfter lets the card answer n more commands and cuts its power in the
// one that follows. See [softcard.Card.PowerLossAfter].
func (s *simulatedSession) PowerLossAfter(n int, m softcard.Moment) { s.card.PowerLossAfter(n, m) }

// due finds the simulated fault that is due. One that happens once leaves a mark on
// disk, so that it does not happen again after a restart.
func (s *simulatedSession) due() (SimulatedFault, bool) {
	for i, f := range s.faults {
		if s.served < f.After || f.Kind == CorruptFile || f.Kind == NoActiveAuth {
			continue
		}
		if f.Always {
			return f, true
		}
		mark := filepath.Join(s.encoder.dir, fmt.Sprintf("fault-%s-%d", s.blank, i))
		m, err := os.OpenFile(mark, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			_ = m.Close() // it is empty
			return f, true
		}
	}
	return SimulatedFault{}, false
}

// wait waits for a time.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reset powers the card down and up.
func (s *simulatedSession) Reset(ctx context.Context) error { return s.card.Reset(ctx) }

// ATR is the card's answer to reset.
func (s *simulatedSession) ATR() []byte { return s.card.ATR() }

// Close ends the session. The card stays in the slot.
func (s *simulatedSession) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.file != nil {
		err = s.file.Close()
	}
	s.card, s.file = nil, nil // it is on disk
	s.free <- struct{}{}
	release(s.encoder.heads)
	return err
}
