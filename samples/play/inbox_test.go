package play_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/notify"
	"example.org/cancuoc/samples/play"
)

// An inbox keeps what its own office signed lately, and nothing else.
func TestInbox_KeepsWhatIsSigned(t *testing.T) {
	t.Parallel()
	keys, err := notify.ParseKeys("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
	require.NoError(t, err)
	others, err := notify.ParseKeys("whsec_OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5")
	require.NoError(t, err)
	now := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "notifications.jsonl")
	inbox, err := play.OpenInbox(file, keys, func() time.Time { return now })
	require.NoError(t, err)
	defer func() { require.NoError(t, inbox.Close()) }()
	post := func(method, body string, by notify.Keys, at time.Time) int {
		r := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
		r.Header.Set("Webhook-Id", "5m2nAs2CyyElrPDCk0H9Vd3M")
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("Webhook-Signature", by.Sign("5m2nAs2CyyElrPDCk0H9Vd3M", at, []byte(body)))
		w := httptest.NewRecorder()
		inbox.ServeHTTP(w, r)
		return w.Code
	}

	const event = "{\"specversion\": \"1.0\",\n \"type\": \"vn.cancuoc.application.ready\"}"
	require.Equal(t, http.StatusNoContent, post(http.MethodPost, event, keys, now))
	require.Equal(t, http.StatusNoContent, post(http.MethodPost, event, keys, now.Add(-4*time.Minute)))
	for name, tt := range map[string]struct {
		method, body string
		by           notify.Keys
		at           time.Time
		want         int
	}{
		"Others":    {http.MethodPost, event, others, now, http.StatusUnauthorized},
		"Old":       {http.MethodPost, event, keys, now.Add(-6 * time.Minute), http.StatusUnauthorized},
		"FarAhead":  {http.MethodPost, event, keys, now.Add(6 * time.Minute), http.StatusUnauthorized},
		"NoJSON":    {http.MethodPost, "ready", keys, now, http.StatusBadRequest},
		"TooLong":   {http.MethodPost, strings.Repeat(" ", 64<<10) + event, keys, now, http.StatusRequestEntityTooLarge},
		"NoMessage": {http.MethodGet, "", keys, now, http.StatusMethodNotAllowed},
	} {
		require.Equal(t, tt.want, post(tt.method, tt.body, tt.by, tt.at), name)
	}

	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(`{"specversion":"1.0","type":"vn.cancuoc.application.ready"}`+"\n", 2), string(kept))
}
