package web_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/web"
)

const receipt = "6H0NN-JM7NV-4"

// now is when the registry of these tests is read.
var now = time.Date(2026, 11, 20, 9, 0, 0, 0, identity.HanoiTime)

// shelf is a registry in memory.
type shelf struct {
	records map[identity.ApplicationNumber]registry.Shown
	fault   error

	mu     sync.Mutex
	misses map[string]int
	card   *registry.CardInHand // that was given on the application
}

func (s *shelf) CardOf(context.Context, identity.ApplicationNumber) (registry.CardInHand, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.card == nil {
		return registry.CardInHand{}, identity.Refuse(identity.NotFound, "there is none")
	}
	return *s.card, s.fault
}

func (s *shelf) LostByHolder(context.Context, identity.ApplicationNumber) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.card.State, s.card.ChangedAt = identity.CardReportedLost, s.card.Now
	return nil
}

func (s *shelf) LookUp(_ context.Context, n identity.ApplicationNumber, client, receipt []byte) (registry.Shown, registry.Misses, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(time.Hour)
	missed := func(key string) registry.Missed { return registry.Missed{Count: s.misses[key], Until: until} }
	misses := registry.Misses{Here: missed(string(client) + string(receipt)), Client: missed(string(client)), Receipt: missed(string(receipt))}
	if r, ok := s.records[n]; ok {
		return r, misses, nil
	}
	if s.fault != nil {
		return registry.Shown{}, misses, s.fault
	}
	return registry.Shown{}, misses, identity.Refuse(identity.NotFound, "there is no application %s", n)
}

func (s *shelf) NoteMiss(_ context.Context, client, receipt []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{string(client), string(receipt), string(client) + string(receipt)} {
		s.misses[key]++
	}
	return nil
}

// record is what is shown of an application of somebody born on 5 October 2012.
func record(stage identity.Stage, awaiting identity.Action) registry.Shown {
	return registry.Shown{
		Number: receipt, Birth: identity.Date{Year: 2012, Month: 10, Day: 5}, Stage: stage, Awaiting: awaiting,
		Entered: map[identity.Stage]time.Time{identity.Received: now.AddDate(0, 0, -4), identity.Approval: now.AddDate(0, 0, -3)},
		Due:     time.Date(2026, 12, 4, 0, 0, 0, 0, identity.HanoiTime), Delivery: identity.Collect,
		FiledAt: registry.Place{Name: "PC06 Mẫu", Address: "Số 1, Phố Mẫu", Hours: "8:00-17:00"}, Now: now,
	}
}

func pages(s *shelf) http.Handler {
	mux := http.NewServeMux()
	code := func(b []byte) ([]byte, error) {
		h := hmac.New(sha256.New, []byte("key"))
		h.Write(b)
		return h.Sum(nil), nil
	}
	(&web.Pages{Registry: s, Code: code, Tries: web.Tries{Receipt: 5, All: 20}, BehindProxy: true, VNeID: "vneid://can-cuoc/{receipt}", Logger: slog.New(slog.DiscardHandler)}).Register(mux)
	return mux
}

func shelved(records ...registry.Shown) *shelf {
	s := &shelf{records: make(map[identity.ApplicationNumber]registry.Shown), misses: make(map[string]int)}
	for _, r := range records {
		s.records[r.Number] = r
	}
	return s
}

// look fills in the form.
func look(t *testing.T, h http.Handler, receipt, birth string) *httptest.ResponseRecorder {
	t.Helper()
	return lookFrom(t, h, "192.0.2.1", receipt, birth)
}

func lookFrom(t *testing.T, h http.Handler, address, receipt, birth string) *httptest.ResponseRecorder {
	t.Helper()
	form := url.Values{"receipt": {receipt}, "birth": {birth}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", "203.0.113.77, "+address)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStatus_IsInTwoLanguagesAndSaysNothingOfThePerson(t *testing.T) {
	t.Parallel()
	r := record(identity.HandOver, identity.ToHandOver)
	r.Until = time.Date(2027, 11, 20, 0, 0, 0, 0, identity.HanoiTime)
	r.Why = identity.Reason{Note: "the reason"}

	w := look(t, pages(shelved(r)), "6h0nn jm7nv 4", "05/10/2012")

	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	require.Contains(t, page, "<h2>"+receipt+"</h2>")
	require.Contains(t, page, `<span lang="vi">Thẻ đã sẵn sàng: mời đến nhận.</span> <span lang="en">Your card is ready: please collect it.</span>`)
	for _, said := range []string{"PC06 Mẫu", "Số 1, Phố Mẫu", "8:00-17:00", "19/11/2027", "Bring your slip"} {
		require.Contains(t, page, said)
	}
	require.NotContains(t, page, "03/12/2026", "what was promised has been kept")
	for _, private := range []string{"2012", "05/10", "the reason"} {
		require.NotContains(t, page, private)
	}
	require.Less(t, w.Body.Len(), 50_000)
}

// Where nothing is promised, no date is shown.
func TestStatus_PromisesOnlyWhatItCan(t *testing.T) {
	t.Parallel()
	open, late, paused, held := record(identity.Approval, identity.ToApprove), record(identity.Approval, identity.ToApprove),
		record(identity.Validation, identity.ToResolve), record(identity.Approval, identity.ToRelease)
	late.Now = late.Due.Add(time.Hour)
	paused.Paused = true
	held.Held, held.Why = true, identity.Reason{Code: "under-verification"}
	keptBack := record(identity.HandOver, identity.ToRelease) // at the counter, where it is not handed over now
	keptBack.Held, keptBack.Why = held.Held, held.Why
	posted := keptBack
	posted.Delivery = identity.Post
	waited := func(end identity.Stage) registry.Shown { // for its citizen until then, before it ended
		r := record(end, identity.NoAction)
		r.Until = r.Due
		return r
	}
	lost := waited(identity.Issued)
	lost.Lost = true
	for name, tt := range map[string]struct {
		record registry.Shown
		due    bool
		want   string
	}{
		"Open":              {open, true, "you need not do anything"},
		"Late":              {late, false, "later than was promised"},
		"Paused":            {paused, false, "set anew"},
		"Held":              {held, false, "While it is on hold no date is promised."},
		"HeldAtTheCounter":  {keptBack, false, "While it is on hold no date is promised."},
		"HeldBeforeThePost": {posted, false, "While it is on hold no date is promised."},
		"Issued":            {waited(identity.Issued), false, "was handed over"},
		"IssuedAndLost":     {lost, false, "not valid any more"},
		"Rejected":          {waited(identity.Rejected), false, "A written notice"},
		"Expired":           {waited(identity.Expired), false, "please apply again"},
		// The card that was lost is dead, and who applies for the first time has none.
		"Withdrawn": {record(identity.Withdrawn, identity.NoAction), false, "You may apply again at any time.</span>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			page := look(t, pages(shelved(tt.record)), receipt, "2012-10-05").Body.String()

			require.Equal(t, tt.due, strings.Contains(page, "03/12/2026"))
			require.Contains(t, page, tt.want)
			require.NotContains(t, page, "Approved", "what is not decided yet")
		})
	}
}

func TestStatus_SaysWhatIsPaidAtTheCounterAndUntilWhenToCome(t *testing.T) {
	t.Parallel()
	owing, contradicted := record(identity.HandOver, identity.ToHandOver), record(identity.Validation, identity.ToResolve)
	owing.Unpaid, contradicted.Until = 25_000, owing.Due

	posted := owing
	posted.Delivery = identity.Post

	page := look(t, pages(shelved(owing)), receipt, "2012-10-05").Body.String()
	require.Contains(t, page, "The fee of 25000 VND is not paid yet: please pay it when you receive the card.")
	page = look(t, pages(shelved(posted)), receipt, "2012-10-05").Body.String()
	require.Contains(t, page, "The fee of 25000 VND is not paid yet: please pay it when you receive the card.")
	require.Contains(t, page, "handed in to whoever brings the new one")
	page = look(t, pages(shelved(record(identity.Issued, identity.NoAction))), receipt, "2012-10-05").Body.String()
	require.Contains(t, page, "PC06 Mẫu", "whom to tell")
	page = look(t, pages(shelved(contradicted)), receipt, "2012-10-05").Body.String()
	require.Contains(t, page, "After 03/12/2026 the application expires.")
	require.NotContains(t, page, "fee of")
}

func TestStatus_SaysWhatHasToBeCapturedAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		found, want, not string
	}{
		"Portrait": {`{"Reasons":["portrait-dark"]}`, "Ảnh chân dung", "Vân tay:"},
		"Finger":   {`{"Reasons":["finger-poor"],"Fingers":["left-index"]}`, "Vân tay (ngón trỏ trái): mời", "Ảnh chân dung"},
		"Both":     {`{"Reasons":["portrait-dark","finger-poor"],"Fingers":["left-index","right-thumb"]}`, "(left index finger, right thumb)", "The fingerprints: please"},
		"Any":      {`{"Reasons":["fingers-alike"]}`, "The fingerprints: please", "Ảnh chân dung"},
		"Unknown":  {`{"Reasons":["new-code"]}`, "Ảnh chân dung", "Vân tay:"},
		"Nothing":  {``, "Ảnh chân dung", "Vân tay:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := record(identity.BiometricCapture, identity.ToRecapture)
			r.Found, r.Paused, r.Until = []byte(tt.found), true, time.Date(2026, 12, 20, 0, 0, 0, 0, identity.HanoiTime)

			page := look(t, pages(shelved(r)), receipt, "2012-10-05").Body.String()

			require.Contains(t, page, tt.want)
			require.NotContains(t, page, tt.not)
			require.Contains(t, page, "19/12/2026")
			require.Contains(t, page, "PC06 Mẫu")
		})
	}
}

// Every state says what it is, what to do and, while there is a way to go, how far it is.
func TestStatus_ShowsEveryStage(t *testing.T) {
	t.Parallel()
	for _, stage := range identity.Stages {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()

			page := look(t, pages(shelved(record(stage, identity.NoAction))), receipt, "2012-10-05").Body.String()

			require.Contains(t, page, `<div class="next">`)
			require.Equal(t, !stage.Ended(), strings.Contains(page, `aria-current="step"`))
			if stage.Ended() && stage != identity.Issued {
				require.NotContains(t, page, "<ol>")
			} else {
				require.Contains(t, page, `<time datetime="2026-11-16">16/11/2026</time>`)
			}
		})
	}
	made := look(t, pages(shelved(record(identity.Printing, identity.NoAction))), receipt, "2012-10-05").Body.String()
	require.Contains(t, made, `Checks of data and biometrics</span> · <time datetime="2026-11-17">`)
	require.NotContains(t, made, `Approved</span> ·`, "whose day this registry does not know")
	refused := look(t, pages(shelved(record(identity.Rejected, identity.NoAction))), receipt, "2012-10-05").Body.String()
	require.Contains(t, refused, "within 90 days")
	require.Contains(t, refused, "PC06 Mẫu")
}

func TestStatus_SaysWhyInTwoLanguagesWithoutTheNote(t *testing.T) {
	t.Parallel()
	rejected, expired, held, internal, withdrawn := record(identity.Rejected, identity.NoAction), record(identity.Expired, identity.NoAction),
		record(identity.Validation, identity.ToRelease), record(identity.Validation, identity.ToRelease), record(identity.Withdrawn, identity.NoAction)
	rejected.Why = identity.Reason{Code: "papers-forged", Note: "his uncle's"}
	expired.Why = identity.Reason{Code: identity.ReasonNotCollected}
	held.Why, held.Held, held.ForCitizen = identity.Reason{Code: "papers-awaited", Note: "his uncle's"}, true, true
	internal.Why, internal.Held = identity.Reason{Code: "under-verification"}, true
	withdrawn.Why = identity.Reason{Code: "not-wanted", Note: "his uncle's"}
	for name, tt := range map[string]struct {
		record registry.Shown
		want   string
	}{
		"Rejected":           {rejected, `Lý do: Giấy tờ giả hoặc bị tẩy xóa, sửa chữa.</span> <span lang="en">Reason: papers are forged or altered.</span>`},
		"Expired":            {expired, `Lý do: Quá hạn nhận thẻ.</span> <span lang="en">Reason: the card was not collected within the time.</span>`},
		"HeldForTheCitizen":  {held, `Lý do: Chờ công dân bổ sung giấy tờ.</span> <span lang="en">Reason: the citizen has to bring papers.</span>`},
		"HeldForOtherReason": {internal, ""},
		"Withdrawn":          {withdrawn, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			page := look(t, pages(shelved(tt.record)), receipt, "2012-10-05").Body.String()

			require.Contains(t, page, tt.want)
			require.Equal(t, tt.want != "", strings.Contains(page, "Lý do:"))
			require.NotContains(t, page, "uncle")
		})
	}
}

// Who looks an application up sees that the card is reported lost, what to do, and whom to tell
// if somebody else reported it.
func TestStatus_ALostCardIsNotSaidToBeValid(t *testing.T) {
	t.Parallel()
	r := record(identity.Issued, identity.NoAction)
	r.Lost = true

	page := look(t, pages(shelved(r)), receipt, "2012-10-05").Body.String()

	for _, said := range []string{"Thẻ đã được báo mất và không còn giá trị.", "not valid any more", "apply for another", "was not you who reported it", "PC06 Mẫu"} {
		require.Contains(t, page, said)
	}
	require.NotContains(t, page, "who received the card")
}

func TestStatus_ACardByPostIsNotCollected(t *testing.T) {
	t.Parallel()
	r := record(identity.HandOver, identity.ToHandOver)
	r.Delivery = identity.Post

	page := look(t, pages(shelved(r)), receipt, "2012-10-05").Body.String()

	require.Contains(t, page, "comes by post")
	require.NotContains(t, page, "please collect it")
}

func TestStatus_ACertificateIsNotCalledACard(t *testing.T) {
	t.Parallel()
	for _, stage := range identity.Stages {
		of := record(stage, identity.NoAction)
		of.Document = identity.Certificate

		page := look(t, pages(shelved(of)), string(receipt), "05/10/2012").Body.String()

		for _, word := range []string{"of the card", "Sản xuất thẻ", "Your card", "The card was", "Thẻ đã"} {
			require.NotContains(t, page, word, stage)
		}
	}
	lost := record(identity.Issued, identity.NoAction)
	lost.Document, lost.Lost = identity.Certificate, true
	require.Contains(t, look(t, pages(shelved(lost)), string(receipt), "05/10/2012").Body.String(), "The certificate is reported lost")
	of := record(identity.HandOver, identity.ToHandOver)
	of.Document = identity.Certificate
	page := look(t, pages(shelved(of)), string(receipt), "05/10/2012").Body.String()
	require.Contains(t, page, "Giấy chứng nhận đã sẵn sàng")
	require.Contains(t, page, "Your certificate is ready")
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
		"Dots":            {day, "7.3.1951", true},
		"Hyphens":         {day, "07-03-1951", true},
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
			r.Birth = tt.born

			page := look(t, pages(shelved(r)), receipt, tt.typed).Body.String()

			require.Equal(t, tt.found, strings.Contains(page, "<h2>"))
		})
	}
}

// A wrong date and an unknown number are one answer, from the first try to the last; what is
// mistyped is told apart, and costs no try.
func TestStatus_WrongDateAndUnknownNumberAreTheSame(t *testing.T) {
	t.Parallel()
	h := pages(shelved(record(identity.Approval, identity.ToApprove)))
	const stranger = "00000-00000-0"
	for range 3 {
		require.Equal(t, http.StatusUnprocessableEntity, look(t, h, "6H0NN-JM7NV-5", "01/01/2000").Code)
		mistyped := look(t, h, receipt, "31/02/2000")
		require.Equal(t, http.StatusUnprocessableEntity, mistyped.Code)
		require.Contains(t, mistyped.Body.String(), "cannot be read")
	}
	for try := range 8 {
		unknown, wrong := look(t, h, stranger, "01/01/2000"), look(t, h, receipt, "01/01/2000")
		require.Equal(t, unknown.Code, wrong.Code)
		require.Equal(t, unknown.Header(), wrong.Header())
		require.Equal(t, unknown.Body.String(), strings.ReplaceAll(wrong.Body.String(), receipt, stranger))
		want := http.StatusNotFound
		if try >= 5 {
			want = http.StatusTooManyRequests
			require.NotEmpty(t, wrong.Header().Get("Retry-After"))
		}
		require.Equal(t, want, wrong.Code)
	}
	require.Equal(t, http.StatusTooManyRequests, look(t, h, receipt, "05/10/2012").Code, "the right date after five wrong ones")
}

// Whatever others try, a citizen who knows the date is answered.
func TestStatus_NobodyLocksAnotherOut(t *testing.T) {
	t.Parallel()
	other := record(identity.Approval, identity.ToApprove)
	other.Number = "NXSNJ-DVB34-4"
	h := pages(shelved(record(identity.Approval, identity.ToApprove), other))
	for range 9 {
		look(t, h, receipt, "01/01/2000")
	}
	require.Equal(t, http.StatusOK, look(t, h, "NXSNJ-DVB34-4", "05/10/2012").Code, "another number, from there")
	for _, from := range []string{"192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1"} {
		for range 9 {
			lookFrom(t, h, from, receipt, "01/01/2000")
		}
	}
	require.Equal(t, http.StatusTooManyRequests, lookFrom(t, h, "2001:db8::ffff", receipt, "05/10/2012").Code, "the same network")
	require.Equal(t, http.StatusOK, lookFrom(t, h, "2001:db8:0:1::1", receipt, "05/10/2012").Code)
	require.Equal(t, http.StatusNotFound, lookFrom(t, h, "192.0.2.9", receipt, "01/01/2000").Code)
	require.Equal(t, http.StatusTooManyRequests, lookFrom(t, h, "192.0.2.9", receipt, "02/01/2000").Code, "one try each, of a number that many try")
}

// A proxy may write a client's port behind the address: another connection is no other client,
// and clients with ports are not one client.
func TestStatus_AnAddressIsOneWithAnyPort(t *testing.T) {
	t.Parallel()
	h := pages(shelved(record(identity.Approval, identity.ToApprove)))
	for _, from := range [][2]string{
		{"192.0.2.1:40001", "192.0.2.1:40002"},
		{"192.0.2.2:40001", "192.0.2.2"},
		{"[2001:db8:0:1::1]:40001", "2001:db8:0:1::2"},
		{"[2001:db8:0:2::1]", "[2001:db8:0:2::1]:40001"},
		{"[::ffff:192.0.2.3]:40001", "192.0.2.3"},
	} {
		require.Equal(t, http.StatusOK, lookFrom(t, h, from[0], receipt, "05/10/2012").Code, from[0])
		for range 5 {
			lookFrom(t, h, from[0], receipt, "01/01/2000")
		}
		require.Equal(t, http.StatusTooManyRequests, lookFrom(t, h, from[1], receipt, "05/10/2012").Code, from[1])
	}
}

// Tries that come at once are counted one by one.
func TestStatus_ManyTriesAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	h := pages(shelved(record(identity.Approval, identity.ToApprove)))
	codes := make(chan int, 50)
	for range 50 {
		go func() { codes <- look(t, h, receipt, "01/01/2000").Code }()
	}
	answered := 0
	for range 50 {
		if <-codes == http.StatusNotFound {
			answered++
		}
	}
	require.Equal(t, 5, answered)
}

// Every finger has a name.
func TestStatus_NamesEveryFinger(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, finger := range fingerprint.Positions() {
		r := record(identity.BiometricCapture, identity.ToRecapture)
		r.Found = []byte(`{"Reasons":["finger-poor"],"Fingers":["` + finger + `"]}`)

		name := regexp.MustCompile(`Vân tay \((ngón [^)]+)\)`).FindString(look(t, pages(shelved(r)), receipt, "2012-10-05").Body.String())

		require.NotEmpty(t, name, finger)
		require.False(t, seen[name], finger)
		seen[name] = true
	}
}

// A slip's QR code fills the number in.
func TestStatus_ASlipFillsInItsNumber(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()

	pages(shelved()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?receipt=6h0nnjm7nv4&lang=en", nil))

	require.Contains(t, w.Body.String(), `name="receipt" value="`+receipt+`"`)
	require.Regexp(t, `id="english"[^>]* checked`, w.Body.String())
}

// The national portal is answered by the same rules.
func TestStatus_AsJSON(t *testing.T) {
	t.Parallel()
	r := record(identity.BiometricCapture, identity.ToRecapture)
	r.Found, r.Until = []byte(`{"Reasons":["portrait-dark"]}`), time.Date(2026, 12, 20, 0, 0, 0, 0, identity.HanoiTime)
	h := pages(shelved(r))
	ask := func(kind, body string) *httptest.ResponseRecorder {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/application-status", strings.NewReader(body))
		q.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		return w
	}

	w := ask("application/json", `{"receipt":"`+receipt+`","birth":"2012-10-05"}`)

	require.Equal(t, http.StatusOK, w.Code)
	var got web.Status
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, web.Text{VI: "Cần chụp lại", EN: "A new capture is needed"}, got.State)
	require.Equal(t, identity.Date{Year: 2026, Month: 12, Day: 19}, got.Until)
	require.Equal(t, "PC06 Mẫu", got.Where.Name)
	require.Equal(t, "vneid://can-cuoc/"+receipt, string(got.VNeID))
	require.NotContains(t, w.Body.String(), "2012")
	for body, want := range map[string]int{
		`{"receipt":"` + receipt + `","birth":"2012-10-06"}`: http.StatusNotFound,
		`{"receipt":"00000-00000-0","birth":"2012-10-06"}`:   http.StatusNotFound,
		`{}`:            http.StatusUnprocessableEntity,
		`[`:             http.StatusBadRequest,
		`{"receipt":7}`: http.StatusBadRequest,
		`{"receipt":"` + receipt + `","birth":"2012-10-05"} more`: http.StatusBadRequest,
		`{"receipt":"` + strings.Repeat("7", 1<<16) + `"}`:        http.StatusBadRequest,
	} {
		w := ask("application/json", body)
		require.Equal(t, want, w.Code, body)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), `{"title":"`+http.StatusText(want)+`","status":`)
		require.True(t, json.Valid(bytes.TrimSpace(w.Body.Bytes())))
	}
	require.Equal(t, http.StatusUnsupportedMediaType, ask("text/plain", "{}").Code)
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
	broken := shelved()
	broken.fault = errors.New("password of the database")
	down := look(t, pages(broken), receipt, "05/10/2012")
	require.Equal(t, http.StatusServiceUnavailable, down.Code)
	require.NotContains(t, down.Body.String(), "password")

	large := look(t, pages(shelved()), strings.Repeat("7", 1<<20), "05/10/2012")
	require.Equal(t, http.StatusUnprocessableEntity, large.Code)
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
