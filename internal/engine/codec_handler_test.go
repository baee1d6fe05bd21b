package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/internal/engine"
)

const ui = "http://127.0.0.1:8233"

func ask(t *testing.T, codec *engine.Codec, method, path, origin, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	w := httptest.NewRecorder()
	engine.CodecHandler(codec.Keys, []string{ui}).ServeHTTP(w, r)
	return w
}

func TestCodecHandler_DecodesForTheUI(t *testing.T) {
	t.Parallel()
	codec := newCodec(t, keyLine("k1", 1))
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{encode(t, codec, plain())}})
	require.NoError(t, err)

	w := ask(t, codec, http.MethodPost, "/codec/decode", ui, string(body))

	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, ui, w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var answer commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &answer))
	require.True(t, proto.Equal(plain(), answer.GetPayloads()[0]))
}

func TestCodecHandler_AnswersPreflight(t *testing.T) {
	t.Parallel()

	w := ask(t, newCodec(t, keyLine("k1", 1)), http.MethodOptions, "/codec/decode", ui, "")

	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, ui, w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "X-Namespace")
}

func TestCodecHandler_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, path, origin, body string
		want                       int
	}{
		"OtherOrigin":    {http.MethodPost, "/decode", "https://evil.example", "{}", http.StatusForbidden},
		"OtherPreflight": {http.MethodOptions, "/decode", "https://evil.example", "", http.StatusForbidden},
		"NullOrigin":     {http.MethodPost, "/decode", "null", "{}", http.StatusForbidden},
		"Get":            {http.MethodGet, "/decode", "", "", http.StatusNotFound},
		"OtherPath":      {http.MethodPost, "/download", "", "{}", http.StatusNotFound},
		"NoJSON":         {http.MethodPost, "/decode", "", "{", http.StatusBadRequest},
		"TooLarge":       {http.MethodPost, "/decode", "", strings.Repeat(" ", 9<<20), http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(t, newCodec(t, keyLine("k1", 1)), tt.method, tt.path, tt.origin, tt.body)
			require.Equal(t, tt.want, w.Code)
			require.NotEqual(t, "https://evil.example", w.Header().Get("Access-Control-Allow-Origin"))
		})
	}
}
