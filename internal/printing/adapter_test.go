package printing_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
)

// adapter runs the adapter of the handbook with a vendor's program, and stops it when the
// test ends or asks for that.
func adapter(t *testing.T, dir, program string) (stop func()) {
	t.Helper()
	vendor := filepath.Join(t.TempDir(), "vendor")
	require.NoError(t, os.WriteFile(vendor, []byte("#!/bin/sh\n"+program), 0o700))
	script, err := filepath.Abs("../../docs/printer-adapter.sh")
	require.NoError(t, err)
	cmd := exec.Command("sh", script, dir, vendor)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	return stop
}

// The adapter of the handbook speaks for a vendor's program, as the station understands it.
func TestAdapter_OfTheHandbook(t *testing.T) {
	t.Parallel()
	card := printing.Sides{PDF: pdf(1)}
	t.Run("a card is printed", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		adapter(t, dir, `cp "$1" "$1.printed"; echo x >> times`)
		p := &printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}
		for range 2 {
			require.NoError(t, p.Print(t.Context(), "CARD-1", card, ignore))
		}
		content, err := os.ReadFile(filepath.Join(dir, "CARD-1.pdf.printed"))
		require.NoError(t, err)
		require.Equal(t, card.PDF, content)
		times, err := os.ReadFile(filepath.Join(dir, "times"))
		require.NoError(t, err)
		require.Equal(t, "x\n", string(times))
	})
	t.Run("the printer needs a person", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		adapter(t, dir, `echo "the ribbon is empty"; while [ ! -e ribbon ]; do sleep 0.05; done; echo; sleep 1`)
		var b board
		require.NoError(t, (&printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}).Print(t.Context(), "CARD-1", card, func(what string) {
			b.tell(what)
			if what != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "ribbon"), nil, 0o600))
			}
		}))
		require.Equal(t, []string{"the printer needs a person: the ribbon is empty", ""}, b.told)
	})
	t.Run("a card is lost", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		adapter(t, dir, `exit 3`)
		err := (&printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}).Print(t.Context(), "CARD-1", card, ignore)
		require.ErrorIs(t, err, identity.Spoiled)
		require.ErrorContains(t, err, "ended with 3")
	})
	t.Run("a card was not begun", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		adapter(t, dir, `[ -e mended ] || exit 75`)
		p := &printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}
		err := p.Print(t.Context(), "CARD-1", card, ignore)
		require.ErrorContains(t, err, "refused job CARD-1")
		requireFault(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600))
		require.NoError(t, p.Print(t.Context(), "CARD-1", card, ignore))
	})
	t.Run("it was stopped meanwhile", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		stop := adapter(t, dir, `sleep 60`)
		printed := make(chan error, 1)
		p := &printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}
		go func() { printed <- p.Print(t.Context(), "CARD-1", card, ignore) }()
		require.Eventually(t, func() bool {
			b, err := os.ReadFile(filepath.Join(dir, "CARD-1.state"))
			return err == nil && string(b) == "taken\n"
		}, time.Minute, 10*time.Millisecond)
		stop()
		adapter(t, dir, `exit 0`)
		require.ErrorIs(t, <-printed, identity.Spoiled, "it is not printed again")
	})
}

// A program that says nothing is told of, before it takes a job and afterwards.
func TestFolders_TellOfSilence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &printing.Spool{Dir: dir, Answers: true, Silence: 300 * time.Millisecond}
	var b board
	printed := make(chan error, 1)
	go func() { printed <- p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, b.tell) }()
	require.Eventually(t, func() bool { return b.has("the printer's program does not take the job: see whether it runs") }, time.Minute, 10*time.Millisecond)
	require.NoError(t, say(dir, "taken"))
	require.Eventually(t, func() bool {
		return b.has("the printer's program took the job, and does not say what became of it: see whether it runs")
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, say(dir, "done"))
	require.NoError(t, <-printed)
}
