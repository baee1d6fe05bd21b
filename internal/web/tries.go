package web

import (
	"sync"
	"time"

	"example.org/cancuoc/internal/identity"
)

// Someone who found a receipt must not find out its birth date by trying.
const (
	maxTries = 5         // wrong birth dates
	rest     = time.Hour // counted from the first of them
)

// tries counts wrong birth dates by application. It counts only applications that
// exist, so that guessing numbers costs no memory.
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
// there were not too many wrong ones before. A right one does not reset the count:
// whoever knows the date needs no further tries.
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

// forget drops counts that have ended, when there are many.
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
