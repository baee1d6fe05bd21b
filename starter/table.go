package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/term"

	"example.org/cancuoc/internal/identity"
)

// board is the live view of the applications that run watches: a table that is
// drawn over itself on a terminal, and plain lines elsewhere.
type board struct {
	out   io.Writer
	live  bool
	width int
	drawn int // lines of the table that stand on the terminal
	seen  map[identity.ApplicationNumber]string
}

// boardRow is one application on the board.
type boardRow struct {
	application identity.ApplicationNumber
	sample      string
	stage       identity.Stage
	awaiting    string
	since       time.Time // when it entered the stage
}

// newBoard makes a board on out. fd is out's file descriptor, or -1.
func newBoard(out io.Writer, fd int) *board {
	b := &board{out: out, width: 100, seen: make(map[identity.ApplicationNumber]string)}
	if fd >= 0 && term.IsTerminal(fd) {
		b.live = true
		if width, _, err := term.GetSize(fd); err == nil {
			b.width = width
		}
	}
	return b
}

// say prints a line that stays: above the table, on a terminal.
func (b *board) say(format string, args ...any) {
	b.erase()
	fmt.Fprintf(b.out, format+"\n", args...)
}

// show brings the board up to date.
func (b *board) show(rows []boardRow, now time.Time) {
	if !b.live {
		for _, r := range rows {
			state := string(r.stage)
			if r.awaiting != "" {
				state += ", awaiting " + r.awaiting
			}
			if b.seen[r.application] != state {
				b.seen[r.application] = state
				fmt.Fprintf(b.out, "%s  %-28s %s\n", r.application, r.sample, state)
			}
		}
		return
	}
	b.erase()
	for _, r := range rows {
		line := fmt.Sprintf("%s  %-28.28s %s %-17s %-12s %6s", r.application, r.sample, bar(r.stage), r.stage, r.awaiting, age(r, now))
		fmt.Fprintln(b.out, clip(line, b.width-1))
	}
	ended := 0
	for _, r := range rows {
		if r.stage.Ended() {
			ended++
		}
	}
	fmt.Fprintf(b.out, "%d of %d ended\n", ended, len(rows))
	b.drawn = len(rows) + 1
}

// erase takes the table off the terminal.
func (b *board) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.out, "\x1b[%dA\x1b[J", b.drawn)
		b.drawn = 0
	}
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

func age(r boardRow, now time.Time) string {
	if r.stage.Ended() || r.since.IsZero() {
		return ""
	}
	return now.Sub(r.since).Truncate(time.Second).String()
}

// clip cuts a line to the terminal's width, so that the table can be erased.
func clip(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width])
	}
	return s
}
