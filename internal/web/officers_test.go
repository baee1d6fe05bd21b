package web_test

import (
	"encoding/base64"
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/passkey/passkeytest"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/vault"
	"example.org/cancuoc/internal/web"
)

// ui is where the Temporal UI would be.
const ui = "http://localhost:8233/namespaces/default"

const approver = identity.OfficerID("PD-001-0001")

// desks is the officers' pages on a registry of their own.
type desks struct {
	*registry.Registry

	url   string // of the registry
	site  passkey.Site
	pages http.Handler
}

func openDesks(t *testing.T, site passkey.Site) desks {
	t.Helper()
	master, err := vault.OpenFile(filepath.Join(t.TempDir(), "vault.key"), true)
	require.NoError(t, err)
	sealing := vault.New(master)
	d := desks{url: registrytest.NewSchema(t, registrytest.URL(t)), site: site}
	d.Registry, err = registry.Open(t.Context(), d.url, registry.Options{Vault: sealing, MaxConns: 4, Passkeys: site})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	mux := http.NewServeMux()
	(&web.Officers{
		Desk: &desk.Desk{Registry: d.Registry, Population: d.Registry, Passkeys: site, LogIns: registry.LogIns{AnHour: 100, Open: 10}, Near: func(at time.Time) (time.Time, error) { return at.Add(72 * time.Hour), nil }}, Seal: sealing.Digest, Now: time.Now, Logger: slog.New(slog.DiscardHandler), TemporalUI: ui,
	}).Register(mux)
	d.pages = mux
	return d
}

// officer gives an officer a passkey that two administrators registered.
func (d desks) officer(t *testing.T, badge identity.OfficerID) *officer {
	t.Helper()
	a := passkeytest.New(t, d.site)
	act := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: a.Key(t), PasskeyID: a.ID}
	require.NoError(t, d.RegisterKey(t.Context(), badge, act, registrytest.Signed(act, statement.Officer(badge))))
	return &officer{desks: d, badge: badge, Authenticator: a}
}

// officer is one at a browser.
type officer struct {
	*passkeytest.Authenticator
	desks

	badge  identity.OfficerID
	cookie *http.Cookie
	header map[string]string // of every request, beside a browser's
}

// ask sends a request as a browser does from a page of these.
func (o *officer) ask(t *testing.T, method, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", string(o.site))
	}
	for name, value := range o.header {
		r.Header.Set(name, value)
	}
	if o.cookie != nil {
		r.AddCookie(o.cookie)
	}
	w := httptest.NewRecorder()
	o.pages.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		o.cookie = c
	}
	return w
}

// attribute reads an attribute of a page, or the value of a field.
func attribute(page, name string) string {
	found := regexp.MustCompile(`(?:name="` + name + `" value|` + name + `)="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

// sign answers a page that asks for a signature: the form that it sends, and where to.
func (o *officer) sign(t *testing.T, page string) (to string, form url.Values) {
	t.Helper()
	answer := o.Sign(t, bytesOf(t, attribute(page, "data-challenge")))
	text := base64.RawURLEncoding.EncodeToString
	to = regexp.MustCompile(`action="([^"]*)" data-ask`).FindStringSubmatch(page)[1]
	return to, url.Values{
		"statement": {attribute(page, "statement")}, "seal": {attribute(page, "seal")}, "passkey": {text(o.ID)},
		"authenticator": {text(answer.AuthenticatorData)}, "client": {text(answer.ClientData)}, "signature": {text(answer.Signature)},
	}
}

// askLogIn gives the form by which the officer logs in.
func (o *officer) askLogIn(t *testing.T) url.Values {
	t.Helper()
	page := o.ask(t, http.MethodPost, "/officers/log-in", url.Values{"badge": {string(o.badge)}})
	require.Equal(t, http.StatusOK, page.Code, page.Body.String())
	_, form := o.sign(t, page.Body.String())
	return form
}

func (o *officer) logIn(t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	return o.ask(t, http.MethodPost, "/officers/sessions", o.askLogIn(t))
}

// in reports whether the officer is logged in.
func (o *officer) in(t *testing.T) bool {
	t.Helper()
	w := o.ask(t, http.MethodGet, "/officers/", nil)
	if w.Code == http.StatusSeeOther {
		require.Equal(t, "/officers/log-in", w.Header().Get("Location"))
		return false
	}
	require.Equal(t, http.StatusOK, w.Code)
	return true
}

const (
	local  = passkey.Site("http://localhost:8090")
	secure = passkey.Site("https://officers.example.org")
)

// A session is a cookie that no script reads and no other site sends; with TLS no other
// host can set it.
func TestOfficers_LogIn(t *testing.T) {
	t.Parallel()
	for site, want := range map[passkey.Site]string{local: "officer", secure: "__Host-officer"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			o := openDesks(t, site).officer(t, approver)
			require.False(t, o.in(t))

			w := o.logIn(t)

			require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
			require.Equal(t, want, o.cookie.Name)
			require.True(t, o.cookie.HttpOnly)
			require.Equal(t, http.SameSiteStrictMode, o.cookie.SameSite)
			require.Equal(t, site == secure, o.cookie.Secure)
			require.Equal(t, "/", o.cookie.Path)
			require.Empty(t, o.cookie.Domain)
			require.WithinDuration(t, time.Now().Add(15*time.Minute), o.cookie.Expires, time.Minute)
			require.True(t, o.in(t))
		})
	}
}

// Nobody gets in by what a passkey signed once, elsewhere, for somebody else, without its
// user, or behind its own count; and each try is kept for the auditor.
func TestOfficers_LogInIsRefused(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	other := d.officer(t, "PD-001-0002")
	for name, tt := range map[string]struct {
		change func(o *officer, form url.Values) url.Values
		want   string
	}{
		"Replayed": {func(o *officer, form url.Values) url.Values {
			require.Equal(t, http.StatusSeeOther, o.ask(t, http.MethodPost, "/officers/sessions", form).Code)
			return form
		}, "began a session before"},
		"OtherSite": {func(o *officer, _ url.Values) url.Values {
			o.Origin = "http://localhost:8091"
			return o.askLogIn(t)
		}, "asked elsewhere"},
		"OtherParty": {func(o *officer, _ url.Values) url.Values {
			o.Site = "localhost.example.org"
			return o.askLogIn(t)
		}, "not one for localhost"},
		"NotVerified": {func(o *officer, _ url.Values) url.Values {
			o.Flags = passkeytest.Present
			return o.askLogIn(t)
		}, "does not fit it"},
		"CountsBackwards": {func(o *officer, _ url.Values) url.Values {
			o.Counter = 7
			require.Equal(t, http.StatusSeeOther, o.logIn(t).Code)
			o.Counter = 6
			return o.askLogIn(t)
		}, "may be a copy"},
		"StoppedCounting": {func(o *officer, _ url.Values) url.Values {
			o.Counter = 7
			require.Equal(t, http.StatusSeeOther, o.logIn(t).Code)
			o.Counter = 0
			return o.askLogIn(t)
		}, "may be a copy"},
		"OfAnother": {func(_ *officer, form url.Values) url.Values {
			form.Set("passkey", base64.RawURLEncoding.EncodeToString(other.ID))
			return form
		}, "not one that is registered for " + string(approver)},
		"ByAnother": {func(o *officer, _ url.Values) url.Values {
			o.Authenticator = other.Authenticator
			return o.askLogIn(t)
		}, "not one that is registered for " + string(approver)},
		"OtherSignature": {func(o *officer, form url.Values) url.Values {
			form.Set("signature", o.askLogIn(t).Get("signature"))
			return form
		}, "does not fit it"},
		"OwnStatement": {func(_ *officer, form url.Values) url.Values {
			form.Set("statement", base64.RawURLEncoding.EncodeToString([]byte(`{"act":"log-in"}`)))
			return form
		}, "not made by these pages"},
		"NoSignature": {func(_ *officer, form url.Values) url.Values {
			form.Del("signature")
			return form
		}, "needs its script"},
	} {
		t.Run(name, func(t *testing.T) {
			o := d.officer(t, approver)
			form := tt.change(o, o.askLogIn(t))
			o.cookie = nil

			w := o.ask(t, http.MethodPost, "/officers/sessions", form)

			require.Contains(t, html.UnescapeString(w.Body.String()), tt.want)
			require.GreaterOrEqual(t, w.Code, 400)
			require.Nil(t, o.cookie)
			require.False(t, o.in(t))
		})
	}
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, d.url))
	require.NoError(t, err)
	defer func() { _ = behind.Close(t.Context()) }()
	var kept int
	require.NoError(t, behind.QueryRow(t.Context(), `SELECT count(*) FROM refused_acts WHERE act = 'log-in' AND claimed LIKE 'PD-001-%'`).Scan(&kept))
	require.Equal(t, 9, kept) // all but those that are no statement of these pages, or have no signature
}

// A signature that was sent again because the answer was lost is counted once.
func TestOfficers_ACounterCountsASignatureOnce(t *testing.T) {
	t.Parallel()
	o := openDesks(t, local).officer(t, approver)
	o.Counter = 3
	signed, err := statement.New(identity.LogIn{Officer: approver}, statement.Office, statement.NewID(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	answer := o.Sign(t, signed.Challenge())
	signed.Signatures = []statement.Signature{{Officer: approver, Key: o.Key(t), Value: answer.Signature, Passkey: &answer.Passkey}}

	require.NoError(t, o.CountPasskeys(t.Context(), signed))
	require.NoError(t, o.CountPasskeys(t.Context(), signed))

	again := o.Sign(t, signed.Challenge())
	other := signed
	other.Signatures = []statement.Signature{{Officer: approver, Key: o.Key(t), Value: again.Signature, Passkey: &again.Passkey}}
	require.ErrorIs(t, o.CountPasskeys(t.Context(), other), identity.Forbidden)

	_, err = o.BeginSession(t.Context(), identity.LogIn{Officer: approver}, signed, "token", registry.LogIns{AnHour: 1, Open: 1})
	require.NoError(t, err)
	o.Counter = 4
	later := o.Sign(t, signed.Challenge())
	other.Signatures[0].Value, other.Signatures[0].Passkey = later.Signature, &later.Passkey
	require.NoError(t, o.CountPasskeys(t.Context(), other), "the passkey signs something later")
	require.NoError(t, o.CountPasskeys(t.Context(), signed), "what was done may be sent again")
	require.NoError(t, o.CountPasskeys(t.Context(), other), "and the passkey's count stays")
}

func TestOfficers_ASessionEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, o *officer, set func(time.Time)){
		"LoggedOut": func(t *testing.T, o *officer, _ func(time.Time)) {
			t.Helper()
			held := *o.cookie
			require.Equal(t, http.StatusSeeOther, o.ask(t, http.MethodPost, "/officers/log-out", nil).Code)
			require.Negative(t, o.cookie.MaxAge)
			o.cookie = &held // somebody kept it
		},
		"TimeIsOver": func(_ *testing.T, o *officer, set func(time.Time)) { set(o.cookie.Expires.Add(time.Second)) },
		"KeyRevoked": func(t *testing.T, o *officer, _ func(time.Time)) {
			t.Helper()
			act := identity.RevokeKey{Officer: cast.Founders[0], Key: o.Key(t), Reason: "lost"}
			require.NoError(t, o.RevokeKey(t.Context(), o.badge, act, registrytest.Signed(act, statement.Officer(o.badge))))
		},
		"OfficerRevoked": func(t *testing.T, o *officer, _ func(time.Time)) {
			t.Helper()
			act := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
			require.NoError(t, o.RevokeOfficer(t.Context(), o.badge, act, registrytest.Signed(act, statement.Officer(o.badge))))
		},
		"OtherToken": func(_ *testing.T, o *officer, _ func(time.Time)) { o.cookie.Value = "A" + o.cookie.Value }, //nolint:gosec // as the pages set it, but for the token
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openDesks(t, local)
			set := registrytest.NewClock(t, d.url)
			set(time.Now())
			o := d.officer(t, approver)
			o.logIn(t)
			require.True(t, o.in(t))

			end(t, o, set)

			require.False(t, o.in(t))
			w := o.ask(t, http.MethodPost, "/officers/acts", nil)
			require.Equal(t, http.StatusUnauthorized, w.Code)
			require.Contains(t, w.Body.String(), "what was sent was not done")
		})
	}
}

// Whatever changes something is refused when another site's page sent it, with the
// officer's cookie or without, and before anything is read.
func TestOfficers_AnotherSitesPageCanDoNothing(t *testing.T) {
	t.Parallel()
	o := openDesks(t, local).officer(t, approver)
	o.logIn(t)
	for name, header := range map[string]map[string]string{
		"OtherSite":  {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
		"OtherPort":  {"Origin": "http://localhost:8091", "Sec-Fetch-Site": "same-site"},
		"Hidden":     {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
		"OldBrowser": {"Origin": "https://evil.example", "Sec-Fetch-Site": ""},
		"NoBrowser":  {"Origin": "", "Sec-Fetch-Site": ""},
		"Typed":      {"Origin": "", "Sec-Fetch-Site": "none"},
		"Mixed":      {"Sec-Fetch-Site": "same-site"},
	} {
		for _, path := range []string{
			"/officers/log-in", "/officers/sessions", "/officers/log-out", "/officers/acts", "/officers/passkey", "/officers/passkeys",
			"/officers/applications/6H0NN-JM7NV-4/approve",
		} {
			o.header = header

			w := o.ask(t, http.MethodPost, path, url.Values{"badge": {string(approver)}})

			require.Equal(t, http.StatusForbidden, w.Code, "%s %s", name, path)
			require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
		}
	}
	o.header = nil
	require.True(t, o.in(t))
}

func TestOfficers_PagesForbidOtherContent(t *testing.T) {
	t.Parallel()
	o := openDesks(t, secure).officer(t, approver)
	o.logIn(t)
	for _, path := range []string{"/officers/", "/officers/log-in", "/officers/passkey", "/officers/passkey.js", "/officers/style.css", "/officers/nowhere", "/officers/applications?number=x"} {
		w := o.ask(t, http.MethodGet, path, nil)

		header := w.Header()
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			require.Contains(t, policy, want, path)
		}
		require.NotContains(t, policy, "unsafe")
		require.Equal(t, "DENY", header.Get("X-Frame-Options"))
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Equal(t, "same-origin", header.Get("Referrer-Policy"))
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Opener-Policy"))
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"))
		require.Equal(t, "no-store", header.Get("Cache-Control"))
		require.NotEmpty(t, header.Get("Strict-Transport-Security"))
		require.NotRegexp(t, `<script>|<style|style="| on\w+=`, w.Body.String(), path)
	}
}

// filed stores an application that waits to be approved.
func (d desks) filed(t *testing.T) identity.ApplicationNumber {
	t.Helper()
	registrytest.RegisterStation(t, d.Registry, "001-TN-01", make([]byte, 32))
	number := registrytest.Receive(t, d.Registry, identity.Person{Number: "001212999901", Name: identity.Name{Text: "Nguyễn Đỗ Nhật Kỳ"}}, identity.GroundFirstCard, nil)
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, d.url))
	require.NoError(t, err)
	defer func() { _ = behind.Close(t.Context()) }()
	_, err = behind.Exec(t.Context(), `SET session_replication_role = replica`) // no stage before it was passed
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `UPDATE applications SET stage = 'Approval', awaiting = $1, awaiting_why = 'because <b>', awaiting_since = now() WHERE number = $2`, identity.ToApprove, number)
	require.NoError(t, err)
	return number
}

// An officer sees what waits for the roles and the province, and nothing of the person.
func TestOfficers_SeeWhatWaitsForThem(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := string(d.filed(t))
	for badge, want := range map[identity.OfficerID]struct {
		listed, seen bool
		acts         []string
	}{
		approver:      {true, true, []string{"approve", "hold", "reject"}},
		"PD-079-0001": {false, false, nil},             // another province's
		"CB-001-0002": {false, true, nil},              // decides nothing
		"GD-C06-0003": {false, true, []string{"hold"}}, // of another role
		"SX-C06-0001": {false, true, []string{"hold"}}, // as well
	} {
		t.Run(string(badge), func(t *testing.T) {
			o := d.officer(t, badge)
			o.logIn(t)

			list := o.ask(t, http.MethodGet, "/officers/", nil).Body.String()
			one := o.ask(t, http.MethodGet, "/officers/applications/"+number, nil)

			require.Equal(t, want.listed, strings.Contains(list, number))
			require.Equal(t, want.seen, one.Code == http.StatusOK)
			var acts []string
			for _, found := range regexp.MustCompile(`action="/officers/applications/`+number+`/(\w+)"`).FindAllStringSubmatch(one.Body.String(), -1) {
				acts = append(acts, found[1])
			}
			require.Equal(t, want.acts, acts)
			for _, private := range []string{"Nguyễn", "001212999901", "<b>"} {
				require.NotContains(t, list+one.Body.String(), private)
			}
		})
	}
}

// What the officer signs is what the page says, in the statement's own words.
func TestOfficers_SignWhatThePageSays(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := d.filed(t)
	o := d.officer(t, approver)
	o.logIn(t)
	adjudicator := d.officer(t, "GD-C06-0003")
	adjudicator.logIn(t)
	for name, tt := range map[string]struct {
		by   *officer
		form url.Values
		want identity.Act
		says []string
	}{
		"approve": {o, url.Values{"seen": {"Approval"}, "round": {"2"}}, identity.Approve{Officer: approver, Seen: identity.Approval, Capture: 2}, []string{"Phê duyệt cấp thẻ", "Approve"}},
		"reject": {
			o,
			url.Values{"reason": {"papers-forged"}, "note": {"<i>x"}, "seen": {"Approval"}},
			identity.Reject{Officer: approver, Reason: "papers-forged: <i>x", Seen: identity.Approval},
			[]string{"Từ chối hồ sơ", "papers are forged or altered: <i>x", "Approval"},
		},
		"adjudicate": {
			adjudicator,
			url.Values{"verdict": {"same person"}, "note": {"both thumbs"}, "round": {"2"}},
			identity.Adjudicate{Officer: "GD-C06-0003", SamePerson: true, Reason: "both thumbs", Round: 2},
			[]string{"the same person", "both thumbs"},
		},
		"hold": {
			o,
			url.Values{"reason": {"papers-awaited"}, "citizen": {"yes"}},
			identity.Hold{Officer: approver, Reason: "papers-awaited", CitizensPart: true},
			[]string{"the citizen has to bring papers", "the legal clock stops"},
		},
		"release": {
			o,
			url.Values{"reason": {"verified"}, "remake": {"yes"}, "turn": {"3"}, "waited": {"production"}},
			identity.Release{Officer: approver, Reason: "verified", Remake: true, Round: 3, Seen: identity.ToRepair},
			[]string{"the case was verified", "written off", "production"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			page := tt.by.ask(t, http.MethodPost, "/officers/applications/"+string(number)+"/"+name, tt.form)

			require.Equal(t, http.StatusOK, page.Code, page.Body.String())
			signed := statement.Signed{Statement: bytesOf(t, attribute(page.Body.String(), "statement"))}
			said, err := signed.Read()
			require.NoError(t, err)
			act, err := said.Does()
			require.NoError(t, err)
			require.Equal(t, tt.want, act)
			require.Equal(t, statement.Application(number), said.Subject)
			require.Equal(t, signed.Challenge(), bytesOf(t, attribute(page.Body.String(), "data-challenge")))
			require.Equal(t, base64.RawURLEncoding.EncodeToString(tt.by.ID), attribute(page.Body.String(), "data-passkeys"))
			for _, says := range append(tt.says, string(number), string(tt.by.badge)) {
				require.Contains(t, html.UnescapeString(page.Body.String()), says)
			}
			require.NotContains(t, page.Body.String(), "<i>x")
		})
	}
}

func TestOfficers_AreToldWhatIsMissingBeforeTheySign(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := string(d.filed(t))
	o := d.officer(t, approver)
	o.logIn(t)
	for path, tt := range map[string]struct {
		form url.Values
		want string
	}{
		"/reject":            {url.Values{}, "must begin with one of"},
		"/hold":              {url.Values{"reason": {"other"}}, "say which"},
		"/approve":           {url.Values{"note": {"a\u202eb"}}, "U+202E"},
		"/adjudicate":        {url.Values{"note": {"x"}}, "verdict: must be one of"},
		"/adjudicate?":       {url.Values{"verdict": {"same person"}, "round": {"1"}}, "say why"},
		"/adjudicate?round":  {url.Values{"verdict": {"same person"}, "note": {"x"}, "round": {"first"}}, "round: is not the number of a search"},
		"/withdraw":          {url.Values{}, "not done on these pages"},
		"/destroy":           {url.Values{}, "does not exist"},
		"/release":           {url.Values{"reason": {"verified"}, "note": {strings.Repeat("x", 501)}}, "longer than 500"},
		"/approve?too-large": {url.Values{"note": {strings.Repeat("x", 1<<19)}}, "larger than"},
	} {
		w := o.ask(t, http.MethodPost, "/officers/applications/"+number+path, tt.form)

		require.Contains(t, html.UnescapeString(w.Body.String()), tt.want, path)
		require.GreaterOrEqual(t, w.Code, 400)
		require.Less(t, w.Code, 500)
	}
}

// Who is logged in does what that officer signed, and nothing that another did.
func TestOfficers_ASessionCarriesNoOtherOfficersStatement(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := string(d.filed(t))
	o, other := d.officer(t, approver), d.officer(t, "PD-001-0002")
	o.logIn(t)
	other.logIn(t)
	page := other.ask(t, http.MethodPost, "/officers/applications/"+number+"/approve", url.Values{})
	to, form := other.sign(t, page.Body.String())
	require.Equal(t, "/officers/acts", to)

	w := o.ask(t, http.MethodPost, to, form)

	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), "another officer&#39;s")
}

// That something was done is said after it was, and not because a link says so.
func TestOfficers_ALinkDoesNotSayWhatWasDone(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	path := "/officers/applications/" + string(d.filed(t)) + "?done=approve"
	o := d.officer(t, approver)
	o.logIn(t)
	require.Contains(t, o.ask(t, http.MethodGet, path, nil).Body.String(), "Signed and done")

	o.header = map[string]string{"Sec-Fetch-Site": "same-site"}

	require.NotContains(t, o.ask(t, http.MethodGet, path, nil).Body.String(), "Signed and done")
}

// A passkey is made for a badge, and shown as administrators register it: a file of
// officer, key and passkey_id. With it the officer then logs in.
func TestOfficers_MakeAPasskey(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	o := &officer{desks: d, badge: approver, Authenticator: passkeytest.NewEd25519(t, local)}
	asked := o.ask(t, http.MethodPost, "/officers/passkey", url.Values{"badge": {string(approver)}}).Body.String()
	require.Equal(t, "-8 -7", attribute(asked, "data-algorithms"))
	creation := o.Make(t, bytesOf(t, attribute(asked, "data-challenge")))
	text := base64.RawURLEncoding.EncodeToString
	form := url.Values{
		"badge": {string(approver)}, "until": {attribute(asked, "until")},
		"passkey": {text(creation.ID)}, "attestation": {text(creation.Attestation)}, "client": {text(creation.ClientData)},
	}

	made := o.ask(t, http.MethodPost, "/officers/passkeys", form)

	require.Equal(t, http.StatusOK, made.Code, made.Body.String())
	shown := regexp.MustCompile(`(?s)<textarea[^>]*>(.*)</textarea>`).FindStringSubmatch(made.Body.String())
	require.NotNil(t, shown)
	var c struct {
		Officer   identity.OfficerID `json:"officer"`
		Key       []byte             `json:"key"`
		PasskeyID []byte             `json:"passkey_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(shown[1])), &c))
	require.Equal(t, passkey.Credential{Officer: approver, Key: o.Key(t), PasskeyID: o.ID}, passkey.Credential(c))
	require.GreaterOrEqual(t, o.logIn(t).Code, 400) // it opens nothing yet
	act := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: c.Key, PasskeyID: c.PasskeyID}
	require.NoError(t, d.RegisterKey(t.Context(), c.Officer, act, registrytest.Signed(act, statement.Officer(c.Officer))))
	require.Equal(t, http.StatusSeeOther, o.logIn(t).Code)

	for name, change := range map[string]url.Values{
		"ForAnother": {"badge": {"PD-001-0002"}},
		"TooLate":    {"until": {strconv.FormatInt(time.Now().Add(-time.Second).Unix(), 10)}},
		"NotAsked":   {"until": {strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)}},
		"NoBadge":    {"badge": {"pd-001-0001 "}},
	} {
		changed := maps.Clone(form)
		maps.Copy(changed, change)
		w := o.ask(t, http.MethodPost, "/officers/passkeys", changed)
		require.True(t, slices.Contains([]int{http.StatusForbidden, http.StatusUnprocessableEntity}, w.Code), name)
	}
}
