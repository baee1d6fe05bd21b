// Package api is the office's HTTP interface for stations: packets in, receipts
// out. Errors are problem documents (RFC 9457) that name every field at fault.
package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
)

// Server serves the routes of this package.
type Server struct {
	Receive   func(ctx context.Context, packet []byte) (intake.Receipt, error)
	Ready     func(ctx context.Context) error // whether registry and Temporal answer
	MaxPacket int64                           // bytes
	Logger    *slog.Logger
}

type route struct {
	pattern string
	handle  func(w http.ResponseWriter, r *http.Request) error
}

func (s *Server) routes() []route {
	return []route{
		{"POST /v1/packets", s.postPacket},
		{"GET /healthz", s.getHealth},
		{"GET /readyz", s.getReady},
	}
}

// Register adds the routes to mux.
func (s *Server) Register(mux *http.ServeMux) {
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.handler(r))
	}
}

// receipt is the answer to a packet.
type receipt struct {
	Application identity.ApplicationNumber `json:"application"`
	Existing    bool                       `json:"existing"`
	Due         time.Time                  `json:"due"`
	FeeVND      int                        `json:"fee_vnd"`
}

// postPacket receives one signed packet. Posting it again gives the same receipt.
func (s *Server) postPacket(w http.ResponseWriter, r *http.Request) error {
	packet, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.MaxPacket))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return identity.RefuseField(identity.Invalid, "packet", "is larger than the %d bytes that are accepted", s.MaxPacket)
	}
	if err != nil {
		return identity.RefuseField(identity.Invalid, "packet", "broke off while it was read")
	}
	got, err := s.Receive(r.Context(), packet)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if got.Existing {
		status = http.StatusOK
	}
	return writeJSON(w, status, "application/json", receipt{Application: got.Number, Existing: got.Existing, Due: got.Due, FeeVND: got.Fee})
}

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

// handler turns what a route returns into a response and one log line. A refusal
// is told to the client; a fault is told to the log only.
func (s *Server) handler(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		began := time.Now()
		status := http.StatusOK
		err := r.handle(w, req)
		if err != nil {
			status = writeProblem(w, err)
		}
		log := s.Logger.InfoContext
		if status >= http.StatusInternalServerError {
			log = s.Logger.ErrorContext
			log(req.Context(), "Request failed", "route", r.pattern, "error", err)
		}
		log(req.Context(), "Request served", "route", r.pattern, "status", status, "took", time.Since(began))
	})
}

// problem is a problem document of RFC 9457, with one entry for each field.
type problem struct {
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Errors []fault `json:"errors,omitzero"`
}

type fault struct {
	Field  string        `json:"field,omitzero"`
	Kind   identity.Kind `json:"kind"`
	Detail string        `json:"detail"`
}

// statuses maps the kinds of refusal to HTTP.
var statuses = map[identity.Kind]int{
	identity.Invalid:    http.StatusUnprocessableEntity,
	identity.NotFound:   http.StatusNotFound,
	identity.Conflict:   http.StatusConflict,
	identity.Duplicate:  http.StatusConflict,
	identity.Forbidden:  http.StatusForbidden,
	identity.Spoiled:    http.StatusConflict,
	identity.OutOfStock: http.StatusServiceUnavailable,
}

// writeProblem answers with what went wrong. A fault's text may hold more than a
// client should read, so it is not told.
func writeProblem(w http.ResponseWriter, err error) int {
	p := problem{Type: "about:blank", Title: "The office cannot do that now; try again later", Status: http.StatusServiceUnavailable}
	if refusals := intake.Refusals(err); len(refusals) > 0 {
		p.Status = statuses[refusals[0].Kind]
		p.Title = "Refused"
		for _, r := range refusals {
			p.Errors = append(p.Errors, fault{Field: r.Field, Kind: r.Kind, Detail: r.Detail})
		}
	}
	if err := writeJSON(w, p.Status, "application/problem+json", p); err != nil {
		return http.StatusInternalServerError
	}
	return p.Status
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client has gone; there is nobody to tell
	return nil
}
