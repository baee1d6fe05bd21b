package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/api"
)

// Requests are counted by the pattern of their route: a number in an address, or an
// address that somebody made up, is no label. Handlers still reach the connection.
func TestMeasures_CountByRoute(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/applications/{number}", func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /v1/acts", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) })
	measures := api.NewMeasures()
	server := httptest.NewServer(measures.Around("office", mux))
	defer server.Close()

	for _, asked := range []string{"GET /v1/applications/7QF3M-9T2XK-D", "GET /v1/applications/ABC", "POST /v1/acts", "GET /079304001234", "DELETE /v1/acts"} {
		method, path, _ := strings.Cut(asked, " ")
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}

	require.NoError(t, testutil.CollectAndCompare(measures, strings.NewReader(`
# HELP cancuoc_gateway_requests_total Requests that were answered, by door, route and HTTP status code.
# TYPE cancuoc_gateway_requests_total counter
cancuoc_gateway_requests_total{code="200",door="office",route="GET /v1/applications/{number}"} 2
cancuoc_gateway_requests_total{code="404",door="office",route="none"} 1
cancuoc_gateway_requests_total{code="405",door="office",route="none"} 1
cancuoc_gateway_requests_total{code="409",door="office",route="POST /v1/acts"} 1
`), "cancuoc_gateway_requests_total"))
}
