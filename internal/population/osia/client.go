package osia

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

// Options are how a register elsewhere is reached. Nothing is tried again here: whoever
// asks for a workflow is retried by its own policy, with growing pauses and without limit,
// and an officer asks again.
type Options struct {
	URL         string        // of the interface, without /v1
	TokenFile   string        // holds the bearer token; it is read for each request, since tokens end; empty: none is sent
	CAFile      string        // PEM; empty: the system's
	CertFile    string        // PEM, of the client; empty: none is shown
	KeyFile     string        // of CertFile
	Timeout     time.Duration // of one request
	Connections int           // at once
}

// Client is a population register elsewhere.
type Client struct {
	url       *url.URL
	tokenFile string
	http      *http.Client
}

var _ population.Register = (*Client)(nil)

// NewClient makes a client, and connects to nothing.
func NewClient(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("the population register's address must be http://HOST/PATH or https://HOST/PATH")
	}
	encryption := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		trusted, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the population register's CA certificates: %w", err)
		}
		encryption.RootCAs = x509.NewCertPool()
		if !encryption.RootCAs.AppendCertsFromPEM(trusted) {
			return nil, errors.New("the file of the population register's CA certificates holds none")
		}
	}
	if o.CertFile != "" {
		own, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the certificate for the population register: %w", err)
		}
		encryption.Certificates = []tls.Certificate{own}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = encryption, o.Connections, o.Connections
	return &Client{url: u, tokenFile: o.TokenFile, http: &http.Client{
		Transport: transport, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("a population register does not redirect")
		},
	}}, nil
}

// Person implements population.Register.
func (c *Client) Person(ctx context.Context, id identity.PersonID) (population.Record, error) {
	record, err := c.record(ctx, id)
	if errors.Is(err, errUnknown) {
		err = identity.Refuse(identity.NotFound, "the population register knows no person %s", id)
	}
	return record, err
}

// PersonByNumber implements population.Register. The number stands in the body: addresses
// are logged on their way.
func (c *Client) PersonByNumber(ctx context.Context, n identity.PersonalNumber) (population.Record, error) {
	ids, err := c.query(ctx, []expression{{"uin", "=", string(n)}})
	switch {
	case err != nil:
		return population.Record{}, err
	case len(ids) == 0:
		return population.Record{}, identity.RefuseField(identity.NotFound, "person.number", "is not known to the population registry")
	case len(ids) > 1:
		return population.Record{}, wrongAnswer("more than one person has the number")
	}
	record, err := c.record(ctx, ids[0])
	switch {
	case errors.Is(err, errUnknown):
		return population.Record{}, wrongAnswer("it knows no person %s, whom it found", ids[0])
	case err == nil && record.Person.Number != n && record.Person.CancelledNumber != n && record.Person.CancelledNumber == "":
		return population.Record{}, wrongAnswer("the person who has the number has another")
	}
	return record, err
}

// FindPersons implements population.Register. What is asked for are equal names and dates,
// as any register of this interface compares them; which of those found are likely is
// judged here, as for the built-in register.
func (c *Client) FindPersons(ctx context.Context, claim identity.Person) ([]population.Match, error) {
	candidates := make(map[identity.PersonID]bool)
	for _, query := range searches(claim) {
		ids, err := c.query(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			candidates[id] = true
		}
	}
	records, err := c.records(ctx, candidates)
	return population.Rank(claim, records), err
}

// searches are the queries for whom a claim may be about: born that day, of like name or of
// the same parents; or of that name and the same parents, or of that year.
func searches(claim identity.Person) [][]expression {
	b := biographicOf(claim)
	named := expression{"fullName", "=", b.FullName}
	born := expression{"dateOfBirth", "=", b.DateOfBirth}
	queries := [][]expression{{born, {"lastName", "=", b.LastName}, {"firstName", "=", b.FirstName}}}
	parents := 0
	for _, parent := range []expression{{"motherName", "=", b.MotherName}, {"fatherName", "=", b.FatherName}} {
		if parent.Value != "" {
			queries = append(queries, []expression{born, parent}, []expression{named, parent})
			parents++
		}
	}
	if parents < 2 || !claim.Birth.Complete() {
		year := fmt.Sprintf("%04d", claim.Birth.Year)
		queries = append(queries, []expression{named, {"dateOfBirth", ">=", year}, {"dateOfBirth", "<=", year + "-12-31"}})
	}
	return queries
}

// readers is how many records are read at once.
const readers = 8

// records reads records, in no order.
func (c *Client) records(ctx context.Context, ids map[identity.PersonID]bool) ([]population.Record, error) {
	type answer struct {
		record population.Record
		err    error
	}
	answers, free := make(chan answer, len(ids)), make(chan struct{}, readers)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for id := range ids {
		go func() {
			free <- struct{}{}
			defer func() { <-free }()
			record, err := c.record(ctx, id)
			if errors.Is(err, errUnknown) {
				err = wrongAnswer("it knows no person %s, whom it found", id)
			}
			answers <- answer{record, err}
		}()
	}
	records := make([]population.Record, 0, len(ids))
	for range ids {
		a := <-answers
		if a.err != nil {
			return nil, a.err
		}
		records = append(records, a.record)
	}
	return records, nil
}

// RegisterPerson implements population.Register: a UIN is generated under the
// application's number as transaction, so that the register gives one however often it is
// asked.
func (c *Client) RegisterPerson(ctx context.Context, who population.Registration) (population.Record, []population.Match, error) {
	notThese := make([]string, len(who.NotThese))
	for i, id := range who.NotThese {
		notThese[i] = string(id)
	}
	var number string
	r := registration{biographicOf(who.Proven()), who.Paper, strings.Join(notThese, ",")}
	err := c.ask(ctx, request{http.MethodPost, "/v1/uin", url.Values{"transactionId": {string(who.Application)}}, r}, &number)
	if refused, is := errors.AsType[*refusedError](err); is && refused.code == codeLikely {
		return c.likely(ctx, who)
	}
	if err != nil {
		return population.Record{}, nil, refusalOf(err)
	}
	given, err := identity.ParsePersonalNumber(number)
	if err != nil {
		return population.Record{}, nil, wrongAnswer("the UIN that it generated is no personal number")
	}
	record, err := c.PersonByNumber(ctx, given)
	if identity.Refused(err, identity.NotFound) {
		err = wrongAnswer("it knows nobody of the UIN that it generated")
	}
	return record, nil, err
}

// likely gives those because of whom nobody was registered.
func (c *Client) likely(ctx context.Context, who population.Registration) (population.Record, []population.Match, error) {
	matches, err := c.FindPersons(ctx, who.Person)
	if err != nil {
		return population.Record{}, nil, err
	}
	var others []population.Match
	for _, m := range matches {
		seen := false
		for _, id := range who.NotThese {
			seen = seen || id == m.ID
		}
		if !seen {
			others = append(others, m)
		}
	}
	if len(others) == 0 {
		return population.Record{}, nil, wrongAnswer("it says that it has somebody who is likely to be the person, and finds nobody")
	}
	return population.Record{}, others, nil
}

// CorrectPerson implements population.Register: a merge patch of the reference identity,
// with the act and the file that its officer signed for.
func (c *Client) CorrectPerson(ctx context.Context, id identity.PersonID, act identity.CorrectPerson, after population.Corrected, signed statement.Signed) error {
	before, err := c.Person(ctx, id)
	if err != nil {
		return err
	}
	patch, err := changed(before.Person, after.Person)
	if err != nil {
		return err
	}
	return c.change(ctx, id, signed, map[string]any{
		"biographicData": patch, "contextualData": contextual{Version: act.Version},
		"documentData": []document{{documentForm, []part{{after.File, typeJSON}}}},
	})
}

// MarkPerson implements population.Register: OSIA's person can say no more than dead and
// inactive, so the mark is contextual data of the reference identity, from which status and
// physicalStatus follow.
func (c *Client) MarkPerson(ctx context.Context, id identity.PersonID, act identity.MarkPerson, signed statement.Signed) error {
	return c.change(ctx, id, signed, map[string]any{"contextualData": contextual{CitizenStatus: string(act.Status), StatusOn: act.On}})
}

// change sends a merge patch of the reference identity.
func (c *Client) change(ctx context.Context, id identity.PersonID, signed statement.Signed, patch map[string]any) error {
	said, err := json.Marshal(signed, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	reference, err := c.reference(ctx, id)
	if err != nil {
		return unknownPerson(id, err)
	}
	patch["clientData"] = said
	path := "/v1/persons/" + url.PathEscape(string(id)) + "/identities/" + url.PathEscape(reference.ID)
	return unknownPerson(id, refusalOf(c.ask(ctx, request{http.MethodPatch, path, url.Values{"transactionId": {signed.ID()}}, patch}, nil)))
}

// RenumberPerson implements population.Register: another identity of the person, whose
// number the register draws; the one before is revoked.
func (c *Client) RenumberPerson(ctx context.Context, id identity.PersonID, act identity.RenumberPerson, signed statement.Signed) error {
	said, err := json.Marshal(signed, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	claimed := personIdentity{Type: typeCitizen, Status: statusClaimed, ClientData: said, Contextual: &contextual{Version: act.Version}}
	path := "/v1/persons/" + url.PathEscape(string(id)) + "/identities"
	return unknownPerson(id, refusalOf(c.ask(ctx, request{http.MethodPost, path, url.Values{"transactionId": {signed.ID()}}, claimed}, &struct{}{})))
}

func unknownPerson(id identity.PersonID, err error) error {
	if errors.Is(err, errUnknown) {
		return identity.Refuse(identity.NotFound, "the population register knows no person %s", id)
	}
	return err
}

// record reads a person with the reference identity.
func (c *Client) record(ctx context.Context, id identity.PersonID) (population.Record, error) {
	if err := id.Check(); err != nil {
		return population.Record{}, err
	}
	var p person
	err := c.ask(ctx, request{http.MethodGet, "/v1/persons/" + url.PathEscape(string(id)), transaction(), nil}, &p)
	if err != nil {
		return population.Record{}, err
	}
	reference, err := c.reference(ctx, id)
	if err != nil {
		return population.Record{}, err
	}
	return recordOf(id, p, reference)
}

func (c *Client) reference(ctx context.Context, id identity.PersonID) (personIdentity, error) {
	var i personIdentity
	err := c.ask(ctx, request{http.MethodGet, "/v1/persons/" + url.PathEscape(string(id)) + "/reference", transaction(), nil}, &i)
	return i, err
}

// maxFound is how many persons one query may find. Who has a commoner name is looked for
// with parents, or by an officer.
const maxFound = 200

// query finds persons by their reference identities, under any number that they had.
func (c *Client) query(ctx context.Context, query []expression) ([]identity.PersonID, error) {
	about := transaction()
	about.Set("group", "true")
	about.Set("limit", strconv.Itoa(maxFound+1))
	var all []found
	if err := c.ask(ctx, request{http.MethodPost, "/v1/persons", about, query}, &all); err != nil {
		return nil, err
	}
	if len(all) > maxFound {
		return nil, wrongAnswer("more than %d persons are like this one", maxFound)
	}
	ids := make([]identity.PersonID, len(all))
	for i, f := range all {
		ids[i] = identity.PersonID(f.Person)
		if ids[i].Check() != nil {
			return nil, wrongAnswer("a personId is not of 1 to 64 letters, digits and hyphens")
		}
	}
	return ids, nil
}

func transaction() url.Values { return url.Values{"transactionId": {rand.Text()}} }

// request is one operation.
type request struct {
	method, path string
	query        url.Values
	body         any // nil: none
}

// errUnknown is the error of an address of nobody.
var errUnknown = errors.New("the population register does not know the person")

// refusedError is the error of what the register refuses to do.
type refusedError struct {
	status  int
	code    int32
	message string
}

// Error implements error.
func (e *refusedError) Error() string {
	return fmt.Sprintf("the population register refuses it (HTTP %d): %s", e.status, e.message)
}

// refusalOf gives what a register refuses as a refusal, where it says of which kind.
func refusalOf(err error) error {
	if refused, is := errors.AsType[*refusedError](err); is {
		if kind, known := kinds[refused.code]; known {
			return identity.Refuse(kind, "%s", refused.message)
		}
	}
	return err
}

// ask sends a request and reads the answer; into nil: there is none to be read.
func (c *Client) ask(ctx context.Context, r request, into any) error {
	body := io.Reader(http.NoBody)
	if r.body != nil {
		b, err := json.Marshal(r.body, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("ask the population register: %w", err)
		}
		body = bytes.NewReader(b)
	}
	u := c.url.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	q, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return fmt.Errorf("ask the population register: %w", err)
	}
	q.Header.Set("Accept", typeJSON)
	if r.body != nil {
		q.Header.Set("Content-Type", typeJSON)
	}
	if c.tokenFile != "" {
		token, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return fmt.Errorf("read the token for the population register: %w", err)
		}
		q.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	answer, err := c.http.Do(q)
	if err != nil {
		return fmt.Errorf("the population register does not answer: %w", err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("the population register does not answer: %w", err)
	case len(content) > maxAnswer:
		return wrongAnswer("it has more than %d bytes", maxAnswer)
	}
	return read(answer.StatusCode, content, into)
}

// read reads an answer by its status.
func read(status int, content []byte, into any) error {
	switch {
	case status == http.StatusNotFound:
		return errUnknown
	case status == http.StatusBadRequest || status == http.StatusForbidden || status == http.StatusConflict:
		var p problem
		if decode(content, &p) != nil {
			p.Message = "it does not say why"
		}
		return &refusedError{status, p.Code, harmless(p.Message)}
	case status != http.StatusOK && status != http.StatusCreated && (status != http.StatusNoContent || into != nil):
		return fmt.Errorf("the population register does not answer: HTTP %d", status)
	case into == nil:
		return nil
	}
	return decode(content, into)
}

var numbers = regexp.MustCompile(`[0-9]{9,}`)

// harmless gives what a register says as one short line without anybody's number: it is
// shown and logged.
func harmless(message string) string {
	const most = 300
	line := numbers.ReplaceAllString(identity.OneLine(message), "…")
	if cut := []rune(line); len(cut) > most {
		line = string(cut[:most]) + "…"
	}
	return line
}
