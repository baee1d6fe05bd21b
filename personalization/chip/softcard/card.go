package softcard

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// ErrPowerLost is the error of Transmit while the card has no power. Reset powers
// it up.
var ErrPowerLost = errors.New("the card lost power")

// Blank is an empty chip as the maker delivers it.
type Blank struct {
	ChipSerial []byte               // 10 bytes, unique
	Keys       securechannel.KeySet // the initial (transport) key set
}

// Defects are what is wrong with a chip from the start, for tests and for
// demonstrations of inspection. The zero value is a good chip.
type Defects struct {
	CorruptFile                uint16 // identifier of the file with a byte that reads wrong, or 0
	CorruptOffset              int    // which byte of it
	RefuseActiveAuthentication bool   // INTERNAL AUTHENTICATE answers 6985
}

// Options are what a card is besides its memory. The zero value is a good card.
type Options struct {
	Random io.Reader // of challenges, nonces and keys; crypto/rand by default
	// Wait lets the time pass for which a card makes terminals wait after wrong passwords;
	// the real time by default.
	Wait    func(context.Context, time.Duration) error
	Memory  int // bytes; MemorySize by default
	Defects Defects
}

// Card is a chip in software. Its methods may be called concurrently; commands are
// served one after the other.
type Card struct {
	mu      sync.Mutex
	nv      *memory
	ram     session
	random  io.Reader
	wait    func(context.Context, time.Duration) error
	defects Defects
	power   power
}

var (
	_ apdu.Card     = (*Card)(nil)
	_ apdu.Resetter = (*Card)(nil)
)

// session is what the card forgets at each reset.
type session struct {
	selected *application // nil: the issuer security domain
	channel  *securechannel.CardSession
	personal *application // receives STORE DATA, after INSTALL [for personalization]
	store    stream
	rest     []byte // of a response that was too long for what the terminal takes
	restSW   apdu.Status
	chain    []byte  // data of a command chain so far
	chained  [2]byte // INS and P1 of the chain

	application applicationSession
}

// New makes a blank card.
func New(b Blank, o Options) (*Card, error) {
	if err := b.Keys.Check(); err != nil {
		return nil, fmt.Errorf("blank card: %w", err)
	}
	if len(b.ChipSerial) != globalplatform.SerialSize {
		return nil, fmt.Errorf("blank card: the chip serial has %d bytes, not %d", len(b.ChipSerial), globalplatform.SerialSize)
	}
	m := &memory{life: globalplatform.OpReady, keys: []securechannel.KeySet{b.Keys}}
	copy(m.serial[:], b.ChipSerial)
	return with(m, o), nil
}

// Restore makes a card with the memory that Snapshot gave.
func Restore(snapshot []byte, o Options) (*Card, error) {
	m, err := decodeMemory(snapshot)
	if err != nil {
		return nil, err
	}
	return with(m, o), nil
}

func with(m *memory, o Options) *Card {
	m.size = o.Memory
	if m.size == 0 {
		m.size = MemorySize
	}
	c := &Card{nv: m, random: o.Random, wait: o.Wait, defects: o.Defects}
	if c.wait == nil {
		c.wait = sleep
	}
	if c.random == nil {
		c.random = rand.Reader
	}
	c.power.left = -1
	c.powerUp()
	return c
}

// Snapshot is the whole memory of the card, with keys and secrets.
func (c *Card) Snapshot() []byte { return c.AppendSnapshot(nil) }

// AppendSnapshot appends what Snapshot gives to b.
func (c *Card) AppendSnapshot(b []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nv.encode(b)
}

// Commits counts the commands that changed the memory: when it has changed, an
// older snapshot is out of date.
func (c *Card) Commits() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nv.commits
}

// ChipSerial is the serial of the chip, 10 bytes.
func (c *Card) ChipSerial() []byte { return bytes.Clone(c.nv.serial[:]) }

// LifeCycle is the life cycle state of the card.
func (c *Card) LifeCycle() globalplatform.LifeCycle {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nv.life
}

// Moment is when in a command power is lost.
type Moment int

// The moments.
const (
	BeforeCommit Moment = iota // nothing of the command is kept
	MidWrite                   // some pages are written: a chip without anti-tearing
	AfterCommit                // everything is kept, but the response is lost
)

// power is the power supply, which a test may cut.
type power struct {
	left   int // commands still to be answered; -1: no limit
	moment Moment
	lost   bool
}

// PowerLossAfter lets the card answer n more commands and cuts its power in the
// one that follows. A negative n cancels that.
func (c *Card) PowerLossAfter(n int, m Moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.power.left, c.power.moment = n, m
}

// Reset powers the card down and up.
func (c *Card) Reset(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.powerUp()
	return nil
}

// powerUp forgets the session. The application with the card reset privilege is
// selected, if it can be read.
func (c *Card) powerUp() {
	c.power.lost = false
	c.ram = session{}
	for _, a := range c.nv.apps {
		if a.privileges&globalplatform.PrivilegeCardReset != 0 && c.readable(a) {
			c.ram.selected = a
		}
	}
}

// ATR is the answer to reset: a contactless card with T=1. Its historical bytes
// announce command chaining and extended lengths (ISO/IEC 7816-4, 12.1.1.10).
func (c *Card) ATR() []byte {
	atr := []byte{0x3B, 0x85, 0x80, 0x01, 0x80, 0x73, 0xC0, 0x21, 0xC0}
	check := byte(0)
	for _, b := range atr[1:] {
		check ^= b
	}
	return append(atr, check)
}

// Transmit serves one command APDU as one transaction. The error is
// [ErrPowerLost] or the context's.
func (c *Card) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.power.lost {
		return nil, ErrPowerLost
	}
	if d := c.owed(command); d > 0 {
		if err := c.wait(ctx, d); err != nil {
			return nil, err
		}
	}
	r := c.serve(command)
	if c.power.left == 0 {
		c.cut()
		return nil, ErrPowerLost
	}
	if c.power.left > 0 {
		c.power.left--
	}
	if failed(r.SW) {
		c.nv.rollback(0)
	}
	c.nv.commit()
	return r.Bytes(), nil
}

// cut loses power in the command just served.
func (c *Card) cut() {
	switch c.power.moment {
	case BeforeCommit:
		c.nv.rollback(0)
	case MidWrite:
		c.nv.rollback(len(c.nv.undo) / 2)
	case AfterCommit:
		c.nv.commit()
	}
	c.power.left, c.power.lost = -1, true
}

// failed reports whether sw means that nothing was done.
func failed(sw apdu.Status) bool {
	return sw != apdu.OK && sw.SW1() != 0x62 && sw.SW1() != 0x63 && sw.SW1() != apdu.BytesRemaining.SW1()
}

// serve answers one command.
func (c *Card) serve(command []byte) apdu.Response {
	cmd, err := apdu.Parse(command)
	if err == nil && cmd.INS == apdu.GetResponse && cmd.CLA == 0 && c.ram.rest != nil {
		return c.part(apdu.Response{Data: c.ram.rest, SW: c.ram.restSW}, cmd.Le, cmd.Le)
	}
	if err != nil || cmd.CLA&^apdu.ClassChaining != apdu.ClassSecureMessaging {
		c.ram.application.endMessaging() // 9303-11, 9.8.7: whatever is not in the session ends it
	}
	if err != nil {
		return status(apdu.WrongLength)
	}
	if cmd.CLA&0x63 != 0 { // no logical channels, no further interindustry classes
		if cmd.CLA&0x03 != 0 {
			return status(apdu.ChannelNotSupported)
		}
		return status(apdu.ClassNotSupported)
	}
	r := c.serveWhole(cmd)
	reads := cmd.INS == apdu.ReadBinary || cmd.INS == apdu.ReadBinaryOdd // as many bytes as are asked for
	if plain := cmd.CLA&apdu.ClassSecureMessaging == 0; plain && !reads && cmd.Le > 0 && cmd.Le < len(r.Data) && len(r.Data) < apdu.MaxShortLe {
		return status(apdu.WrongLe | apdu.Status(len(r.Data)&0xFF))
	}
	return c.part(r, cmd.Le, apdu.MaxShortLe)
}

// part is as much of a response as a terminal takes that expects a short one, at most so many
// bytes. It gets the rest by GET RESPONSE, which belongs to the transmission and not to any channel.
func (c *Card) part(r apdu.Response, le, most int) apdu.Response {
	c.ram.rest = nil
	if le == 0 || le > apdu.MaxShortLe || len(r.Data) <= most {
		return r
	}
	c.ram.rest, c.ram.restSW = r.Data[most:], r.SW
	return apdu.Response{Data: r.Data[:most], SW: apdu.BytesRemaining | apdu.Status(min(len(c.ram.rest), apdu.MaxShortLe)&0xFF)}
}

// serveWhole answers one command of a class that the card knows.
func (c *Card) serveWhole(cmd apdu.Command) apdu.Response {
	if !c.goesWithChannel(cmd) {
		return status(apdu.SecurityNotSatisfied)
	}
	if cmd.CLA&apdu.ClassSecureMessaging == apdu.ClassSecureMessaging && cmd.CLA&0x80 == 0 {
		return c.serveSecured(cmd)
	}
	if cmd.CLA&apdu.ClassSecureMessaging == 0x04 {
		return c.serveChannel(cmd)
	}
	if cmd.CLA&apdu.ClassSecureMessaging != 0 {
		return status(apdu.SecureMessagingNot)
	}
	cmd, whole, sw := c.link(cmd)
	if !whole {
		return status(sw)
	}
	return c.dispatch(cmd)
}

// goesWithChannel ends a secure channel of SCP03 before a command that is not in it. If the
// channel was open the command is not served, unless it is one that leaves the channel:
// SELECT of an application, or INITIALIZE UPDATE.
func (c *Card) goesWithChannel(cmd apdu.Command) bool {
	if c.ram.channel == nil || cmd.CLA&apdu.ClassSecureMessaging == 0x04 {
		return true
	}
	open := c.ram.channel.Open()
	c.endChannel()
	leaves := cmd.CLA&(apdu.ClassSecureMessaging|apdu.ClassChaining) == 0 &&
		(cmd.INS == apdu.Select && cmd.P1 == apdu.SelectByName || cmd.CLA&apdu.ClassGlobalPlatform != 0 && cmd.INS == apdu.InitializeUpdate)
	return !open || leaves
}

// serveChannel serves a command in SCP03.
func (c *Card) serveChannel(cmd apdu.Command) apdu.Response {
	if cmd.INS == apdu.ExternalAuthenticate {
		return c.externalAuthenticate(cmd)
	}
	if cmd.CLA&apdu.ClassChaining != 0 {
		return status(apdu.ChainingNotSupported)
	}
	if !c.ram.channel.Open() {
		return status(apdu.SecurityNotSatisfied)
	}
	channel := c.ram.channel
	plain, sw := channel.Unwrap(cmd)
	if sw != apdu.OK {
		c.endChannel()
		return status(sw)
	}
	return channel.Wrap(c.dispatch(plain))
}

// maxChain bounds the data of a command chain.
const maxChain = apdu.MaxExtendedData

// link collects a command chain. The steps of GENERAL AUTHENTICATE have the
// chaining bit, but each is a command by itself (9303-11, 4.4.4).
func (c *Card) link(cmd apdu.Command) (_ apdu.Command, whole bool, _ apdu.Status) {
	more := cmd.CLA&apdu.ClassChaining != 0
	if cmd.INS == apdu.GeneralAuthenticate || (!more && c.ram.chain == nil) {
		return cmd, true, apdu.OK
	}
	header := [2]byte{cmd.INS, cmd.P1}
	if c.ram.chain != nil && c.ram.chained != header {
		c.ram.chain = nil
		if more {
			return cmd, false, apdu.LastOfChainExpected
		}
		return cmd, true, apdu.OK
	}
	if len(c.ram.chain)+len(cmd.Data) > maxChain {
		c.ram.chain = nil
		return cmd, false, apdu.WrongLength
	}
	c.ram.chain = append(slices.Grow(c.ram.chain, len(cmd.Data)+1), cmd.Data...)
	c.ram.chained = header
	if more {
		return cmd, false, apdu.OK
	}
	cmd.Data, c.ram.chain = c.ram.chain, nil
	return cmd, true, apdu.OK
}

// dispatch serves a plain command: by the card itself, the issuer security domain
// or the selected application.
func (c *Card) dispatch(cmd apdu.Command) apdu.Response {
	cmd.CLA &^= apdu.ClassChaining
	if cmd.INS == apdu.Select && cmd.P1 == apdu.SelectByName {
		return c.selectApplication(cmd)
	}
	if r, served := c.channelCommand(cmd); served {
		return r
	}
	if c.ram.selected == nil {
		return c.securityDomainCommand(cmd)
	}
	return c.applicationCommand(cmd)
}

// applicationCommand serves a command to the selected application: one that
// personalizes it, or, once it is personalized, one that uses it.
func (c *Card) applicationCommand(cmd apdu.Command) apdu.Response {
	a := c.ram.selected
	if writes(cmd.INS) {
		return c.personalize(a, cmd)
	}
	if !c.readable(a) {
		return status(apdu.ConditionsNotSatisfied)
	}
	m, known := moduleOf(a.module)
	if !known {
		return status(apdu.InstructionNotSupported)
	}
	return m.use(c, a, cmd)
}

// readable reports whether readers may use an application: it is personalized, and
// the card is locked.
func (c *Card) readable(a *application) bool {
	return a.life == globalplatform.Personalized && c.nv.life == globalplatform.Secured
}

// selectApplication is SELECT by application identifier, whole or its start.
func (c *Card) selectApplication(cmd apdu.Command) apdu.Response {
	if cmd.P2&^0x0F != 0 || len(cmd.Data) > 16 {
		return status(apdu.WrongParameters)
	}
	a, found := c.findApplication(cmd.Data)
	if !found {
		return status(apdu.FileNotFound)
	}
	if a != nil && !c.readable(a) && !c.personalizable(a) {
		return status(apdu.ConditionsNotSatisfied)
	}
	c.endChannel()
	c.ram.selected = a
	c.ram.application.enter(a != nil)
	if cmd.P2&apdu.NoResponse == apdu.NoResponse || cmd.Le == 0 {
		return status(apdu.OK)
	}
	return apdu.Response{Data: selectionAnswer(a), SW: apdu.OK}
}

// findApplication finds an application by the start of its identifier; nil is the
// issuer security domain.
func (c *Card) findApplication(start []byte) (*application, bool) {
	if bytes.HasPrefix(globalplatform.IssuerSecurityDomain(), start) {
		return nil, true
	}
	for _, a := range c.nv.apps {
		if bytes.HasPrefix(a.aid, start) {
			return a, true
		}
	}
	return nil, false
}

// endChannel closes the secure channel and forgets what depended on it.
func (c *Card) endChannel() {
	c.ram.channel, c.ram.personal, c.ram.store = nil, nil, stream{}
}

func status(sw apdu.Status) apdu.Response { return apdu.Response{SW: sw} }
