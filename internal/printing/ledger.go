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
	"slices"
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
	sent      = "sent"    // or about to be sent: the printer may have it
	altered   = "altered" // sent, and the printer said that it does not print it as it was told
	unbegun   = "unbegun" // the printer did not take it, or said that it did not begin the job of that number
	completed = "completed"
)

// entry is a job in the ledger.
type entry struct {
	digest string // SHA-256 of the PDF, hexadecimal
	state  string
	id     int32 // the printer's job-id; 0 until it gave one
	before int32 // the highest job-id that the printer knew before it was sent; -1 if it did not say
	named  bool  // the printer was seen to call it by its name
}

func entryOf(pdf []byte, state string) entry {
	sum := sha256.Sum256(pdf)
	return entry{digest: hex.EncodeToString(sum[:]), state: state, before: -1}
}

func (e entry) holds(pdf []byte) bool { return e.digest == entryOf(pdf, "").digest }

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
	e, ok := parseEntry(string(b))
	if !ok {
		return entry{}, fmt.Errorf("the ledger's file of job %s is damaged: see whether its card was printed, then remove the file", job)
	}
	return e, nil
}

// parseEntry reads an entry: digest and state, in later ones the numbers, and in the latest
// whether its name was seen.
func parseEntry(text string) (e entry, ok bool) {
	words := strings.Fields(text)
	named := len(words) == 5 && words[4] == "named"
	if named {
		words = words[:4]
	}
	if len(words) < 2 || len(words) > 4 || len(words[0]) != 2*sha256.Size || !slices.Contains([]string{sent, altered, unbegun, completed}, words[1]) {
		return entry{}, false
	}
	e = entry{digest: words[0], state: words[1], before: -1, named: named}
	for i, into := range []*int32{&e.id, &e.before} {
		if len(words) > 2+i {
			n, err := strconv.ParseInt(words[2+i], 10, 32)
			if err != nil {
				return entry{}, false
			}
			*into = int32(n)
		}
	}
	return e, true
}

// write stores an entry, whole or not at all. It is on disk when write returns.
func (l ledger) write(job string, e entry) error {
	text := fmt.Appendf(nil, "%s %s %d %d", e.digest, e.state, e.id, e.before)
	if e.named {
		text = append(text, " named"...)
	}
	if err := durable.Replace(l.file(job), append(text, '\n')); err != nil {
		return fmt.Errorf("write ledger of print jobs: %w", err)
	}
	return nil
}

// numbersSince gives the printer's numbers of the jobs that were written down after one.
func (l ledger) numbersSince(job string) ([]int32, error) {
	since, err := os.Stat(l.file(job))
	if err != nil {
		return nil, fmt.Errorf("read ledger of print jobs: %w", err)
	}
	list, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("read ledger of print jobs: %w", err)
	}
	var numbers []int32
	for _, file := range list {
		other, isJob := strings.CutSuffix(file.Name(), ".job")
		info, err := file.Info()
		if !isJob || other == job || err != nil || info.ModTime().Before(since.ModTime()) {
			continue
		}
		if e, err := l.read(other); err == nil && e.id != 0 {
			numbers = append(numbers, e.id)
		}
	}
	return numbers, nil
}
