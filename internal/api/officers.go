package api

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// Officers serves those who act: they log in by a signed statement and read by the session
// that it begins; what they do is a signed statement each time.
type Officers struct {
	Desk    *desk.Desk
	MaxBody int64 // bytes of an act with its files
	Now     func() time.Time

	hall        hall // of acts without files that come in
	acts, large turns
}

// What acts may take at once. Only an officer who is logged in may send files.
const (
	maxActs      = 32
	maxLargeActs = 4
	maxPlainAct  = 128 << 10 // bytes of an act without files
	actsRoom     = 16 << 20  // bytes of those that come in
	actsGuests   = 1000      // how many come in
)

// routes lists them. A route of reads is given the officer whose session asks.
func (o *Officers) routes() []route {
	o.acts.free, o.large.free = maxActs, maxLargeActs
	o.hall.room, o.hall.guests = actsRoom/piece, actsGuests
	read := func(pattern string, handle func(ctx context.Context, r *http.Request, by identity.Officer) (any, error)) route {
		return route{pattern: pattern, handle: func(w http.ResponseWriter, r *http.Request) error {
			by, err := o.session(r)
			if err != nil {
				return err
			}
			v, err := handle(r.Context(), r, by)
			if err != nil {
				return err
			}
			return writeJSON(w, http.StatusOK, "application/json", v)
		}}
	}
	return []route{
		{pattern: "POST /v1/acts", handle: o.postAct},
		{pattern: "POST /v1/sessions", handle: o.postSession},
		{pattern: "DELETE /v1/sessions", handle: o.deleteSession},
		read("GET /v1/sessions", func(_ context.Context, _ *http.Request, by identity.Officer) (any, error) { return by, nil }),
		read("GET /v1/applications", func(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
			filter, err := applicationsIn(r.URL.Query())
			if err != nil {
				return nil, err
			}
			return o.Desk.Applications(ctx, by, filter)
		}),
		read("GET /v1/applications-count", func(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
			filter, err := applicationsIn(r.URL.Query())
			if err != nil {
				return nil, err
			}
			return o.Desk.CountApplications(ctx, by, filter)
		}),
		read("GET /v1/applications/{number}", o.getApplication),
		read("GET /v1/applications/{number}/persons", o.getPersons),
		read("GET /v1/persons/{person}", func(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
			return o.Desk.Person(ctx, by, identity.PersonID(r.PathValue("person")))
		}),
		read("GET /v1/office", func(ctx context.Context, _ *http.Request, by identity.Officer) (any, error) {
			return o.Desk.Overview(ctx, by)
		}),
		read("GET /v1/consignments", o.getConsignments),
		read("GET /v1/consignments/{number}", o.getConsignment),
		read("POST /v1/cards/find", o.findCards),
		read("POST /v1/find", o.findNamed),
		read("POST /v1/population/find", o.findPerson),
		read("POST /v1/population/whose", o.findWhose),
		read("GET /v1/fees", func(ctx context.Context, _ *http.Request, by identity.Officer) (any, error) {
			return o.Desk.Registry.FeesDue(ctx, by.Unit)
		}),
		read("GET /v1/surplus", center(o.Desk.Registry.UnclearSurplus)),
		read("GET /v1/stock", center(o.Desk.Stock)),
		read("GET /v1/unwanted", center(o.Desk.Registry.Unwanted)),
		read("GET /v1/stations", center(o.Desk.Stations)),
		read("GET /v1/notifications", center(o.Desk.Notifications)),
		read("GET /v1/decodes", o.getDecodes),
		read("GET /v1/officers", center(o.Desk.Registry.Officers)),
		read("GET /v1/officers/sessions", center(o.Desk.Registry.OpenSessions)),
		{pattern: "GET /v1/papers/{paper}", handle: o.getPaper},
	}
}

// center reads what only officers of the center may see.
func center[T any](list func(context.Context) (T, error)) func(context.Context, *http.Request, identity.Officer) (any, error) {
	return func(ctx context.Context, _ *http.Request, by identity.Officer) (any, error) {
		if err := desk.Center(by); err != nil {
			return nil, err
		}
		return list(ctx)
	}
}

// getDecodes lists for auditors who had payloads of Temporal's histories decrypted.
func (o *Officers) getDecodes(ctx context.Context, _ *http.Request, by identity.Officer) (any, error) {
	if !slices.Contains(by.Roles, identity.Auditor) {
		return nil, identity.Refuse(identity.Forbidden, "only auditors may see this")
	}
	const newest = 1000
	return o.Desk.Registry.Decodes(ctx, newest)
}

// Act is a statement with the files that belong to it, as a client sends it.
type Act struct {
	Signed statement.Signed  `json:"signed"`
	Files  map[string][]byte `json:"files,omitzero"`
}

// Session is what a log-in begins.
type Session struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// postAct does what a statement says. Posting it again gives the same answer.
func (o *Officers) postAct(w http.ResponseWriter, r *http.Request) error {
	act, err := o.readAct(w, r)
	if err != nil {
		return err
	}
	if err := o.turn(r.Context(), &o.acts); err != nil {
		return err
	}
	defer o.acts.give()
	if err := o.confided(r, act.Signed); err != nil {
		return o.Desk.Refuse(r.Context(), act.Signed, err)
	}
	answer, err := o.Desk.Do(r.Context(), act.Signed, act.Files)
	_ = http.NewResponseController(w).SetWriteDeadline(in(answerTime)) // it may have waited for a worker; a test's recorder has none
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, "application/json", answer)
}

// confided refuses a statement whose answer is for its officer alone, unless that officer is
// logged in and sends it.
func (o *Officers) confided(r *http.Request, signed statement.Signed) error {
	said, err := signed.Read()
	if err != nil {
		return nil //nolint:nilerr // the desk refuses it, and says why
	}
	act, err := said.Does()
	if err != nil || !desk.Confides(act) {
		return nil //nolint:nilerr // as above
	}
	by, err := o.session(r)
	if err == nil && by.Badge != act.By()[0] {
		err = identity.RefuseField(identity.Forbidden, "session", "is of %s, and what this act is answered by is for %s alone", by.Badge, act.By()[0])
	}
	return err
}

// readAct reads an act; more than a plain one takes only from who is logged in.
func (o *Officers) readAct(w http.ResponseWriter, r *http.Request) (Act, error) {
	read := o.readPlain
	if bearer(r) != "" && (r.ContentLength < 0 || r.ContentLength > maxPlainAct) {
		if _, err := o.session(r); err != nil {
			return Act{}, err
		}
		read = o.readLarge
	}
	body, err := read(w, r)
	if err != nil {
		return Act{}, err
	}
	var act Act
	if err := json.Unmarshal(body, &act, json.RejectUnknownMembers(true)); err != nil {
		return act, identity.RefuseField(identity.Invalid, "act", "is not JSON with signed (statement, signatures) and files")
	}
	act.Signed.TakenIn = time.Time{} // the engine's to say
	return act, nil
}

// readPlain reads an act without files. Whoever sends it slowly keeps nobody waiting: each
// has room, and whoever has had the most for the longest gives it up.
func (o *Officers) readPlain(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	ctx, v := o.hall.enter(r.Context(), cmp.Or(max(r.ContentLength, 0), maxPlainAct))
	defer v.leave()
	line := http.NewResponseController(w)
	defer context.AfterFunc(ctx, func() { _ = line.SetReadDeadline(in(0)) })()
	for {
		into := v.space()
		if into == nil {
			return nil, errActs
		}
		n, err := r.Body.Read(into)
		v.size += n
		switch {
		case errors.Is(context.Cause(ctx), errCrowded):
			return nil, errActs
		case v.size > maxPlainAct:
			return nil, tooLargeAct(maxPlainAct)
		case errors.Is(err, io.EOF):
			return v.whole(), nil
		case err != nil:
			return nil, errBrokenAct
		}
	}
}

// readLarge reads an act with its files; few at once.
func (o *Officers) readLarge(_ http.ResponseWriter, r *http.Request) ([]byte, error) {
	if err := o.turn(r.Context(), &o.large); err != nil {
		return nil, err
	}
	defer o.large.give()
	body, err := io.ReadAll(io.LimitReader(r.Body, o.MaxBody+1))
	switch {
	case err != nil:
		return nil, errBrokenAct
	case int64(len(body)) > o.MaxBody:
		return nil, tooLargeAct(o.MaxBody)
	}
	return body, nil
}

// turn waits for a turn, for as long as there is patience.
func (o *Officers) turn(ctx context.Context, t *turns) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if t.take(ctx) != nil {
		return errActs
	}
	return nil
}

// What is wrong with an act that did not come in.
var (
	errActs      = statusError{http.StatusTooManyRequests, identity.RefuseField(identity.Invalid, "act", "cannot be taken now: there are more than can be taken at once; send it again")}
	errBrokenAct = statusError{http.StatusBadRequest, identity.RefuseField(identity.Invalid, "act", "ended before it was complete, or came too slowly")}
)

func tooLargeAct(limit int64) error {
	return statusError{http.StatusRequestEntityTooLarge, identity.RefuseField(identity.Invalid, "act", "is larger than %d bytes", limit)}
}

// postSession begins a session by the signed statement of a log-in.
func (o *Officers) postSession(w http.ResponseWriter, r *http.Request) error {
	act, err := o.readAct(w, r)
	if err != nil {
		return err
	}
	if err := o.turn(r.Context(), &o.acts); err != nil {
		return err
	}
	defer o.acts.give()
	token, until, err := o.Desk.LogIn(r.Context(), act.Signed)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, "application/json", Session{Token: token, Until: until})
}

// deleteSession ends the session that asks.
func (o *Officers) deleteSession(w http.ResponseWriter, r *http.Request) error {
	if err := o.Desk.Registry.EndSession(r.Context(), bearer(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// session is the officer whose token a request bears.
func (o *Officers) session(r *http.Request) (identity.Officer, error) {
	token := bearer(r)
	if token == "" {
		return identity.Officer{}, statusError{http.StatusUnauthorized, identity.RefuseField(identity.Forbidden, "session", "is missing: log in, and send the token as Authorization: Bearer")}
	}
	by, err := o.Desk.Registry.Session(r.Context(), token)
	if identity.Refused(err, identity.Forbidden) {
		err = statusError{http.StatusUnauthorized, err}
	}
	return by, err
}

// bearer is the token of a request (RFC 6750), or empty.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// applicationsIn reads which applications are asked for.
func applicationsIn(q url.Values) (registry.Filter, error) {
	if err := desk.OnlyFilters(q, "awaiting", "stage", "province", "deadline", "trouble", "all", "limit"); err != nil {
		return registry.Filter{}, err
	}
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), strconv.Itoa(desk.UsuallyListed)))
	if err != nil {
		limit = 0 // refused with the rest
	}
	filter := registry.Filter{
		Stages: identity.OpenStages(), Awaiting: identity.Action(q.Get("awaiting")), Province: identity.ProvinceCode(q.Get("province")),
		Deadline: registry.Deadline(q.Get("deadline")), Trouble: q.Has("trouble"), Limit: limit,
	}
	if q.Has("all") {
		filter.Stages = nil
	}
	if stage := q.Get("stage"); stage != "" {
		filter.Stages = []identity.Stage{identity.Stage(stage)}
	}
	return filter, nil
}

func (o *Officers) getApplication(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	number, err := identity.ParseApplicationNumber(r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	return o.Desk.Status(ctx, by, number)
}

// findCards looks for cards that were issued. What it looks for stands in no address, since
// addresses are logged on their way.
func (o *Officers) findCards(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	const most = 1 << 10
	var q registry.CardQuery
	if err := json.UnmarshalRead(io.LimitReader(r.Body, most), &q, json.RejectUnknownMembers(true)); err != nil {
		return nil, identity.Refuse(identity.Invalid, "what is asked is not JSON with serial or number")
	}
	return o.Desk.Issued(ctx, by, q)
}

// findNamed looks for whatever somebody names.
func (o *Officers) findNamed(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	const most = 1 << 10
	var q struct {
		Named string `json:"named"`
	}
	if err := json.UnmarshalRead(io.LimitReader(r.Body, most), &q, json.RejectUnknownMembers(true)); err != nil {
		return nil, identity.Refuse(identity.Invalid, "what is asked is not JSON with named")
	}
	return o.Desk.FindNamed(ctx, by, q.Named)
}

func (o *Officers) findPerson(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	const most = 8 << 10
	var q desk.Sought
	if err := json.UnmarshalRead(io.LimitReader(r.Body, most), &q, json.RejectUnknownMembers(true)); err != nil {
		return nil, identity.Refuse(identity.Invalid, "what is asked is not JSON with number; or with name, birth, sex, father, mother and birth_registration")
	}
	return o.Desk.Find(ctx, by, q)
}

func (o *Officers) findWhose(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	const most = 1 << 10
	var q struct {
		Number identity.PersonalNumber `json:"number"`
	}
	if err := json.UnmarshalRead(io.LimitReader(r.Body, most), &q, json.RejectUnknownMembers(true)); err != nil {
		return nil, identity.Refuse(identity.Invalid, "what is asked is not JSON with number")
	}
	id, err := o.Desk.Whose(ctx, by, q.Number)
	return map[string]identity.PersonID{"person": id}, err
}

func (o *Officers) getPersons(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	number, err := identity.ParseApplicationNumber(r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	return o.Desk.Persons(ctx, by, number)
}

// recentReceipt is how long a consignment is listed after it was received.
const recentReceipt = 30 * 24 * time.Hour

func (o *Officers) getConsignments(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	var since time.Time
	if !r.URL.Query().Has("all") {
		since = o.Now().Add(-recentReceipt)
	}
	return o.Desk.Consignments(ctx, by, since)
}

func (o *Officers) getConsignment(ctx context.Context, r *http.Request, by identity.Officer) (any, error) {
	number, err := identity.ParseConsignmentNumber(r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	return o.Desk.Consignment(ctx, by, number)
}

// getPaper draws a paper.
func (o *Officers) getPaper(w http.ResponseWriter, r *http.Request) error {
	by, err := o.session(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	pdf, err := o.Desk.Paper(r.Context(), by, desk.PaperRequest{Kind: r.PathValue("paper"), Of: q.Get("of"), From: q.Get("from"), To: q.Get("to")})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(pdf) //nolint:gosec // a PDF that is drawn here, and sent as one; the error: the client is gone
	return nil
}
