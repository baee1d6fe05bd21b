package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/personalization/chip/keys"
)

// gate is the office as stations, counters and officers reach it: through the gateway,
// with their keys.
type gate struct {
	gateway string
	http    *http.Client
	keys    keyring
}

// client makes the client once.
func (a *app) client() (*gate, error) {
	if a.connected != nil {
		return a.connected, nil
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	if c.Client.Gateway == "" {
		return nil, identity.RefuseField(identity.Invalid, "client.gateway", "is empty; give the address of the office's gateway")
	}
	transport := &http.Transport{ResponseHeaderTimeout: 90 * time.Second, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	if c.Client.CAFile != "" {
		pem, err := os.ReadFile(c.Client.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read client.ca_file: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, identity.RefuseField(identity.Invalid, "client.ca_file", "holds no certificate in PEM")
		}
	}
	if c.Client.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.Client.CertFile, c.Client.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read client.cert_file and client.key_file: %w", err)
		}
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	a.connected = &gate{
		gateway: strings.TrimRight(c.Client.Gateway, "/"),
		http:    &http.Client{Transport: transport, Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		keys:    a.keyring(c.Client),
	}
	return a.connected, nil
}

// keyring is the officers' keys on this machine.
func (a *app) keyring(c config.Client) keyring {
	k := keyring{dir: c.Keys, asks: identity.OfficerID(cmp.Or(a.as, c.Officer))}
	if c.PKCS11.Module != "" {
		k.token = func() (keys.Store, error) { return a.openToken(c.PKCS11) }
	}
	return k
}

// openToken opens the token with officers' keys once.
func (a *app) openToken(t config.Token) (keys.Store, error) {
	if a.token != nil {
		return a.token, nil
	}
	pin, err := t.PIN()
	if err != nil {
		return nil, err
	}
	a.token, err = keys.OpenPKCS11(keys.HSM{Module: t.Module, Token: t.Token, PIN: string(pin), Sessions: 1})
	return a.token, err
}

// act signs what officers do with the keys of all of them, and sends it with the files that
// belong to it. What is seen here to be wrong with it is told with all that the office says.
func (a *app) act(ctx context.Context, act identity.Act, subject, id string, files map[string][]byte) (desk.Answer, error) {
	answer, err := a.send(ctx, act, subject, id, files)
	return answer, wrongToo(act.Check(), err)
}

// wrongToo joins what was seen here to be wrong with an act with what the office refused,
// each told once. Where the office does not answer, what was seen here stands.
func wrongToo(here, office error) error {
	if here == nil || office == nil { // the office has the last word
		return office
	}
	if !isRefusal(office) {
		return here
	}
	return once(here, office)
}

// once joins errors, each told once.
func once(errs ...error) error {
	var all []error
	for _, e := range identity.Apart(errors.Join(errs...)) {
		if !slices.ContainsFunc(all, func(told error) bool { return told.Error() == e.Error() }) {
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}

// send signs an act and sends it.
func (a *app) send(ctx context.Context, act identity.Act, subject, id string, files map[string][]byte) (desk.Answer, error) {
	var answer desk.Answer
	c, err := a.client()
	if err != nil {
		return answer, err
	}
	signed, err := c.keys.sign(act, subject, cmp.Or(id, statement.NewID()))
	if err != nil {
		return answer, err
	}
	body, err := json.Marshal(api.Act{Signed: signed, Files: files})
	if err != nil {
		return answer, fmt.Errorf("write act: %w", err)
	}
	if len(files) > 0 || desk.Confides(act) { // large, or answered to its officer alone: only from who is logged in
		err = c.askAs(ctx, act.By()[0], http.MethodPost, "/v1/acts", "application/json", body, &answer)
	} else {
		err = c.ask(ctx, http.MethodPost, "/v1/acts", "", "application/json", body, &answer)
	}
	return answer, err
}

// read asks what an officer may read, logged in as whoever asks.
func (a *app) read(ctx context.Context, path string, query url.Values, answer any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return a.asAsking(ctx, http.MethodGet, path, "", nil, answer)
}

// find asks as read does, by what may stand in no address.
func (a *app) find(ctx context.Context, path string, query, answer any) error {
	body, err := json.Marshal(query)
	if err != nil {
		return fmt.Errorf("write query: %w", err)
	}
	return a.asAsking(ctx, http.MethodPost, path, "application/json", body, answer)
}

// asAsking asks the gateway, logged in as whoever asks.
func (a *app) asAsking(ctx context.Context, method, path, contentType string, body []byte, answer any) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	officer, err := c.keys.asking()
	if err != nil {
		return err
	}
	return c.askAs(ctx, officer, method, path, contentType, body, answer)
}

// askAs asks as ask does, in an officer's session, which is begun if there is none, or if
// the office does not know the one that was kept: it was ended there, or the registry was
// restored to an instant before it.
func (g *gate) askAs(ctx context.Context, officer identity.OfficerID, method, path, contentType string, body []byte, answer any) error {
	if token, ok := g.keys.session(officer, g.gateway); ok {
		err := g.ask(ctx, method, path, token, contentType, body, answer)
		if !errors.As(err, new(loggedOut)) {
			return err
		}
	}
	session, err := g.logIn(ctx, officer)
	if err != nil {
		return err
	}
	if err := g.keys.keepSession(officer, g.gateway, session); err != nil {
		return err
	}
	return g.ask(ctx, method, path, session.Token, contentType, body, answer)
}

// loggedOut is what the office refuses since it knows no such session.
type loggedOut struct{ error }

func (e loggedOut) Unwrap() error { return e.error }

// logIn begins a session.
func (g *gate) logIn(ctx context.Context, officer identity.OfficerID) (api.Session, error) {
	var session api.Session
	signed, err := g.keys.sign(identity.LogIn{Officer: officer}, statement.Office, statement.NewID())
	if err != nil {
		return session, err
	}
	body, err := json.Marshal(api.Act{Signed: signed})
	if err != nil {
		return session, fmt.Errorf("write log-in: %w", err)
	}
	err = g.ask(ctx, http.MethodPost, "/v1/sessions", "", "application/json", body, &session)
	return session, err
}

// ask sends a request and reads its answer: JSON, or bytes. What the office refused comes
// back as its refusals.
func (g *gate) ask(ctx context.Context, method, path, token, contentType string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, g.gateway+path, bytes.NewReader(body))
	if err != nil {
		return identity.RefuseField(identity.Invalid, "client.gateway", "is no address of a gateway")
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := g.http.Do(request)
	if err != nil {
		return fmt.Errorf("the office does not answer at %s: %w", g.gateway, errors.Unwrap(err))
	}
	defer response.Body.Close()
	const most = 64 << 20
	content, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return fmt.Errorf("read the office's answer: %w", err)
	}
	if response.StatusCode == http.StatusUnauthorized {
		return loggedOut{refusals(response.StatusCode, content)}
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return refusals(response.StatusCode, content)
	}
	switch into := answer.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = content
		return nil
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("read the office's answer: %w", err)
	}
	return nil
}

// refusals reads a problem document (RFC 9457).
func refusals(status int, content []byte) error {
	var problem struct {
		Title  string              `json:"title"`
		Errors []*identity.Refusal `json:"errors"`
	}
	if json.Unmarshal(content, &problem) != nil || problem.Title == "" {
		return fmt.Errorf("the office answers %d %s", status, http.StatusText(status))
	}
	if status >= http.StatusInternalServerError && len(problem.Errors) == 0 || status == http.StatusTooManyRequests {
		return errors.New(problem.Title)
	}
	var all []error
	for _, refusal := range problem.Errors {
		all = append(all, refusal)
	}
	return errors.Join(all...)
}

// askAs has an officer ask who acts, unless somebody else was named.
func (a *app) askAs(officer identity.OfficerID) {
	if a.as == "" {
		a.as = string(officer)
		if a.connected != nil {
			a.connected.keys.asks = officer
		}
	}
}
