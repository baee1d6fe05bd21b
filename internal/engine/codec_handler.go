package engine

import (
	"net/http"
	"slices"

	"go.temporal.io/sdk/converter"
)

// maxCodecRequest limits a request, in bytes; it carries a page of history.
const maxCodecRequest = 8 << 20

// CodecHandler decrypts payloads for the Temporal UI, which asks from the operator's
// browser by Temporal's remote codec protocol (POST .../encode and .../decode). It
// refuses pages from origins that are not listed.
//
// Everyone who can reach it and has a ciphertext can decrypt it. An origin names the
// page that asks, not the person: serve it on the loopback interface or behind the
// operators' authentication.
func CodecHandler(keys *Keys, origins []string) http.Handler {
	codec := converter.NewPayloadCodecHTTPHandler(&Codec{Keys: keys})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		h.Set("Cache-Control", "no-store")
		if origin := r.Header.Get("Origin"); origin != "" {
			if !slices.Contains(origins, origin) {
				http.Error(w, "this origin is not allowed", http.StatusForbidden)
				return
			}
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Allow-Methods", "POST")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxCodecRequest)
		codec.ServeHTTP(w, r)
	})
}
