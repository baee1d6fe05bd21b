package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/web/webtest"
	"example.org/cancuoc/samples"
)

// openAtWork is a gateway with the worker of the pipeline and a namespace of their own,
// opened as officers do: by a name.
func openAtWork(t *testing.T) server {
	t.Helper()
	return openAtWorkWith(t, nil)
}

// openAtWorkWith is openAtWork with a Temporal of the test's own, which is told where the
// gateway will be.
func openAtWorkWith(t *testing.T, start func(gateway string) *devserver.Temporal) server {
	t.Helper()
	name := filepath.Join(t.TempDir(), "office.yaml")
	require.NoError(t, os.WriteFile(name, []byte("data_dir: "+t.TempDir()), 0o600))
	c, err := config.Load(name)
	require.NoError(t, err)
	c.Database.URL = config.Secret(registrytest.NewSchema(t, devservertest.Postgres(t)))
	c.Worker.Reconcile = time.Second
	s := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	c.Gateway.OfficersURL = "http://localhost:" + port
	if start == nil {
		c.Temporal.Address, c.Temporal.Namespace = devservertest.Temporal(t), "officers-"+strings.ToLower(rand.Text())
		makeNamespace(t, c.Temporal.Address, c.Temporal.Namespace)
	} else {
		temporal := start(c.Gateway.OfficersURL)
		c.Temporal.Address, c.Temporal.UIAddress = temporal.Address, onLocalhost(temporal.UIAddress)
		c.Gateway.CodecOrigins = []string{c.Temporal.UIAddress}
	}
	quiet := slog.New(slog.DiscardHandler)
	office, err := office.Open(t.Context(), c, quiet)
	require.NoError(t, err)
	t.Cleanup(office.Close)
	s.Config.Handler, err = insideRoutes(office, office.Door(), c.Gateway, c.Intake.PacketBytes, quiet)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(s.Close)
	s.URL = c.Gateway.OfficersURL
	workers, err := office.Pipeline(t.Context())
	require.NoError(t, err)
	require.NoError(t, workers.Start())
	t.Cleanup(workers.Stop)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	reconciled := make(chan struct{})
	go func() {
		defer close(reconciled)
		_ = office.Reconcile(ctx)
	}()
	t.Cleanup(func() { stop(); <-reconciled })
	return server{Server: s, office: office, settings: c}
}

// onLocalhost is an address as people type it: of the site of the officers' pages.
func onLocalhost(address string) string { return strings.Replace(address, "127.0.0.1", "localhost", 1) }

// makeNamespace registers a namespace, and waits until the server knows it.
func makeNamespace(t *testing.T, address, name string) {
	t.Helper()
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address, Logger: quiet})
	require.NoError(t, err)
	defer namespaces.Close()
	require.NoError(t, namespaces.Register(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	}))
	require.Eventually(t, func() bool {
		c, err := client.DialContext(t.Context(), client.Options{HostPort: address, Namespace: name, Logger: quiet})
		if err == nil {
			_, err = c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1})
			c.Close()
		}
		return err == nil
	}, 30*time.Second, 50*time.Millisecond)
}

// file sends a sample's packet and gives its application.
func (s server) file(t *testing.T, sample string) identity.ApplicationNumber {
	t.Helper()
	status, _, text := s.ask(t, http.MethodPost, "/v1/packets", map[string]string{"Content-Type": "application/jose"}, s.packet(t, sample))
	require.Equal(t, http.StatusCreated, status, text)
	var receipt struct {
		Application identity.ApplicationNumber `json:"application"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &receipt))
	return receipt.Application
}

// waits lets an application come to where it waits for a person.
func (s server) waits(t *testing.T, number identity.ApplicationNumber, what identity.Action) {
	t.Helper()
	require.Eventually(t, func() bool {
		record, err := s.office.Registry.Application(t.Context(), number)
		return err == nil && record.Awaiting == what
	}, time.Minute, 50*time.Millisecond)
}

// at is an officer at a browser.
type at struct {
	*webtest.Page

	badge identity.OfficerID
	key   []byte
}

// officer makes a passkey in a browser, has two administrators register what the page
// shows, and logs in.
func (s server) officer(t *testing.T, b *webtest.Browser, badge identity.OfficerID) at {
	t.Helper()
	o := at{b.NewPage(t), badge, nil}
	o.key = o.registered(t, s, badge)
	o.logIn(s)
	return o
}

// makePasskey makes an officer's passkey in this browser: the key, and the text that the page
// shows of it.
func (o at) makePasskey(t *testing.T, s server, badge identity.OfficerID) (made passkey.Credential, shown string) {
	t.Helper()
	o.Go(s.URL + "/officers/passkey")
	o.Fill("#badge", string(badge))
	o.Click("main button")
	o.Shows("A passkey for " + string(badge))
	o.Click("main button")
	o.Shows("The passkey was made")
	shown, _ = o.Eval("document.querySelector('#key').value").(string)
	require.NoError(t, json.Unmarshal([]byte(shown), &made))
	require.Equal(t, badge, made.Officer)
	return made, shown
}

// registered makes a passkey that two administrators register, and gives its key.
func (o at) registered(t *testing.T, s server, badge identity.OfficerID) []byte {
	t.Helper()
	made, _ := o.makePasskey(t, s, badge)
	act := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: made.Key, PasskeyID: made.PasskeyID}
	_, err := s.office.Desk().Do(t.Context(), registrytest.Signed(act, statement.Officer(badge)), nil)
	require.NoError(t, err)
	return made.Key
}

func (o at) logIn(s server) {
	o.Go(s.URL + "/officers/")
	o.Shows("Đăng nhập")
	o.Fill("#badge", string(o.badge))
	o.Click("main button")
	o.sign()
	o.Shows("Việc đang chờ")
	o.Shows(string(o.badge))
}

// sign signs what the page shows.
func (o at) sign() {
	o.Shows("Sign with the passkey")
	o.Click("form[data-ask] button")
}

// act does something to an application, from the page that shows it.
func (o at) act(s server, number identity.ApplicationNumber, act string, fields map[string]string) {
	o.Go(s.URL + "/officers/applications/" + string(number))
	form := `form[action$="/` + act + `"] `
	for name, value := range fields {
		if name == "verdict" {
			o.Click(form + `[value="` + value + `"]`)
			continue
		}
		o.Fill(form+`[name="`+name+`"]`, value)
	}
	o.Click(form + "button")
	o.sign()
	o.Shows("Signed and done")
}

// In a real browser, against the whole office: officers log in by passkeys, see what waits
// for them, and hold, release, approve and adjudicate; two destroy a card; another site's page
// can do nothing; a session ends.
func TestOfficers_InABrowser(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := openAtWork(t)
	citizens, err := samples.ReadPopulation(os.DirFS("../samples"))
	require.NoError(t, err)
	for _, c := range citizens {
		known := registry.Citizen{Person: c.Person, Status: identity.CitizenStatus(c.Status)}
		if c.Card != nil {
			known.LiveCard = &registry.OldCard{Serial: c.Card.Serial, Form: c.Card.Form, Issued: c.Card.Issued, Expiry: c.Card.Expiry}
		}
		require.NoError(t, s.office.Registry.SeedCitizen(t.Context(), known))
	}
	number := s.file(t, "03-exchange-at-40")
	s.waits(t, number, identity.ToApprove)
	twice := s.file(t, "18-duplicate-person")
	s.waits(t, twice, identity.ToAdjudicate)
	approver, adjudicator := s.officer(t, b, "PD-079-0001"), s.officer(t, b, "GD-C06-0003")

	approver.Shows(string(number))
	approver.several(t, s, number)
	approver.act(s, number, "hold", map[string]string{"reason": "under-verification", "note": "hai bản khai"})
	s.waits(t, number, identity.ToRelease)
	approver.act(s, number, "release", map[string]string{"reason": "verified"})
	s.waits(t, number, identity.ToApprove)
	approver.act(s, number, "approve", nil)
	adjudicator.Shows(string(twice))
	adjudicator.act(s, twice, "adjudicate", map[string]string{"verdict": "same person", "note": "Hai ngón trỏ trùng"})

	require.Eventually(t, func() bool {
		approved, err := s.office.Registry.Application(t.Context(), number)
		require.NoError(t, err)
		rejected, err := s.office.Registry.Application(t.Context(), twice)
		require.NoError(t, err)
		return approved.Stage == identity.DataPreparation && rejected.Stage == identity.Rejected
	}, time.Minute, 50*time.Millisecond)
	require.Empty(t, approver.Complaints())
	require.Empty(t, adjudicator.Complaints())
	s.destroysIn(t, b, number)
	approver.anotherSite(t, s)
	approver.sessionEnds(t, s)
}

// destroysIn has two officers destroy the card of an application, which a station spoiled, at one
// browser.
func (s server) destroysIn(t *testing.T, b *webtest.Browser, number identity.ApplicationNumber) {
	t.Helper()
	blanks := identity.ReceiveBlanks{ReceivedBy: "TK-01", CountedBy: "TK-02", Box: "B-1", First: "PT00000001", Last: "PT00000002", Location: identity.LocationCenter}
	_, err := s.office.Desk().Do(t.Context(), registrytest.Signed(blanks, statement.Box("B-1")), nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := s.office.Registry.Card(t.Context(), number, 1)
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	db, err := pgx.Connect(t.Context(), registrytest.Behind(t, string(s.settings.Database.URL)))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(context.WithoutCancel(t.Context()))) }()
	for _, statement := range []string{
		`SET session_replication_role = replica`,
		`UPDATE blanks SET (account, application, attempt) = (SELECT 'spoiled', application, attempt FROM cards WHERE state = 'prepared') WHERE serial = 'PT00000001'`,
		`UPDATE cards SET state = 'spoiled', blank = 'PT00000001', reason = 'chip-failed' WHERE state = 'prepared'`,
	} {
		_, err := db.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	operator := s.officer(t, b, "SX-C06-0001")
	operator.second(t, s, "GV-01")

	operator.Go(s.URL + "/officers/applications/" + string(number))
	operator.twoSign(t, `form[action$="/destroy-card"]`, map[string]string{"card": "1", "reason": "damaged", "witness": "GV-01"}, "", "GV-01")

	stock, err := s.office.Registry.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, stock.Destroyed)
	require.Empty(t, operator.Complaints())
}

// several holds, and then releases, many applications with one touch each: what is done,
// what is refused and why is told of each; sent again, each is answered as before.
func (o at) several(t *testing.T, s server, number identity.ApplicationNumber) {
	t.Helper()
	axe, err := os.ReadFile("../internal/web/testdata/axe.min.js")
	require.NoError(t, err)
	other := s.file(t, "04-exchange-at-60")
	s.waits(t, other, identity.ToApprove)
	both := []identity.ApplicationNumber{number, other}
	decide := func(from, act, reason string) {
		o.Go(s.URL + "/officers/?" + from)
		o.Accessible(axe)
		for _, n := range both {
			o.Click(`input[value="` + string(n) + `"]`)
		}
		o.Fill("#reason-"+act, reason)
		o.Click(`button[formaction$="/` + act + `"]`)
		o.Shows("one touch of the passkey signs all")
		o.Accessible(axe)
	}
	decide("awaiting=approval", "hold", "under-verification")
	o.sign()
	for _, n := range both {
		o.Shows(string(n))
		s.waits(t, n, identity.ToRelease)
	}
	require.NotContains(t, o.Eval("document.body.innerText"), "not done")

	decide("awaiting=release", "release", "verified")
	release := identity.Release{Officer: "PD-079-0002", Reason: "verified: at the counter", Round: 1, Seen: identity.ToRelease}
	early := registrytest.Signed(identity.Approve{Officer: "PD-079-0002"}, statement.Application(other)) // which says of nothing that its officer saw it
	_, err = s.office.Desk().Do(t.Context(), early, nil)
	require.ErrorContains(t, err, "another decision came first: hold")
	_, err = s.office.Desk().Do(t.Context(), registrytest.Signed(release, statement.Application(other)), nil) // meanwhile
	require.NoError(t, err)
	s.waits(t, other, identity.ToApprove)
	_, err = s.office.Desk().Do(t.Context(), early, nil)
	require.ErrorContains(t, err, "statement: was refused before", "whoever sends it again")
	o.Eval(`(() => {
		const submit = HTMLFormElement.prototype.submit;
		HTMLFormElement.prototype.submit = function () { sessionStorage.sent = new URLSearchParams(new FormData(this)); submit.call(this) };
	})()`)
	o.sign()
	o.Shows("not done")
	o.Accessible(axe)
	first := o.Eval("document.querySelector('main table').innerText")
	require.Equal(t, 1, strings.Count(first.(string), "not done"))
	s.waits(t, number, identity.ToApprove)
	entries, err := s.office.Registry.Audit(t.Context(), number)
	require.NoError(t, err)

	o.Eval(`(() => {
		const form = Object.assign(document.createElement("form"), {method: "post", action: "/officers/acts/several"});
		for (const [name, value] of new URLSearchParams(sessionStorage.sent)) form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
		document.body.replaceChildren(form);
		form.submit();
	})()`)
	o.Await(`document.readyState === "complete" && document.querySelector("main table")?.innerText === ` + quoted(first.(string)))
	again, err := s.office.Registry.Audit(t.Context(), number)
	require.NoError(t, err)
	require.Len(t, again, len(entries))
	_, err = s.office.Registry.VerifyActs(t.Context()) // each stands by itself before the audit
	require.NoError(t, err)
}

// wall opens the wall, which comes anew by itself, keeps it up, and looks at it and at the
// list on the narrowest screen; nothing else is open when the session is gone.
func (o at) wall(t *testing.T, s server) {
	t.Helper()
	axe, err := os.ReadFile("../internal/web/testdata/axe.min.js")
	require.NoError(t, err)
	o.Go(s.URL + "/officers/wall")
	o.Shows("The office now")
	o.Accessible(axe)
	o.Click("form button")
	o.Shows("It is shown until then")
	o.Shows("BlanksRunOut")
	for _, path := range []string{"/officers/wall", "/officers/?all=1"} {
		o.Device(320, false)
		o.Go(s.URL + path)
		require.LessOrEqual(t, o.Eval("document.documentElement.scrollWidth"), 320.0, path)
		o.Accessible(axe)
		o.Device(1280, false)
	}
}

// anotherSite opens pages of other sites in the officer's browser: one elsewhere, and one
// on another port of the same host, with which browsers send the cookie.
func (o at) anotherSite(t *testing.T, s server) {
	t.Helper()
	page := `<!doctype html><title>evil</title><p>evil</p><iframe name="sink"></iframe><iframe id="framed" src="` + s.URL + `/officers/log-in"></iframe>
		<form method="post" action="` + s.URL + `/officers/log-out" target="sink"></form>`
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }))
	defer evil.Close()
	for _, address := range []string{evil.URL, strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)} {
		o.Go(address + "/")
		o.Eval(`document.forms[0].submit()`)
		for _, request := range []string{
			`fetch("` + s.URL + `/officers/log-out", {method: "POST", credentials: "include", mode: "no-cors"})`,
			`fetch("` + s.URL + `/officers/", {credentials: "include"})`,
		} {
			told := o.Eval(request + `.then(async (r) => "read " + await r.text(), () => "nothing")`)
			require.NotContains(t, told, "Việc đang chờ")
			require.Contains(t, []any{"nothing", "read "}, told)
		}
		require.NotEqual(t, true, o.Eval(`(() => { try { return document.querySelector("#framed").contentDocument.body.innerText.includes("Đăng nhập") } catch { return false } })()`))

		o.Go(s.URL + "/officers/")
		o.Shows(string(o.badge)) // still logged in
	}
	o.tricked(t, s, strings.Replace(evil.URL, "127.0.0.1", "localhost", 1))
}

// tricked has the officer's passkey sign a true statement of a log-in on another site's
// page, whose host is the same, and sends what it signed as if it came from here.
func (o at) tricked(t *testing.T, s server, evil string) {
	t.Helper()
	header := map[string]string{"Origin": s.URL, "Content-Type": "application/x-www-form-urlencoded"}
	status, _, page := s.ask(t, http.MethodPost, "/officers/log-in", header, []byte(url.Values{"badge": {string(o.badge)}}.Encode()))
	require.Equal(t, http.StatusOK, status)
	script, err := os.ReadFile("../internal/web/passkey.js")
	require.NoError(t, err)
	o.Go(evil + "/")
	o.Eval(`document.body.innerHTML = ` + quoted(page))
	o.Eval(`HTMLFormElement.prototype.submit = function () { window.caught = new URLSearchParams(new FormData(this)).toString() }; ` +
		`(() => {` + string(script) + `})(); document.querySelector("form[data-ask]").requestSubmit()`)
	o.Await(`typeof window.caught === "string"`)

	status, answered, page := s.ask(t, http.MethodPost, "/officers/sessions", header, []byte(o.Eval("window.caught").(string)))

	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, page, "asked elsewhere than at "+s.URL)
	require.Empty(t, answered.Get("Set-Cookie"))
}

func quoted(text string) string {
	b, _ := json.Marshal(text) // a string can always be written
	return string(b)
}

// sessionEnds logs out, and in again, and then has the key revoked.
func (o at) sessionEnds(t *testing.T, s server) {
	t.Helper()
	o.Go(s.URL + "/officers/")
	o.Click("nav button")
	o.Shows("Đăng nhập")
	o.logIn(s)
	act := identity.RevokeKey{Officer: cast.Founders[0], Key: o.key, Reason: "lost"}
	_, err := s.office.Desk().Do(t.Context(), registrytest.Signed(act, statement.Officer(o.badge)), nil)
	require.NoError(t, err)

	o.Eval(`location.reload()`)

	o.Shows("Đăng nhập")
	o.Fill("#badge", string(o.badge))
	o.Click("main button")
	o.sign()
	o.Shows("This was not done")
}

// second registers another officer's passkey, which is in this officer's device: as a key
// that two officers put in one after the other.
func (o at) second(t *testing.T, s server, badge identity.OfficerID) {
	t.Helper()
	o.registered(t, s, badge)
}

// twoSign fills in a form, which the officer and then the second one sign.
func (o at) twoSign(t *testing.T, form string, fields map[string]string, tick string, second identity.OfficerID) {
	t.Helper()
	axe, err := os.ReadFile("../internal/web/testdata/axe.min.js")
	require.NoError(t, err)
	o.Accessible(axe)
	for name, value := range fields {
		o.Fill(form+` [name="`+name+`"]`, value)
	}
	if tick != "" {
		o.Click(form + ` [value="` + tick + `"]`)
	}
	o.Click(form + " button")
	o.Shows(string(o.badge) + " signs with a passkey of their own")
	o.sign()
	o.Shows(string(second) + " signs with a passkey of their own")
	o.Accessible(axe)
	o.sign()
	o.Shows("Signed and done")
}

// In a real browser, two officers sign one statement, each with their own passkey: blanks
// are received and moved, an officer is registered, given the key that the
// officer made, and stopped, and a count is put right; one of them ends the key of another.
func TestOfficers_TwoSignInABrowser(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := openAtWork(t)
	db, err := pgx.Connect(t.Context(), registrytest.Behind(t, string(s.settings.Database.URL)))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(context.WithoutCancel(t.Context()))) }()
	_, err = db.Exec(t.Context(), `SET session_replication_role = replica; INSERT INTO consignments (number, destination, state, sealed_by, received_by, received_at, received_act)
		VALUES ('C-000001', '001-TN-01', 'received', 'system', 'CB-001-0012', now(), 'x');
		INSERT INTO stations_at_work (id, seen_at) VALUES ('PX-01', now())`)
	require.NoError(t, err)

	stock := s.officer(t, b, "TK-01")
	stock.second(t, s, "TK-02")
	stock.Go(s.URL + "/officers/")
	stock.Click(`a[href="/officers/blanks"]`)
	stock.Shows("Receive blanks")
	stock.twoSign(t, "main form", map[string]string{"box": "B-7", "first": "PT00000001", "last": "PT00000010", "witness": "TK-02"}, "", "TK-02")
	held, err := s.office.Registry.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, 10, held.Received)
	stock.twoSign(t, `form[action$="/move-blanks"]`, map[string]string{"from": "center", "to": "PX-01", "counted": "10", "witness": "TK-02"}, "", "TK-02")
	var there int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM blanks WHERE location = 'PX-01' AND account = 'stock'`).Scan(&there))
	require.Equal(t, 10, there)

	administrator := s.officer(t, b, cast.Founders[0])
	administrator.second(t, s, cast.Founders[1])
	newcomer := administrator.registers(t, s, at{b.NewPage(t), "PD-001-0077", nil})

	center := s.officer(t, b, "SX-C06-0001")
	center.second(t, s, "GV-01")
	center.wall(t, s)
	center.Go(s.URL + "/officers/boxes/C-000001")
	center.twoSign(t, `form[action$="/recount"]`, map[string]string{"surplus": "PT99999999", "witness": "GV-01"}, "", "GV-01")
	surplus, err := s.office.Registry.SurplusOf(t.Context(), "C-000001")
	require.NoError(t, err)
	require.Len(t, surplus, 1)

	administrator.Go(s.URL + "/officers/people?badge=" + string(center.badge))
	key := `form:has([value="` + passkey.Credential{Key: center.key}.Fingerprint() + `"]) `
	administrator.Fill(key+`[name="reason"]`, "lost")
	administrator.Click(key + "button")
	administrator.sign()
	administrator.Shows("Signed and done")
	center.Go(s.URL + "/officers/")
	center.Shows("Đăng nhập")
	for _, page := range []at{stock, administrator, newcomer, center} {
		require.Empty(t, page.Complaints())
	}
}

// registers has two administrators register an officer, give the key that the officer made, and end
// all that the officer may do.
func (o at) registers(t *testing.T, s server, newcomer at) at {
	t.Helper()
	badge, second := string(newcomer.badge), cast.Founders[1]
	o.Go(s.URL + "/officers/people")
	o.twoSign(t, `form[action$="/register-officer"]`, map[string]string{"badge": badge, "unit": "001", "witness": string(second)}, "approving", second)
	registered, err := s.office.Registry.Officer(t.Context(), newcomer.badge)
	require.NoError(t, err)
	require.Equal(t, []identity.Role{identity.Approving}, registered.Roles)

	made, shown := newcomer.makePasskey(t, s, newcomer.badge)
	o.twoSign(t, `form[action$="/register-key"]`, map[string]string{"badge": badge, "key": shown, "check": made.Fingerprint(), "witness": string(second)}, "", second)
	newcomer.logIn(s)

	o.Fill(`form[action$="/revoke-officer"] [name="badge"]`, badge)
	o.Fill("#reason", "left")
	o.Click(`form[action$="/revoke-officer"] button`)
	o.sign()
	o.Shows("Signed and done")
	registered, err = s.office.Registry.Officer(t.Context(), newcomer.badge)
	require.NoError(t, err)
	require.False(t, registered.RevokedAt.IsZero())
	newcomer.Go(s.URL + "/officers/")
	newcomer.Shows("Đăng nhập")
	return newcomer
}
