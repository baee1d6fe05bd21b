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

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
)

// Simulated is an encoder whose cards are software and lie in a folder, a file
// for each blank. A blank that is not there yet comes out of the magazine,
// empty. What a card was given it keeps, so that a program that was killed finds
// it in the slot as it left it.
type Simulated struct {
	dir     string
	options SimulatedOptions
	heads   chan struct{}

	mu    sync.Mutex
	cards map[string]*simulatedCard // by blank; kept while the encoder lives
}

// SimulatedOptions say how the simulated encoder behaves. Only TransportKeys is
// needed.
type SimulatedOptions struct {
	// TransportKeys are put into a blank by its maker.
	TransportKeys func(chipSerial []byte) (securechannel.Keys, error)
	// Faults are what goes wrong, by the blank's serial. May be nil.
	Faults func(blank string) []Fault
	// Command and Byte are how long a command takes, and each of its bytes and
	// its response's in addition.
	Command, Byte time.Duration
	// Heads is how many cards are served at once; 0 is no limit.
	Heads int
	// Sync makes every change of a card wait for the disk.
	Sync bool
}

// FaultKind is what can go wrong with a simulated card. The strings are those of
// the configuration.
type FaultKind string

// The kinds of faults.
const (
	Mute         FaultKind = "mute"                         // no response
	WrongStatus  FaultKind = "wrong-status"                 // a status word in the response's place
	Torn         FaultKind = "torn"                         // power lost in the middle of a write
	ReaderLost   FaultKind = "reader-lost"                  // the line to the reader breaks
	Slow         FaultKind = "slow"                         // a command takes Delay longer
	CorruptFile  FaultKind = "corrupt-file"                 // one byte of File comes back wrong, always
	NoActiveAuth FaultKind = "refuse-active-authentication" // always
)

// Fault is one thing that goes wrong with one card.
type Fault struct {
	Kind   FaultKind     `yaml:"kind"   mapstructure:"kind"`
	After  int           `yaml:"after"  mapstructure:"after"`  // commands that are answered before it strikes
	Always bool          `yaml:"always" mapstructure:"always"` // and at every command from then on; otherwise once in the card's life
	Status uint16        `yaml:"status" mapstructure:"status"` // of WrongStatus
	File   uint16        `yaml:"file"   mapstructure:"file"`   // of CorruptFile: the file identifier
	Offset int           `yaml:"offset" mapstructure:"offset"` // of CorruptFile: which byte
	Delay  time.Duration `yaml:"delay"  mapstructure:"delay"`  // of Slow
}

// Errors of the simulated encoder.
var (
	ErrMute       = errors.New("the card is mute")
	ErrReaderLost = errors.New("the reader is gone")
)

// simulatedCard is one card's place in the encoder.
type simulatedCard struct {
	free    chan struct{} // holds one token while nobody has a session
	card    *softcard.Card
	file    *cardFile
	commits uint64 // of the snapshot on disk
	served  int    // commands since the encoder was started
	faults  []Fault
	lost    bool
}

// NewSimulated makes an encoder whose cards lie in dir.
func NewSimulated(dir string, o SimulatedOptions) (*Simulated, error) {
	if o.TransportKeys == nil {
		return nil, errors.New("simulated encoder: no transport keys")
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

// Open brings the blank to a slot, waiting for a free one and for whoever else
// has a session with it, and resets the card.
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

func release(heads chan struct{}) {
	if heads != nil {
		<-heads
	}
}

// place finds or makes a blank's place.
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
		return fmt.Errorf("%q is no serial", blank)
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
	} else if err := s.takeBlank(blank, c, options); err != nil {
		return err
	}
	c.commits, c.lost = c.card.Commits(), false
	return c.card.Reset(ctx)
}

// takeBlank takes a new card out of the magazine.
func (s *Simulated) takeBlank(blank string, c *simulatedCard, options softcard.Options) error {
	serial := ChipSerial(blank)
	keys, err := s.options.TransportKeys(serial)
	if err != nil {
		return fmt.Errorf("transport keys: %w", err)
	}
	if c.card, err = softcard.New(softcard.Blank{ChipSerial: serial, Keys: keys}, options); err != nil {
		return err
	}
	return c.file.write(c.card.AppendSnapshot)
}

// ChipSerial is the serial of the chip that the simulated maker put into a
// blank: the first 10 bytes of the SHA-256 of the blank's serial.
func ChipSerial(blank string) []byte {
	h := sha256.Sum256([]byte(blank))
	return h[:10]
}

func defects(faults []Fault) softcard.Defects {
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

// Transmit lets the card serve one command, with what is scripted to go wrong.
// What the command changed is on disk before its response is given.
func (s *simulatedSession) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if s.lost || s.closed {
		return nil, ErrReaderLost
	}
	o := &s.encoder.options
	if err := wait(ctx, o.Command+time.Duration(len(command))*o.Byte); err != nil {
		return nil, err
	}
	fault, struck := s.strike()
	s.served++
	if struck {
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
			s.lost = true // a chip that cannot write is no chip
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

// strike finds the fault that is due. One that strikes once leaves a mark on
// disk, so that it does not strike again after a restart.
func (s *simulatedSession) strike() (Fault, bool) {
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
	return Fault{}, false
}

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

// ATR is the card's answer to reset.
func (s *simulatedSession) ATR() []byte { return s.card.ATR() }

// Close leaves the card in the slot for the next session.
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
