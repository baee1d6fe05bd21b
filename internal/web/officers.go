package web

import (
	"context"
	"crypto/hmac"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
)

//go:embed officers.html officers.css passkey.js
var officersFiles embed.FS

// Officers serves the officers' pages: what waits for them, and each application and box of
// cards that they may see; and what belongs to the whole office. They log in, and do what
// they do, by statements that their passkeys sign. The pages make the statements, show them
// in words, and have the desk do what was signed.
//
// A page of another site can do nothing here: the cookie of a session is not sent with its
// requests, a form that it sends is refused, and without a signature nothing is done.
type Officers struct {
	Desk   *desk.Desk
	Seal   func(content []byte) ([]byte, error) // a code that only the office can make, the same at every gateway
	Now    func() time.Time
	Logger *slog.Logger

	TemporalUI TemporalUI // to which officers of the center are led
}

// Register adds the pages to mux.
func (o *Officers) Register(mux *http.ServeMux) {
	p := &officers{Officers: o, turns: make(chan struct{}, maxAtOnce), pages: template.Must(template.New("").Funcs(template.FuncMap{"when": when, "day": day, "age": age, "stage": stageTitle}).ParseFS(officersFiles, "officers.html"))}
	for pattern, handle := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"GET /officers/{$}":                          p.work,
		"GET /officers/log-in":                       p.logInForm,
		"POST /officers/log-in":                      p.askLogIn,
		"POST /officers/sessions":                    p.logIn,
		"POST /officers/log-out":                     p.logOut,
		"GET /officers/applications":                 p.lookUp,
		"GET /officers/applications/{number}":        p.application,
		"POST /officers/applications/{number}/{act}": p.askAct,
		"GET /officers/boxes":                        p.boxes,
		"GET /officers/boxes/{number}":               p.consignment,
		"POST /officers/boxes/{number}/{act}":        p.askMove,
		"GET " + blanksPath:                          p.office(blanksPath),
		"POST " + blanksPath + "/{act}":              p.askOffice(blanksPath),
		"GET " + peoplePath:                          p.office(peoplePath),
		"POST " + peoplePath + "/{act}":              p.askOffice(peoplePath),
		"POST /officers/acts":                        p.act,
		"POST /officers/several/{act}":               p.askSeveral,
		"POST /officers/acts/several":                p.actSeveral,
		"GET " + wallPath:                            p.wall,
		"POST " + wallPath:                           p.putUp,
		"GET /officers/passkey":                      p.passkeyForm,
		"POST /officers/passkey":                     p.askPasskey,
		"POST /officers/passkeys":                    p.passkeyMade,
		"GET /officers/passkey.js":                   p.file("text/javascript; charset=utf-8", file("passkey.js")),
		"GET /officers/style.css":                    p.file("text/css; charset=utf-8", style(statusHTML)+file("officers.css")),
		"/officers/": func(http.ResponseWriter, *http.Request) error {
			return identity.Refuse(identity.NotFound, "there is no such page")
		},
	} {
		mux.Handle(pattern, p.guarded(handle))
	}
}

// officers is what the pages are served with.
type officers struct {
	*Officers
	pages *template.Template
	turns chan struct{} // as many as are served at once
}

// How many pages are made at once, and how long one waits for its turn.
const (
	maxAtOnce = 32
	patience  = 5 * time.Second
)

func file(name string) string {
	content, err := officersFiles.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(content)
}

// file serves a file that belongs to the pages.
func (p *officers) file(contentType, content string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(content)) // the client is gone
		return nil
	}
}

// officersPolicy is the Content-Security-Policy of the pages: a style and a script of their
// own, forms to themselves, and nothing else.
const officersPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// maxPost bounds what a form may send, in bytes.
const maxPost = 256 << 10

// guarded protects a page, and says what it refuses.
func (p *officers) guarded(handle func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", officersPolicy)
		header.Set("X-Frame-Options", "DENY")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin") // with none, browsers say of their own forms that they come from "null"
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()")
		header.Set("Cache-Control", "no-store")
		if p.secure() {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxPost)
		err := p.fromHere(r)
		if err == nil && r.ParseForm() != nil {
			err = identity.Refuse(identity.Invalid, "the form cannot be read, or is larger than %d kB", maxPost>>10)
		}
		if err == nil {
			err = p.inTurn(w, r, handle)
		}
		if err != nil {
			p.refuse(w, r, err)
		}
	})
}

// inTurn serves a page when not too many others are.
func (p *officers) inTurn(w http.ResponseWriter, r *http.Request, handle func(http.ResponseWriter, *http.Request) error) error {
	waiting, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
	case <-waiting.Done():
		return fmt.Errorf("wait for a turn: %w", waiting.Err())
	}
	defer func() { <-p.turns }()
	return handle(w, r)
}

// secure reports whether the pages are reached by TLS.
func (p *officers) secure() bool { return strings.HasPrefix(string(p.Desk.Passkeys), "https://") }

// fromHere refuses what changes something and was not sent by a page of these. Browsers
// say of every form where it comes from.
func (p *officers) fromHere(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") != string(p.Desk.Passkeys) || site != "" && site != "same-origin" {
		return identity.Refuse(identity.Forbidden, "this was sent by a page of another site, or these pages are opened at another address than theirs: open %s/officers/", p.Desk.Passkeys)
	}
	return nil
}

// errLoggedOut is answered by the page on which an officer logs in.
var errLoggedOut = errors.New("logged out")

// refuse says what is not done. The text of a fault is left out: it may say more than a
// client should read.
func (p *officers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errLoggedOut) && r.Method == http.MethodGet:
		http.Redirect(w, r, "/officers/log-in", http.StatusSeeOther)
	case errors.Is(err, errLoggedOut):
		p.show(w, http.StatusUnauthorized, "log-in", logInPage{Ended: true})
	case desk.Refused(err):
		refusals := identity.Refusals(err)
		p.show(w, statuses[refusals[0].Kind], "refused", refusedPage{refusals})
	default:
		w.Header().Set("Retry-After", "10")
		p.Logger.ErrorContext(r.Context(), "Officers' page failed", "route", r.Pattern, "error", err)
		p.show(w, http.StatusServiceUnavailable, "refused", refusedPage{})
	}
}

// refusedPage says why something is not done; without lines, that it cannot be done now.
type refusedPage struct{ Lines []*identity.Refusal }

// statuses maps the kinds of refusal to HTTP.
var statuses = map[identity.Kind]int{
	identity.Invalid: http.StatusUnprocessableEntity, identity.NotFound: http.StatusNotFound, identity.Forbidden: http.StatusForbidden,
	identity.Conflict: http.StatusConflict, identity.Duplicate: http.StatusConflict,
}

// show writes a page.
func (p *officers) show(w http.ResponseWriter, status int, page string, v any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := p.pages.ExecuteTemplate(w, page, v); err != nil {
		p.Logger.Error("Officers' page not written", "error", err)
	}
}

// when writes a time as officers read it.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(identity.HanoiTime).Format("02/01/2006 15:04")
}

// day writes the last day before a deadline.
func day(t time.Time) string { return lastDay(t).Display() }

// sealed gives the code under which the pages know again what they made.
func (p *officers) sealed(what string, content []byte) ([]byte, error) {
	return p.Seal(append([]byte("officers' pages: "+what+"\x00"), content...))
}

// sealedBy refuses what these pages did not make.
func (p *officers) sealedBy(code []byte, what string, content []byte) error {
	right, err := p.sealed(what, content)
	if err == nil && !hmac.Equal(code, right) {
		err = identity.RefuseField(identity.Forbidden, what, "was not made by these pages")
	}
	return err
}
