package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"example.org/cancuoc/internal/cardstatus"
	"example.org/cancuoc/internal/identity"
)

// Verifiers serves those who ask whether a card is valid.
type Verifiers struct {
	Known   *cardstatus.Verifiers
	Answers *cardstatus.Answers
}

func (v *Verifiers) routes() []route {
	return []route{{pattern: "POST /v1/status", handle: v.postStatus}}
}

// postStatus answers a question about one card. What is asked stands in no address, and is
// logged nowhere: only who asked.
func (v *Verifiers) postStatus(w http.ResponseWriter, r *http.Request) error {
	who, err := v.Known.Admit(r.Context(), bearer(r))
	asks(w, string(who))
	switch {
	case errors.Is(err, cardstatus.ErrTooOften):
		return statusError{http.StatusTooManyRequests, identity.Refuse(identity.Invalid, "more is asked in a second than was agreed; ask again")}
	case identity.Refused(err, identity.Forbidden):
		return statusError{http.StatusUnauthorized, err}
	case err != nil:
		return err
	}
	question, err := io.ReadAll(io.LimitReader(r.Body, cardstatus.MaxQuestion+1))
	if err != nil || len(question) > cardstatus.MaxQuestion {
		return identity.Refuse(identity.Invalid, "a question has at most %d bytes", cardstatus.MaxQuestion)
	}
	answer, err := v.Answers.Answer(r.Context(), question)
	if err != nil {
		return err
	}
	writeSigned(w, "application/card-status+jwt", answer)
	return nil
}

// StatusLists serves everybody: the lists say nothing of anybody, and are signed.
type StatusLists struct {
	Lists  *cardstatus.Lists
	Signer *cardstatus.Signer
}

func (s *StatusLists) routes() []route {
	return []route{
		{pattern: "GET /v1/status-lists", handle: s.getLists},
		{pattern: "GET /v1/status-lists/{list}", handle: s.getList},
		{pattern: "GET /v1/status-keys", handle: func(w http.ResponseWriter, _ *http.Request) error {
			return writeJSON(w, http.StatusOK, "application/jwk-set+json", s.Signer.Keys())
		}},
	}
}

// getLists lists the lists (Token Status List, section 9).
func (s *StatusLists) getLists(w http.ResponseWriter, r *http.Request) error {
	uris, err := s.Lists.URIs(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, "application/json", map[string][]string{"status_lists": uris})
}

func (s *StatusLists) getList(w http.ResponseWriter, r *http.Request) error {
	number, err := strconv.Atoi(r.PathValue("list"))
	if err != nil {
		return identity.Refuse(identity.NotFound, "there is no such status list")
	}
	token, err := s.Lists.Token(r.Context(), number)
	if err != nil {
		return err
	}
	writeSigned(w, "application/statuslist+jwt", token)
	return nil
}

func writeSigned(w http.ResponseWriter, contentType string, token []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(token) // the client is gone
}
