package web

import (
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
)

// Who finds a receipt must not find the birth date that belongs to it by trying.
const (
	maxTries = 5         // wrong birth dates
	rest     = time.Hour // from the first of them on
)

// tries counts the wrong birth dates that were given for applications. Only
// applications that exist are counted, so that guessing costs no memory.
type tries struct {
	now func() time.Time

	mu    sync.Mutex
	wrong map[identity.ApplicationNumber]count
}

type count struct {
	n     int
	until time.Time // when it is forgotten
}

// allow reports whether a look-up may be answered: the birth date was right, and
// not tried too often before. A right one after a few wrong ones does not wipe
// them out: who looks up knows the date, and needs no sixth try.
func (t *tries) allow(number identity.ApplicationNumber, right bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	c := t.wrong[number]
	if now.After(c.until) {
		c = count{until: now.Add(rest)}
	}
	if c.n >= maxTries {
		return false
	}
	if right {
		return true
	}
	t.forget(now)
	c.n++
	t.wrong[number] = c
	return false
}

// forget drops what is over, when there is much of it.
func (t *tries) forget(now time.Time) {
	if t.wrong == nil {
		t.wrong = make(map[identity.ApplicationNumber]count)
	}
	if len(t.wrong) < 1000 {
		return
	}
	for number, c := range t.wrong {
		if now.After(c.until) {
			delete(t.wrong, number)
		}
	}
}
