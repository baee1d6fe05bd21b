// Package api is the office's HTTP interface for stations: packets in, receipts
// out. Errors are problem documents (RFC 9457) that name every field at fault.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
	"example.org/cancuoc/workflows"
)

// Server serves the routes of this package.
type Server struct {
	Door interface { // nil: packets are not taken
		Expects(ctx context.Context, beginning []byte) error
		Open(ctx context.Context, packet []byte) (intake.Opened, error)
		Examine(opened intake.Opened) (intake.Examined, error)
		Store(ctx context.Context, examined intake.Examined) (intake.Receipt, error)
	}
	Ready     func(ctx context.Context) error // whether registry and Temporal answer
	MaxPacket int64                           // bytes
	Capacity  Capacity
	Logger    *slog.Logger
	Officers  *Officers    // nil: officers do not act here
	Verifiers *Verifiers   // nil: verifiers are not answered here
	Lists     *StatusLists // nil: the status lists are not here

	hall                       hall
	large, quick, heavy, store turns
	drains                     chan struct{}
}

type route struct {
	pattern string
	handle  func(w http.ResponseWriter, r *http.Request) error
	probe   bool // asked every few seconds; logged only when it fails
}

func (s *Server) routes() []route {
	all := []route{
		{"GET /healthz", s.getHealth, true},
		{"GET /readyz", s.getReady, true},
	}
	if s.Door != nil {
		all = append(all, route{"POST /v1/packets", s.postPacket, false})
	}
	if s.Officers != nil {
		all = append(all, s.Officers.routes()...)
	}
	if s.Verifiers != nil {
		all = append(all, s.Verifiers.routes()...)
	}
	if s.Lists != nil {
		all = append(all, s.Lists.routes()...)
	}
	return all
}

// Register adds the routes to mux, and problem documents for other methods and
// addresses.
func (s *Server) Register(mux *http.ServeMux) {
	s.hall.room, s.hall.guests = int(s.Capacity.Bytes/piece), s.Capacity.Guests
	s.quick.free, s.heavy.free, s.large.free, s.store.free = s.Capacity.Quick, s.Capacity.Heavy, maxLarge, maxStores
	s.drains = make(chan struct{}, maxDrains)
	methods := make(map[string][]string) // of each path
	for _, r := range s.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		methods[path] = append(methods[path], method)
		mux.Handle(r.pattern, s.handler(r))
	}
	for path, accepted := range methods {
		allowed := strings.Join(accepted, ", ")
		mux.Handle(path, s.handler(route{pattern: path, handle: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Allow", allowed)
			return statusError{http.StatusMethodNotAllowed, identity.Refuse(identity.Invalid, "only %s is accepted here", allowed)}
		}}))
	}
	mux.Handle("/", s.handler(route{pattern: "/", handle: func(http.ResponseWriter, *http.Request) error {
		return identity.Refuse(identity.NotFound, "this address does not exist")
	}}))
}

// statusError is a refusal with an HTTP status that its kind does not imply.
type statusError struct {
	status  int
	refusal error
}

func (e statusError) Error() string { return e.refusal.Error() }
func (e statusError) Unwrap() error { return e.refusal }

// getHealth says that the process lives.
func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "alive"})
}

// getReady says whether work can be done: registry and Temporal answer.
func (s *Server) getReady(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ready"})
}

// handler turns what a route returns into a response and one log line. The client
// is told refusals; faults go to the log only.
func (s *Server) handler(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		began := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		err := r.handle(answer, req)
		if err != nil {
			if req.Method == http.MethodPost {
				s.drain(http.NewResponseController(answer), req)
			}
			writeProblem(answer, err)
		}
		status := answer.status
		attributes := []any{"route", r.pattern, "status", status, "took", time.Since(began)}
		if answer.asks != "" {
			attributes = append(attributes, "verifier", answer.asks)
		}
		switch {
		case status >= http.StatusInternalServerError:
			s.Logger.ErrorContext(req.Context(), "Request failed", append(attributes, "error", err)...)
		case r.probe:
			s.Logger.DebugContext(req.Context(), "Request served", attributes...)
		default:
			s.Logger.InfoContext(req.Context(), "Request served", attributes...)
		}
	})
}

// problem is a problem document of RFC 9457, with one entry for each field.
type problem struct {
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Errors []*identity.Refusal `json:"errors,omitzero"`
}

// statuses maps the kinds of refusal to HTTP.
var statuses = map[identity.Kind]int{
	identity.Invalid:    http.StatusUnprocessableEntity,
	identity.NotFound:   http.StatusNotFound,
	identity.Conflict:   http.StatusConflict,
	identity.Duplicate:  http.StatusConflict,
	identity.Forbidden:  http.StatusForbidden,
	identity.Spoiled:    http.StatusConflict,
	identity.Unproven:   http.StatusConflict,
	identity.OutOfStock: http.StatusServiceUnavailable,
}

// writeProblem answers with what went wrong. The text of a fault is left out: it may
// say more than a client should read.
func writeProblem(w http.ResponseWriter, err error) {
	p := problem{Type: "about:blank", Title: "The office cannot do that now; try again later", Status: http.StatusServiceUnavailable}
	if errors.Is(err, workflows.ErrUnanswered) {
		p.Title = workflows.ErrUnanswered.Error()
	}
	if p.Errors = identity.Refusals(err); len(p.Errors) > 0 {
		p.Status, p.Title = statuses[p.Errors[0].Kind], "Refused"
	}
	if e, ok := errors.AsType[statusError](err); ok {
		p.Status = e.status
	}
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	if err := writeJSON(w, p.Status, "application/problem+json", p); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// retryAfter is when a client may ask again, in seconds.
const retryAfter = "10"

// recorder notes the status of an answer, for the log.
type recorder struct {
	http.ResponseWriter
	status int
	asks   string // a verifier, if one does
}

// asks notes which verifier asks, for the log.
func asks(w http.ResponseWriter, who string) {
	if r, is := w.(*recorder); is {
		r.asks = who
	}
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client is gone
	return nil
}
