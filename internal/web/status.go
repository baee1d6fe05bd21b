// Package web serves pages. Citizens see the status of their application, in Vietnamese or
// English, by the number on their slip and the birth date; these pages need no script and
// say nothing about the person. Officers see what waits for them, and decide by passkey.
package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"example.org/cancuoc/internal/identity"
)

//go:embed status.html
var statusHTML string

// Pages serves the citizens' page, and the same for the national portal as JSON.
type Pages struct {
	Registry    Registry
	Code        func([]byte) ([]byte, error) // of an address or a receipt, under a key of the office
	Tries       Tries
	BehindProxy bool   // addresses are in X-Forwarded-For, whose last one is the proxy's
	Contact     string // a telephone number or an address for questions; empty: none is given
	VNeID       string // address at which the VNeID app opens an application, with {receipt} in it; empty: none is given
	Logger      *slog.Logger
}

// Register adds the pages to mux.
func (p *Pages) Register(mux *http.ServeMux) {
	page := template.Must(template.New("status").Funcs(template.FuncMap{"iso": iso}).Parse(statusHTML))
	w := &window{Pages: p, page: page, policy: policy(statusHTML), turns: newTurns()}
	mux.HandleFunc("GET /{$}", w.blank)
	mux.HandleFunc("POST /{$}", w.status)
	mux.HandleFunc("/{$}", only("GET, HEAD, POST"))
	mux.HandleFunc("POST /v1/application-status", w.statusJSON)
	mux.HandleFunc("/v1/application-status", only("POST"))
	mux.HandleFunc("POST /v1/card-loss", w.lossJSON)
	mux.HandleFunc("/v1/card-loss", only("POST"))
}

// iso writes a date as ISO 8601 does.
func iso(d identity.Date) (string, error) {
	b, err := d.MarshalText()
	return string(b), err
}

func only(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", methods)
		http.Error(w, "only "+methods+" are accepted here", http.StatusMethodNotAllowed)
	}
}

// window answers look-ups.
type window struct {
	*Pages
	page   *template.Template
	policy string
	turns  turns
}

// policy is the Content-Security-Policy of a page: its style, by hash, and its form
// are allowed, and nothing else.
func policy(html string) string {
	hash := sha256.Sum256([]byte(style(html)))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// style is the style sheet in a page.
func style(html string) string {
	_, style, _ := strings.Cut(html, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	return style
}

// view is what the page shows.
type view struct {
	English        bool
	Receipt, Birth string // as typed
	Wrong          *problem
	Status         *Status
	Contact        string
}

// blank shows the form; a slip's QR code fills the receipt in.
func (d *window) blank(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	receipt := query.Get("receipt")
	if number, err := identity.ParseApplicationNumber(receipt); err == nil {
		receipt = string(number)
	}
	d.show(w, http.StatusOK, view{English: query.Get("lang") == "en", Receipt: clip(receipt)})
}

// status answers a look-up of the form.
func (d *window) status(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	q := question{client: d.client(r), receipt: r.PostFormValue("receipt"), birth: r.PostFormValue("birth")}
	v := view{English: r.PostFormValue("lang") == "en", Receipt: clip(q.receipt), Birth: clip(q.birth)}
	status, wrong := d.find(r.Context(), q)
	if wrong == nil {
		v.Status, v.Receipt, v.Birth = status, string(status.Number), ""
		d.show(w, http.StatusOK, v)
		return
	}
	v.Wrong = wrong
	wrong.header(w)
	d.show(w, wrong.Status, v)
}

func (d *window) show(w http.ResponseWriter, status int, v view) {
	v.Contact = d.Contact
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", d.policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := d.page.Execute(w, v); err != nil {
		d.Logger.Error("Status page not written", "error", err)
	}
}

// maxForm bounds what a look-up may send, in bytes; maxTyped what of it is shown again.
const maxForm, maxTyped = 4 << 10, 64

func clip(typed string) string {
	if r := []rune(typed); len(r) > maxTyped {
		return string(r[:maxTyped])
	}
	return typed
}

// statusJSON answers {"receipt": ..., "birth": ...} with a [Status], or with a problem
// document (RFC 9457).
func (d *window) statusJSON(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Receipt, Birth string }
	var status *Status
	wrong := readJSON(w, r, &asked, Text{"Cần một đối tượng JSON có receipt và birth.", "A JSON object with receipt and birth is needed."})
	if wrong == nil {
		status, wrong = d.find(r.Context(), question{client: d.client(r), receipt: asked.Receipt, birth: asked.Birth})
	}
	d.answerJSON(w, status, wrong)
}

// problem is why a look-up shows nothing.
type problem struct {
	Title  string `json:"title"` // the status in words, for clients that know RFC 9457 alone; told when it is answered
	Status int    `json:"status"`
	Field  string `json:"field,omitzero"` // receipt, birth or confirm
	Retry  int    `json:"-"`              // seconds; 0: any time
	Text
}

func (p *problem) header(w http.ResponseWriter) {
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Retry))
	}
}
