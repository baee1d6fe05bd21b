package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/notify"
)

// What run publishes are settings, in the environment and in the file.
func TestServers_PublishSettings(t *testing.T) {
	s := &servers{data: t.TempDir(), settings: map[string]string{"CANCUOC_DATABASE_URL": "postgres://h/d", "CANCUOC_WORKER_SLOTS": "5"}}
	s.settings["CANCUOC_DATA_DIR"] = s.data
	for key := range rehearsal {
		t.Setenv(key, "") // and back to what it was
	}
	for key := range s.settings {
		t.Setenv(key, "")
	}

	t.Setenv("CANCUOC_KEYS_PKCS11_SESSIONS", "7") // as who runs it has it
	given := filepath.Join(t.TempDir(), "given.yaml")
	require.NoError(t, os.WriteFile(given, []byte("office: {station_wait: 5m}"), 0o600))

	require.NoError(t, s.publish(given))

	published, err := config.Load(given)
	require.NoError(t, err)
	require.Equal(t, s.data, published.DataDir)
	require.Equal(t, 5, published.Worker.Slots)
	require.Equal(t, 5*time.Second, published.Worker.Reconcile)
	for key := range s.settings {
		require.NoError(t, os.Unsetenv(key))
	}
	require.NoError(t, os.Unsetenv("CANCUOC_KEYS_PKCS11_SESSIONS"))
	written, err := config.Load(filepath.Join(s.data, settingsFile))
	require.NoError(t, err)
	require.Equal(t, published, written)
	require.Equal(t, 7, written.Keys.PKCS11.Sessions)
	require.Equal(t, 5*time.Minute, written.Office.StationWait)
}

// An office that tells nobody by its settings tells its inbox, whose keys its programs have.
func TestServers_StartInbox(t *testing.T) {
	s := &servers{data: t.TempDir(), settings: make(map[string]string)}
	defer s.stop()
	require.NoError(t, s.startInbox(t.Context()))

	t.Setenv("CANCUOC_NOTIFICATIONS_RECEIVERS", s.settings["CANCUOC_NOTIFICATIONS_RECEIVERS"])
	c, err := config.Load("")
	require.NoError(t, err)
	require.Len(t, c.Notifications.Receivers, 2)
	require.Equal(t, identity.ByEmail, c.Notifications.Receivers[1].By)
	for i, r := range c.Notifications.Receivers {
		secret, err := os.ReadFile(r.SecretFile)
		require.NoError(t, err)
		keys, err := notify.ParseKeys(string(secret))
		require.NoError(t, err)
		at, body := time.Now(), fmt.Sprintf(`{"id":"%d"}`, i)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL, strings.NewReader(body))
		require.NoError(t, err)
		request.Header = http.Header{"Webhook-Id": {"m"}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {keys.Sign("m", at, []byte(body))}}
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusNoContent, answer.StatusCode)
	}
	kept, err := os.ReadFile(s.inbox)
	require.NoError(t, err)
	require.Equal(t, []string{`{"id":"0"}`, `{"id":"1"}`}, strings.Fields(string(kept)))
}

// A run in a terminal that names the file of an earlier run begins anew in its folder.
func TestForgetPublished(t *testing.T) {
	data := t.TempDir()
	published := filepath.Join(data, settingsFile)
	require.NoError(t, os.WriteFile(published, []byte("data_dir: "+data+"\ndatabase: {url: postgres://gone/d}"), 0o600))
	t.Setenv("CANCUOC_CONFIG", published)
	t.Setenv("CANCUOC_DATA_DIR", "")
	a := &app{}

	require.NoError(t, a.forgetPublished())

	c, err := a.config()
	require.NoError(t, err)
	require.Empty(t, c.Database.URL)
	require.Equal(t, data, c.DataDir)

	own := filepath.Join(data, "own.yaml")
	require.NoError(t, os.WriteFile(own, []byte("database: {url: postgres://h/d}"), 0o600))
	a = &app{configFile: own}
	require.NoError(t, a.forgetPublished())
	require.Equal(t, own, a.configFile)
}

// A program that ends while the office runs is named with the end of its log, and
// started again; one that is stopped is not.
func TestServers_KeepTheirPrograms(t *testing.T) {
	s := &servers{data: t.TempDir()}
	said := make(chan string, 10)
	s.say = func(format string, args ...any) { said <- fmt.Sprintf(format, args...) }
	require.NoError(t, os.Mkdir(filepath.Join(s.data, "bin"), 0o700))
	program := "#!/bin/sh\nif mkdir " + filepath.Join(s.data, "once") + "; then echo out of paper; exit 1; fi\nexec sleep 600\n"
	require.NoError(t, os.WriteFile(filepath.Join(s.data, "bin", "worker"), []byte(program), 0o700))
	started, err := s.startProgram("worker")
	require.NoError(t, err)

	s.keep("worker", started)

	require.Contains(t, <-said, "worker has ended (exit status 1); it is started again in 1s. Its log ends:\nout of paper")
	require.Eventually(t, func() bool {
		log, err := os.ReadFile(filepath.Join(s.data, "worker.log"))
		return err == nil && strings.Count(string(log), "mkdir: ") == 1 // the second one found the folder
	}, time.Minute, 10*time.Millisecond)
	s.stop()
	require.Empty(t, said)
}
