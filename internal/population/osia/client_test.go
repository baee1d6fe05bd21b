package osia

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
)

// somebody is a person whom a register knows.
func somebody() identity.Person {
	return identity.Person{
		Number: "001301999901", Name: identity.Name{Text: "Nguyễn Thị Hòa"}, Birth: identity.Date{Year: 2001, Month: 3, Day: 1}, Sex: identity.Female,
		Ethnicity: "Kinh", Religion: "Không", BloodGroup: "O+", Father: identity.Name{Text: "Nguyễn Văn Tám"}, Mother: identity.Name{Text: "Trần Thị Tư"},
		Origin:            identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: "001"},
		BirthRegistration: identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: "001"},
		Residence:         identity.Place{Text: "12 Hàng Bài, Hà Nội", Province: "001"},
		Marks:             "Nốt ruồi C 1 cm trên trước đầu lông mày phải", OldNumber: "012999901", CancelledNumber: "001301999902",
	}
}

func theRecord() population.Record {
	return population.Record{ID: "P1", Version: "3", Person: somebody(), Status: identity.Alive}
}

// dial is a client of a register in this test.
func dial(t *testing.T, url string) *Client {
	t.Helper()
	c, err := NewClient(Options{URL: url, Timeout: time.Second, Connections: 4})
	require.NoError(t, err)
	return c
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// What is written is read as it was.
func TestRecord_ComesBack(t *testing.T) {
	t.Parallel()
	for _, status := range identity.CitizenStatuses {
		r := theRecord()
		if r.Status = status; status != identity.Alive {
			r.Since = identity.Date{Year: 2026, Month: 2, Day: 3}
			r.Person.Nationality = identity.NationalityUndetermined
		}
		var p person
		var i personIdentity
		require.NoError(t, decode([]byte(text(t, personOf(r))), &p))
		require.NoError(t, decode([]byte(text(t, referenceOf(r))), &i))

		back, err := recordOf(r.ID, p, i)

		require.NoError(t, err)
		require.Equal(t, r, back)
	}
}

// A register that knows nothing of our extensions is understood all the same; its record's
// version changes with the record.
func TestRecord_OfARegisterWithoutOurExtensions(t *testing.T) {
	t.Parallel()
	i := referenceOf(theRecord())
	i.Contextual = nil
	p := person{Status: active, PhysicalStatus: alive}

	first, err := recordOf("P1", p, i)
	require.NoError(t, err)
	again, err := recordOf("P1", p, i)
	require.NoError(t, err)
	i.Biographic.Residence = "15 Tràng Tiền, Hà Nội"
	moved, err := recordOf("P1", p, i)
	require.NoError(t, err)

	require.Equal(t, first.Version, again.Version)
	require.NotEqual(t, first.Version, moved.Version)
	died, err := recordOf("P1", person{Status: active, PhysicalStatus: dead}, i)
	require.NoError(t, err)
	require.Equal(t, identity.Deceased, died.Status)
}

// What cannot be used is said by its place, never by its content, and is no refusal: it is
// asked again.
func TestRecord_WhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*person, *personIdentity){
		"biographicData is missing": func(_ *person, i *personIdentity) { i.Biographic = nil },
		"status of a reference":     func(_ *person, i *personIdentity) { i.Status = statusRevoked },
		"another person":            func(p *person, _ *personIdentity) { p.ID = "P2" },
		"name":                      func(_ *person, i *personIdentity) { i.Biographic.FullName = "Nguyễn\x00Thị" },
		"sex":                       func(_ *person, i *personIdentity) { i.Biographic.Gender = "X" },
		"birth":                     func(_ *person, i *personIdentity) { i.Biographic.DateOfBirth = "31/12/2001" },
		"number":                    func(_ *person, i *personIdentity) { i.Biographic.UIN = "12" },
		"uin is missing":            func(_ *person, i *personIdentity) { i.Biographic.UIN = "" },
		"residence.text":            func(_ *person, i *personIdentity) { i.Biographic.Residence = strings.Repeat("a", 201) },
		"nationality":               func(_ *person, i *personIdentity) { i.Biographic.Nationality = "USA" },
		"blood_group":               func(_ *person, i *personIdentity) { i.Biographic.BloodGroup = "Q" },
		"origin.province":           func(_ *person, i *personIdentity) { i.Biographic.ProvinceOfOrigin = "003" },
		"physicalStatus":            func(p *person, _ *personIdentity) { p.PhysicalStatus = "ASLEEP" },
		"says not why":              func(p *person, i *personIdentity) { p.Status, i.Contextual.CitizenStatus = inactive, "" },
		"contradict each other":     func(_ *person, i *personIdentity) { i.Contextual.CitizenStatus = string(identity.Emigrated) },
		"citizenStatus must be one": func(_ *person, i *personIdentity) { i.Contextual.CitizenStatus = "gone" },
		"citizenStatusDate is no":   func(_ *person, i *personIdentity) { i.Contextual.StatusOn = "yesterday" },
		"recordVersion must be":     func(_ *person, i *personIdentity) { i.Contextual.Version = strings.Repeat("1", 65) },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			p, i := personOf(theRecord()), referenceOf(theRecord())
			change(&p, &i)

			_, err := recordOf("P1", p, i)

			require.ErrorContains(t, err, says)
			require.Empty(t, identity.Refusals(err))
			require.NotContains(t, err.Error(), "Thị")
			require.NotContains(t, err.Error(), "001301")
		})
	}
}

// A register that is away, or answers nonsense, is an error that is tried again.
func TestClient_OfARegisterThatIsAwayOrAnswersNonsense(t *testing.T) {
	t.Parallel()
	for says, handle := range map[string]http.HandlerFunc{
		"does not answer: HTTP 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"does not answer: HTTP 401": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"does not answer: HTTP 204": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"does not redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.org/", http.StatusFound)
		},
		"more than 4194304 bytes": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`["` + strings.Repeat("a", maxAnswer) + `"]`))
		},
		"not the JSON":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[{"personId": "P1"`)) },
		"is of another type": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[{"personId": 7}]`)) },
		"a personId is not":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[{"personId": "../1"}]`)) },
		"more than one person has": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`[{"personId": "P1"}, {"personId": "P2"}]`))
		},
		"more than 200 persons": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("[" + strings.Repeat(`{"personId": "P1"},`, 250) + `{"personId": "P1"}]`))
		},
		"Client.Timeout exceeded": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		"HTTP 403): the … is barred": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"code": 9, "message": "the\n001301999901 is barred"}`))
		},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(handle)
			t.Cleanup(s.Close)

			_, err := dial(t, s.URL).PersonByNumber(t.Context(), "001301999901")

			require.ErrorContains(t, err, says)
			require.Empty(t, identity.Refusals(err))
			require.NotContains(t, err.Error(), "001301999901")
		})
	}
	_, err := dial(t, "http://127.0.0.1:1").Person(t.Context(), "P1")
	require.ErrorContains(t, err, "does not answer")
	require.Empty(t, identity.Refusals(err))
}

// No number or name stands in an address, which is logged on its way.
func TestClient_PutsNothingPersonalIntoAddresses(t *testing.T) {
	t.Parallel()
	var addresses []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addresses = append(addresses, r.URL.String())
		_, _ = w.Write([]byte(`[]`))
	}))
	t.Cleanup(s.Close)
	c := dial(t, s.URL)

	_, err := c.PersonByNumber(t.Context(), somebody().Number)
	require.ErrorIs(t, err, identity.NotFound)
	matches, err := c.FindPersons(t.Context(), somebody())
	require.NoError(t, err)
	require.Empty(t, matches)

	require.Len(t, addresses, 6)
	for _, a := range addresses {
		require.Regexp(t, `^/v1/persons\?group=true&limit=201&transactionId=[A-Z2-7]{26}$`, a)
	}
}

// The token is read each time, since tokens end.
func TestClient_ShowsTheTokenOfTheMoment(t *testing.T) {
	t.Parallel()
	var shown []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`[]`))
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "token")
	c, err := NewClient(Options{URL: s.URL, TokenFile: file, Timeout: time.Second, Connections: 1})
	require.NoError(t, err)

	for _, token := range []string{"one", "two\n"} {
		require.NoError(t, os.WriteFile(file, []byte(token), 0o600))
		_, err := c.PersonByNumber(t.Context(), somebody().Number)
		require.ErrorIs(t, err, identity.NotFound)
	}

	require.Equal(t, []string{"Bearer one", "Bearer two"}, shown)
}

// One query asks for little, and together they find who is likely, however the name was
// typed.
func TestSearches(t *testing.T) {
	t.Parallel()
	claim := somebody()
	require.Equal(t, "[[{dateOfBirth = 2001-03-01} {lastName = Nguyễn} {firstName = Hòa}] "+
		"[{dateOfBirth = 2001-03-01} {motherName = Trần Thị Tư}] [{fullName = Nguyễn Thị Hòa} {motherName = Trần Thị Tư}] "+
		"[{dateOfBirth = 2001-03-01} {fatherName = Nguyễn Văn Tám}] [{fullName = Nguyễn Thị Hòa} {fatherName = Nguyễn Văn Tám}]]", fmt.Sprint(searches(claim)))
	claim.Father = identity.Name{}
	require.Contains(t, fmt.Sprint(searches(claim)), "[{fullName = Nguyễn Thị Hòa} {dateOfBirth >= 2001} {dateOfBirth <= 2001-12-31}]")
}

// A name is looked for as the register has it, whatever its sender's keyboard puts in the
// place of Đ and of an apostrophe.
func TestQueryOf_FoldsNames(t *testing.T) {
	t.Parallel()
	q, err := queryOf([]expression{{"fullName", "=", "Ðỗ  H\u02bcHen"}, {"motherName", "=", "Y\u2032Lan"}})
	require.NoError(t, err)
	require.Equal(t, "Đỗ H'Hen", q.Name)
	require.Equal(t, "Y'Lan", q.Mother)
	_, err = queryOf([]expression{{"fullName", "=", "Nguyễn Văn 4"}})
	require.ErrorContains(t, err, "fullName: contains a digit")
}

// FuzzRead is for whatever a register may answer: it is read, or it is an error, and the
// error repeats nothing of it.
func FuzzRead(f *testing.F) {
	good, err := json.Marshal(referenceOf(theRecord()))
	require.NoError(f, err)
	whose, err := json.Marshal(personOf(theRecord()))
	require.NoError(f, err)
	f.Add(200, good, whose)
	f.Add(200, []byte(`{"biographicData": {"fullName": null, "familyNameWords": 99}}`), []byte(`{}`))
	f.Add(200, []byte(`{"biographicData": {"familyNameWords": 1e99}}`), []byte(`[]`))
	f.Add(400, []byte(`{"code": 2, "message": "001301999901"}`), []byte(``))
	f.Add(503, []byte("\xff"), []byte(`null`))
	f.Fuzz(func(t *testing.T, status int, reference, of []byte) {
		var i personIdentity
		var p person
		if err := read(status, reference, &i); err != nil {
			require.LessOrEqual(t, len(err.Error()), 2000)
			require.NotRegexp(t, `[0-9]{9}`, strings.ReplaceAll(err.Error(), strconv.Itoa(status), ""))
			return
		}
		if read(status, of, &p) != nil {
			return
		}
		r, err := recordOf("P1", p, i)
		if err != nil {
			require.Empty(t, identity.Refusals(err))
			return
		}
		_, err = identity.CheckPerson(r.Person)
		require.NoError(t, err)
		require.NotEmpty(t, r.Person.Number)
		require.NotEmpty(t, r.Version)
		require.Contains(t, identity.CitizenStatuses, r.Status)
	})
}

func TestReadClients(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clients")
	digest := strings.Repeat("ab", 32)
	for content, says := range map[string]string{
		"# comment\n\noffice-b " + digest + " pr.person.read uin.generate\n": "",
		"office-b " + digest:                       "line 1",
		"office-b xyz pr.person.read":              "no SHA-256",
		"office-b " + digest + " pr.person.delete": "scope must be one of",
		"office-b " + digest + " pr.person.read\noffice-c " + digest + " pr.person.read": "line 2",
		"a " + base64.StdEncoding.EncodeToString(make([]byte, 32)) + " pr.person.read":   "no SHA-256",
	} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		clients, err := ReadClients(file)
		if says == "" {
			require.NoError(t, err)
			require.Len(t, clients, 1)
			continue
		}
		require.ErrorContains(t, err, says)
	}
}

// NewClient refuses an address that is none.
func TestNewClient_RefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "register.example.org", "ftp://register.example.org", "https://user:secret@register.example.org", "https://register.example.org/?a=b"} {
		_, err := NewClient(Options{URL: address, Timeout: time.Second, Connections: 1})
		require.ErrorContains(t, err, "address must be", address)
	}
}
