package web_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/web/webtest"
)

var pictures = flag.Bool("pictures", false, "draw the pictures in docs anew")

// states are what citizens may see, by name.
func states() map[string]registry.Shown {
	until := time.Date(2026, 12, 20, 0, 0, 0, 0, identity.HanoiTime)
	list := map[string]registry.Shown{
		"approval": record(identity.Approval, identity.ToApprove), "making": record(identity.Printing, identity.NoAction),
		"recapture": record(identity.BiometricCapture, identity.ToRecapture), "resolve": record(identity.Validation, identity.ToResolve),
		"held": record(identity.Approval, identity.ToRelease), "late": record(identity.Approval, identity.ToApprove),
		"ready": record(identity.HandOver, identity.ToHandOver), "post": record(identity.HandOver, identity.ToHandOver),
		"issued": record(identity.Issued, identity.NoAction), "rejected": record(identity.Rejected, identity.NoAction),
		"withdrawn": record(identity.Withdrawn, identity.NoAction), "expired": record(identity.Expired, identity.NoAction),
		"lost": record(identity.Issued, identity.NoAction),
	}
	change := func(name string, how func(*registry.Shown)) {
		r := list[name]
		how(&r)
		list[name] = r
	}
	change("recapture", func(r *registry.Shown) {
		r.Found, r.Until, r.Paused = []byte(`{"Reasons":["portrait-dark","finger-poor"],"Fingers":["left-index"]}`), until, true
	})
	change("resolve", func(r *registry.Shown) { r.Until, r.Paused = until, true })
	change("held", func(r *registry.Shown) {
		r.Held, r.ForCitizen, r.Why = true, true, identity.Reason{Code: "papers-awaited"}
	})
	change("late", func(r *registry.Shown) { r.Now = r.Due.Add(time.Hour) })
	change("ready", func(r *registry.Shown) { r.Until = until })
	change("lost", func(r *registry.Shown) { r.Lost = true })
	change("post", func(r *registry.Shown) { r.Delivery = identity.Post })
	change("rejected", func(r *registry.Shown) { r.Why = identity.Reason{Code: "papers-missing"} })
	change("expired", func(r *registry.Shown) { r.Why = identity.Reason{Code: identity.ReasonNotCollected} })
	return list
}

// In a real browser: every state in both languages, on the narrowest screen, in the dark
// and printed on one page; axe finds nothing against any, and the browser complains of
// nothing.
func TestStatus_InABrowser(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(t, err)
	page := webtest.Open(t).NewPage(t)
	for name, r := range states() {
		server := httptest.NewServer(pages(shelved(r)))
		for _, english := range []bool{false, true} {
			page.Device(320, english)
			page.Go(server.URL + "/?receipt=" + receipt)
			if english {
				page.Click("#english")
			}
			page.Fill("#birth", "5/10/2012")
			page.Click("button")
			page.Await("document.querySelector('section h2')?.textContent === '" + receipt + "'")
			require.Equal(t, english, strings.Contains(page.Eval("document.querySelector('footer').innerText").(string), "cookies"), name)
			require.Equal(t, !english, strings.Contains(page.Eval("document.querySelector('footer').innerText").(string), "Chip trên thẻ"), name)
			require.Equal(t, "vneid://can-cuoc/"+receipt, page.Eval("document.querySelector('section a').href"), name)
			require.LessOrEqual(t, page.Eval("document.documentElement.scrollWidth"), 320.0, name)
			page.Accessible(axe)
			page.Device(420, false)
			if picture := filepath.Join("..", "..", "docs", "pictures", fmt.Sprintf("status-%s.png", name)); *pictures && !english && slices.Contains([]string{"recapture", "ready", "rejected"}, name) {
				require.NoError(t, os.WriteFile(picture, page.Picture(), 0o600))
			}
		}
		require.Equal(t, 1, strings.Count(string(page.Print()), "/Type /Page\n"), name)
		ink := "getComputedStyle(document.body).color + getComputedStyle(document.querySelector('.state')).color"
		dark := page.Eval(ink)
		page.Paper()
		require.Equal(t, dark, page.Eval(ink), "paper is white, whatever is preferred on screens")
		server.Close()
	}
	require.Empty(t, page.Complaints())
}

// By the keyboard alone: a wrong date, which says so, then the right one, then English.
func TestStatus_ByTheKeyboard(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(t, err)
	server := httptest.NewServer(pages(shelved(record(identity.Approval, identity.ToApprove))))
	defer server.Close()
	page := webtest.Open(t).NewPage(t)
	page.Go(server.URL)

	reach(t, page, "receipt")
	page.Type("6h0nn jm7nv 4")
	reach(t, page, "birth")
	page.Type("1.1.2000")
	page.Press("Enter")
	page.Shows("Không tìm thấy hồ sơ")
	page.Accessible(axe)
	reach(t, page, "birth")
	page.Type("5.10.2012")
	page.Press("Enter")
	page.Shows("Hồ sơ đang được giải quyết")
	reach(t, page, "vietnamese")
	page.Press("ArrowLeft")
	page.Shows("The application is being worked on")
}

// reach goes on by the keyboard until the focus is there.
func reach(t *testing.T, page *webtest.Page, id string) {
	t.Helper()
	for range 10 {
		if page.Press("Tab"); page.Eval("document.activeElement.id") == id {
			return
		}
	}
	require.Fail(t, "the keyboard does not reach "+id)
}

// The address in a slip's QR code, in a browser that runs no scripts: the number is there, the date is
// typed, and English is a key away. Whose network is locked out reads why and for how long, in both
// languages, on the narrowest screen and in the dark.
func TestStatus_ByQRCodeWithoutScriptsAndLockedOut(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(t, err)
	server := httptest.NewServer(pages(shelved(record(identity.Approval, identity.ToApprove))))
	defer server.Close()
	off := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<noscript>scripts are off</noscript>`)
	}))
	defer off.Close()
	qr := server.URL + "/?receipt=" + receipt // as TestSlip_SaysWhatTheRecordSays reads it from paper
	browser := webtest.Open(t)
	page := browser.NewPage(t)
	page.NoScripts()
	page.Go(off.URL)
	page.Shows("scripts are off")
	lookUp := func(says, english string) {
		page.Go(qr)
		require.Equal(t, receipt, page.Eval("document.querySelector('#receipt').value"))
		reach(t, page, "birth")
		page.Type("5/10/2012")
		page.Press("Enter")
		page.Shows(says)
		require.NotContains(t, page.Eval("document.body.innerText"), english)
		reach(t, page, "vietnamese")
		page.Press("ArrowLeft")
		page.Shows(english)
	}

	lookUp("Hồ sơ đang được giải quyết", "The application is being worked on")
	for range 5 {
		answer, err := http.PostForm(server.URL, url.Values{"receipt": {receipt}, "birth": {"1/1/2000"}}) //nolint:noctx // the test's own server
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusNotFound, answer.StatusCode)
	}
	lookUp("xin thử lại sau 60 phút", "please try again in 60 minute(s)")

	scripted := browser.NewPage(t)
	scripted.Device(320, true)
	scripted.Go(qr)
	scripted.Fill("#birth", "5/10/2012")
	scripted.Click("button")
	scripted.Shows("Hồ sơ vẫn được xử lý bình thường")
	require.LessOrEqual(t, scripted.Eval("document.documentElement.scrollWidth"), 320.0)
	scripted.Accessible(axe)
}
