package web_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// boxed has boxes to province 001 in each state, of which C-000002 was sealed by SX-C06-0001, and
// one to a station that is province 079's now.
func (d desks) boxed(t *testing.T) {
	t.Helper()
	registrytest.RegisterStation(t, d.Registry, "001-TN-01", make([]byte, 32))
	registrytest.RegisterStation(t, d.Registry, "001-TN-02", make([]byte, 32))
	db, err := pgx.Connect(t.Context(), registrytest.Behind(t, d.url))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(context.WithoutCancel(t.Context()))) }()
	_, err = db.Exec(t.Context(), `SET session_replication_role = replica; UPDATE stations SET province = '079' WHERE id = '001-TN-02'; INSERT INTO consignments (number, destination, state, sealed_by, sealed_act)
		VALUES ('C-000001', '001-TN-01', 'open', '', NULL), ('C-000002', '001-TN-01', 'sealed', 'SX-C06-0001', 'x'), ('C-000003', '001-TN-01', 'sent', '', NULL), ('C-000004', '001-TN-02', 'sent', '', NULL)`)
	require.NoError(t, err)
}

// An officer sees the boxes of the province, and may do to each what it needs and the
// officer's roles are for.
func TestOfficers_SeeTheirBoxes(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	d.boxed(t)
	for badge, want := range map[identity.OfficerID]struct {
		led  bool // there from the first page
		acts map[string][]string
	}{
		"SX-C06-0001": {true, map[string][]string{"C-000001": {"seal"}, "C-000002": {"send", "reopen"}, "C-000003": {"receive"}, "C-000004": {"receive"}}},
		"CB-001-0002": {true, map[string][]string{"C-000001": nil, "C-000002": {"send"}, "C-000003": {"receive"}}},
		approver:      {false, map[string][]string{"C-000001": nil, "C-000002": nil, "C-000003": nil}},
		"CB-079-0002": {true, map[string][]string{"C-000004": {"receive"}}}, // another province's
	} {
		t.Run(string(badge), func(t *testing.T) {
			o := d.officer(t, badge)
			o.logIn(t)

			first, list := o.ask(t, http.MethodGet, "/officers/", nil).Body.String(), o.ask(t, http.MethodGet, "/officers/boxes", nil).Body.String()

			require.Equal(t, want.led, regexp.MustCompile(`href="/officers/boxes"`).MatchString(first))
			for _, number := range []string{"C-000001", "C-000002", "C-000003", "C-000004"} {
				one := o.ask(t, http.MethodGet, "/officers/boxes/"+number, nil)
				acts, seen := want.acts[number]
				require.Equal(t, seen, one.Code == http.StatusOK, number)
				require.Equal(t, seen, regexp.MustCompile(number).MatchString(list), number)
				var offered []string
				for _, found := range regexp.MustCompile(`action="/officers/boxes/`+number+`/(\w+)"`).FindAllStringSubmatch(one.Body.String(), -1) {
					offered = append(offered, found[1])
				}
				require.Equal(t, acts, offered, number)
			}
		})
	}
}

// What is signed about a box is what the page says; what is wrong with a count is said
// before anybody signs.
func TestOfficers_SignWhatIsDoneToABox(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	const badge, subject = identity.OfficerID("SX-C06-0001"), "consignment/C-000003"
	o := d.officer(t, badge)
	o.logIn(t)
	for name, tt := range map[string]struct {
		form url.Values
		want identity.Act
		says []string
	}{
		"seal":   {url.Values{"round": {"3"}}, identity.SealConsignment{Officer: badge, Round: 3}, []string{"Seal the box", "Round</span></dt><dd>3<"}},
		"reopen": {url.Values{"round": {"3"}}, identity.ReopenConsignment{Officer: badge, Round: 3}, []string{"Reopen the box"}},
		"send":   {url.Values{"round": {"3"}, "courier": {"VNPost"}, "seal": {"<i>88213"}}, identity.SendConsignment{Officer: badge, Courier: "VNPost", Seal: "<i>88213", Round: 3}, []string{"VNPost", "<i>88213"}},
		"receive": {
			url.Values{"round": {"3"}, "counted": {" 2 "}, "missing": {"7QF3M-9T2XK-D"}, "surplus": {"PT00000007, PT00000008"}},
			identity.ReceiveConsignment{Officer: badge, Counted: 2, Missing: []identity.ApplicationNumber{"7QF3M-9T2XK-D"}, Surplus: []string{"PT00000007", "PT00000008"}, Round: 3},
			[]string{"Cards counted", "7QF3M-9T2XK-D", "PT00000007, PT00000008"},
		},
	} {
		page := o.ask(t, http.MethodPost, "/officers/boxes/C-000003/"+name, tt.form)
		require.Equal(t, http.StatusOK, page.Code, page.Body.String())
		said, err := statement.Signed{Statement: bytesOf(t, attribute(page.Body.String(), "statement"))}.Read()
		require.NoError(t, err)
		act, err := said.Does()
		require.NoError(t, err)
		require.Equal(t, tt.want, act)
		require.Equal(t, subject, said.Subject)
		for _, says := range append(tt.says, "C-000003", string(badge)) {
			require.Contains(t, html.UnescapeString(page.Body.String()), says)
		}
		require.NotContains(t, page.Body.String(), "<i>88213")
	}
	for path, tt := range map[string]struct {
		form url.Values
		says []string
	}{
		"C-000003/receive": {url.Values{"counted": {"two"}, "missing": {"x"}}, []string{"counted: is not a number", "round: is not that of the page", "missing: names what is no application"}},
		"C-000003/send":    {url.Values{"round": {"3"}}, []string{"courier: is empty", "seal: is empty"}},
		"C-000003/burn":    {nil, []string{"act: does not exist"}},
		"C%00/seal":        {nil, []string{"consignment"}},
	} {
		page := o.ask(t, http.MethodPost, "/officers/boxes/"+path, tt.form)
		require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusNotFound}, page.Code, path)
		for _, says := range tt.says {
			require.Contains(t, html.UnescapeString(page.Body.String()), says)
		}
	}
}

// Who signed comes back to the box; done again, it is answered by what the box is.
func TestOfficers_ComeBackToTheBox(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	d.boxed(t)
	o := d.officer(t, "SX-C06-0001")
	o.logIn(t)
	page := o.ask(t, http.MethodPost, "/officers/boxes/C-000002/seal", url.Values{"round": {attribute(o.ask(t, http.MethodGet, "/officers/boxes/C-000002", nil).Body.String(), "round")}})
	to, form := o.sign(t, page.Body.String())

	done := o.ask(t, http.MethodPost, to, form)

	require.Equal(t, http.StatusSeeOther, done.Code, done.Body.String())
	require.Equal(t, "/officers/boxes/C-000002?done=seal", done.Header().Get("Location"))
	require.Contains(t, o.ask(t, http.MethodGet, "/officers/boxes/C-000002?done=seal", nil).Body.String(), "Signed and done: Seal the box.")
}
