// Package asking asks an HTTP server as fast as it answers, on the processors that it shares
// with it.
package asking

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Line is a connection that asks. It does the least that HTTP/1.1 allows: requests are
// written before, and an answer is read as far as it has to be to find its end. That costs a
// tenth of http.Client.
type Line struct {
	conn    net.Conn
	answers *bufio.Reader
	answer  []byte
}

// Dial connects.
func Dial(ctx context.Context, address string) (*Line, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &Line{conn: conn, answers: bufio.NewReader(conn)}, nil
}

// Close hangs up.
func (l *Line) Close() error { return l.conn.Close() }

// Ask sends a request, and gives the answer with its header, until the next.
func (l *Line) Ask(request []byte) ([]byte, error) {
	if _, err := l.conn.Write(request); err != nil {
		return nil, err
	}
	l.answer = l.answer[:0]
	length, chunked := 0, false
	for {
		header, err := l.line()
		switch {
		case err != nil:
			return nil, err
		case bytes.HasPrefix(header, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(header[len("Content-Length: "):])); err != nil {
				return nil, err
			}
		case bytes.HasPrefix(header, []byte("Transfer-Encoding: chunked")):
			chunked = true
		case len(header) > 0:
		case chunked:
			return l.answer, l.chunks()
		default:
			return l.answer, l.read(length)
		}
	}
}

// line reads a line into the answer, and gives it without its end.
func (l *Line) line() ([]byte, error) {
	line, err := l.answers.ReadSlice('\n')
	l.answer = append(l.answer, line...)
	return bytes.TrimSuffix(line, []byte("\r\n")), err
}

func (l *Line) read(n int) error {
	l.answer = slices.Grow(l.answer, n)
	at := len(l.answer)
	l.answer = l.answer[:at+n]
	for at < len(l.answer) {
		read, err := l.answers.Read(l.answer[at:])
		if err != nil {
			return err
		}
		at += read
	}
	return nil
}

func (l *Line) chunks() error {
	for {
		size, err := l.line()
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(size), 16, 32)
		if err != nil {
			return err
		}
		if err := l.read(int(n) + len("\r\n")); err != nil || n == 0 {
			return err
		}
	}
}

// Status is that of an answer.
func Status(answer []byte) string {
	_, rest, _ := bytes.Cut(answer, []byte(" "))
	return string(rest[:min(3, len(rest))])
}

// Load is what is asked.
type Load struct {
	Lines     []*Line
	Questions int
	PerSecond int                               // when they are due; 0: each line asks when it was answered
	Request   func(i int, buffer []byte) []byte // appended to the buffer
	Answered  func(i int, answer []byte) error  // what has to be right with it
}

// Result is how it went.
type Result struct {
	Lasted, Processor time.Duration   // of the whole; of this process, which asks as well
	Took              []time.Duration // of each question, from when it was due
}

// Run asks.
func (l Load) Run() (Result, error) {
	r := Result{Took: make([]time.Duration, l.Questions)}
	var next atomic.Int64
	var wait sync.WaitGroup
	faults := make([]error, len(l.Lines))
	began, before := time.Now(), processor()
	for n, line := range l.Lines {
		wait.Go(func() {
			var request []byte
			for i := int(next.Add(1)) - 1; i < l.Questions && faults[n] == nil; i = int(next.Add(1)) - 1 {
				request = l.Request(i, request[:0])
				due := time.Now()
				if l.PerSecond > 0 { // however long the one before took
					due = began.Add(time.Duration(i) * time.Second / time.Duration(l.PerSecond))
					time.Sleep(time.Until(due))
				}
				answer, err := line.Ask(request)
				r.Took[i] = time.Since(due)
				if err == nil {
					err = l.Answered(i, answer)
				}
				faults[n] = err
			}
		})
	}
	wait.Wait()
	r.Lasted, r.Processor = time.Since(began), processor()-before
	return r, cmp.Or(faults...)
}

// Of is the time within which so many of a hundred were answered.
func Of(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[(len(sorted)-1)*percent/100]
}

// Report gives a benchmark's metrics, in its units.
func (r Result) Report(metric func(n float64, unit string)) {
	n := float64(len(r.Took))
	metric(n/r.Lasted.Seconds(), "answers/s")
	metric(float64(Of(r.Took, 50).Microseconds())/1000, "p50-ms")
	metric(float64(Of(r.Took, 99).Microseconds())/1000, "p99-ms")
	metric(float64(r.Processor.Microseconds())/n, "cpu-µs/answer")
}

// processor is the processor time of this process.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("processor time: %s", err)) // it has no other
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
