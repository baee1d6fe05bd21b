package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/web/webtest"
)

// contradicted files an application that the register contradicts in one field, differs
// from tolerably in another, and agrees with in the rest.
func (d desks) contradicted(t *testing.T) (identity.ApplicationNumber, identity.PersonID) {
	t.Helper()
	known := identity.Person{
		Number: "001212999901", Name: identity.Name{Text: "Nguyễn Đỗ Nhật Hòa"}, Birth: identity.Date{Year: 2012, Month: 10, Day: 5}, Sex: identity.Male,
		Ethnicity: "Kinh", Father: identity.Name{Text: "Nguyễn Đỗ Quảng"}, Residence: identity.Place{Text: "12 Phố Mẫu, Hà Nội", Province: "001"},
	}
	require.NoError(t, d.SeedCitizen(t.Context(), registry.Citizen{Person: known, Status: identity.Alive}))
	registrytest.RegisterStation(t, d.Registry, "001-TN-01", make([]byte, 32))
	typed := known
	typed.Name.Text, typed.Father.Text = "NGUYỄN ĐỖ NHẬT HOÀ", "Lê Văn <b>Giả"
	number := registrytest.Receive(t, d.Registry, typed, identity.GroundFirstCard, nil)
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, d.url))
	require.NoError(t, err)
	defer func() { _ = behind.Close(t.Context()) }()
	_, err = behind.Exec(t.Context(), `SET session_replication_role = replica`) // no stage before it was passed
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `UPDATE applications SET stage = 'Validation', awaiting = $1, awaiting_why = 'disagrees', awaiting_since = now() WHERE number = $2`, identity.ToResolve, number)
	require.NoError(t, err)
	who, err := d.PersonByNumber(t.Context(), known.Number)
	require.NoError(t, err)
	return number, who.ID
}

// Who settles what the register contradicts sees both sides, field by field, and says there
// whose the application is; nobody else sees the person.
func TestOfficers_SeeApplicationAndRegisterSideBySide(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number, person := d.contradicted(t)
	at := "/officers/applications/" + string(number)
	resolver := d.officer(t, "PD-001-0002")
	resolver.logIn(t)

	page := resolver.ask(t, http.MethodGet, at, nil).Body.String()

	for _, says := range []string{
		`<tr class="contradicts"><th scope="row">Cha <span lang="en">father</span></th><td>Lê Văn &lt;b&gt;Giả</td><td>Nguyễn Đỗ Quảng</td>`,
		`<tr class="tolerable"><th scope="row">Họ, chữ đệm và tên <span lang="en">name</span></th>`,
		`<tr class="agrees"><th scope="row">Nơi cư trú`,
	} {
		require.Contains(t, page, says)
	}
	require.Equal(t, 17, strings.Count(page, `<th scope="row">`), "every field that card or chip shows")
	for _, badge := range []identity.OfficerID{"CB-001-0002", "GD-C06-0003"} {
		other := d.officer(t, badge)
		other.logIn(t)
		require.NotContains(t, other.ask(t, http.MethodGet, at, nil).Body.String(), "Quảng", badge)
	}
	missing := resolver.ask(t, http.MethodPost, at+"/identify", url.Values{"not-these": {string(person)}})
	require.Contains(t, missing.Body.String(), "note: is empty; say why")
	require.Contains(t, missing.Body.String(), "paper: is empty")
	asked := resolver.ask(t, http.MethodPost, at+"/identify", url.Values{"person": {string(person)}, "note": {"papers compared"}, "turn": {"1"}})
	require.Equal(t, http.StatusOK, asked.Code, asked.Body.String())
	said, err := statement.Signed{Statement: bytesOf(t, attribute(asked.Body.String(), "statement"))}.Read()
	require.NoError(t, err)
	act, err := said.Does()
	require.NoError(t, err)
	require.Equal(t, identity.Identify{Officer: "PD-001-0002", Person: person, Reason: "papers compared", Round: 1}, act)
	require.Contains(t, asked.Body.String(), "record stands")
}

// In a real browser, on a narrow screen: axe finds nothing against the table, and what
// contradicts stands out.
func TestOfficers_SideBySideInABrowser(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(t, err)
	d := openDesks(t, local)
	number, _ := d.contradicted(t)
	resolver := d.officer(t, "PD-001-0002")
	resolver.logIn(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.AddCookie(resolver.cookie)
		d.pages.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	page := webtest.Open(t).NewPage(t)
	page.Device(420, false)

	page.Go(s.URL + "/officers/applications/" + string(number))

	page.Await("document.querySelectorAll('#beside tbody tr').length === 17")
	require.InDelta(t, 1.0, page.Eval("document.querySelectorAll('#beside tr.contradicts').length"), 0)
	require.Equal(t, "600", page.Eval("getComputedStyle(document.querySelector('#beside tr.contradicts td')).fontWeight"))
	require.LessOrEqual(t, page.Eval("document.documentElement.scrollWidth"), 420.0)
	page.Accessible(axe)
	require.Empty(t, page.Complaints())
}
