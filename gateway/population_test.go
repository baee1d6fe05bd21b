package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

const registerToken = "a token of thirty characters.."

// keeper is an office whose population register others may ask.
func keeper(t *testing.T, scopes string) server {
	t.Helper()
	digest := sha256.Sum256([]byte(registerToken))
	clients := filepath.Join(t.TempDir(), "clients")
	require.NoError(t, os.WriteFile(clients, fmt.Appendf(nil, "office-b %s %s\n", hex.EncodeToString(digest[:]), scopes), 0o600))
	return openWith(t, func(c *config.Config) { c.Population.ClientsFile = clients })
}

const allScopes = "pr.person.read pr.identity.read pr.reference.read pr.identity.write uin.generate"

// asking is an office whose population register is the keeper's.
func asking(t *testing.T, of server) server {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(registerToken+"\n"), 0o600))
	return openWith(t, func(c *config.Config) {
		c.Population.URL, c.Population.TokenFile = of.URL+"/osia", token
	})
}

// holder is a person whom the keeper's register knows.
func holder() identity.Person {
	return identity.Person{
		Number: "001301999901", Name: identity.Name{Text: "Nguyễn Thị Hòa"}, Birth: identity.Date{Year: 2001, Month: 3, Day: 1}, Sex: identity.Female,
		Ethnicity: "Kinh", Father: identity.Name{Text: "Nguyễn Văn Tám"}, Mother: identity.Name{Text: "Trần Thị Tư"},
		Residence:         identity.Place{Text: "12 Hàng Bài, Hà Nội", Province: "001"},
		BirthRegistration: identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: "001"},
	}
}

// child is somebody whom no register knows.
func child() identity.Person {
	p := holder()
	p.Number, p.Name.Text, p.Birth = "", "Nguyễn Minh An", identity.Date{Year: 2020, Month: 3, Day: 5}
	return p
}

// A register elsewhere is read, searched and registered in as the built-in one is.
func TestPopulation_OfAnotherOffice(t *testing.T) {
	t.Parallel()
	a := keeper(t, allScopes)
	b := asking(t, a)
	require.NoError(t, a.office.Registry.SeedCitizen(t.Context(), registry.Citizen{Person: holder(), Status: identity.Alive}))
	theirs, err := a.office.Registry.PersonByNumber(t.Context(), holder().Number)
	require.NoError(t, err)

	record, err := b.office.Population.PersonByNumber(t.Context(), holder().Number)
	require.NoError(t, err)
	require.Equal(t, theirs, record)
	record, err = b.office.Population.Person(t.Context(), theirs.ID)
	require.NoError(t, err)
	require.Equal(t, theirs, record)
	_, err = b.office.Population.PersonByNumber(t.Context(), "001301999909")
	require.ErrorIs(t, err, identity.NotFound)
	_, err = b.office.Population.Person(t.Context(), "NOBODY")
	require.ErrorIs(t, err, identity.NotFound)
	claim := holder()
	claim.Number, claim.Name.Text = "", "NGUYỄN THỊ HOA"
	matches, err := b.office.Population.FindPersons(t.Context(), claim)
	require.NoError(t, err)
	require.Len(t, matches, 1)
	require.Equal(t, theirs, matches[0].Record)

	one, err := identity.NewApplicationNumber(rand.Reader)
	require.NoError(t, err)
	other, err := identity.NewApplicationNumber(rand.Reader)
	require.NoError(t, err)
	who := population.Registration{Application: one, Person: child(), Paper: "birth certificate 12/2026"}
	first, likely, err := b.office.Population.RegisterPerson(t.Context(), who)
	require.NoError(t, err)
	require.Empty(t, likely)
	again, _, err := b.office.Population.RegisterPerson(t.Context(), who)
	require.NoError(t, err)
	require.Equal(t, first, again, "asked again for the same application, it is answered the same")
	require.NoError(t, first.Person.Number.Agrees(child().Birth, child().Sex))
	who.Application = other
	_, likely, err = b.office.Population.RegisterPerson(t.Context(), who)
	require.NoError(t, err)
	require.Len(t, likely, 1)
	require.Equal(t, first, likely[0].Record)
	who.NotThese = []identity.PersonID{first.ID}
	namesake, likely, err := b.office.Population.RegisterPerson(t.Context(), who)
	require.NoError(t, err)
	require.Empty(t, likely)
	require.NotEqual(t, first.Person.Number, namesake.Person.Number)
}

// acts has an office do an act with its file.
func (s server) acts(t *testing.T, signed statement.Signed, files map[string][]byte) (int, string) {
	t.Helper()
	body, err := json.Marshal(api.Act{Signed: signed, Files: files})
	require.NoError(t, err)
	status, _, text := s.ask(t, http.MethodPost, "/v1/acts", nil, body)
	return status, text
}

// An officer's correction, mark and new number are done in the register that others keep,
// under the officer's signature; the card that they end is ended here.
func TestPopulation_OfAnotherOfficeIsChangedByOfficers(t *testing.T) {
	t.Parallel()
	a := keeper(t, allScopes)
	b := asking(t, a)
	require.NoError(t, a.office.Registry.SeedCitizen(t.Context(), registry.Citizen{Person: holder(), Status: identity.Alive}))
	require.NoError(t, b.office.Registry.SeedCitizen(t.Context(), registry.Citizen{ // whose card, of before the register went elsewhere, is here
		Person: holder(), Status: identity.Alive,
		LiveCard: &registry.OldCard{Serial: "00C1A52021110202", Form: "cccd-2021", Issued: identity.Date{Year: 2021, Month: 5, Day: 1}},
	}))
	before, err := b.office.Population.PersonByNumber(t.Context(), holder().Number)
	require.NoError(t, err)
	subject := statement.Person(before.ID)
	lost := identity.ReportLost{OnCard: identity.OnCard{Officer: "CB-001-0012", Reason: "other: by " + holder().Name.Text}}
	status, text := b.acts(t, registrytest.Signed(lost, statement.Card("00C1A52021110202")), nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, text)
	require.Contains(t, text, "holds the name of", "a card of before this engine has a holder too")

	moved := before.Person
	moved.Residence.Text, moved.Religion = "15 Tràng Tiền, Hà Nội", "Phật giáo"
	file, err := json.Marshal(packet.SubmissionOf(identity.Application{Person: moved}).Person)
	require.NoError(t, err)
	files := map[string][]byte{"record": file}
	correct := registrytest.Signed(identity.CorrectPerson{Officer: "GV-01", Version: before.Version, Paper: "residence record 7", Reason: "moved", Record: statement.Digest(files)}, subject)
	for range 2 {
		status, text := b.acts(t, correct, files)
		require.Equal(t, http.StatusOK, status, text)
	}
	after, err := a.office.Registry.Person(t.Context(), before.ID)
	require.NoError(t, err)
	require.Equal(t, moved, after.Person)
	changes, err := a.office.Registry.PersonChanges(t.Context(), before.ID)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	require.Equal(t, "GV-01", changes[0].Actor)

	status, text = b.acts(t, registrytest.Signed(identity.RenumberPerson{Officer: "GV-01", Version: after.Version, Paper: "decision 7", Reason: "wrong: con ba " + holder().Mother.Text}, subject), nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, text)
	require.Contains(t, text, "holds the name of", "what is signed is never erased")

	status, text = b.acts(t, registrytest.Signed(identity.RenumberPerson{Officer: "GV-01", Version: before.Version, Paper: "decision 7", Reason: "wrong"}, subject), nil)
	require.Equal(t, http.StatusConflict, status, "the record changed since: %s", text)
	status, text = b.acts(t, registrytest.Signed(identity.RenumberPerson{Officer: "GV-01", Version: after.Version, Paper: "decision 7", Reason: "wrong"}, subject), nil)
	require.Equal(t, http.StatusOK, status, text)
	renumbered, err := b.office.Population.PersonByNumber(t.Context(), holder().Number)
	require.NoError(t, err)
	require.Equal(t, before.ID, renumbered.ID)
	require.Equal(t, holder().Number, renumbered.Person.CancelledNumber)
	held, err := b.office.Registry.Held(t.Context(), renumbered.Numbers()...)
	require.NoError(t, err)
	require.NotNil(t, held)
	require.Equal(t, identity.CardRevoked, held.State, "the card that bore the old number is revoked")

	mark := identity.MarkPerson{Officer: "GV-01", Status: identity.Deceased, On: "2026-03-01", Paper: "death certificate 4", Reason: "died"}
	status, text = b.acts(t, registrytest.Signed(mark, subject), nil)
	require.Equal(t, http.StatusOK, status, text)
	died, err := b.office.Population.Person(t.Context(), before.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Deceased, died.Status)
	require.Equal(t, identity.Date{Year: 2026, Month: 3, Day: 1}, died.Since)
}

// Whoever may only read changes nothing, and nobody changes anything without an officer's
// signature, or otherwise than it says.
func TestPopulation_IsChangedByNobodyElse(t *testing.T) {
	t.Parallel()
	a := keeper(t, allScopes)
	reading := keeper(t, "pr.person.read pr.identity.read pr.reference.read")
	for _, s := range []server{a, reading} {
		require.NoError(t, s.office.Registry.SeedCitizen(t.Context(), registry.Citizen{Person: holder(), Status: identity.Alive}))
	}
	who, err := a.office.Registry.PersonByNumber(t.Context(), holder().Number)
	require.NoError(t, err)
	other := holder()
	other.Father.Text = "Lê Văn Giả"
	file, err := json.Marshal(packet.SubmissionOf(identity.Application{Person: other}).Person)
	require.NoError(t, err)
	signed, err := json.Marshal(registrytest.Signed(identity.CorrectPerson{
		Officer: "GV-01", Version: who.Version, Paper: "record 7", Reason: "spelling", Record: statement.Digest(map[string][]byte{"record": file}),
	}, statement.Person(who.ID)))
	require.NoError(t, err)
	unable, err := json.Marshal(registrytest.Signed(identity.RenumberPerson{Officer: "CB-079-0012", Version: who.Version, Paper: "decision 7", Reason: "wrong"}, statement.Person(who.ID)))
	require.NoError(t, err)
	type patch map[string]any
	document := func(b []byte) []patch {
		return []patch{{"documentType": "FORM", "parts": []patch{{"data": b, "mimeType": "application/json"}}}}
	}
	person := "/osia/v1/persons/" + string(who.ID)
	for name, tt := range map[string]struct {
		method, path string
		token        string
		body         any
		status       int
	}{
		"NoToken":         {http.MethodGet, person + "?transactionId=1", "", nil, http.StatusUnauthorized},
		"OtherToken":      {http.MethodGet, person + "?transactionId=1", "guess", nil, http.StatusUnauthorized},
		"NoTransaction":   {http.MethodGet, person, registerToken, nil, http.StatusBadRequest},
		"NoAct":           {http.MethodPatch, person + "/identities/REFERENCE?transactionId=1", registerToken, patch{"biographicData": patch{"fatherName": "Lê Văn Giả"}}, http.StatusBadRequest},
		"OtherThanSigned": {http.MethodPatch, person + "/identities/REFERENCE?transactionId=1", registerToken, patch{"biographicData": patch{"fatherName": "Lê Văn Khác"}, "clientData": signed, "documentData": document(file)}, http.StatusBadRequest},
		"OtherFile":       {http.MethodPatch, person + "/identities/REFERENCE?transactionId=1", registerToken, patch{"clientData": signed, "documentData": document(append(file, ' '))}, http.StatusForbidden},
		"OtherPerson":     {http.MethodPatch, "/osia/v1/persons/ANOTHER/identities/REFERENCE?transactionId=1", registerToken, patch{"clientData": signed, "documentData": document(file)}, http.StatusBadRequest},
		"NoCompetence":    {http.MethodPost, person + "/identities?transactionId=1", registerToken, patch{"identityId": "", "identityType": "CITIZEN", "status": "CLAIMED", "clientData": unable}, http.StatusForbidden},
		"EndToEnd":        {http.MethodPost, "/osia/v1/persons?transactionId=1", registerToken, []patch{{"attributeName": "gender", "operator": "=", "value": "F"}}, http.StatusBadRequest},
		"Unknown":         {http.MethodPost, "/osia/v1/persons?transactionId=1", registerToken, []patch{{"attributeName": "fullName", "operator": "<", "value": "F"}}, http.StatusBadRequest},
		"NoOperation":     {http.MethodDelete, person + "?transactionId=1", registerToken, nil, http.StatusNotFound},
		"BornLater":       {http.MethodPost, "/osia/v1/uin?transactionId=B7K2M-4QX9T-6", registerToken, patch{"fullName": "Nguyễn Minh An", "dateOfBirth": "2130-03-05", "gender": "M", "paper": "x"}, http.StatusBadRequest},
		"AbolishedUnit":   {http.MethodPost, "/osia/v1/uin?transactionId=B7K2M-4QX9T-6", registerToken, patch{"fullName": "Nguyễn Minh An", "dateOfBirth": "2020-03-05", "gender": "M", "paper": "x", "residence": "Huyện A, Hà Giang", "provinceOfResidence": "002"}, http.StatusBadRequest},
		"NumberChosen":    {http.MethodPost, "/osia/v1/uin?transactionId=B7K2M-4QX9T-6", registerToken, patch{"uin": "001220000001", "fullName": "Nguyễn Minh An", "dateOfBirth": "2020-03-05", "gender": "M", "paper": "x"}, http.StatusBadRequest},
	} {
		body, err := json.Marshal(tt.body)
		require.NoError(t, err)
		status, _, text := a.ask(t, tt.method, tt.path, map[string]string{"Authorization": "Bearer " + tt.token}, body)
		require.Equal(t, tt.status, status, "%s: %s", name, text)
		require.NotContains(t, text, string(who.Person.Number), name)
	}
	theirs, err := reading.office.Registry.PersonByNumber(t.Context(), holder().Number)
	require.NoError(t, err)
	status, _, text := reading.ask(t, http.MethodPatch, "/osia/v1/persons/"+string(theirs.ID)+"/identities/REFERENCE?transactionId=1", map[string]string{"Authorization": "Bearer " + registerToken}, []byte(`{}`))
	require.Equal(t, http.StatusForbidden, status, text)

	still, err := a.office.Registry.Person(t.Context(), who.ID)
	require.NoError(t, err)
	require.Equal(t, who, still)
}
