package engine_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/engine"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

const ui = "http://127.0.0.1:8233"

// door is a codec handler with sessions of its own: a token is the role of its officer,
// in the center or, after a slash, in a province.
type door struct {
	*engine.CodecHandler
	codec    *engine.Codec
	recorded []engine.Decoding
}

func newDoor(t testing.TB) *door {
	t.Helper()
	codec := newCodec(t, keyLine("k1", 1))
	d := &door{codec: codec}
	d.CodecHandler = &engine.CodecHandler{
		Keys: codec.Keys, Origins: []string{ui}, Cookie: "officer", Logger: slog.New(slog.DiscardHandler),
		Session: func(_ context.Context, token string) (identity.Officer, error) {
			role, unit, province := strings.Cut(token, "/")
			switch {
			case token == "ended":
				return identity.Officer{}, identity.Refuse(identity.Forbidden, "the session has ended")
			case token == "down":
				return identity.Officer{}, errors.New("the database is away")
			case !province:
				unit = string(identity.UnitCenter)
			}
			return identity.Officer{Badge: "KT-01", Unit: identity.Unit(unit), Roles: []identity.Role{identity.Role(role)}}, nil
		},
		Record: func(_ context.Context, decoding engine.Decoding) error {
			d.recorded = append(d.recorded, decoding)
			return nil
		},
	}
	return d
}

// request asks to decode, as header lines say.
func (d *door) request(t *testing.T, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// decode has a payload decoded for the officer of a token.
func (d *door) decode(t *testing.T, token string, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	w := d.request(t, http.MethodPost, "/decode", asked(t, encode(t, d.codec, p)), "Origin: "+ui, "Authorization: Bearer "+token)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var answer commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &answer))
	require.Len(t, answer.GetPayloads(), 1)
	return answer.GetPayloads()[0]
}

func asked(t *testing.T, payloads ...*commonpb.Payload) string {
	t.Helper()
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: payloads})
	require.NoError(t, err)
	return string(body)
}

// A page of the UI is answered for the officer whose cookie the browser sends.
func TestCodecHandler_DecodesForTheOfficerAtTheUI(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	body := asked(t, encode(t, d.codec, plain()), plain())

	w := d.request(t, http.MethodPost, "/codec/decode", body, "Origin: "+ui, "Cookie: officer=auditor")

	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, ui, w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", w.Header().Get("Access-Control-Allow-Credentials"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var answer commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &answer))
	require.True(t, proto.Equal(plain(), answer.GetPayloads()[0]))
	require.Equal(t, []engine.Decoding{{Officer: "KT-01", Payloads: 1}}, d.recorded, "the second was not encrypted")
}

// The command line has no origin, and gives the token.
func TestCodecHandler_DecodesForATokenWithoutOrigin(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	w := d.request(t, http.MethodPost, "/decode", asked(t, encode(t, d.codec, plain())), "Authorization: Bearer auditor")
	require.Equal(t, http.StatusOK, w.Code)
	require.Len(t, d.recorded, 1)
}

func TestCodecHandler_AnswersPreflight(t *testing.T) {
	t.Parallel()

	w := newDoor(t).request(t, http.MethodOptions, "/codec/decode", "", "Origin: "+ui)

	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, ui, w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "X-Namespace")
}

func TestCodecHandler_Refuses(t *testing.T) {
	t.Parallel()
	evil, auditor := "Origin: https://evil.example", "Authorization: Bearer auditor"
	sealed := asked(t, encode(t, newCodec(t, keyLine("k1", 1)), plain()))
	for name, tt := range map[string]struct {
		method, path, body string
		header             []string
		want               int
	}{
		"OtherOrigin":         {http.MethodPost, "/decode", sealed, []string{evil, "Cookie: officer=auditor"}, http.StatusForbidden},
		"OtherOriginAndToken": {http.MethodPost, "/decode", sealed, []string{evil, auditor}, http.StatusForbidden},
		"OtherPreflight":      {http.MethodOptions, "/decode", "", []string{evil}, http.StatusForbidden},
		"NullOrigin":          {http.MethodPost, "/decode", sealed, []string{"Origin: null", "Cookie: officer=auditor"}, http.StatusForbidden},
		"NoSession":           {http.MethodPost, "/decode", sealed, []string{"Origin: " + ui}, http.StatusUnauthorized},
		"NoOrigin":            {http.MethodPost, "/decode", sealed, nil, http.StatusUnauthorized},
		"CookieWithoutOrigin": {http.MethodPost, "/decode", sealed, []string{"Cookie: officer=auditor"}, http.StatusUnauthorized},
		"OtherScheme":         {http.MethodPost, "/decode", sealed, []string{"Authorization: Basic auditor"}, http.StatusUnauthorized},
		"EndedSession":        {http.MethodPost, "/decode", sealed, []string{"Authorization: Bearer ended"}, http.StatusUnauthorized},
		"NobodyCanTell":       {http.MethodPost, "/decode", sealed, []string{"Authorization: Bearer down"}, http.StatusServiceUnavailable},
		"Get":                 {http.MethodGet, "/decode", "", []string{auditor}, http.StatusNotFound},
		"OptionsWithoutPage":  {http.MethodOptions, "/decode", "", nil, http.StatusNotFound},
		"Encode":              {http.MethodPost, "/encode", asked(t, plain()), []string{auditor}, http.StatusForbidden},
		"EncodeNothing":       {http.MethodPost, "/encode", "{}", nil, http.StatusUnauthorized},
		"OtherPath":           {http.MethodPost, "/download", "{}", []string{auditor}, http.StatusNotFound},
		"NoJSON":              {http.MethodPost, "/decode", "{", []string{auditor}, http.StatusBadRequest},
		"TooLarge":            {http.MethodPost, "/decode", strings.Repeat(" ", 9<<20), []string{auditor}, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			w := d.request(t, tt.method, tt.path, tt.body, tt.header...)
			require.Equal(t, tt.want, w.Code)
			require.NotEqual(t, "https://evil.example", w.Header().Get("Access-Control-Allow-Origin"))
			require.NotContains(t, w.Body.String(), base64.StdEncoding.EncodeToString(plain().GetData()))
			require.Empty(t, d.recorded)
		})
	}
}

// What cannot be recorded is not decoded.
func TestCodecHandler_DecodesNothingUnrecorded(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.Record = func(context.Context, engine.Decoding) error { return errors.New("the database is away") }
	w := d.request(t, http.MethodPost, "/decode", asked(t, encode(t, d.codec, plain())), "Authorization: Bearer auditor")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), base64.StdEncoding.EncodeToString(plain().GetData()))
}

// Officers whose work is elsewhere, and those of a province, get back what they sent.
func TestCodecHandler_LeavesCiphertextToTheRest(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	sealed := encode(t, d.codec, plain())
	for _, token := range []string{"enrolling", "resolving", "dispatch", "counter", "stock", "keys", "administrator", "auditor/001", "approving/001", "production/001"} {
		w := d.request(t, http.MethodPost, "/decode", asked(t, sealed), "Authorization: Bearer "+token)
		require.Equal(t, http.StatusOK, w.Code)
		var answer commonpb.Payloads
		require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &answer))
		require.True(t, proto.Equal(sealed, answer.GetPayloads()[0]), token)
	}
	require.Empty(t, d.recorded)
}

func payload(t *testing.T, v any) *commonpb.Payload {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: b}
}

// Production sees where work is and who signed, not what people wrote, in whatever
// message it stands, and whichever part of it was signed.
func TestCodecHandler_RedactsForProduction(t *testing.T) {
	t.Parallel()
	const number = identity.ApplicationNumber("7QF3M-9T2XK-D")
	const words = "the neighbor says so"
	hold := identity.Hold{Officer: cast.Founders[0], Reason: words}
	signed := registrytest.Signed(hold, statement.Application(number))
	decision := hold.Decision()
	decision.Application, decision.Verdict = number, identity.SamePerson
	for name, tt := range map[string]struct {
		message any
		keeps   []string
		hides   []string
	}{
		"Decision": {
			activities.DecideInput{Decision: decision, Signed: signed},
			[]string{string(number), string(cast.Founders[0]), base64.StdEncoding.EncodeToString(signed.Signatures[0].Value)},
			[]string{words, "same person"},
		},
		"Update":   {hold, []string{string(cast.Founders[0])}, []string{words}},
		"Wait":     {activities.EnterInput{Application: number, Why: "Held: " + words, Found: []byte(words)}, []string{string(number), "Held: [redacted]"}, []string{words}},
		"Details":  {"**held**\n- Held: " + words + "\n- Card 1 was spoiled: chip-failed", []string{"Card 1 was spoiled: chip-failed"}, []string{words}},
		"Hits":     {activities.DeduplicateResult{Hits: []identity.ApplicationNumber{number}}, nil, []string{string(number)}},
		"HandOver": {identity.HandOverCard{Proof: words, OldCardReason: "stolen"}, nil, []string{words, "stolen"}},
		"Identify": {
			activities.DecideInput{Decision: identity.Decision{Paper: "GKS-12/2026"}, Signed: registrytest.Signed(identity.Identify{Person: "P-THAT", NotThese: []identity.PersonID{"P-OTHER"}, Paper: "GKS-12/2026"}, "application/x")},
			nil,
			[]string{"GKS-12/2026", "P-THAT", "P-OTHER"},
		},
		"Failure": {map[string]any{"message": "the printer does not answer", "stack_trace": "main.go:1\nmain.go:2"}, []string{"the printer does not answer", "main.go:2"}, nil},
		"Unknown": {map[string]any{"Remark": words, "List": []string{words}, "Station": "PX-01"}, []string{"PX-01"}, []string{words}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			got := string(d.decode(t, "production", payload(t, tt.message)).GetData())
			if i := strings.Index(got, `"statement":"`); i >= 0 {
				said, _, _ := strings.Cut(got[i+len(`"statement":"`):], `"`)
				b, err := base64.StdEncoding.DecodeString(said)
				require.NoError(t, err)
				got += string(b)
			}
			for _, kept := range tt.keeps {
				require.Contains(t, got, kept)
			}
			for _, gone := range tt.hides {
				require.NotContains(t, got, gone)
				require.NotContains(t, got, base64.StdEncoding.EncodeToString([]byte(gone)))
			}
			require.True(t, d.recorded[0].Redacted)

			whole := d.decode(t, "auditor", payload(t, tt.message))
			require.True(t, proto.Equal(payload(t, tt.message), whole))
		})
	}
}

// What is not JSON is not shown to those for whom it would have to be redacted.
func TestCodecHandler_RedactsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for encoding, data := range map[string]string{"binary/plain": "words", "json/plain": "{", "json/protobuf": "{", "": "words"} {
		got := newDoor(t).decode(t, "production", &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte(encoding)}, Data: []byte(data)})
		require.JSONEq(t, `"[redacted]"`, string(got.GetData()), encoding)
	}
	null := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("binary/null")}}
	require.True(t, proto.Equal(null, newDoor(t).decode(t, "production", null)))
}

// The UI shows a workflow's details out of a message of Temporal's own, and reads it by its
// type.
func TestCodecHandler_RedactsTheDetailsWithinTheirMessage(t *testing.T) {
	t.Parallel()
	const details = "- Held: the neighbor says so\n- Card 1 was spoiled"
	metadata, err := converter.NewProtoJSONPayloadConverter().ToPayload(&sdkpb.WorkflowMetadata{CurrentDetails: details})
	require.NoError(t, err)

	got := newDoor(t).decode(t, "production", metadata)

	require.Equal(t, metadata.GetMetadata(), got.GetMetadata())
	require.JSONEq(t, `{"currentDetails":"- Held: [redacted]\n- Card 1 was spoiled"}`, string(got.GetData()))
}

// The record says of whom payloads were read, also what was not shown.
func TestCodecHandler_RecordsWhatThePayloadsName(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.decode(t, "production", payload(t, map[string]any{
		"Application": "7QF3M-9T2XK-D", "Consignment": "C-000012", "Hits": []string{"7QF3M-9T2XK-D"}, "Other": "7QF3M-9T2XK-E",
	}))
	require.Equal(t, []engine.Decoding{{Officer: "KT-01", Payloads: 1, Named: []string{"7QF3M-9T2XK-D", "C-000012"}, Redacted: true}}, d.recorded)

	d = newDoor(t)
	d.decode(t, "auditor", payload(t, map[string]any{"Signed": registrytest.Signed(identity.Hold{Officer: "PD-001-0001", Reason: "neighbor"}, "application/7QF3M-9T2XK-D")}))
	require.Equal(t, []string{"7QF3M-9T2XK-D"}, d.recorded[0].Named, "an act names its application in its statement alone")
}

// FuzzRedaction: whatever stands in a payload, redaction answers, and a reason is never
// in the answer.
func FuzzRedaction(f *testing.F) {
	f.Add([]byte(`{"Reason":"SECRETWORDS","Note":"x","statement":"e30="}`))
	f.Add([]byte(`[{"statement":"eyJjb250ZW50Ijp7IlJlYXNvbiI6IlNFQ1JFVFdPUkRTIn19"}]`))
	f.Add([]byte(`{"reason":{"Code":"other","Note":"SECRETWORDS"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if json.Unmarshal(data, &v) == nil {
			v = map[string]any{"Reason": v}
			b, err := json.Marshal(v)
			require.NoError(t, err)
			data = b
		}
		d := newDoor(t)
		got := d.decode(t, "production", &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: data})
		require.True(t, json.Valid(got.GetData()))
		if v != nil {
			require.JSONEq(t, `{"Reason":"[redacted]"}`, string(got.GetData()))
		}
	})
}
