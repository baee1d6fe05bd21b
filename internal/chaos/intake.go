package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
)

// enrollment is the enrollment stations: each sends its packet until it has a
// receipt.
type enrollment struct {
	url    string
	report *report
	client *http.Client

	mu       sync.Mutex
	receipts map[identity.ApplicationNumber]*applicant
	pending  int // applicants without a receipt
}

func newEnrollment(s *site, r *report, applicants int) *enrollment {
	return &enrollment{
		url: "http://" + s.address(gatewayName) + "/v1/packets", report: r, client: &http.Client{Timeout: 10 * time.Second},
		receipts: make(map[identity.ApplicationNumber]*applicant), pending: applicants,
	}
}

// send sends an application when its time has come, in as many copies as its
// station sends, and gives its number; "" when it was refused, or the run is over.
func (e *enrollment) send(ctx context.Context, a *applicant) identity.ApplicationNumber {
	select {
	case <-ctx.Done():
		return ""
	case <-time.After(a.plan.at):
	}
	numbers := make([]identity.ApplicationNumber, a.plan.copies)
	began := time.Now()
	var copies sync.WaitGroup
	for i := range numbers {
		copies.Go(func() { numbers[i] = e.insist(ctx, a) })
	}
	copies.Wait()
	if ctx.Err() != nil {
		return ""
	}
	for _, number := range numbers {
		if number != numbers[0] {
			e.report.violate(string(numbers[0]), "the same packet got another answer: "+string(number))
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending--
	if numbers[0] != "" {
		e.receipts[numbers[0]] = a
		e.report.received(time.Since(began))
	}
	return numbers[0]
}

// insist sends a packet again and again until the office has answered.
func (e *enrollment) insist(ctx context.Context, a *applicant) identity.ApplicationNumber {
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 4*time.Second) {
		number, refused, err := e.post(ctx, a.packet)
		switch {
		case ctx.Err() != nil:
			return ""
		case err == nil:
			return number
		case refused:
			e.report.violate(a.name, "a packet that was checked before was refused: "+err.Error())
			return ""
		}
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(wait):
		}
	}
}

// post sends a packet once.
func (e *enrollment) post(ctx context.Context, packet []byte) (number identity.ApplicationNumber, refused bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(packet))
	if err != nil {
		return "", false, err
	}
	request.Header.Set("Content-Type", "application/jose")
	answer, err := e.client.Do(request)
	if err != nil {
		return "", false, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", false, err
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated {
		return "", answer.StatusCode < http.StatusInternalServerError, fmt.Errorf("%s: %s", answer.Status, body)
	}
	var receipt struct {
		Application identity.ApplicationNumber `json:"application"`
		Existing    bool                       `json:"existing"`
		Due         time.Time                  `json:"due"`
		FeeVND      int                        `json:"fee_vnd"`
	}
	err = json.Unmarshal(body, &receipt)
	return receipt.Application, false, err
}

// expectNoMore says that so many applicants do not apply.
func (e *enrollment) expectNoMore(applicants int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending -= applicants
}

// known lists the applications that have a receipt, and counts those that wait for
// one.
func (e *enrollment) known() (list map[identity.ApplicationNumber]*applicant, pending int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.receipts), e.pending
}
