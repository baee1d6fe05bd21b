package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/web"
)

const receipt = "6H0NN-JM7NV-4"

// shelf is a register in memory.
type shelf struct {
	records map[identity.ApplicationNumber]registry.ApplicationRecord
	fault   error
}

func (s shelf) Application(_ context.Context, n identity.ApplicationNumber) (registry.ApplicationRecord, error) {
	if r, ok := s.records[n]; ok {
		return r, nil
	}
	if s.fault != nil {
		return registry.ApplicationRecord{}, s.fault
	}
	return registry.ApplicationRecord{}, identity.Refuse(identity.NotFound, "there is no application %s", n)
}

// record is an application of somebody invented.
func record(stage identity.Stage, awaiting identity.Action) registry.ApplicationRecord {
	return registry.ApplicationRecord{
		Number: receipt, Stage: stage, Awaiting: awaiting, Reason: "the reason",
		Due: time.Date(2026, 12, 4, 0, 0, 0, 0, identity.HanoiTime),
		Application: identity.Application{Person: identity.Person{
			Number: "001212999901", Name: identity.Name{Text: "Nguyễn Đỗ Nhật Kỳ"},
			Birth: identity.Date{Year: 2012, Month: 10, Day: 5}, Sex: identity.Male,
			Residence: identity.Place{Text: "Số 12, Phố Mẫu"}, Father: identity.Name{Text: "Nguyễn Đỗ Quảng"},
		}},
	}
}

func pages(s shelf) http.Handler {
	mux := http.NewServeMux()
	(&web.Pages{Registry: s, Logger: slog.New(slog.DiscardHandler)}).Register(mux)
	return mux
}

func shelved(records ...registry.ApplicationRecord) shelf {
	s := shelf{records: make(map[identity.ApplicationNumber]registry.ApplicationRecord)}
	for _, r := range records {
		s.records[r.Number] = r
	}
	return s
}

// look fills in the form.
func look(t *testing.T, h http.Handler, receipt, birth string) *httptest.ResponseRecorder {
	t.Helper()
	form := url.Values{"receipt": {receipt}, "birth": {birth}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStatus_IsInTwoLanguagesAndSaysNothingOfThePerson(t *testing.T) {
	t.Parallel()

	w := look(t, pages(shelved(record(identity.HandOver, identity.ToHandOver))), "6h0nn jm7nv 4", "05/10/2012")

	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	require.Contains(t, page, "<h2>"+receipt+"</h2>")
	require.Contains(t, page, "Thẻ đã sẵn sàng: mời đến nhận")
	require.Contains(t, page, `<span lang="en">Your card is ready: please collect it`)
	require.Contains(t, page, "<strong>03/12/2026</strong>")
	for _, private := range []string{"Nguyễn", "Nhật", "001212999901", "2012", "05/10", "Phố Mẫu", "Quảng", "the reason"} {
		require.NotContains(t, page, private)
	}
}

func TestStatus_ShowsEveryStage(t *testing.T) {
	t.Parallel()
	for _, stage := range identity.Stages {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()

			page := look(t, pages(shelved(record(stage, identity.NoAction))), receipt, "2012-10-05").Body.String()

			want := 1
			if stage.Ended() {
				want = 0
			}
			require.Equal(t, want, strings.Count(page, `aria-current="step"`))
			require.Equal(t, stage.Ended(), strings.Contains(page, `class="next"`))
		})
	}
	for _, action := range []identity.Action{identity.ToRecapture, identity.ToResolve, identity.ToHandOver} {
		page := look(t, pages(shelved(record(identity.Validation, action))), receipt, "2012-10-05").Body.String()
		require.Contains(t, page, `class="next"`, action)
	}
}

func TestStatus_SaysWhyInTwoLanguagesWithoutTheNote(t *testing.T) {
	t.Parallel()
	rejected, expired, held, internal := record(identity.Rejected, identity.NoAction), record(identity.Expired, identity.NoAction),
		record(identity.Validation, identity.ToRelease), record(identity.Validation, identity.ToRelease)
	rejected.StatedReason = identity.Reason{Code: "papers-forged", Note: "his uncle's"}
	expired.Reason = identity.ReasonNotCollected
	held.StatedReason, held.Held, held.ForCitizen = identity.Reason{Code: "papers-awaited", Note: "his uncle's"}, true, true
	internal.StatedReason, internal.Held = identity.Reason{Code: "under-verification"}, true
	for name, tt := range map[string]struct {
		record registry.ApplicationRecord
		want   string
	}{
		"Rejected":           {rejected, `Lý do: Giấy tờ giả hoặc bị tẩy xóa, sửa chữa. <span lang="en">Reason: papers are forged or altered.</span>`},
		"Expired":            {expired, `Lý do: Quá hạn nhận thẻ. <span lang="en">Reason: the card was not collected within the time.</span>`},
		"HeldForTheCitizen":  {held, `Lý do: Chờ công dân bổ sung giấy tờ. <span lang="en">Reason: the citizen has to bring papers.</span>`},
		"HeldForOtherReason": {internal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			page := look(t, pages(shelved(tt.record)), receipt, "2012-10-05").Body.String()

			require.Contains(t, page, tt.want)
			require.Equal(t, tt.want != "", strings.Contains(page, "Lý do"))
			require.NotContains(t, page, "uncle")
		})
	}
}

func TestStatus_ACardByPostIsNotCollected(t *testing.T) {
	t.Parallel()
	r := record(identity.HandOver, identity.ToHandOver)
	r.Application.Delivery = identity.Post

	page := look(t, pages(shelved(r)), receipt, "2012-10-05").Body.String()

	require.Contains(t, page, "comes by post")
	require.NotContains(t, page, "please collect it")
}

func TestStatus_BirthDatesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	day := identity.Date{Year: 1951, Month: 3, Day: 7}
	for name, tt := range map[string]struct {
		born  identity.Date
		typed string
		found bool
	}{
		"Day":             {day, "07/03/1951", true},
		"Short":           {day, " 7/3/1951 ", true},
		"ISO":             {day, "1951-03-07", true},
		"OtherDay":        {day, "08/03/1951", false},
		"TheirOrder":      {day, "03/07/1951", false},
		"YearOfADay":      {day, "1951", false},
		"Month":           {identity.Date{Year: 1951, Month: 3}, "3/1951", true},
		"Year":            {identity.Date{Year: 1951}, "1951", true},
		"DayOfAYear":      {identity.Date{Year: 1951}, "01/01/1951", false},
		"Nothing":         {day, "", false},
		"NothingOfNobody": {identity.Date{}, "", false},
		"NoDate":          {day, "yesterday", false},
		"FourParts":       {day, "0/7/3/1951", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := record(identity.Approval, identity.ToApprove)
			r.Application.Person.Birth = tt.born

			page := look(t, pages(shelved(r)), receipt, tt.typed).Body.String()

			require.Equal(t, tt.found, strings.Contains(page, "<h2>"))
		})
	}
}

func TestStatus_WrongDateUnknownNumberAndLockedReceiptLookTheSame(t *testing.T) {
	t.Parallel()
	h := pages(shelved(record(identity.Approval, identity.ToApprove)))
	unknown := look(t, h, "00000-00000-0", "01/01/2000").Body.String()
	require.Contains(t, unknown, "Không tìm thấy hồ sơ")

	for range 5 {
		wrong := look(t, h, receipt, "01/01/2000").Body.String()
		require.Equal(t, unknown, strings.ReplaceAll(wrong, receipt, "00000-00000-0"))
	}
	rests := look(t, h, receipt, "05/10/2012").Body.String()

	require.Equal(t, unknown, strings.ReplaceAll(strings.ReplaceAll(rests, receipt, "00000-00000-0"), "05/10/2012", "01/01/2000"))
}

func TestStatus_ALockedReceiptDoesNotLockOthers(t *testing.T) {
	t.Parallel()
	other := record(identity.Approval, identity.ToApprove)
	other.Number = "NXSNJ-DVB34-4"
	h := pages(shelved(record(identity.Approval, identity.ToApprove), other))
	for range 9 {
		look(t, h, receipt, "01/01/2000")
	}

	page := look(t, h, "NXSNJ-DVB34-4", "05/10/2012").Body.String()

	require.Contains(t, page, "<h2>NXSNJ-DVB34-4</h2>")
}

func TestStatus_EscapesWhatWasTyped(t *testing.T) {
	t.Parallel()
	const typed = `"><script>alert(1)</script>`

	page := look(t, pages(shelved()), typed, typed).Body.String()

	require.NotContains(t, page, "<script")
	require.Equal(t, 2, strings.Count(page, `value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`))
}

func TestStatus_IgnoresTheQueryString(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()

	pages(shelved(record(identity.Approval, identity.ToApprove))).ServeHTTP(w,
		httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?receipt="+receipt+"&birth=05/10/2012", nil))

	require.NotContains(t, w.Body.String(), receipt+`"`)
	require.NotContains(t, w.Body.String(), "<h2>")
}

func TestStatus_FaultsAndAbuse(t *testing.T) {
	t.Parallel()
	down := look(t, pages(shelf{fault: errors.New("password of the database")}), receipt, "05/10/2012")
	require.Equal(t, http.StatusServiceUnavailable, down.Code)
	require.NotContains(t, down.Body.String(), "password")

	large := look(t, pages(shelved()), strings.Repeat("7", 1<<20), "05/10/2012")
	require.Equal(t, http.StatusOK, large.Code)
	require.Less(t, large.Body.Len(), 1<<14)

	w := httptest.NewRecorder()
	pages(shelved()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	w = httptest.NewRecorder()
	pages(shelved()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestStatus_ForbidsOtherContent(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()

	pages(shelved()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))

	page, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(page)
	require.NotNil(t, style)
	hash := sha256.Sum256(style[1])
	policy := w.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
	require.Contains(t, policy, "frame-ancestors 'none'")
	require.NotContains(t, policy, "unsafe")
	require.NotRegexp(t, `<script|style="| on\w+=|https?://`, string(page))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
}
