package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// takeTerminal makes this process the one that Ctrl-C on its terminal interrupts,
// alone, until the function that it returns is called. Else the make that waits for
// it would be interrupted as well, and say that an orderly end was an error. Without
// a terminal nothing changes.
func takeTerminal() (giveBack func()) {
	terminal := int(os.Stdin.Fd())
	before, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP)
	if err != nil || before != unix.Getpgrp() || before == os.Getpid() {
		return func() {} // no terminal, not in its foreground, or alone already
	}
	// Who sets the terminal's group from the background is stopped by this signal.
	signal.Ignore(syscall.SIGTTOU)
	if err := unix.Setpgid(0, 0); err != nil {
		return func() {}
	}
	_ = unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, os.Getpid()) // refused: Ctrl-C goes where it went
	return func() { _ = unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, before) }
}
