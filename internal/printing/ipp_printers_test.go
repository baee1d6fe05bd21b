package printing

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// machine is a printer with the manners of one that was seen somewhere.
type machine struct {
	mu    sync.Mutex
	jobs  []string // names of the jobs that it took
	asked []operation
	// answer changes what it would answer; nil: nothing. It may answer HTTP by itself, and
	// report that.
	answer func(w http.ResponseWriter, request message, answer *message) (answered bool)
}

// took lists the jobs that it took.
func (m *machine) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.jobs
}

func (m *machine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	request, err := decode(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, operation(request.code))
	answer := message{version: request.version, request: request.request}
	name := request.one(tagOperation).first("job-name").String()
	job := func(attributes ...attribute) { answer.groups = append(answer.groups, group{tagJob, attributes}) }
	switch operation(request.code) {
	case opGetPrinterAttributes:
		answer.groups = []group{{tagPrinter, []attribute{{"sides-supported", []value{text(tagKeyword, "two-sided-long-edge")}}}}}
	case opGetJobAttributes:
		job(attribute{"job-name", []value{text(tagName, m.jobs[len(m.jobs)-1])}}, attribute{"job-state", []value{integer(tagEnum, jobCompleted)}})
	case opGetJobs, opValidateJob:
	case opPrintJob:
		job(attribute{"job-id", []value{integer(tagInteger, 7)}})
	}
	if m.answer != nil && m.answer(w, request, &answer) {
		return
	}
	if operation(request.code) == opPrintJob && answer.code < firstError {
		m.jobs = append(m.jobs, name)
	}
	w.Header().Set("Content-Type", typeIPP)
	_, _ = w.Write(answer.encode())
}

// driver makes a driver of it, with a ledger in a folder.
func (m *machine) driver(t *testing.T, ledger string) *IPP {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	p, err := OpenIPP(IPPOptions{URI: strings.Replace(server.URL, "http", "ipp", 1) + "/ipp/print", Ledger: ledger, Poll: time.Millisecond})
	require.NoError(t, err)
	return p
}

var aCard = Sides{PDF: []byte("%PDF-1.4 a card")}

func quiet(string) {}

// Printers with manners of their own print each card once.
func TestIPP_PrintersWithMannersOfTheirOwn(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, request message, answer *message) bool{
		"every job is named Print": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetJobAttributes {
				answer.groups[0].attributes[0].values[0] = text(tagName, "Print")
			}
			return false
		},
		"names have a language": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetJobAttributes {
				answer.groups[0].attributes[0].values[0] = text(tagNameIn, "\x00\x02en\x00\x06CARD-1")
			}
			return false
		},
		"it forgets a job when that is done": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetJobAttributes {
				answer.code, answer.groups = statusNotFound, nil
			}
			return false
		},
		"it does not list what is done": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetJobs && request.one(tagOperation).first("which-jobs").String() == "completed" {
				answer.code = statusAttributes
			}
			return false
		},
		"it lists no jobs": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetJobs {
				answer.code = statusNoOperation
			}
			return false
		},
		"it speaks 1.1": func(_ http.ResponseWriter, request message, answer *message) bool {
			if request.version != [2]byte{1, 1} {
				answer.version, answer.code, answer.groups = [2]byte{1, 1}, statusVersion, nil
			}
			return false
		},
		"it validates no jobs": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opValidateJob {
				answer.code = statusNoOperation
			}
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, ledger := &machine{answer: answer}, t.TempDir()
			require.NoError(t, m.driver(t, ledger).Prove(t.Context()))

			for range 2 {
				require.NoError(t, m.driver(t, ledger).Print(t.Context(), "CARD-1", aCard, quiet))
			}

			require.Equal(t, []string{"CARD-1"}, m.took())
		})
	}
}

// A station that died while its job was printed finds it by the printer's own number.
func TestIPP_FindsItsJobByNumber(t *testing.T) {
	t.Parallel()
	dying, die := context.WithCancel(t.Context())
	printing := true
	m, ledger := &machine{}, t.TempDir()
	m.answer = func(_ http.ResponseWriter, request message, answer *message) bool {
		if operation(request.code) == opGetJobAttributes {
			answer.groups[0].attributes[0].values[0] = text(tagName, "Print")
			if printing {
				answer.groups[0].attributes[1].values[0] = integer(tagEnum, 5)
				die()
			}
			printing = false
		}
		return false
	}
	require.ErrorIs(t, m.driver(t, ledger).Print(dying, "CARD-1", aCard, quiet), context.Canceled)

	require.NoError(t, m.driver(t, ledger).Print(t.Context(), "CARD-1", aCard, quiet))

	require.Equal(t, []string{"CARD-1"}, m.took())
}

// What HTTP refuses was not taken: the card is good, and is printed when that is mended.
func TestIPP_WhatHTTPRefusesWasNotTaken(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusUnauthorized: "printing.password_file", http.StatusForbidden: "printing.user",
		http.StatusRequestEntityTooLarge: "too large", http.StatusServiceUnavailable: "HTTP 503",
	} {
		refuses := true
		m, ledger := &machine{}, t.TempDir()
		m.answer = func(w http.ResponseWriter, request message, _ *message) bool {
			if operation(request.code) == opPrintJob && refuses {
				w.WriteHeader(status)
				return true
			}
			return false
		}
		p := m.driver(t, ledger)
		err := p.Print(t.Context(), "CARD-1", aCard, quiet)
		require.ErrorContains(t, err, want)
		require.Empty(t, identity.Refusals(err), "nothing is spoiled")
		files, err := filepath.Glob(filepath.Join(ledger, "*.job"))
		require.NoError(t, err)
		require.Empty(t, files)
		refuses = false

		require.NoError(t, p.Print(t.Context(), "CARD-1", aCard, quiet))
	}
}

// A printer is asked for all that a card needs before a blank is taken.
func TestIPP_ProvesThatACardCanBePrinted(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]func(w http.ResponseWriter, request message, answer *message) bool{
		"prints on one side only": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetPrinterAttributes {
				answer.groups[0].attributes[0].values[0] = text(tagKeyword, "one-sided")
			}
			return false
		},
		"does not accept PDF": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetPrinterAttributes {
				answer.groups[0].attributes = append(answer.groups[0].attributes, attribute{"document-format-supported", []value{text(tagMIMEType, "image/urf")}})
			}
			return false
		},
		"printing.password_file": func(w http.ResponseWriter, request message, _ *message) bool {
			if operation(request.code) == opValidateJob {
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			return false
		},
		"Validate-Job with status 0x040b": func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opValidateJob {
				answer.code = statusAttributes
			}
			return false
		},
	} {
		m := &machine{answer: answer}
		require.ErrorContains(t, m.driver(t, t.TempDir()).Prove(t.Context()), want)
		require.Empty(t, m.took())
	}
}

// Why a job does not go on is told from the job where the printer says nothing.
func TestIPP_TellsWhyAJobIsHeld(t *testing.T) {
	t.Parallel()
	for want, job := range map[string][]attribute{
		"release the job at the printer: it holds it": {{"job-state", []value{integer(tagEnum, jobHeld)}}},
		"see the printer's panel: it stopped the job": {{"job-state", []value{integer(tagEnum, jobStopped)}}},
		"see the printer's panel (account-closed)": {
			{"job-state", []value{integer(tagEnum, jobHeld)}}, {"job-state-reasons", []value{text(tagKeyword, "account-closed")}},
		},
	} {
		ctx, stop := context.WithCancel(t.Context())
		m := &machine{answer: func(_ http.ResponseWriter, request message, answer *message) bool {
			if operation(request.code) == opGetJobAttributes {
				answer.groups[0].attributes = job
			}
			return false
		}}
		var told []string
		err := m.driver(t, t.TempDir()).Print(ctx, "CARD-1", aCard, func(what string) {
			told = append(told, what)
			stop()
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []string{want}, told)
	}
}

// The password goes where it is asked for.
func TestIPP_GivesItsPassword(t *testing.T) {
	t.Parallel()
	m := &machine{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "station" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		m.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	uri := strings.Replace(server.URL, "http", "ipp", 1) + "/ipp/print"
	p, err := OpenIPP(IPPOptions{URI: uri, Ledger: t.TempDir(), Poll: time.Millisecond, User: "station", Password: "s3cret"})
	require.NoError(t, err)
	require.NoError(t, p.Print(t.Context(), "CARD-1", aCard, quiet))

	p, err = OpenIPP(IPPOptions{URI: uri, Ledger: t.TempDir(), User: "station", Password: "wrong"})
	require.NoError(t, err)
	require.ErrorContains(t, p.Prove(t.Context()), "printing.password_file")
}

// Entries of before have no job-id.
func TestLedger_ReadsEntriesWithoutANumber(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := openLedger(dir)
	require.NoError(t, err)
	e := entryOf(aCard.PDF, sent)
	require.NoError(t, os.WriteFile(l.file("CARD-1"), []byte(e.digest+" sent\n"), 0o600))
	read, err := l.read("CARD-1")
	require.NoError(t, err)
	require.Equal(t, e, read)
	e.id = 12
	require.NoError(t, l.write("CARD-1", e))
	read, err = l.read("CARD-1")
	require.NoError(t, err)
	require.Equal(t, e, read)
	for _, damaged := range []string{"", "sent", e.digest + " gone", e.digest + " sent x", e.digest + " sent 1 2"} {
		require.NoError(t, os.WriteFile(l.file("CARD-2"), []byte(damaged), 0o600))
		_, err := l.read("CARD-2")
		require.ErrorContains(t, err, "damaged")
	}
}
