package play

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"example.org/cancuoc/internal/identity"
)

// Board shows where the applications are: on a terminal as a table that is painted
// over itself, elsewhere as a line for each change. Several may speak at once.
type Board struct {
	mu    sync.Mutex
	out   io.Writer
	size  func() (width, height int) // of the terminal, in characters; nil: out is not one
	drawn int                        // lines of the table on the terminal; the cursor is in the last one
	seen  map[identity.ApplicationNumber]string
}

// row is one application on the board.
type row struct {
	application identity.ApplicationNumber
	sample      string
	stage       identity.Stage
	awaiting    identity.Action
	since       time.Time // when it entered the stage
}

// NewBoard makes a board on out. A terminal that does not know its size (0 columns
// or rows) gets lines, because a table cannot be erased there.
func NewBoard(out io.Writer) *Board {
	b := &Board{out: out, seen: make(map[identity.ApplicationNumber]string)}
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return b
	}
	if width, height, err := term.GetSize(int(f.Fd())); err != nil || width == 0 || height == 0 {
		return b
	}
	b.size = func() (width, height int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0, 0
		}
		return width, height
	}
	return b
}

// Live reports whether the board is painted over itself.
func (b *Board) Live() bool { return b.size != nil }

// Say prints lines that stay: above the table, on a terminal.
func (b *Board) Say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
	fmt.Fprintf(b.out, format+"\n", args...)
}

// Close leaves the table as it is, and the cursor below it.
func (b *Board) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drawn > 0 {
		fmt.Fprintln(b.out)
		b.drawn = 0
	}
}

// show brings the board up to date.
func (b *Board) show(rows []row, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size == nil {
		b.printChanges(rows)
		return
	}
	width, height := b.size()
	lines := table(rows, now, width, height)
	// Each line is written over the old one: a terminal that is cleared may keep what
	// stood on it in its history.
	frame := b.home() + strings.Join(lines, eraseLine+"\n") + eraseBelow
	_, _ = io.WriteString(b.out, frame) // nobody is left to be told
	b.drawn = len(lines)
}

// printChanges prints a line for each application that has moved.
func (b *Board) printChanges(rows []row) {
	for _, r := range rows {
		state := string(r.stage)
		if r.awaiting != identity.NoAction {
			state += ", awaiting " + string(r.awaiting)
		}
		if b.seen[r.application] != state {
			b.seen[r.application] = state
			fmt.Fprintf(b.out, "%s  %-28s %s\n", r.application, r.sample, state)
		}
	}
}

// erase removes the table from the terminal.
func (b *Board) erase() {
	if b.drawn > 0 {
		_, _ = io.WriteString(b.out, b.home()+eraseBelow) // nobody is left to be told
		b.drawn = 0
	}
}

// What erases from the cursor on (ECMA-48, 8.3.41 and 8.3.39).
const (
	eraseLine  = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// home moves the cursor to the beginning of the table.
func (b *Board) home() string {
	switch b.drawn {
	case 0:
		return ""
	case 1:
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", b.drawn-1)
}

// table draws the rows and a summary into fewer lines than the terminal has, each
// narrower than the terminal: a full line would wrap, and a higher table could not be
// painted over. Where there is not enough room, those that have ended go first.
func table(rows []row, now time.Time, width, height int) []string {
	var open, ended []row
	for _, r := range rows {
		if r.stage.Ended() {
			ended = append(ended, r)
		} else {
			open = append(open, r)
		}
	}
	summary := fmt.Sprintf("%d of %d ended", len(ended), len(rows))
	shown, room := rows, max(height-2, 0)
	if len(rows) > room {
		shown = append(open, ended...)[:room]
		summary += fmt.Sprintf(", %d not shown", len(rows)-room)
	}
	lines := make([]string, 0, len(shown)+1)
	for _, r := range shown {
		lines = append(lines, clip(r.line(now, width), width-1))
	}
	return append(lines, clip(summary, width-1))
}

// line draws an application in as much detail as the width has room for.
func (r row) line(now time.Time, width int) string {
	switch {
	case width > 93:
		return fmt.Sprintf("%s  %-28.28s %s %-17s %-12s %6s", r.application, r.sample, bar(r.stage), r.stage, r.awaiting, r.age(now))
	case width > 62:
		return fmt.Sprintf("%s  %-28.28s %-17s %s", r.application, r.sample, r.stage, r.awaiting)
	}
	return fmt.Sprintf("%s %s", r.stage, r.sample)
}

// age is how long an application has been at its stage.
func (r row) age(now time.Time) string {
	if r.stage.Ended() || r.since.IsZero() {
		return ""
	}
	return now.Sub(r.since).Truncate(time.Second).String()
}

// bar draws how far a stage is.
func bar(s identity.Stage) string {
	steps := len(identity.OpenStages())
	at := steps
	for i, stage := range identity.Stages {
		if stage == s {
			at = min(i, steps)
		}
	}
	if s.Ended() && s != identity.Issued {
		return strings.Repeat("×", steps)
	}
	return strings.Repeat("█", at) + strings.Repeat("░", steps-at)
}

// clip cuts a line to a number of characters.
func clip(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:max(width, 0)])
	}
	return s
}
