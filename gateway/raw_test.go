package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listen serves a gateway as the program does, on so many connections.
func listen(t *testing.T, most int) (address string) {
	t.Helper()
	o := open(t).office
	quiet := slog.New(slog.DiscardHandler)
	c := limits(t)
	c.Connections, c.MemoryBytes = most, 256<<20
	handler, err := insideRoutes(o, o.Door(), c, 8<<20, quiet)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- serve(ctx, newLines(listener, most, nil), handler, c, quiet) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	return listener.Addr().String()
}

// raw sends bytes and reads what comes back.
func raw(t *testing.T, address, request string) (status int, contentType, body string) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, _ = io.WriteString(c, request) // it may be refused before its end
	_ = c.(*net.TCPConn).CloseWrite()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err, "%.60q", request)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, answer.Header.Get("Content-Type"), string(b)
}

// TestServe_AnswersEveryRawRequest: what is no request of HTTP/1.1, or no packet, is told
// so in a problem document, and never looks like a fault of the office.
func TestServe_AnswersEveryRawRequest(t *testing.T) {
	t.Parallel()
	address := listen(t, 10)
	post := func(rest string) string {
		return "POST /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Type: application/jose\r\n" + rest
	}
	for want, requests := range map[int][]string{
		http.StatusBadRequest: {
			"\r\n\r\nx\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/3\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
			"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\n: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
			"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
			post("Content-Length: -1\r\n\r\n"), post("Content-Length: 99999999999999999999\r\n\r\n"), post("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
			post("Transfer-Encoding: gzip\r\n\r\n"), post("Transfer-Encoding: chunked, chunked\r\n\r\n"), post("Content-Length: 500\r\n\r\nhalf"),
			post("Transfer-Encoding: chunked\r\n\r\nzz\r\n"), post("Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"), post("Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
		},
		http.StatusRequestHeaderFieldsTooLarge: {"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 100_000), "GET /" + strings.Repeat("a", 100_000)},
		http.StatusNotFound:                    {"GET /v1/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /wp-login.php HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /v1/packets/7 HTTP/1.1\r\nHost: a\r\n\r\n"},
		http.StatusMethodNotAllowed:            {"GET /v1/packets HTTP/1.1\r\nHost: a\r\n\r\n", "PUT /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", "POST /healthz HTTP/1.1\r\nHost: a\r\n\r\n"},
		http.StatusUnsupportedMediaType: {
			"POST /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", "POST /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 9\r\n\r\n--x\r\n\r\n--",
			"POST /v1/packets HTTP/1.1\r\nHost: a\r\nContent-Type: ;\r\nContent-Length: 2\r\n\r\n{}", post("Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"),
		},
		http.StatusRequestEntityTooLarge: {post("Content-Length: 9000000\r\n\r\n" + strings.Repeat("A", 9_000_000)), post("Content-Length: 9000000000000\r\n\r\nA")},
		http.StatusUnprocessableEntity: {
			post("Content-Length: 0\r\n\r\n"), post("Content-Length: 3\r\n\r\na.b"), post("Content-Length: 8000000\r\n\r\n" + strings.Repeat("A", 8_000_000)), post("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		},
	} {
		for _, request := range requests {
			status, contentType, body := raw(t, address, request)
			require.Equal(t, want, status, "%.60q: %s", request, body)
			require.Equal(t, "application/problem+json", contentType, "%.60q", request)
			require.Contains(t, body, fmt.Sprintf(`"status":%d`, want), "%.60q", request)
			require.Contains(t, body, `"detail":`, "%.60q", request)
		}
	}
}

// TestServe_ClosesWhatIsSilentTheLongest: connections that only are there keep nobody
// out.
func TestServe_ClosesWhatIsSilentTheLongest(t *testing.T) {
	t.Parallel()
	address := listen(t, 3)
	var silent []net.Conn
	for range 6 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		defer c.Close()
		silent = append(silent, c)
		status, _, _ := raw(t, address, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		require.Equal(t, http.StatusOK, status)
	}
	require.NoError(t, silent[0].SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := silent[0].Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}
