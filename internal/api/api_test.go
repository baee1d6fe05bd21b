package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake"
)

// door is what stands behind the window: it answers as it is told, and keeps what
// it was given.
type door struct {
	receipt intake.Receipt
	err     error
	packet  []byte
}

func (*door) Expects(context.Context, []byte) error { return nil }

func (d *door) Open(_ context.Context, packet []byte) (intake.Opened, error) {
	d.packet = packet
	return intake.Opened{}, nil
}

func (*door) Examine(intake.Opened) (intake.Examined, error) { return intake.Examined{}, nil }

func (d *door) Store(context.Context, intake.Examined) (intake.Receipt, error) {
	return d.receipt, d.err
}

// window serves a door. Asked for its log, it closes, so that all of it is there.
func window(t *testing.T, d *door, ready error) (url string, logged func() string) {
	t.Helper()
	log := new(bytes.Buffer)
	mux := http.NewServeMux()
	(&api.Server{
		Door: d, Ready: func(context.Context) error { return ready }, MaxPacket: 1000,
		Capacity: api.Capacity{Bytes: 1 << 20, Guests: 10, Quick: 2, Heavy: 1},
		Logger:   slog.New(slog.NewTextHandler(log, nil)),
	}).Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, func() string {
		server.Close()
		return log.String()
	}
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func send(t *testing.T, method, url, contentType, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	a := answer{status: w.StatusCode, header: w.Header}
	require.NoError(t, json.Unmarshal(b, &a.body), "%s", b)
	require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	return a
}

func TestPostPacket_GivesTheReceipt(t *testing.T) {
	t.Parallel()
	d := &door{receipt: intake.Receipt{Number: "7QF3M-9T2XK-D", Due: time.Date(2026, 12, 3, 16, 59, 59, 0, time.UTC), Fee: 50_000}}
	url, _ := window(t, d, nil)

	a := send(t, http.MethodPost, url+"/v1/packets", "application/jose", "a.b.c")

	require.Equal(t, http.StatusCreated, a.status)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.Equal(t, map[string]any{"application": "7QF3M-9T2XK-D", "existing": false, "due": "2026-12-03T16:59:59Z", "fee_vnd": 50_000.0}, a.body)
	require.Equal(t, "a.b.c", string(d.packet))

	d.receipt.Existing = true
	a = send(t, http.MethodPost, url+"/v1/packets", "application/jose; charset=utf-8", "a.b.c")

	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, true, a.body["existing"])
	require.Equal(t, "7QF3M-9T2XK-D", a.body["application"])
}

func TestPostPacket_ListsEveryRefusalByField(t *testing.T) {
	t.Parallel()
	url, _ := window(t, &door{err: errors.Join(
		identity.RefuseField(identity.Invalid, "person.birth", "is not a date"),
		identity.RefuseField(identity.Invalid, "station", "is not a station"),
	)}, nil)

	a := send(t, http.MethodPost, url+"/v1/packets", "application/jose", "a.b.c")

	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.Equal(t, map[string]any{
		"type": "about:blank", "title": "Refused", "status": 422.0,
		"errors": []any{
			map[string]any{"field": "person.birth", "kind": "Invalid", "detail": "is not a date"},
			map[string]any{"field": "station", "kind": "Invalid", "detail": "is not a station"},
		},
	}, a.body)
}

func TestServer_AnswersWithProblems(t *testing.T) {
	t.Parallel()
	refuse := func(kind identity.Kind) error { return identity.RefuseField(kind, "packet", "is refused") }
	for name, tt := range map[string]struct {
		method, path, contentType, body string
		err                             error
		want                            int
		header                          [2]string
	}{
		"Signature":    {err: refuse(identity.Forbidden), want: http.StatusForbidden},
		"Conflict":     {err: refuse(identity.Conflict), want: http.StatusConflict},
		"Fault":        {err: errors.New("password of the database"), want: http.StatusServiceUnavailable, header: [2]string{"Retry-After", "10"}},
		"TooLarge":     {body: strings.Repeat("x", 1001), want: http.StatusRequestEntityTooLarge},
		"OtherContent": {contentType: "application/json", want: http.StatusUnsupportedMediaType},
		"NoContent":    {contentType: " ", want: http.StatusUnsupportedMediaType},
		"Get":          {method: http.MethodGet, want: http.StatusMethodNotAllowed, header: [2]string{"Allow", "POST"}},
		"PostHealth":   {path: "/healthz", want: http.StatusMethodNotAllowed, header: [2]string{"Allow", "GET"}},
		"OtherPath":    {path: "/v1/packets/7", want: http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, logged := window(t, &door{err: tt.err}, nil)
			method, path, contentType := http.MethodPost, "/v1/packets", "application/jose"
			if tt.method != "" {
				method = tt.method
			}
			if tt.path != "" {
				path = tt.path
			}
			if tt.contentType != "" {
				contentType = tt.contentType
			}

			a := send(t, method, url+path, contentType, tt.body)

			require.Equal(t, tt.want, a.status)
			require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
			require.InDelta(t, tt.want, a.body["status"], 0)
			require.NotEmpty(t, a.body["title"])
			require.NotContains(t, fmt.Sprint(a.body), "password")
			if tt.header[0] != "" {
				require.Equal(t, tt.header[1], a.header.Get(tt.header[0]))
			}
			require.Contains(t, logged(), fmt.Sprintf("status=%d", tt.want))
		})
	}
}

// A station whose line breaks in the middle of a packet has sent nothing.
func TestPostPacket_ATruncatedPacketIsNotReceived(t *testing.T) {
	t.Parallel()
	d := &door{}
	url, _ := window(t, d, nil)
	line, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer line.Close()
	_, err = io.WriteString(line, "POST /v1/packets HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 500\r\n\r\nhalf")
	require.NoError(t, err)
	require.NoError(t, line.(*net.TCPConn).CloseWrite())

	answer, err := io.ReadAll(line)

	require.NoError(t, err)
	require.Contains(t, string(answer), "400 Bad Request")
	require.Contains(t, string(answer), "ended before it was complete")
	require.Nil(t, d.packet)
}

func TestProbes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path  string
		ready error
		want  int
	}{
		"Alive":         {"/healthz", nil, http.StatusOK},
		"AliveNotReady": {"/healthz", errors.New("no database"), http.StatusOK},
		"Ready":         {"/readyz", nil, http.StatusOK},
		"NotReady":      {"/readyz", errors.New("no database"), http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, logged := window(t, &door{}, tt.ready)

			a := send(t, http.MethodGet, url+tt.path, "", "")

			require.Equal(t, tt.want, a.status)
			require.NotEmpty(t, a.body)
			if tt.want == http.StatusOK {
				require.Empty(t, logged()) // asked every few seconds
			} else {
				require.Contains(t, logged(), "no database")
			}
		})
	}
}

// A client that reads nothing before it has sent everything learns all the same that its
// act is too large.
func TestServer_AnActThatIsTooLargeIsToldToASimpleClient(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	(&api.Server{Officers: &api.Officers{Desk: &desk.Desk{}, MaxBody: 8 << 20}, Logger: slog.New(slog.DiscardHandler)}).Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	const size = 9 << 20
	_, err = fmt.Fprintf(conn, "POST /v1/acts HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("A", size))
	require.NoError(t, err)

	response, err := http.ReadResponse(bufio.NewReader(conn), nil)

	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	require.Contains(t, string(body), "is larger than 131072 bytes")
}

// An act waits for its worker for longer than an answer may take to leave, and is answered.
func TestServer_AnswersAnActThatTookLong(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	(&api.Server{Officers: &api.Officers{Desk: &desk.Desk{}, MaxBody: 8 << 20}, Logger: slog.New(slog.DiscardHandler)}).Register(mux)
	server := httptest.NewUnstartedServer(mux)
	server.Config.WriteTimeout = 50 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	body, send := io.Pipe()
	go func() {
		_, _ = io.WriteString(send, "{")
		time.Sleep(200 * time.Millisecond)
		_, _ = io.WriteString(send, "}")
		_ = send.Close()
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/acts", body)
	require.NoError(t, err)

	response, err := http.DefaultClient.Do(request)

	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "statement")
}
