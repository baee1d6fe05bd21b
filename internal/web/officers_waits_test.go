package web_test

import (
	"crypto/rand"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// The first screen finds what is sought and nothing else, in the officer's province, and
// says what is no such stage; it leads officers of the center on into the Temporal UI.
func TestOfficers_FindWhatWaits(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := string(d.filed(t))
	for _, badge := range []identity.OfficerID{approver, "PD-079-0001", "SX-C06-0001"} {
		o := d.officer(t, badge)
		o.logIn(t)
		for query, listed := range map[string]bool{
			"": false, "awaiting=approval": true, "stage=Approval": true, "all=1": true, "all=1&province=001": true, "deadline=late": true,
			"awaiting=approval&stage=Approval": true, "awaiting=recapture": false, "deadline=at-risk": false, "trouble=1": false, "all=1&after=" + number: false,
		} {
			w := o.ask(t, http.MethodGet, "/officers/?"+query, nil)
			page := html.UnescapeString(w.Body.String())

			if badge == "PD-079-0001" && strings.Contains(query, "province") {
				require.Equal(t, http.StatusForbidden, w.Code, query)
				continue
			}
			require.Equal(t, http.StatusOK, w.Code, page)
			listed = badge != "PD-079-0001" && (listed || badge == approver && query == "")
			require.Equal(t, listed, strings.Contains(page, `value="`+number+`"`), "%s %s", badge, query)
			require.Equal(t, listed && badge == "SX-C06-0001", strings.Contains(page, ui+"/workflows/application-"+number), "%s %s", badge, query)
			require.NotContains(t, page, "Nguyễn")
		}
	}
	o := d.officer(t, "SX-C06-0001")
	o.logIn(t)
	page := html.UnescapeString(o.ask(t, http.MethodGet, "/officers/?awaiting=approval&deadline=late", nil).Body.String())
	require.Contains(t, page, ui+"/workflows?"+strings.SplitN(url.Values{"query": {`AwaitingAction = "approval" AND Deadline < "`}}.Encode(), "%22+AND+Dead", 2)[0])
	require.NoError(t, d.ShowTrouble(t.Context(), identity.ApplicationNumber(number), "the register does not answer"))
	page = html.UnescapeString(o.ask(t, http.MethodGet, "/officers/?trouble=1", nil).Body.String())
	require.Contains(t, page, ui+"/workflows?"+url.Values{"query": {`ExecutionStatus = "Running" AND FailingActivity IS NOT NULL AND WorkflowType = "CardApplication"`}}.Encode())
	d.crowd(t, 60)
	require.Contains(t, o.ask(t, http.MethodGet, "/officers/?all=1", nil).Body.String(), "50 of 61</span>")
	require.Contains(t, o.ask(t, http.MethodGet, "/officers/?all=1&after="+number, nil).Body.String(), "50 of 61</span>")
	require.NotContains(t, o.ask(t, http.MethodGet, "/officers/?trouble=1", nil).Body.String(), " of 1</span>")
	for query, want := range map[string]string{
		"stage=approva": "did you mean Approval?", "awaiting=approve": "did you mean approval?", "deadline=lat": "there are late, at-risk; did you mean late?",
		"province=3": "is not known", "after=x": "receipt",
	} {
		w := o.ask(t, http.MethodGet, "/officers/?"+query, nil)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, query)
		if query != "after=x" {
			require.Contains(t, html.UnescapeString(w.Body.String()), want)
		}
	}
}

// crowd adds so many applications like those that are there, whose persons nobody can read.
func (d desks) crowd(t *testing.T, n int) {
	t.Helper()
	behind, err := pgx.Connect(t.Context(), registrytest.Behind(t, d.url))
	require.NoError(t, err)
	defer func() { _ = behind.Close(t.Context()) }()
	numbers := make([]string, n)
	for i := range numbers {
		number, err := identity.NewApplicationNumber(rand.Reader)
		require.NoError(t, err)
		numbers[i] = string(number)
	}
	_, err = behind.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	_, err = behind.Exec(t.Context(), `
		INSERT INTO applications SELECT (jsonb_populate_record(a, jsonb_build_object('number', n, 'enrollment_id', n, 'enrolled_act', n, 'citizen', sha256(n::bytea), 'received_at', a.received_at + interval '1 hour', 'trouble', ''))).*
		FROM applications a, unnest($1::text[]) AS n`, numbers)
	require.NoError(t, err)
}

// Many are decided on only when they were chosen, may be seen, and the officer has a role for
// it; and what is signed is each one's, as it was shown.
func TestOfficers_DecideOnMany(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := string(d.filed(t))
	o, other := d.officer(t, approver), d.officer(t, "PD-079-0001")
	o.logIn(t)
	other.logIn(t)
	for name, tt := range map[string]struct {
		by   *officer
		act  string
		form url.Values
		want string
	}{
		"Nothing":       {o, "approve", url.Values{}, "none was chosen"},
		"NoReason":      {o, "hold", url.Values{"application": {number}}, "must begin with one of"},
		"OtherAct":      {o, "reject", url.Values{"application": {number}}, "is not done to many"},
		"NoRole":        {o, "adjudicate", url.Values{"application": {number}}, "is not done to many"},
		"OtherProvince": {other, "approve", url.Values{"application": {number}}, "another province's"},
		"NoneThere":     {other, "approve", url.Values{"which": {"all"}, "awaiting": {"approval"}}, "none was chosen"},
		"NoNumber":      {o, "approve", url.Values{"application": {"x"}}, "application"},
		"NoStage":       {o, "approve", url.Values{"which": {"all"}, "stage": {"x"}}, "is not known"},
	} {
		w := tt.by.ask(t, http.MethodPost, "/officers/several/"+tt.act, tt.form)
		require.Contains(t, html.UnescapeString(w.Body.String()), tt.want, name)
		require.GreaterOrEqual(t, w.Code, 400)
	}

	page := o.ask(t, http.MethodPost, "/officers/several/approve", url.Values{"which": {"all"}, "awaiting": {"approval"}, "note-approve": {"<i>"}}).Body.String()
	said, err := statement.Signed{Statement: bytesOf(t, attribute(page, "statement"))}.Read()
	require.NoError(t, err)
	act, err := said.Does()
	require.NoError(t, err)
	require.Equal(t, identity.Approve{Officer: approver, Reason: "<i>", Seen: identity.Approval, Capture: 1, Round: 1}, act)
	require.NotContains(t, page, "<i>")

	to, form := other.sign(t, page)
	require.Contains(t, other.ask(t, http.MethodPost, to, form).Body.String(), "another officer&#39;s")
	form.Set("statement", form.Get("statement")+"AAAA")
	require.Contains(t, other.ask(t, http.MethodPost, to, form).Body.String(), "not made by these pages")
}

// The wall stays up when the session of who put it up is over, while that officer is one and has
// the key that began it; it opens nothing else.
func TestOfficers_TheWallStaysUp(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	o := d.officer(t, approver)
	o.logIn(t)
	session := o.cookie
	w := o.ask(t, http.MethodPost, "/officers/wall", nil)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/officers/wall", o.cookie.Path)
	shown := func() int { return o.ask(t, http.MethodGet, "/officers/wall", nil).Code }
	require.Equal(t, http.StatusOK, shown())
	require.False(t, o.in(t))
	changed := *o.cookie //nolint:gosec // as the pages set it, but for its value
	changed.Value = "A" + changed.Value
	held := o.cookie
	o.cookie = &changed
	require.Equal(t, http.StatusSeeOther, shown())
	changed.Value = session.Value
	require.Equal(t, http.StatusSeeOther, shown())
	o.cookie = held
	act := identity.RevokeOfficer{Officer: cast.Founders[0], Reason: "left"}
	require.NoError(t, d.RevokeOfficer(t.Context(), approver, act, registrytest.Signed(act, statement.Officer(approver))))
	require.Equal(t, http.StatusSeeOther, shown())

	other := d.officer(t, "PD-001-0002")
	other.logIn(t)
	require.Equal(t, http.StatusSeeOther, other.ask(t, http.MethodPost, "/officers/wall", nil).Code)
	require.Equal(t, http.StatusOK, other.ask(t, http.MethodGet, "/officers/wall", nil).Code)
	lost := identity.RevokeKey{Officer: cast.Founders[0], Key: other.Key(t), Reason: "lost"}
	require.NoError(t, d.RevokeKey(t.Context(), other.badge, lost, registrytest.Signed(lost, statement.Officer(other.badge))))
	require.Equal(t, http.StatusSeeOther, other.ask(t, http.MethodGet, "/officers/wall", nil).Code)
}
