package engine

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"example.org/cancuoc/internal/identity"
)

// maxCodecRequest limits a request, in bytes; it carries a page of history.
const maxCodecRequest = 8 << 20

// CodecHandler decrypts payloads for the Temporal UI, which asks from an officer's
// browser, and for the Temporal CLI, by Temporal's remote codec protocol (POST
// .../decode). It answers officers who are logged in, and shows each what the officer's
// role may see. It encrypts nothing (POST .../encode): nothing is sent to a workflow from
// there. The CLI asks for that before a query too, of no payloads, and is given none.
type CodecHandler struct {
	Keys    *Keys
	Origins []string // of the UIs whose pages may ask with an officer's cookie
	Cookie  string   // in which the officers' pages keep a session's token
	Logger  *slog.Logger

	// Session gives the officer whose session a token is, or refuses with Forbidden.
	Session func(ctx context.Context, token string) (identity.Officer, error)
	// Record keeps who decoded what. What cannot be kept is not decoded.
	Record func(ctx context.Context, d Decoding) error
}

// Decoding is what an officer had decrypted at once.
type Decoding struct {
	Officer  identity.OfficerID
	Payloads int      // that were encrypted
	Named    []string // the applications and consignments that stand in them
	Redacted bool
}

// ServeHTTP implements http.Handler.
func (h *CodecHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Add("Vary", "Origin")
	header.Add("Vary", "Cookie")
	header.Add("Vary", "Authorization")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	origin := r.Header.Get("Origin")
	if origin != "" {
		if !slices.Contains(h.Origins, origin) {
			http.Error(w, "this origin is not allowed", http.StatusForbidden)
			return
		}
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
		header.Set("Access-Control-Allow-Methods", "POST")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	answer, known := map[string]func(http.ResponseWriter, *http.Request, identity.Officer){"decode": h.decode, "encode": encode}[path.Base(r.URL.Path)]
	if r.Method != http.MethodPost || !known {
		http.NotFound(w, r)
		return
	}
	officer, err := h.officer(r, origin != "")
	switch {
	case identity.Refused(err, identity.Forbidden):
		http.Error(w, "log in at the officers' pages, then load this page again", http.StatusUnauthorized)
	case err != nil:
		h.Logger.ErrorContext(r.Context(), "Payloads were not decoded", "error", err)
		http.Error(w, "the office cannot tell now who asks; try again later", http.StatusServiceUnavailable)
	default:
		answer(w, r, officer)
	}
}

// encode answers that nothing is nothing, and encrypts no more.
func encode(w http.ResponseWriter, r *http.Request, _ identity.Officer) {
	asked, ok := payloads(w, r)
	switch {
	case !ok:
	case len(asked) > 0:
		http.Error(w, "nothing is encrypted here, to be sent to a workflow: what people do is a signed statement (starter help), and a query takes no input", http.StatusForbidden)
	default:
		writePayloads(w, nil)
	}
}

// payloads reads those that are asked about; it answers where they cannot be read.
func payloads(w http.ResponseWriter, r *http.Request) (asked []*commonpb.Payload, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCodecRequest))
	var list commonpb.Payloads
	if err == nil {
		err = protojson.Unmarshal(body, &list)
	}
	if err != nil {
		http.Error(w, "this is not the JSON of payloads, or more than 8 MB", http.StatusBadRequest)
		return nil, false
	}
	return list.GetPayloads(), true
}

// writePayloads answers with payloads.
func writePayloads(w http.ResponseWriter, list []*commonpb.Payload) {
	b, err := protojson.Marshal(&commonpb.Payloads{Payloads: list})
	if err != nil {
		http.Error(w, "the payloads cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // the client is gone
}

// officer is who asks. A cookie, which a browser sends by itself, counts only from a page
// of a known origin; a token, which somebody has to give, from anywhere.
func (h *CodecHandler) officer(r *http.Request, fromUI bool) (identity.Officer, error) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") && token != "" {
		return h.Session(r.Context(), strings.TrimSpace(token))
	}
	if cookie, err := r.Cookie(h.Cookie); err == nil && fromUI && cookie.Value != "" {
		return h.Session(r.Context(), cookie.Value)
	}
	return identity.Officer{}, identity.RefuseField(identity.Forbidden, "session", "is missing")
}

// decode answers with what the officer may see, after it was recorded.
func (h *CodecHandler) decode(w http.ResponseWriter, r *http.Request, officer identity.Officer) {
	asked, ok := payloads(w, r)
	if !ok {
		return
	}
	answer := asked
	if sight := sightOf(officer); sight != noSight {
		var err error
		if answer, err = (&Codec{Keys: h.Keys}).Decode(asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		d := Decoding{Officer: officer.Badge, Redacted: sight == redactedSight}
		for i, p := range asked {
			if string(p.GetMetadata()[metadataEncoding]) != encodingEncrypted {
				continue
			}
			d.Payloads++
			d.Named = append(d.Named, named(answer[i])...)
			if d.Redacted {
				answer[i] = redacted(answer[i])
			}
		}
		slices.Sort(d.Named)
		d.Named = slices.Compact(d.Named)
		if d.Payloads > 0 {
			err = h.Record(r.Context(), d)
		}
		if err != nil {
			h.Logger.ErrorContext(r.Context(), "Payloads were not decoded", "error", err)
			http.Error(w, "the office cannot record now who decodes what; try again later", http.StatusServiceUnavailable)
			return
		}
	}
	writePayloads(w, answer)
}
