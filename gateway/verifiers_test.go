package main

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

const (
	askedCard  = identity.CardSerial("00C1A52021110202")
	askedOwner = identity.PersonalNumber("048301999902")
)

// verifier registers a verifier with a card to ask about.
func (s server) verifier(t *testing.T, token string, perSecond int) {
	t.Helper()
	digest := sha256.Sum256([]byte(token))
	act := identity.RegisterVerifier{Officer: "QT-C06-0001", Witness: "QT-C06-0002", Name: "Ngân hàng", Token: digest[:], PerSecond: perSecond}
	status, text := s.act(t, registrytest.Signed(act, statement.Verifier("VCB")))
	require.Equal(t, http.StatusOK, status, text)
	require.NoError(t, s.office.Registry.SeedCitizen(t.Context(), registry.Citizen{
		Person: identity.Person{Number: askedOwner, Name: identity.Name{Text: "Đặng Thị Ngọc Ước"}}, Status: identity.Alive,
		LiveCard: &registry.OldCard{Serial: askedCard, Form: "cccd-2021", Issued: identity.Date{Year: 2021, Month: 3, Day: 15}},
	}))
}

func (s server) question(t *testing.T, token, question string) (int, string) {
	t.Helper()
	status, _, text := s.ask(t, http.MethodPost, "/v1/status", map[string]string{"Authorization": "Bearer " + token}, []byte(question))
	return status, text
}

type answered struct {
	Issuer string `json:"iss"`
	At     int64  `json:"iat"`
	Asked  string `json:"asked"`
	Card   string `json:"card_status"`
	Status struct {
		List struct {
			Index int    `json:"idx"`
			URI   string `json:"uri"`
		} `json:"status_list"`
	} `json:"status"`
}

// verified reads what was signed, as a verifier does: with the published key, and an implementation that
// knows nothing of ours.
func verified[T any](t *testing.T, s server, token, typ string) (claims T) {
	t.Helper()
	_, _, text := ask(t, http.MethodGet, s.citizens.URL+"/v1/status-keys", nil, nil)
	var keys jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal([]byte(text), &keys))
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	require.NoError(t, err, token)
	payload, err := signed.Verify(keys)
	require.NoError(t, err)
	require.Equal(t, typ, signed.Signatures[0].Header.ExtraHeaders["typ"])
	require.NoError(t, json.Unmarshal(payload, &claims))
	return claims
}

// A card that is reported lost is dead for verifiers in the next answer, and in the list.
func TestVerifiers_HearOfALostCardAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.verifier(t, "secret", 100)
	list := func(a answered) byte {
		require.True(t, strings.HasPrefix(a.Status.List.URI, s.settings.Gateway.PublicURL+"/v1/status-lists/"))
		status, header, token := ask(t, http.MethodGet, s.citizens.URL+strings.TrimPrefix(a.Status.List.URI, s.settings.Gateway.PublicURL), nil, nil)
		require.Equal(t, http.StatusOK, status, token)
		require.Equal(t, "application/statuslist+jwt", header.Get("Content-Type"))
		claims := verified[struct {
			Subject string `json:"sub"`
			At      int64  `json:"iat"`
			Expires int64  `json:"exp"`
			TTL     int64  `json:"ttl"`
			List    struct {
				Bits int    `json:"bits"`
				List string `json:"lst"`
			} `json:"status_list"`
		}](t, s, token, "statuslist+jwt")
		require.Equal(t, a.Status.List.URI, claims.Subject)
		require.Equal(t, 2, claims.List.Bits)
		require.Greater(t, claims.Expires, claims.At)
		compressed, err := base64.RawURLEncoding.DecodeString(claims.List.List)
		require.NoError(t, err)
		r, err := zlib.NewReader(bytes.NewReader(compressed))
		require.NoError(t, err)
		entries, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Len(t, entries, 1<<20*2/8)
		return entries[a.Status.List.Index/4] >> (a.Status.List.Index % 4 * 2) & 3
	}
	hear := func(want identity.CardStatus) (last answered) {
		for _, question := range []string{
			fmt.Sprintf(`{"serial": %q, "nonce": "x"}`, askedCard), fmt.Sprintf(`{"number": %q, "issued": "2021-03-15"}`, string(askedOwner)),
		} {
			status, token := s.question(t, "secret", question)
			require.Equal(t, http.StatusOK, status, token)
			last = verified[answered](t, s, token, "card-status+jwt")
			digest := sha256.Sum256([]byte(question))
			require.Equal(t, base64.RawURLEncoding.EncodeToString(digest[:]), last.Asked)
			require.Equal(t, string(want), last.Card)
			require.InDelta(t, time.Now().Unix(), last.At, 60)
		}
		return last
	}
	do := func(act identity.CardAct) {
		status, text := s.act(t, registrytest.Signed(act, statement.Card(askedCard)))
		require.Equal(t, http.StatusOK, status, text)
	}
	on := func(reason string) identity.OnCard {
		return identity.OnCard{Officer: "PD-066-0001", Reason: reason}
	}
	becomes := func(a answered, want byte) {
		require.Eventually(t, func() bool { return list(a) == want }, 5*time.Second, 100*time.Millisecond)
	}

	becomes(hear(identity.StatusValid), 0)
	do(identity.ReportLost{OnCard: on("")})
	becomes(hear(identity.StatusInvalid), 1)
	do(identity.ReportFound{OnCard: on("")})
	becomes(hear(identity.StatusValid), 0)
	do(identity.KeepCard{OnCard: on("prison: 12/QD")})
	becomes(hear(identity.StatusSuspended), 2)

	status, token := s.question(t, "secret", `{"serial": "FFFFFFFFFFFFFFFF"}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "UNKNOWN", verified[answered](t, s, token, "card-status+jwt").Card)
	status, token = s.question(t, "secret", fmt.Sprintf(`{"number": %q, "issued": "2021-03-16"}`, string(askedOwner)))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "UNKNOWN", verified[answered](t, s, token, "card-status+jwt").Card)
}

// Nobody is answered but who is registered, and not more often than was agreed.
func TestVerifiers_MaySayWhoTheyAre(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.verifier(t, "secret", 3)
	const question = `{"serial": "00C1A52021110202"}`
	for _, token := range []string{"", "other"} {
		status, text := s.question(t, token, question)
		require.Equal(t, http.StatusUnauthorized, status, text)
	}
	refused := 0
	for range 6 {
		if status, _ := s.question(t, "secret", question); status == http.StatusTooManyRequests {
			refused++
		}
	}
	require.NotZero(t, refused)
	for question, says := range map[string]string{
		`{}`:                         "one of serial, chip, or number with issued is needed",
		`{"serial": "x"}`:            "is not 16 upper-case hexadecimal digits",
		`{"chip": "x"}`:              "is not 20 hexadecimal digits",
		`{"number": "048301999902"}`: "issued",
		`{"who": "x"}`:               "a question is JSON with serial",
		`{"nonce": "` + strings.Repeat("x", 600) + `"}`: "a question has at most 512 bytes",
	} {
		require.Eventually(t, func() bool {
			status, text := s.question(t, "secret", question)
			return status == http.StatusUnprocessableEntity && strings.Contains(text, says)
		}, 5*time.Second, 200*time.Millisecond, question)
	}
	status, text := s.act(t, registrytest.Signed(identity.RevokeVerifier{Officer: "QT-C06-0001", Reason: "leaked"}, statement.Verifier("VCB")))
	require.Equal(t, http.StatusOK, status, text)
	require.Eventually(t, func() bool { status, _ := s.question(t, "secret", question); return status == http.StatusUnauthorized }, 5*time.Second, 200*time.Millisecond)
	for _, path := range []string{"/v1/status-lists/16", "/v1/status-lists/-1", "/v1/status-lists/x"} {
		status, _, _ := ask(t, http.MethodGet, s.citizens.URL+path, nil, nil)
		require.Equal(t, http.StatusNotFound, status)
	}
	status, _, text = ask(t, http.MethodGet, s.citizens.URL+"/v1/status-lists", nil, nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 16, strings.Count(text, "/v1/status-lists/"))
}
