package softcard

import (
	"context"
	"time"

	"example.org/cancuoc/personalization/chip/apdu"
)

// secretWrongPasswords counts the wrong passwords of BAC and PACE in a row. It is kept
// without power, so that a reset does not shorten the wait.
const secretWrongPasswords uint16 = 0x8009

// After a wrong password the card makes terminals wait before it tries another one: twice
// as long each time, up to as long as readers take for a card that works.
const (
	firstWait = 100 * time.Millisecond
	longWait  = 5 * time.Second
)

// wrongPasswords is how many passwords in a row were wrong.
func (a *application) wrongPasswords() byte {
	if n, found := a.secret(secretWrongPasswords); found && len(n) == 1 {
		return n[0]
	}
	return 0
}

// owed is how long the card waits before it serves a command that tries a password:
// EXTERNAL AUTHENTICATE of BAC, and the last step of PACE.
func (c *Card) owed(command []byte) time.Duration {
	a := c.ram.selected
	if a == nil || len(command) < 2 {
		return 0
	}
	pace := c.ram.application.pace
	if ins := command[1]; ins != apdu.ExternalAuthenticate && (ins != apdu.GeneralAuthenticate || pace == nil || pace.step != 3) {
		return 0
	}
	wait := time.Duration(0)
	for range a.wrongPasswords() {
		wait = min(max(firstWait, 2*wait), longWait)
	}
	return wait
}

// tried counts a password that was wrong, and forgets the wrong ones before a right one.
func (c *Card) tried(a *application, sw apdu.Status) {
	n := a.wrongPasswords()
	switch {
	case sw == apdu.VerificationFailed:
		c.nv.keepSecret(a, secretWrongPasswords, []byte{max(n, n+1)}) // it stays at 255
	case sw == apdu.OK && n > 0:
		c.nv.keepSecret(a, secretWrongPasswords, []byte{0})
	}
}

// sleep waits.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
