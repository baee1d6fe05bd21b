package printing_test

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
)

// say answers the job CARD-1 as a printer's program does.
func say(dir, answer string) error {
	name := filepath.Join(dir, "CARD-1.state")
	return errors.Join(os.WriteFile(name+".new", []byte(answer+"\n"), 0o600), os.Rename(name+".new", name))
}

// board is what was told to people, in order.
type board struct {
	mu   sync.Mutex
	told []string
}

func (b *board) tell(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, what)
}

func (b *board) has(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.told) > 0 && b.told[len(b.told)-1] == what
}

// A job is printed when the printer's program says so, not when its file is written.
func TestFolders_WaitForTheAnswer(t *testing.T) {
	t.Parallel()
	sides := printing.Sides{PDF: pdf(1), Draw: func(int) (front, back image.Image, err error) {
		picture := image.NewGray(image.Rect(0, 0, 4, 4))
		return picture, picture, nil
	}}
	for name, open := range map[string]func(dir string) (printing.Printer, string){
		"PDF": func(dir string) (printing.Printer, string) {
			return &printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}, "CARD-1.pdf"
		},
		"Bitmaps": func(dir string) (printing.Printer, string) {
			return &printing.Bitmaps{Dir: dir, DPI: 300, Answers: true, Silence: time.Minute}, "CARD-1-back.png"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p, file := open(dir)
			var b board
			printed := make(chan error, 1)
			go func() { printed <- p.Print(t.Context(), "CARD-1", sides, b.tell) }()
			there := func() bool { _, err := os.Stat(filepath.Join(dir, file)); return err == nil }
			require.Eventually(t, there, time.Minute, 10*time.Millisecond)

			require.NoError(t, say(dir, "jammed take the card out of the flipper"))
			require.Eventually(t, func() bool { return b.has("the printer needs a person: take the card out of the flipper") }, time.Minute, 10*time.Millisecond)
			require.NoError(t, say(dir, "taken"))
			require.Eventually(t, func() bool { return b.has("") }, time.Minute, 10*time.Millisecond)
			require.Empty(t, printed, "it is not printed yet")
			require.NoError(t, os.Remove(filepath.Join(dir, file)))
			require.NoError(t, say(dir, "done"))

			require.NoError(t, <-printed)
			require.NoError(t, p.Print(t.Context(), "CARD-1", sides, ignore), "a job that was printed")
			require.False(t, there(), "is not written again")
		})
	}
}

// A card at which the printer failed is lost, however often it is asked for.
func TestFolders_AFailureSpoilsTheCard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}
	require.NoError(t, say(dir, "failed the ribbon tore\x1b[2J"))
	for range 2 {
		err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
		require.ErrorIs(t, err, identity.Spoiled)
		require.ErrorContains(t, err, "the printer failed at job CARD-1 (the ribbon tore[2J): its card may have been printed")
	}
}

// An answer that nobody understands spoils nothing: it is a fault, and may be mended.
func TestFolders_AnAnswerThatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &printing.Spool{Dir: dir, Answers: true, Silence: time.Minute}
	for _, answer := range []string{"", "ok", "DONE"} {
		require.NoError(t, say(dir, answer))
		err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
		require.ErrorContains(t, err, "accepted are taken, jammed, done, failed and refused")
		require.Empty(t, identity.Refusals(err))
	}
}

// A station that is asked to stop does not wait for the printer's program.
func TestFolders_StopWaiting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := (&printing.Spool{Dir: t.TempDir(), Answers: true, Silence: time.Minute}).Print(ctx, "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
	require.ErrorIs(t, err, context.Canceled)
}
