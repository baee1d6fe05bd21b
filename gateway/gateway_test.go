package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry/registrytest"
)

const ui = "http://127.0.0.1:8233"

// server is a gateway on a real PostgreSQL and a real Temporal server.
type server struct {
	*httptest.Server
	office *office.Office
}

func open(t *testing.T) server {
	t.Helper()
	name := filepath.Join(t.TempDir(), "office.yaml")
	require.NoError(t, os.WriteFile(name, []byte("data_dir: "+t.TempDir()), 0o600))
	c, err := config.Load(name)
	require.NoError(t, err)
	c.Temporal.Address = devservertest.Temporal(t)
	c.Database.URL = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t)))
	c.Gateway.CodecOrigins = []string{ui}
	quiet := slog.New(slog.DiscardHandler)
	office, err := office.Open(t.Context(), c, quiet)
	require.NoError(t, err)
	t.Cleanup(office.Close)
	handler, err := routes(office, office.Door(), c.Gateway, c.Intake.PacketBytes, quiet)
	require.NoError(t, err)
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return server{s, office}
}

// packet signs a sample as its station does.
func (s server) packet(t *testing.T, sample string) []byte {
	t.Helper()
	submission, err := packet.ReadSubmission(os.DirFS("../samples"), sample+"/application.json", s.office.Sizes())
	require.NoError(t, err)
	station := identity.StationID(submission.Station)
	public, err := s.office.StationKeys().Ensure(station)
	require.NoError(t, err)
	registrytest.RegisterStation(t, s.office.Registry, station, public)
	key, err := s.office.StationKeys().Key(station)
	require.NoError(t, err)
	signed, err := packet.Sign(submission, key)
	require.NoError(t, err)
	return signed
}

func (s server) ask(t *testing.T, method, path string, header map[string]string, body []byte) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, answer.Header, string(text)
}

func TestGateway_APacketBecomesAnApplicationThatCanBeLookedUp(t *testing.T) {
	t.Parallel()
	s := open(t)
	jose := map[string]string{"Content-Type": "application/jose"}
	packet := s.packet(t, "01-first-issue-at-14")

	tampered := bytes.Clone(packet)
	tampered[bytes.IndexByte(packet, '.')+100] ^= 1
	status, _, text := s.ask(t, http.MethodPost, "/v1/packets", jose, tampered)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, text, `"field":"signature"`)

	status, _, text = s.ask(t, http.MethodPost, "/v1/packets", jose, packet)
	require.Equal(t, http.StatusCreated, status, text)
	var first, again struct {
		Application string    `json:"application"`
		Due         time.Time `json:"due"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &first))
	status, _, text = s.ask(t, http.MethodPost, "/v1/packets", jose, packet)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, json.Unmarshal([]byte(text), &again))
	require.Equal(t, first, again)

	form := url.Values{"receipt": {first.Application}, "birth": {"5/10/2012"}}.Encode()
	status, _, text = s.ask(t, http.MethodPost, "/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []byte(form))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "<h2>"+first.Application+"</h2>")

	status, _, _ = s.ask(t, http.MethodGet, "/readyz", nil, nil)
	require.Equal(t, http.StatusOK, status)
}

func TestGateway_TheCodecIsForTheUIAlone(t *testing.T) {
	t.Parallel()
	s := open(t)

	status, header, _ := s.ask(t, http.MethodOptions, "/codec/decode", map[string]string{"Origin": ui}, nil)
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, ui, header.Get("Access-Control-Allow-Origin"))

	status, _, _ = s.ask(t, http.MethodPost, "/codec/decode", map[string]string{"Origin": ui, "Content-Type": "application/json"}, []byte("{}"))
	require.Equal(t, http.StatusOK, status)

	status, header, _ = s.ask(t, http.MethodPost, "/codec/decode", map[string]string{"Origin": "https://elsewhere.example"}, []byte("{}"))
	require.Equal(t, http.StatusForbidden, status)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))

	_, header, _ = s.ask(t, http.MethodGet, "/", map[string]string{"Origin": ui}, nil)
	require.Empty(t, header.Get("Access-Control-Allow-Origin")) // pages are for their own origin
}

func TestGateway_HasNoCodecUnlessAUIIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	handler, err := routes(s.office, s.office.Door(), config.Gateway{Connections: 2, MemoryBytes: 1 << 30}, 8<<20, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	answer := httptest.NewRecorder()

	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/codec/decode", strings.NewReader("{}")))

	require.Equal(t, http.StatusNotFound, answer.Code)
}

// A packet that is being received when the gateway is stopped is received.
func TestServe_FinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	began, finish := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-finish
		_, _ = io.WriteString(w, "received")
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, newLines(listener, 10), handler, slog.New(slog.DiscardHandler)) }()
	answered := make(chan string, 1)
	go func() {
		answer, err := http.Get("http://" + listener.Addr().String()) //nolint:noctx // it must outlive the context
		if err != nil {
			answered <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		answered <- string(text)
	}()
	<-began

	stop()

	require.Eventually(t, func() bool { // new connections are refused
		line, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err == nil {
			_ = line.Close()
		}
		return err != nil
	}, 5*time.Second, 10*time.Millisecond)
	require.Empty(t, served)
	close(finish)
	require.Equal(t, "received", <-answered)
	require.NoError(t, <-served)
}
