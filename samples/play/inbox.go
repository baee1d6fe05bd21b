package play

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"example.org/cancuoc/internal/notify"
)

// Inbox is a receiver of notifications (docs/notifications.md), for a person to look into: what
// its keys signed a moment ago becomes a line of its file.
type Inbox struct {
	keys notify.Keys
	now  func() time.Time

	mu   sync.Mutex
	file *os.File
}

// Limits of what an inbox takes.
const (
	maxEvent = 64 << 10
	signedIn = 5 * time.Minute // before now or after it, by the clock here
)

// OpenInbox opens the inbox whose file that is, which keeps what it has.
func OpenInbox(path string, keys notify.Keys, now func() time.Time) (*Inbox, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open inbox: %w", err)
	}
	return &Inbox{keys: keys, now: now, file: file}, nil
}

// Close closes the file.
func (b *Inbox) Close() error { return b.file.Close() }

// ServeHTTP takes an event: 204 when it is in the file.
func (b *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	var line bytes.Buffer
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case !b.signed(r.Header, body):
		w.WriteHeader(http.StatusUnauthorized)
	case json.Compact(&line, body) != nil:
		w.WriteHeader(http.StatusBadRequest)
	case b.keep(append(line.Bytes(), '\n')) != nil:
		w.WriteHeader(http.StatusInternalServerError) // it comes again
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// signed reports whether the inbox's keys signed that, and lately.
func (b *Inbox) signed(h http.Header, body []byte) bool {
	seconds, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || b.now().Sub(at).Abs() > signedIn {
		return false
	}
	want := b.keys.Sign(h.Get("Webhook-Id"), at, body)
	return subtle.ConstantTimeCompare([]byte(h.Get("Webhook-Signature")), []byte(want)) == 1
}

// keep writes a line, which is on the disk then.
func (b *Inbox) keep(line []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.file.Write(line); err != nil {
		return err
	}
	return b.file.Sync()
}
