package osia

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/statement"
)

// Server answers for the built-in register. It changes a record only as an officer signed
// it: whoever may write brings signed acts, and can make none.
type Server struct {
	Register Tables
	Clients  Clients
	// Do does a signed act with its file.
	Do     func(ctx context.Context, signed statement.Signed, files map[string][]byte) error
	Logger *slog.Logger
}

// FileRecord is the name under which the file of a correction is signed for.
const FileRecord = "record"

// Tables are the built-in register.
type Tables interface {
	Person(ctx context.Context, id identity.PersonID) (population.Record, error)
	RegisterPerson(ctx context.Context, who population.Registration) (population.Record, []population.Match, error)
	QueryPersons(ctx context.Context, q population.Query) ([]identity.PersonID, error)
	Now(ctx context.Context) (time.Time, error)
	// ReadBy keeps that a client read persons, whom their extracts tell of it.
	ReadBy(ctx context.Context, client string, persons ...identity.PersonID) error
}

// answer is what an operation answers; a nil body: none.
type answer struct {
	status int
	body   any
	of     []identity.PersonID // whom it tells of
}

// Handler serves the operations.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, operation := range map[string]struct {
		scope string
		do    func(r *http.Request) (answer, error)
	}{
		"POST /v1/persons":                                     {scopeReadPersons, s.findPersons},
		"GET /v1/persons/{personId}":                           {scopeReadPersons, s.readPerson},
		"GET /v1/persons/{personId}/identities":                {scopeReadIdentities, s.readIdentities},
		"GET /v1/persons/{personId}/identities/{identityId}":   {scopeReadIdentities, s.readIdentity},
		"GET /v1/persons/{personId}/reference":                 {scopeReadReferences, s.readReference},
		"PATCH /v1/persons/{personId}/identities/{identityId}": {scopeWrite, s.updateIdentity},
		"POST /v1/persons/{personId}/identities":               {scopeWrite, s.createIdentity},
		"POST /v1/uin":                                         {scopeRegister, s.generateUIN},
		"/":                                                    {"", func(*http.Request) (answer, error) { return answer{}, errNoOperation }},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			who, err := s.admit(r, operation.scope)
			var a answer
			if err == nil {
				a, err = operation.do(r)
			}
			if err == nil && len(a.of) > 0 {
				err = s.Register.ReadBy(r.Context(), who, a.of...)
			}
			if err != nil {
				a = refuse(err)
			}
			level := slog.LevelInfo
			if a.status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			attributes := []any{"route", pattern, "status", a.status, "client", who}
			if err != nil && len(identity.Refusals(err)) == 0 {
				attributes = append(attributes, "error", err)
			}
			s.Logger.Log(r.Context(), level, "Population register asked", attributes...)
			write(w, a)
		})
	}
	return mux
}

// statusError is an error with an HTTP status of its own.
type statusError struct {
	status int
	code   int32
	text   string
}

// Error implements error.
func (e *statusError) Error() string { return e.text }

var (
	errNoOperation = &statusError{http.StatusNotFound, codeFault, "this register has no such operation"}
	errNobody      = &statusError{http.StatusUnauthorized, codeFault, "a token of a client of this register is needed, as Authorization: Bearer"}
	errScope       = &statusError{http.StatusForbidden, codeFault, "the client has not the scope of this operation"}
	errLikely      = &statusError{http.StatusBadRequest, codeLikely, "somebody is likely to be this person already: look at who it is, or name in notThese who it is not"}
)

// admit says which client asks, if the client may.
func (s *Server) admit(r *http.Request, scope string) (string, error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	known, is := s.Clients[sha256.Sum256([]byte(strings.TrimSpace(token)))]
	switch {
	case !strings.EqualFold(kind, "Bearer") || !is:
		return "", errNobody
	case scope != "" && !slices.Contains(known.scopes, scope):
		return known.name, errScope
	case scope != "" && r.URL.Query().Get("transactionId") == "":
		return known.name, identity.RefuseField(identity.Invalid, "transactionId", "is missing")
	}
	return known.name, nil
}

// refuse says what went wrong: all of what is refused, and nothing of a fault, which the log
// has.
func refuse(err error) answer {
	if own, is := errors.AsType[*statusError](err); is {
		return answer{own.status, problem{own.code, own.text}, nil}
	}
	refusals := identity.Refusals(err)
	if len(refusals) == 0 {
		return answer{http.StatusInternalServerError, problem{codeFault, "the register cannot do that now; try again later"}, nil}
	}
	lines := make([]string, len(refusals))
	for i, r := range refusals {
		lines[i] = r.Error()
	}
	status := http.StatusBadRequest
	if refusals[0].Kind == identity.NotFound {
		status = http.StatusNotFound
	}
	if refusals[0].Kind == identity.Forbidden {
		status = http.StatusForbidden
	}
	return answer{status, problem{codeOf(refusals[0].Kind), strings.Join(lines, "; ")}, nil}
}

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	b, err := json.Marshal(a.body, json.Deterministic(true))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(a.status)
	_, _ = w.Write(b) // the client is gone
}

// body reads what is asked.
func body(r *http.Request, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	switch {
	case err != nil:
		return identity.Refuse(identity.Invalid, "the request ended before it was complete")
	case len(b) > maxRequest:
		return identity.Refuse(identity.Invalid, "the request has more than %d bytes", maxRequest)
	case json.Unmarshal(b, into) != nil:
		return identity.Refuse(identity.Invalid, "the request is not the JSON of this operation")
	}
	return nil
}

// maxPage is how many persons one query is answered with.
const maxPage = 1000

func (s *Server) findPersons(r *http.Request) (answer, error) {
	var asked []expression
	if err := body(r, &asked); err != nil {
		return answer{}, err
	}
	q, err := queryOf(asked)
	if err != nil {
		return answer{}, err
	}
	if q.Offset, err = number(r, "offset", 0); err != nil {
		return answer{}, err
	}
	if q.Limit, err = number(r, "limit", 100); err != nil {
		return answer{}, err
	}
	if q.Limit > maxPage {
		return answer{}, identity.RefuseField(identity.Invalid, "limit", "must be %d at most", maxPage)
	}
	ids, err := s.Register.QueryPersons(r.Context(), q)
	if err != nil {
		return answer{}, err
	}
	list := make([]found, len(ids))
	for i, id := range ids {
		list[i].Person = string(id)
		if r.URL.Query().Get("group") != "true" {
			list[i].Identity = referenceID
		}
	}
	return answer{http.StatusOK, list, ids}, nil
}

// number reads a parameter.
func number(r *http.Request, name string, otherwise int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, identity.RefuseField(identity.Invalid, name, "must be a number from 0 on")
	}
	return n, nil
}

// queryOf reads expressions on the attributes that the register searches by.
func queryOf(asked []expression) (population.Query, error) {
	const most = 20
	var q population.Query
	if len(asked) > most {
		return q, identity.Refuse(identity.Invalid, "more than %d expressions", most)
	}
	var wrong []error
	for _, e := range asked {
		into := map[string]*string{
			"fullName=": &q.Name, "lastName=": &q.FamilyName, "firstName=": &q.GivenName, "fatherName=": &q.Father, "motherName=": &q.Mother,
			"dateOfBirth=": &q.Born, "dateOfBirth>=": &q.BornFrom, "dateOfBirth<=": &q.BornTo, "uin=": (*string)(&q.Number), "gender=": (*string)(&q.Sex),
		}[e.Name+e.Operator]
		switch {
		case into == nil:
			wrong = append(wrong, identity.Refuse(identity.Invalid,
				"an attribute and operator that this register does not search by; uin, fullName, lastName, firstName, fatherName, motherName, gender with =, and dateOfBirth with =, >=, <= are accepted"))
		case e.Value == "" || len(e.Value) > 500:
			wrong = append(wrong, identity.RefuseField(identity.Invalid, e.Name, "must have a value of 1 to 500 bytes"))
		case *into != "" && *into != e.Value:
			wrong = append(wrong, identity.RefuseField(identity.Invalid, e.Name, "is asked for twice"))
		default:
			*into = e.Value
		}
	}
	for name, text := range map[string]*string{"fullName": &q.Name, "lastName": &q.FamilyName, "firstName": &q.GivenName, "fatherName": &q.Father, "motherName": &q.Mother} {
		if *text == "" {
			continue
		}
		folded, err := identity.ParseName(*text) // as the names are that it is compared with
		wrong, *text = append(wrong, identity.InField(name, err)), folded.Text
	}
	if errors.Join(wrong...) == nil && !q.Narrow() {
		wrong = append(wrong, identity.Refuse(identity.Invalid, "uin, fullName or dateOfBirth with = is needed: the register is not read from end to end"))
	}
	return q, errors.Join(wrong...)
}

func (s *Server) known(r *http.Request) (population.Record, error) {
	id := identity.PersonID(r.PathValue("personId"))
	if err := id.Check(); err != nil {
		return population.Record{}, err
	}
	return s.Register.Person(r.Context(), id)
}

func (s *Server) readPerson(r *http.Request) (answer, error) {
	record, err := s.known(r)
	return answer{http.StatusOK, personOf(record), []identity.PersonID{record.ID}}, err
}

func (s *Server) readReference(r *http.Request) (answer, error) {
	record, err := s.known(r)
	return answer{http.StatusOK, referenceOf(record), []identity.PersonID{record.ID}}, err
}

func (s *Server) readIdentities(r *http.Request) (answer, error) {
	record, err := s.known(r)
	return answer{http.StatusOK, []personIdentity{referenceOf(record)}, []identity.PersonID{record.ID}}, err
}

func (s *Server) readIdentity(r *http.Request) (answer, error) {
	if r.PathValue("identityId") != referenceID {
		return answer{}, identity.Refuse(identity.NotFound, "a person has the identity %s here", referenceID)
	}
	return s.readReference(r)
}

// updateIdentity does a correction or a mark, as an officer signed it. What the patch says
// beside the act must be what was signed.
func (s *Server) updateIdentity(r *http.Request) (answer, error) {
	if r.PathValue("identityId") != referenceID {
		return answer{}, identity.Refuse(identity.NotFound, "a person has the identity %s here", referenceID)
	}
	var patch struct {
		ClientData []byte                    `json:"clientData"`
		Contextual contextual                `json:"contextualData"`
		Biographic map[string]jsontext.Value `json:"biographicData"`
		Documents  []document                `json:"documentData"`
	}
	if err := body(r, &patch); err != nil {
		return answer{}, err
	}
	signed, act, err := actOf(patch.ClientData, r.PathValue("personId"))
	if err != nil {
		return answer{}, err
	}
	var files map[string][]byte
	switch act := act.(type) {
	case identity.CorrectPerson:
		if len(patch.Documents) != 1 || len(patch.Documents[0].Parts) != 1 {
			return answer{}, identity.RefuseField(identity.Invalid, "documentData", "must be the one file that the correction was signed for")
		}
		file := patch.Documents[0].Parts[0].Data
		if err := agrees(patch.Biographic, file); err != nil {
			return answer{}, err
		}
		files = map[string][]byte{FileRecord: file}
	case identity.MarkPerson:
		if patch.Contextual.CitizenStatus != string(act.Status) || patch.Contextual.StatusOn != act.On || len(patch.Biographic) > 0 {
			return answer{}, identity.RefuseField(identity.Invalid, "contextualData", "is not what was signed")
		}
	default:
		return answer{}, identity.RefuseField(identity.Invalid, "clientData", "must be a signed correct-person or mark-person")
	}
	if err := s.Do(r.Context(), signed, files); err != nil {
		return answer{}, err
	}
	return answer{http.StatusNoContent, nil, nil}, nil
}

// agrees refuses a patch that is not what its officer signed for.
func agrees(patch map[string]jsontext.Value, file []byte) error {
	var record packet.Person
	if err := json.Unmarshal(file, &record, json.RejectUnknownMembers(true)); err != nil {
		return identity.RefuseField(identity.Invalid, "documentData", "is not the JSON of a person, as a packet has it")
	}
	after, err := record.Parse()
	if err != nil {
		return identity.InField("documentData", err)
	}
	if after, err = identity.CheckPerson(after); err != nil {
		return identity.InField("documentData", err)
	}
	signed, err := attributes(after)
	if err != nil {
		return err
	}
	for name, value := range patch {
		is := string(signed[name])
		if is == "" {
			is = "null"
		}
		if string(value) != is {
			return identity.RefuseField(identity.Invalid, "biographicData", "is not what was signed")
		}
	}
	return nil
}

// actOf reads a signed act on a person.
func actOf(clientData []byte, person string) (statement.Signed, identity.Act, error) {
	var signed statement.Signed
	if len(clientData) == 0 || json.Unmarshal(clientData, &signed, json.RejectUnknownMembers(true)) != nil {
		return signed, nil, identity.RefuseField(identity.Invalid, "clientData", "must be the signed act of an officer: nothing is changed without one")
	}
	said, err := signed.Read()
	if err != nil {
		return signed, nil, err
	}
	if said.Subject != statement.Person(identity.PersonID(person)) {
		return signed, nil, identity.RefuseField(identity.Invalid, "clientData", "is an act on another than this person")
	}
	act, err := said.Does()
	return signed, act, err
}

// createIdentity gives a person another number, as an officer signed it. The register draws
// it.
func (s *Server) createIdentity(r *http.Request) (answer, error) {
	var claimed personIdentity
	if err := body(r, &claimed); err != nil {
		return answer{}, err
	}
	if claimed.Biographic != nil {
		return answer{}, identity.RefuseField(identity.Invalid, "biographicData", "is given, but the register draws the number, and keeps the rest")
	}
	signed, act, err := actOf(claimed.ClientData, r.PathValue("personId"))
	if err != nil {
		return answer{}, err
	}
	if _, is := act.(identity.RenumberPerson); !is {
		return answer{}, identity.RefuseField(identity.Invalid, "clientData", "must be a signed renumber-person")
	}
	if err := s.Do(r.Context(), signed, nil); err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, map[string]string{"identityId": referenceID}, nil}, nil
}

// generateUIN registers a person who is nowhere.
func (s *Server) generateUIN(r *http.Request) (answer, error) {
	application, err := identity.ParseApplicationNumber(r.URL.Query().Get("transactionId"))
	if err != nil {
		return answer{}, identity.InField("transactionId", err)
	}
	var asked registration
	if err := body(r, &asked); err != nil {
		return answer{}, err
	}
	who := population.Registration{Application: application, Paper: asked.Paper}
	if who.Person, err = asked.person(); err != nil {
		return answer{}, err
	}
	if who.Person.Number != "" || who.Paper == "" {
		return answer{}, identity.RefuseField(identity.Invalid, "paper", "is missing, or uin is given: a UIN is generated for who has none, by a paper that proves the person")
	}
	for id := range strings.SplitSeq(asked.NotThese, ",") {
		if id == "" {
			continue
		}
		if err := identity.PersonID(id).Check(); err != nil {
			return answer{}, identity.InField("notThese", err)
		}
		who.NotThese = append(who.NotThese, identity.PersonID(id))
	}
	now, err := s.Register.Now(r.Context())
	if err != nil {
		return answer{}, err
	}
	if err := identity.CheckCorrected(identity.Person{}, who.Person, identity.DateOf(now)); err != nil { // as what is corrected
		return answer{}, err
	}
	record, likely, err := s.Register.RegisterPerson(r.Context(), who)
	switch {
	case err != nil:
		return answer{}, err
	case len(likely) > 0:
		return answer{}, errLikely
	}
	return answer{http.StatusOK, string(record.Person.Number), nil}, nil
}
