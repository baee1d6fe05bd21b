package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// One decision on many applications, in two steps: the page lists them as they stand, each
// with a statement of its own that carries what is shown, and one touch of the passkey signs
// all; then each is done, or refused, by itself. Sent again, each is answered as before.

// mostTogether is how many applications one touch decides on.
const mostTogether = 100

// severalWithin is how long all of them may take; what is not done by then is told so.
const severalWithin = 20 * time.Second

// offersOfMany are the acts that an officer may do to many of what is listed.
func offersOfMany(by identity.Officer, want sought) []offered {
	var list []offered
	for _, act := range []identity.DecisionStep{identity.StepApprove, identity.StepRelease, identity.StepHold} {
		answers := want.mine() || slices.ContainsFunc(waits, func(w wait) bool {
			return w.Act == act && (w.For == want.Awaiting || want.Awaiting == "")
		})
		if may(by, string(act)) && (answers || act == identity.StepHold) {
			list = append(list, offered{titles[string(act)], act, act.Reasons(), false})
		}
	}
	return list
}

// severalPage lists what is to be signed together.
type severalPage struct {
	askPage

	Title  title
	Reason string
	List   []desk.Status
	Waits  []title
	More   bool // match than are listed
}

// askSeveral shows a decision on many applications, to be signed.
func (p *officers) askSeveral(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	act := identity.DecisionStep(r.PathValue("act"))
	if !slices.ContainsFunc(offersOfMany(by, sought{}), func(o offered) bool { return o.Act == act }) {
		return identity.RefuseField(identity.NotFound, "act", "is not done to many applications here, or not by your roles")
	}
	numbers, more, err := p.chosenOf(r, by)
	if err != nil {
		return err
	}
	reason := identity.Reason{Code: identity.ReasonCode(r.PostFormValue("reason-" + string(act))), Note: r.PostFormValue("note-" + string(act))}
	page := severalPage{askPage: askPage{By: by, To: "/officers/acts/several", Back: "/officers/", Until: p.Now().Add(signWithin), Site: p.Desk.Passkeys.ID()}, Title: titles[string(act)], Reason: reason.InWords(), More: more}
	var all []statement.Signed
	for _, number := range numbers {
		s, err := p.Desk.Sight(r.Context(), by, number)
		if err != nil {
			return err
		}
		signed, err := p.oneOf(s, by.Badge, act, reason)
		if err != nil {
			return err
		}
		all, page.List, page.Waits = append(all, signed), append(page.List, s), append(page.Waits, actionTitle(s.Awaiting))
	}
	challenge, _ := statement.Together(all)
	together := joinedStatements(all)
	seal, err := p.sealed("statements", together)
	if err != nil {
		return err
	}
	if page.Passkeys, err = p.offered(r.Context(), by.Badge); err != nil {
		return err
	}
	page.Statement, page.Seal, page.Challenge = encode(together), encode(seal), encode(challenge)
	p.show(w, http.StatusOK, "ask-several", page)
	return nil
}

// oneOf states the decision on one of the applications, with what its officer sees of it.
func (p *officers) oneOf(s desk.Status, by identity.OfficerID, step identity.DecisionStep, reason identity.Reason) (statement.Signed, error) {
	act := map[identity.DecisionStep]identity.Act{
		identity.StepApprove: identity.Approve{Officer: by, Reason: reason.Note},
		identity.StepHold:    identity.Hold{Officer: by, Reason: reason.String()},
		identity.StepRelease: identity.Release{Officer: by, Reason: reason.String()},
	}[step]
	decided, _ := s.Saw(act).(identity.Deciding)
	decision := decided.Decision()
	if err := errors.Join(decided.Check(), decision.Step.Reasons().Check(decision.Reason)); err != nil {
		return statement.Signed{}, err
	}
	return statement.New(decided, statement.Application(s.Application), statement.NewID(), p.Now().Add(signWithin))
}

// chosenOf reads which applications were chosen: those that are ticked, or the oldest that
// match what the list before showed.
func (p *officers) chosenOf(r *http.Request, by identity.Officer) (numbers []identity.ApplicationNumber, more bool, err error) {
	if r.PostFormValue("which") == "all" {
		want := soughtIn(r.PostForm)
		want.After = ""
		list, err := p.Desk.Applications(r.Context(), by, want.filter(by, mostTogether+1))
		if err != nil {
			return nil, false, err
		}
		for _, l := range list[:min(len(list), mostTogether)] {
			numbers = append(numbers, l.Application)
		}
		more = len(list) > mostTogether
	}
	for _, given := range r.PostForm["application"] {
		if r.PostFormValue("which") == "all" {
			break
		}
		number, err := identity.ParseApplicationNumber(given)
		if err != nil {
			return nil, false, err
		}
		if !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	switch {
	case len(numbers) == 0:
		return nil, false, identity.RefuseField(identity.Invalid, "application", "none was chosen: tick some in the list, or choose all of it")
	case len(numbers) > mostTogether:
		return nil, false, identity.RefuseField(identity.Invalid, "application", "%d were chosen; at most %d are decided on together", len(numbers), mostTogether)
	}
	return numbers, more, nil
}

// joinedStatements writes statements one to a line: as JSON, none has a line's end in it.
func joinedStatements(all []statement.Signed) []byte {
	lines := make([][]byte, len(all))
	for i, s := range all {
		lines[i] = s.Statement
	}
	return bytes.Join(lines, []byte("\n"))
}

// donePage tells of each of several applications what came of it.
type donePage struct {
	By    identity.Officer
	Title title
	List  []doneOne
	Again bool              // some may be done when the same is sent again
	Form  map[string]string // what was sent
}

type doneOne struct {
	desk.Done

	Application identity.ApplicationNumber
	Waits       title
	Why         []string // why it was not done; nothing: it was
}

// actSeveral does what was signed together, and tells of each what came of it.
func (p *officers) actSeveral(w http.ResponseWriter, r *http.Request) error {
	by, err := p.session(r)
	if err != nil {
		return err
	}
	f, err := decode(r, "statement", "seal", "passkey", "authenticator", "client", "signature")
	if err != nil {
		return err
	}
	if err := p.sealedBy(f["seal"], "statements", f["statement"]); err != nil {
		return err
	}
	all, act, err := p.signedTogether(r, by.Badge, f)
	if err != nil {
		return err
	}
	page := donePage{By: by, Title: titleOf(act), Form: make(map[string]string, len(f))}
	for name, value := range f {
		page.Form[name] = encode(value)
	}
	within, over := context.WithTimeout(r.Context(), severalWithin)
	defer over()
	for i, done := range p.Desk.DoSeveral(within, all) {
		one := doneOne{Done: done, Waits: actionTitle(done.Awaiting)}
		said, _ := all[i].Read() // it was read before
		one.Application = applicationOf(said)
		if done.Err != nil {
			one.Why = p.whyNot(r, done.Err)
			page.Again = page.Again || !desk.Refused(done.Err)
		}
		page.List = append(page.List, one)
	}
	p.show(w, http.StatusOK, "done-several", page)
	return nil
}

// signedTogether gives each statement with what the passkey answered for all of them, and
// what they do.
func (p *officers) signedTogether(r *http.Request, by identity.OfficerID, f map[string][]byte) (all []statement.Signed, act string, err error) {
	passkeys, err := p.passkeys(r.Context(), by)
	if err != nil {
		return nil, "", err
	}
	key := keyOf(passkeys, f["passkey"])
	if key == nil {
		return nil, "", identity.RefuseField(identity.Forbidden, "passkey", "is not one that is registered for %s", by)
	}
	for line := range bytes.SplitSeq(f["statement"], []byte("\n")) {
		all = append(all, statement.Signed{Statement: line})
	}
	_, paths := statement.Together(all)
	for i := range all {
		said, err := all[i].Read()
		if err != nil {
			return nil, "", err
		}
		does, err := said.Does()
		if err != nil {
			return nil, "", err
		}
		if does.By()[0] != by {
			return nil, "", identity.RefuseField(identity.Forbidden, "statement", "is another officer's than the one who is logged in")
		}
		act = said.Act
		all[i].Signatures = []statement.Signature{{
			Officer: by, Key: key, Value: f["signature"], Passkey: &statement.Passkey{AuthenticatorData: f["authenticator"], ClientData: f["client"], Path: paths[i]},
		}}
	}
	return all, act, nil
}

// whyNot says why one of several was not done. The text of a fault is left out.
func (p *officers) whyNot(r *http.Request, err error) []string {
	if !desk.Refused(err) {
		p.Logger.ErrorContext(r.Context(), "Officers' page failed", "route", r.Pattern, "error", err)
		return []string{"the system is busy, and it may have been done: send this again, or look at the application"}
	}
	var why []string
	for _, refusal := range identity.Refusals(err) {
		why = append(why, fmt.Sprint(refusal))
	}
	return why
}
