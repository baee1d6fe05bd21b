package main

import (
	"bytes"
	"context"
	"encoding/base64"
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
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

const ui = "http://127.0.0.1:8233"

// server is a gateway on a real PostgreSQL and a real Temporal server.
type server struct {
	*httptest.Server // for stations and officers

	citizens *httptest.Server
	office   *office.Office
	settings config.Config
}

func open(t *testing.T) server {
	t.Helper()
	return openWith(t, func(*config.Config) {})
}

// openWith is open with other settings.
func openWith(t *testing.T, change func(*config.Config)) server {
	t.Helper()
	name := filepath.Join(t.TempDir(), "office.yaml")
	require.NoError(t, os.WriteFile(name, []byte("data_dir: "+t.TempDir()), 0o600))
	c, err := config.Load(name)
	require.NoError(t, err)
	c.Temporal.Address = devservertest.Temporal(t)
	c.Database.URL = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t)))
	c.Gateway.CodecOrigins = []string{ui}
	change(&c)
	quiet := slog.New(slog.DiscardHandler)
	office, err := office.Open(t.Context(), c, quiet)
	require.NoError(t, err)
	t.Cleanup(office.Close)
	inside, err := insideRoutes(office, office.Door(), c.Gateway, c.Intake.PacketBytes, quiet)
	require.NoError(t, err)
	s := httptest.NewServer(inside)
	t.Cleanup(s.Close)
	outside, err := citizensRoutes(office, c.Gateway, quiet)
	require.NoError(t, err)
	citizens := httptest.NewServer(outside)
	t.Cleanup(citizens.Close)
	return server{s, citizens, office, c}
}

// limits are those of the built-in settings.
func limits(t *testing.T) config.Gateway {
	t.Helper()
	c, err := config.Load("")
	require.NoError(t, err)
	return c.Gateway
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
	signed, err := packet.Sign(submission, key, cast.Known().State)
	require.NoError(t, err)
	return signed
}

func (s server) ask(t *testing.T, method, path string, header map[string]string, body []byte) (int, http.Header, string) {
	t.Helper()
	return ask(t, method, s.URL+path, header, body)
}

func ask(t *testing.T, method, address string, header map[string]string, body []byte) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
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
	status, _, text = ask(t, http.MethodPost, s.citizens.URL+"/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []byte(form))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "<h2>"+first.Application+"</h2>")

	status, _, _ = s.ask(t, http.MethodGet, "/readyz", nil, nil)
	require.Equal(t, http.StatusOK, status)
}

// What is for everybody is at one address, what is for those who log in at another.
func TestGateway_ServesCitizensApart(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{"/v1/packets", "/v1/acts", "/v1/sessions", "/v1/applications", "/v1/officers", "/codec/decode"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, _, _ := ask(t, method, s.citizens.URL+path, map[string]string{"Origin": ui}, []byte("{}"))
			require.Equal(t, http.StatusNotFound, status, path)
			status, _, _ = s.ask(t, method, path, map[string]string{"Origin": ui}, []byte("{}"))
			require.NotEqual(t, http.StatusOK, status, path)
		}
	}
	status, _, text := ask(t, http.MethodGet, s.citizens.URL+"/", nil, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "<form")
	for _, address := range []string{s.URL, s.citizens.URL} {
		status, header, _ := ask(t, http.MethodGet, address+"/readyz", nil, nil)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "DENY", header.Get("X-Frame-Options"))
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.Empty(t, header.Get("Strict-Transport-Security"), "nothing is encrypted here")
	}
}

// logIn begins a session of an officer of the cast.
func (s server) logIn(t *testing.T, badge identity.OfficerID) (token string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"signed": registrytest.Signed(identity.LogIn{Officer: badge}, statement.Office)})
	require.NoError(t, err)
	status, _, text := s.ask(t, http.MethodPost, "/v1/sessions", nil, body)
	require.Equal(t, http.StatusCreated, status, text)
	var session struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(text), &session))
	return session.Token
}

// The codec decrypts for an auditor's session as long as it lasts, and keeps who asked.
func TestGateway_TheCodecIsForOfficersAtTheUI(t *testing.T) {
	t.Parallel()
	s := open(t)
	keys, err := engine.OpenKeys(s.settings.Temporal.CodecKeyFile, true)
	require.NoError(t, err)
	sealed, err := (&engine.Codec{Keys: keys}).Encode([]*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"7QF3M-9T2XK-D"`)}})
	require.NoError(t, err)
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: sealed})
	require.NoError(t, err)
	decoded := base64.StdEncoding.EncodeToString([]byte(`"7QF3M-9T2XK-D"`))
	auditor, stock := s.logIn(t, "KT-C06-0001"), s.logIn(t, "TK-C06-0001")
	codec := func(origin, token string) (int, http.Header, string) {
		return s.ask(t, http.MethodPost, "/codec/decode", map[string]string{"Origin": origin, "Cookie": s.office.Desk().SessionCookie() + "=" + token}, body)
	}

	status, header, _ := s.ask(t, http.MethodOptions, "/codec/decode", map[string]string{"Origin": ui}, nil)
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, ui, header.Get("Access-Control-Allow-Origin"))

	status, _, text := codec(ui, "")
	require.Equal(t, http.StatusUnauthorized, status, text)
	status, header, text = codec("https://elsewhere.example", auditor)
	require.Equal(t, http.StatusForbidden, status, text)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	status, _, text = codec(ui, stock)
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, text, decoded)
	kept, err := s.office.Registry.Decodes(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, kept)

	status, _, text = codec(ui, auditor)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, decoded)
	kept, err = s.office.Registry.Decodes(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.WithinDuration(t, time.Now(), kept[0].At, time.Minute)
	kept[0].At = time.Time{}
	require.Equal(t, registry.Decode{Officer: "KT-C06-0001", Payloads: 1, Named: []string{"7QF3M-9T2XK-D"}, Line: 1}, kept[0])

	status, _, text = s.ask(t, http.MethodGet, "/v1/decodes", map[string]string{"Authorization": "Bearer " + auditor}, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `"officer":"KT-C06-0001"`)
	status, _, _ = s.ask(t, http.MethodGet, "/v1/decodes", map[string]string{"Authorization": "Bearer " + stock}, nil)
	require.Equal(t, http.StatusForbidden, status)

	require.NoError(t, s.office.Registry.EndSession(t.Context(), auditor))
	status, _, _ = codec(ui, auditor)
	require.Equal(t, http.StatusUnauthorized, status)
	_, header, _ = ask(t, http.MethodGet, s.citizens.URL+"/", map[string]string{"Origin": ui}, nil)
	require.Empty(t, header.Get("Access-Control-Allow-Origin")) // pages are for their own origin
}

func TestGateway_HasNoCodecUnlessAUIIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.settings.Gateway
	c.CodecOrigins = nil
	handler, err := insideRoutes(s.office, s.office.Door(), c, 8<<20, slog.New(slog.DiscardHandler))
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
	served, c := make(chan error, 1), limits(t)
	go func() {
		served <- serve(ctx, newLines(listener, 10, nil), handler, c, slog.New(slog.DiscardHandler))
	}()
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
