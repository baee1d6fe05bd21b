package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// lines are the connections of a listener, at most so many. When there are more, the
// one that has been silent for the longest is closed: whoever only holds a connection
// keeps nobody out.
type lines struct {
	net.Listener
	most int

	mu     sync.Mutex
	open   map[net.Conn]bool
	silent map[net.Conn]time.Time // those without a request, and since when
}

// newLines accepts connections of a listener, encrypted ones where encryption is not nil.
func newLines(l net.Listener, most int, encryption *tls.Config) *lines {
	if encryption != nil {
		l = tls.NewListener(l, encryption)
	}
	return &lines{Listener: l, most: most, open: make(map[net.Conn]bool), silent: make(map[net.Conn]time.Time)}
}

// Accept implements net.Listener.
func (l *lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return line{c}, nil
}

// watch is told what becomes of a connection (http.Server.ConnState).
func (l *lines) watch(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew:
		l.open[c], l.silent[c] = true, time.Now() //nolint:forbidigo // so here
		if len(l.open) > l.most {
			l.closeOne()
		}
	case http.StateIdle:
		l.silent[c] = time.Now() //nolint:forbidigo // how long ago is all that is asked
	case http.StateActive:
		delete(l.silent, c)
	case http.StateClosed, http.StateHijacked:
		delete(l.silent, c)
		delete(l.open, c)
	}
}

// count says how many connections are open.
func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// closeOne closes the connection that has been silent for the longest.
func (l *lines) closeOne() {
	var longest net.Conn
	for c, since := range l.silent {
		if longest == nil || since.Before(l.silent[longest]) {
			longest = c
		}
	}
	delete(l.silent, longest)
	delete(l.open, longest)
	if wrapped, is := longest.(line); is { // the newest is silent too, so there is one
		if encrypted, is := wrapped.Conn.(*tls.Conn); is {
			longest = encrypted.NetConn() // without a farewell, which could wait for the client
		}
	}
	_ = longest.Close()
}

// line is a connection. What net/http itself answers to something that is no request of
// HTTP/1.1 becomes a problem document, and never looks like a fault of the office.
type line struct{ net.Conn }

// ownAnswer matches an answer that net/http gives without a handler: it has no date.
var ownAnswer = regexp.MustCompile(`^HTTP/1\.1 (\d{3}) [^\r\n]*\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n`)

// Write implements net.Conn.
func (l line) Write(b []byte) (int, error) {
	found := ownAnswer.FindSubmatch(b)
	if found == nil {
		return l.Conn.Write(b)
	}
	answer := malformed
	if bytes.Equal(found[1], []byte("431")) {
		answer = overlong
	}
	if _, err := l.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(b), nil
}

var (
	malformed = wholeAnswer(http.StatusBadRequest, problemOf(http.StatusBadRequest, notHTTP))
	overlong  = wholeAnswer(http.StatusRequestHeaderFieldsTooLarge, problemOf(http.StatusRequestHeaderFieldsTooLarge, "has more than 16 kB of headers"))
)

const notHTTP = "is not one of HTTP/1.1 for an address here"

func problemOf(status int, detail string) string {
	return fmt.Sprintf(`{"type":"about:blank","title":"Refused","status":%d,"errors":[{"field":"request","kind":"Invalid","detail":%q}]}`, status, detail)
}

func wholeAnswer(status int, problem string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(problem), problem)
}

// addressed refuses a request for "*", which http.ServeMux would answer without a word.
func addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "*" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, problemOf(http.StatusBadRequest, notHTTP)) // the client is gone
	})
}
