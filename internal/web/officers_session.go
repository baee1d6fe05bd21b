package web

import (
	"net/http"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// logInPage asks for a badge.
type logInPage struct{ Ended bool } // the session did, or there was none

func (p *officers) logInForm(w http.ResponseWriter, _ *http.Request) error {
	p.show(w, http.StatusOK, "log-in", logInPage{})
	return nil
}

// askLogIn shows the statement of a log-in. Which passkeys the officer has is nobody's to
// know: the browser offers those that it has for this site.
func (p *officers) askLogIn(w http.ResponseWriter, r *http.Request) error {
	act := identity.LogIn{Officer: identity.OfficerID(r.PostFormValue("badge"))}
	return p.ask(w, act, statement.Office, askPage{To: "/officers/sessions", Back: "/officers/log-in"})
}

// logIn begins the session of who signed.
func (p *officers) logIn(w http.ResponseWriter, r *http.Request) error {
	signed, _, err := p.signed(r)
	if err != nil {
		return err
	}
	token, until, err := p.Desk.LogIn(r.Context(), signed)
	if err != nil {
		return err
	}
	http.SetCookie(w, p.cookie(token, until))
	http.Redirect(w, r, "/officers/", http.StatusSeeOther)
	return nil
}

// logOut ends the session.
func (p *officers) logOut(w http.ResponseWriter, r *http.Request) error {
	if held, err := r.Cookie(p.Desk.SessionCookie()); err == nil {
		if err := p.Desk.Registry.EndSession(r.Context(), held.Value); err != nil {
			return err
		}
	}
	http.SetCookie(w, p.wallCookie("", time.Unix(0, 0)))
	http.SetCookie(w, p.cookie("", time.Time{}))
	http.Redirect(w, r, "/officers/log-in", http.StatusSeeOther)
	return nil
}

// session is the officer whose session the request is of. It ends with its time, with the
// officer and with the key that began it.
func (p *officers) session(r *http.Request) (identity.Officer, error) {
	held, err := r.Cookie(p.Desk.SessionCookie())
	if err != nil || held.Value == "" {
		return identity.Officer{}, errLoggedOut
	}
	by, err := p.Desk.Registry.Session(r.Context(), held.Value)
	if identity.Refused(err, identity.Forbidden) {
		return identity.Officer{}, errLoggedOut
	}
	return by, err
}

// cookie holds the token of a session until it ends; without one it takes the cookie away.
func (p *officers) cookie(token string, until time.Time) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // secure where there is TLS, which is everywhere but in development
		Name: p.Desk.SessionCookie(), Value: token, Path: "/", Expires: until, HttpOnly: true, Secure: p.secure(), SameSite: http.SameSiteStrictMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}
