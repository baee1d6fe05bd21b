package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
)

// makePage has an officer's authenticator make a passkey.
type makePage struct {
	Officer    identity.OfficerID // empty: the badge is asked for
	User       string             // base64url, as the challenge
	Until      int64              // Unix time
	Challenge  string
	Site       string
	Algorithms string // COSE numbers, separated by spaces
}

// madePage shows the passkey that was made, to be taken to two administrators.
type madePage struct {
	Officer     identity.OfficerID
	JSON        string
	Fingerprint string
}

func (p *officers) passkeyForm(w http.ResponseWriter, _ *http.Request) error {
	p.show(w, http.StatusOK, "passkey", makePage{})
	return nil
}

// askPasskey has the authenticator make a passkey for a badge. Anybody may: it opens
// nothing until two administrators register it.
func (p *officers) askPasskey(w http.ResponseWriter, r *http.Request) error {
	officer := identity.OfficerID(r.PostFormValue("badge"))
	if err := officer.Check(); err != nil {
		return err
	}
	until := p.Now().Add(signWithin).Unix()
	challenge, err := p.makeChallenge(officer, until)
	if err != nil {
		return err
	}
	var algorithms []string
	for _, a := range passkey.Algorithms() {
		algorithms = append(algorithms, strconv.Itoa(int(a)))
	}
	p.show(w, http.StatusOK, "passkey", makePage{
		Officer: officer, User: encode([]byte(officer)), Until: until, Challenge: encode(challenge), Site: p.Desk.Passkeys.ID(), Algorithms: strings.Join(algorithms, " "),
	})
	return nil
}

// makeChallenge is what an authenticator is asked with to make a passkey.
func (p *officers) makeChallenge(officer identity.OfficerID, until int64) ([]byte, error) {
	return p.sealed("passkey", fmt.Appendf(nil, "%s %d", officer, until))
}

// passkeyMade shows the passkey that was made. Nothing of it is kept here.
func (p *officers) passkeyMade(w http.ResponseWriter, r *http.Request) error {
	f, err := decode(r, "passkey", "attestation", "client")
	if err != nil {
		return err
	}
	officer := identity.OfficerID(r.PostFormValue("badge"))
	if err := officer.Check(); err != nil {
		return err
	}
	until, err := strconv.ParseInt(r.PostFormValue("until"), 10, 64)
	if err != nil || p.Now().After(time.Unix(until, 0)) {
		return identity.RefuseField(identity.Forbidden, "until", "has passed: begin again")
	}
	challenge, err := p.makeChallenge(officer, until)
	if err != nil {
		return err
	}
	made, err := p.Desk.Passkeys.Made(officer, passkey.Creation{ID: f["passkey"], Attestation: f["attestation"], ClientData: f["client"]}, challenge)
	if err != nil {
		return err
	}
	text, err := json.Marshal(made, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	p.show(w, http.StatusOK, "made", madePage{officer, string(text), made.Fingerprint()})
	return nil
}
