package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/web"
)

// reports sends what a citizen reports, and reads the answer.
func reports(t *testing.T, h http.Handler, birth, confirm string) (int, web.Loss) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"receipt": receipt, "birth": birth, "confirm": confirm})
	require.NoError(t, err)
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/card-loss", strings.NewReader(string(body)))
	q.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	var l web.Loss
	if w.Code == http.StatusOK {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &l))
	}
	return w.Code, l
}

// A citizen is shown what a report does, confirms it, and the card is dead; nobody else can.
func TestLoss_IsConfirmedBeforeTheCardIsDead(t *testing.T) {
	t.Parallel()
	const birth = "2012-10-05"
	s := shelved(record(identity.Issued, identity.NoAction))
	s.card = &registry.CardInHand{State: identity.CardLive, Issued: identity.Date{Year: 2026, Month: 11, Day: 20}, ChangedAt: now, Now: now}
	h := pages(s)

	status, shown := reports(t, h, birth, "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, identity.CardLive, shown.State)
	require.Equal(t, identity.CardLive, s.card.State, "nothing was confirmed")
	require.NotEmpty(t, shown.Confirm)

	for _, word := range []string{"x", "99999999999.x", shown.Confirm + "x", "9" + shown.Confirm} {
		status, _ = reports(t, h, birth, word)
		require.Equal(t, http.StatusConflict, status, word)
	}
	s.card.Now = now.Add(11 * time.Minute)
	status, _ = reports(t, h, birth, shown.Confirm)
	require.Equal(t, http.StatusConflict, status, "it is too old")
	s.card.Now = now.Add(9 * time.Minute)
	status, lost := reports(t, h, birth, shown.Confirm)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, identity.CardReportedLost, lost.State)
	require.Equal(t, identity.CardReportedLost, s.card.State)
	status, again := reports(t, h, birth, shown.Confirm)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, lost, again)

	s.card.State = identity.CardLive // found again, by an officer
	status, _ = reports(t, h, birth, shown.Confirm)
	require.Equal(t, http.StatusConflict, status, "the word was for the card before that")
	s.card = nil
	status, _ = reports(t, h, birth, "")
	require.Equal(t, http.StatusConflict, status)
}

// Whoever guesses birth dates is stopped as at the status page.
func TestLoss_IsGuessedByNobody(t *testing.T) {
	t.Parallel()
	s := shelved(record(identity.Issued, identity.NoAction))
	s.card = &registry.CardInHand{State: identity.CardLive, ChangedAt: now, Now: now}
	h := pages(s)
	var last int
	for range 20 {
		last, _ = reports(t, h, "2012-10-06", "")
	}
	require.Equal(t, http.StatusTooManyRequests, last)
	require.Equal(t, identity.CardLive, s.card.State)
}
