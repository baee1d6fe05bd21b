package web_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/passkey/passkeytest"
	"example.org/cancuoc/internal/statement"
)

// signNext signs as another officer what the page of the first one asks him.
func (o *officer) signNext(t *testing.T, page string) (to string, form url.Values) {
	t.Helper()
	to, form = o.sign(t, page)
	if before := attribute(page, "signed"); before != "" {
		form.Set("signed", before)
	}
	return to, form
}

// newcomer is what an administrator types to register an officer.
func newcomer(witness identity.OfficerID) url.Values {
	return url.Values{"badge": {"PD-001-0077"}, "unit": {"001"}, "role": {"approving", "resolving"}, "witness": {string(witness)}}
}

// What two administrators do is done when both signed the same statement, each with a
// passkey of their own; one alone, or one twice, does nothing.
func TestOfficers_TwoSign(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	one, other := d.officer(t, cast.Founders[0]), d.officer(t, cast.Founders[1])
	one.logIn(t)
	register := func() string {
		page := one.ask(t, http.MethodPost, "/officers/people/register-officer", newcomer(other.badge))
		require.Equal(t, http.StatusOK, page.Code, page.Body.String())
		require.Contains(t, page.Body.String(), string(one.badge)+" signs with a passkey")
		return page.Body.String()
	}
	first := func() string {
		to, form := one.signNext(t, register())
		page := one.ask(t, http.MethodPost, to, form)
		require.Equal(t, http.StatusOK, page.Code, page.Body.String())
		require.Contains(t, page.Body.String(), string(other.badge)+" signs with a passkey")
		require.Equal(t, base64.RawURLEncoding.EncodeToString(other.ID), attribute(page.Body.String(), "data-passkeys"))
		return page.Body.String()
	}
	refused := func(to string, form url.Values, status int, want string) {
		t.Helper()
		w := one.ask(t, http.MethodPost, to, form)
		require.Equal(t, status, w.Code, w.Body.String())
		require.Contains(t, html.UnescapeString(w.Body.String()), want)
		_, err := d.Officer(t.Context(), "PD-001-0077")
		require.ErrorIs(t, err, identity.NotFound)
	}

	to, form := one.signNext(t, first())
	refused(to, form, http.StatusForbidden, "is not one that is registered for "+string(other.badge))
	to, form = other.signNext(t, first())
	form.Set("signed", base64.RawURLEncoding.EncodeToString([]byte(`[{"officer":"`+string(one.badge)+`","key":"AA==","value":"AA=="}]`)))
	refused(to, form, http.StatusForbidden, "the signature of "+string(one.badge)+" does not fit")
	form.Set("signed", "eA")
	refused(to, form, http.StatusUnprocessableEntity, "signed: is not what the page before gave")
	to, form = other.signNext(t, first())
	form.Del("signed")
	refused(to, form, http.StatusForbidden, "is not one that is registered for "+string(one.badge))

	to, form = other.signNext(t, first())
	done := one.ask(t, http.MethodPost, to, form)
	require.Equal(t, http.StatusSeeOther, done.Code, done.Body.String())
	require.Equal(t, "/officers/people?done=register-officer", done.Header().Get("Location"))
	registered, err := d.Officer(t.Context(), "PD-001-0077")
	require.NoError(t, err)
	require.Equal(t, []identity.Role{identity.Approving, identity.Resolving}, registered.Roles)
	_, err = d.VerifyActs(t.Context())
	require.NoError(t, err)
}

// A passkey is given by its text and the check value that its officer read aloud.
func TestOfficers_GivePasskeys(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	one, other := d.officer(t, cast.Founders[0]), d.officer(t, cast.Founders[1])
	one.logIn(t)
	a := passkeytest.New(t, local)
	given := passkey.Credential{Officer: approver, Key: a.Key(t), PasskeyID: a.ID}
	text, err := json.Marshal(given)
	require.NoError(t, err)
	form := url.Values{"badge": {string(approver)}, "key": {string(text)}, "check": {strings.ToLower(given.Fingerprint())}, "witness": {string(other.badge)}}
	for field, wrong := range map[string]string{"check": "A9DE", "key": "{}", "badge": "GD-01"} {
		bad := maps.Clone(form)
		bad.Set(field, wrong)
		w := one.ask(t, http.MethodPost, "/officers/people/register-key", bad)
		require.GreaterOrEqual(t, w.Code, http.StatusForbidden, field)
		require.Less(t, w.Code, http.StatusInternalServerError)
	}

	page := one.ask(t, http.MethodPost, "/officers/people/register-key", form)
	require.Contains(t, page.Body.String(), given.Fingerprint())
	to, signed := one.signNext(t, page.Body.String())
	page = one.ask(t, http.MethodPost, to, signed)
	to, signed = other.signNext(t, page.Body.String())
	done := one.ask(t, http.MethodPost, to, signed)

	require.Equal(t, http.StatusSeeOther, done.Code, done.Body.String())
	officer, err := d.Officer(t.Context(), approver)
	require.NoError(t, err)
	require.Contains(t, func() (ids []string) {
		for _, c := range officer.Credentials {
			ids = append(ids, string(c.PasskeyID))
		}
		return ids
	}(), string(a.ID))
}

// What two sign is what the page says.
func TestOfficers_SignWhatThePageSaysOfTwo(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	number := d.filed(t)
	stock, center := d.officer(t, "TK-01"), d.officer(t, "SX-C06-0001")
	stock.logIn(t)
	center.logIn(t)
	for path, tt := range map[string]struct {
		by      *officer
		form    url.Values
		subject string
		want    identity.Act
		says    []string
	}{
		"/officers/blanks/receive-blanks": {
			stock,
			url.Values{"box": {"B-7"}, "first": {"PT00000001"}, "last": {"PT00000100"}, "location": {"center"}, "witness": {"TK-02"}},
			statement.Box("B-7"),
			identity.ReceiveBlanks{ReceivedBy: "TK-01", CountedBy: "TK-02", Box: "B-7", First: "PT00000001", Last: "PT00000100", Location: "center"},
			[]string{"Receive blanks", "PT00000001", "PT00000100", "B-7", "TK-02"},
		},
		"/officers/blanks/move-blanks": {
			stock,
			url.Values{"from": {"PX-01"}, "to": {"center"}, "counted": {"40"}, "witness": {"TK-02"}},
			statement.Office,
			identity.MoveBlanks{Officer: "TK-01", Witness: "TK-02", From: "PX-01", To: "center", Counted: 40},
			[]string{"Move blanks", "PX-01", "40", "TK-02"},
		},
		"/officers/boxes/C-000003/recount": {
			center,
			url.Values{"round": {"4"}, "found": {string(number)}, "surplus": {"PT9, PT8"}, "witness": {"CB-001-0002"}},
			"consignment/C-000003",
			identity.Recount{Officer: "SX-C06-0001", Witness: "CB-001-0002", Found: []identity.ApplicationNumber{number}, Missing: []identity.ApplicationNumber{}, Surplus: []string{"PT9", "PT8"}, Round: 4},
			[]string{"Put the count right", string(number), "PT9, PT8", "CB-001-0002"},
		},
		"/officers/applications/" + string(number) + "/destroy-card": {
			stock,
			url.Values{"card": {"2"}, "reason": {"damaged"}, "witness": {"TK-02"}},
			statement.Application(number),
			identity.DestroyCard{Officer: "TK-01", Witness: "TK-02", Card: 2, Reason: "damaged"},
			[]string{"Destroy a card", "TK-02"},
		},
	} {
		page := tt.by.ask(t, http.MethodPost, path, tt.form)
		require.Equal(t, http.StatusOK, page.Code, page.Body.String())
		said, err := statement.Signed{Statement: bytesOf(t, attribute(page.Body.String(), "statement"))}.Read()
		require.NoError(t, err)
		act, err := said.Does()
		require.NoError(t, err)
		require.Equal(t, tt.want, act)
		require.Equal(t, tt.subject, said.Subject)
		for _, says := range tt.says {
			require.Contains(t, html.UnescapeString(page.Body.String()), says)
		}
		same := maps.Clone(tt.form)
		same.Set("witness", string(tt.by.badge))
		alone := tt.by.ask(t, http.MethodPost, path, same)
		require.Equal(t, http.StatusForbidden, alone.Code, "%s: %s", path, alone.Body.String())
	}
}

// One administrator ends one key of an officer, whom the page shows the keys that are valid.
func TestOfficers_EndOneKey(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	one, other := d.officer(t, cast.Founders[0]), d.officer(t, approver)
	one.logIn(t)
	keys := func() []string {
		page := one.ask(t, http.MethodGet, "/officers/people?badge="+string(approver), nil)
		require.Equal(t, http.StatusOK, page.Code, page.Body.String())
		var list []string
		for _, found := range regexp.MustCompile(`name="check" value="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1) {
			list = append(list, found[1])
		}
		return list
	}
	passkeys := passkey.Credential{Key: other.Key(t)}.Fingerprint()
	before := keys()
	require.Len(t, before, 2, "a file's, and the passkey's")
	require.Contains(t, before, passkeys)
	other.logIn(t)
	require.Equal(t, http.StatusForbidden, other.ask(t, http.MethodGet, "/officers/people?badge=GD-01", nil).Code)
	wrong := one.ask(t, http.MethodPost, "/officers/people/revoke-key", url.Values{"badge": {string(approver)}, "check": {"A9DE"}, "reason": {"lost"}})
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Code)

	page := one.ask(t, http.MethodPost, "/officers/people/revoke-key", url.Values{"badge": {string(approver)}, "check": {passkeys}, "reason": {"lost"}})
	require.Contains(t, page.Body.String(), passkeys)
	to, form := one.sign(t, page.Body.String())
	done := one.ask(t, http.MethodPost, to, form)

	require.Equal(t, http.StatusSeeOther, done.Code, done.Body.String())
	require.NotContains(t, keys(), passkeys)
	require.NotEqual(t, http.StatusOK, other.ask(t, http.MethodGet, "/officers/", nil).Code, "its session has ended")
}

// These pages are for those who have a role for what is done on them.
func TestOfficers_OfTheOfficeAreForTheirRoles(t *testing.T) {
	t.Parallel()
	d := openDesks(t, local)
	for badge, want := range map[identity.OfficerID]map[string]bool{
		cast.Founders[0]: {"/officers/people": true}, "TK-C06-0001": {"/officers/blanks": true}, approver: {},
	} {
		o := d.officer(t, badge)
		o.logIn(t)
		first := o.ask(t, http.MethodGet, "/officers/", nil).Body.String()
		for _, path := range []string{"/officers/people", "/officers/blanks"} {
			require.Equal(t, want[path], o.ask(t, http.MethodGet, path, nil).Code == http.StatusOK, "%s %s", badge, path)
			require.Equal(t, want[path], strings.Contains(first, `href="`+path+`"`), "%s %s", badge, path)
		}
	}
}
