package cardstatus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Registry is what the status of cards is read from.
type Registry interface {
	CardStatuses(ctx context.Context, queries []registry.StatusQuery) ([]registry.CardStanding, error)
	NotValid(ctx context.Context, since time.Time, each func(registry.PlacedStatus)) (places int64, next time.Time, err error)
	Verifiers(ctx context.Context) ([]registry.Verifier, error)
}

// Question is what a verifier asks, in one of three ways.
type Question struct {
	Serial identity.CardSerial     `json:"serial,omitzero"` // of DG13
	Chip   string                  `json:"chip,omitzero"`   // 20 hexadecimal digits
	Number identity.PersonalNumber `json:"number,omitzero"` // with the day of issue, as both are printed
	Issued identity.Date           `json:"issued,omitzero"`
	Nonce  string                  `json:"nonce,omitzero"` // the verifier's; the answer is bound to it
}

// MaxQuestion is how long a question may be, in bytes.
const MaxQuestion = 512

// parseQuestion reads a question, and says all that is wrong with it.
func parseQuestion(body []byte) (registry.StatusQuery, error) {
	var q Question
	if err := json.Unmarshal(body, &q, json.RejectUnknownMembers(true)); err != nil {
		return registry.StatusQuery{}, identity.Refuse(identity.Invalid, "a question is JSON with serial, or chip, or number and issued (yyyy-mm-dd); and nonce")
	}
	var problems []error
	ways := 0
	for _, given := range []bool{q.Serial != "", q.Chip != "", q.Number != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		problems = append(problems, identity.Refuse(identity.Invalid, "one of serial, chip, or number with issued is needed"))
	}
	if q.Serial != "" {
		if _, err := identity.ParseCardSerial(string(q.Serial)); err != nil {
			problems = append(problems, identity.RefuseField(identity.Invalid, "serial", "is not 16 upper-case hexadecimal digits"))
		}
	}
	q.Chip = strings.ToLower(q.Chip)
	if q.Chip != "" && (len(q.Chip) != 20 || len(bytes.Trim([]byte(q.Chip), "0123456789abcdef")) > 0) {
		problems = append(problems, identity.RefuseField(identity.Invalid, "chip", "is not 20 hexadecimal digits"))
	}
	if q.Number != "" {
		if _, err := identity.ParsePersonalNumber(string(q.Number)); err != nil {
			problems = append(problems, identity.RefuseField(identity.Invalid, "number", "is no personal number of 12 digits"))
		}
		if q.Issued.Day == 0 {
			problems = append(problems, identity.RefuseField(identity.Invalid, "issued", "is missing, or no day (yyyy-mm-dd); it is printed on the card"))
		}
	}
	return registry.StatusQuery{Serial: q.Serial, Chip: q.Chip, Number: q.Number, Issued: q.Issued}, errors.Join(problems...)
}

// answer are the claims of an answer. It says what held at the moment of iat, and has no
// validity of its own: whoever wants to know now asks now.
type answer struct {
	Issuer string              `json:"iss"`
	At     int64               `json:"iat"`
	Asked  string              `json:"asked"` // SHA-256 of the question, byte by byte
	Status identity.CardStatus `json:"card_status"`
	Place  *placed             `json:"status,omitzero"` // where the card stands in the lists
}

type placed struct {
	List statusReference `json:"status_list"`
}

type statusReference struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

// Answers answers questions about single cards. Every question is looked up in the registry:
// what was committed before it was asked is in the answer.
type Answers struct {
	registry Registry
	signer   *Signer
	lists    *Lists
	now      func() time.Time

	mu      sync.Mutex
	waiting []asked
	running int // look-ups
}

type asked struct {
	query registry.StatusQuery
	heard chan<- heard
}

type heard struct {
	standing registry.CardStanding
	err      error
}

const (
	lookUps     = 2               // that run at once, where so many wait that one of them lasts
	crowd       = 16              // so many
	maxTogether = 256             // questions in one
	patience    = 5 * time.Second // for the registry's answer; whoever asked is told to ask again
)

// NewAnswers answers from a registry.
func NewAnswers(r Registry, s *Signer, l *Lists, now func() time.Time) *Answers {
	return &Answers{registry: r, signer: s, lists: l, now: now}
}

// ask has a question looked up. Questions that come while others are looked up are looked up
// together, one round trip for many: two look-ups of a few at the same time would cost a
// third more of gateway and registry, and the second helps only where the first lasts.
func (a *Answers) ask(ctx context.Context, query registry.StatusQuery) <-chan heard {
	back := make(chan heard, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = append(a.waiting, asked{query, back})
	if a.running == 0 || a.running < lookUps && len(a.waiting) >= crowd {
		a.running++
		go a.lookUp(context.WithoutCancel(ctx)) // for others too
	}
	return back
}

// lookUp looks up what waits, until nothing does.
func (a *Answers) lookUp(ctx context.Context) {
	for {
		a.mu.Lock()
		together := a.waiting[:min(len(a.waiting), maxTogether)]
		if len(together) == 0 {
			a.running--
			a.waiting = nil
			a.mu.Unlock()
			return
		}
		a.waiting = a.waiting[len(together):]
		a.mu.Unlock()
		queries := make([]registry.StatusQuery, len(together))
		for i, q := range together {
			queries[i] = q.query
		}
		within, cancel := context.WithTimeout(ctx, patience)
		standings, err := a.registry.CardStatuses(within, queries)
		cancel()
		for i, q := range together {
			h := heard{err: err}
			if err == nil {
				h.standing = standings[i]
			}
			q.heard <- h
		}
	}
}

// Answer gives the signed answer to a question.
func (a *Answers) Answer(ctx context.Context, question []byte) ([]byte, error) {
	query, err := parseQuestion(question)
	if err != nil {
		return nil, err
	}
	var h heard
	select {
	case h = <-a.ask(ctx, query):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if h.err != nil {
		return nil, h.err
	}
	sum := sha256.Sum256(question)
	said := answer{
		Issuer: a.lists.issuer, At: a.now().Unix(), Asked: base64.RawURLEncoding.EncodeToString(sum[:]), Status: h.standing.Status,
	}
	if h.standing.Place >= 0 {
		list, index := locate(h.standing.Place)
		said.Place = &placed{statusReference{index, a.lists.uri(list)}}
	}
	return a.signer.sign(a.signer.answers, said)
}
