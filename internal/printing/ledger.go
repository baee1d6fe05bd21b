package printing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.org/cancuoc/internal/durable"
)

// ledger is where a station writes its jobs down: a file for each job, with the
// digest of its content and how far it is. All processes of a station share it.
type ledger struct{ dir string }

// How far a job in the ledger is.
const (
	sent      = "sent" // or about to be sent: the printer may have it
	completed = "completed"
)

// entry is a job in the ledger.
type entry struct {
	digest string // SHA-256 of the PDF, hexadecimal
	state  string
	id     int32 // the printer's job-id; 0 until it gave one
}

func entryOf(pdf []byte, state string) entry {
	sum := sha256.Sum256(pdf)
	return entry{digest: hex.EncodeToString(sum[:]), state: state}
}

func (e entry) holds(pdf []byte) bool            { return e.digest == entryOf(pdf, "").digest }
func (e entry) is(pdf []byte, state string) bool { return e.state == state && e.holds(pdf) }

// keptFor is how long jobs stay in the ledger: longer than any step is retried.
const keptFor = 90 * 24 * time.Hour

// openLedger makes the folder, and removes old entries.
func openLedger(dir string) (ledger, error) {
	if dir == "" {
		return ledger{}, errors.New("printing.ledger is empty; the folder in which jobs are written down is needed")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ledger{}, fmt.Errorf("make ledger of print jobs: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return ledger{}, fmt.Errorf("read ledger of print jobs: %w", err)
	}
	for _, file := range list {
		info, err := file.Info()
		if err == nil && filepath.Ext(file.Name()) == ".job" && time.Since(info.ModTime()) > keptFor {
			_ = os.Remove(filepath.Join(dir, file.Name())) // if not now, then another time
		}
	}
	return ledger{dir}, nil
}

// lock waits until no other process of the station uses the printer. A process that
// dies releases its lock.
func (l ledger) lock(ctx context.Context) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(l.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // unlocks it
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
}

func (l ledger) file(job string) string { return filepath.Join(l.dir, job+".job") }

// read gives a job's entry, or an empty one if there is none.
func (l ledger) read(job string) (entry, error) {
	b, err := os.ReadFile(l.file(job))
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, fmt.Errorf("read ledger of print jobs: %w", err)
	}
	words := strings.Fields(string(b))
	id := int64(0)
	if len(words) == 3 {
		if id, err = strconv.ParseInt(words[2], 10, 32); err != nil {
			words = nil
		}
	}
	if len(words) != 2 && len(words) != 3 || len(words[0]) != 2*sha256.Size || words[1] != sent && words[1] != completed {
		return entry{}, fmt.Errorf("the ledger's file of job %s is damaged: see whether its card was printed, then remove the file", job)
	}
	return entry{words[0], words[1], int32(id)}, nil
}

// write stores an entry, whole or not at all. It is on disk when write returns.
func (l ledger) write(job string, e entry) error {
	if err := durable.Replace(l.file(job), fmt.Appendf(nil, "%s %s %d\n", e.digest, e.state, e.id)); err != nil {
		return fmt.Errorf("write ledger of print jobs: %w", err)
	}
	return nil
}

// forget removes a job that the printer did not take.
func (l ledger) forget(job string) error {
	if err := os.Remove(l.file(job)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write ledger of print jobs: %w", err)
	}
	return nil
}
