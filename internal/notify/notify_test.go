package notify_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/notify"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	phone  = "+84912345678"
	person = identity.PersonalNumber("001201000077")
)

// office is a registry, and what sends from it.
type office struct {
	*registry.Registry

	log bytes.Buffer
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return &office{Registry: registrytest.Open(t)}
}

// sender is a process that sends to them, impatiently.
func (o *office) sender(receivers ...notify.Receiver) *notify.Sender {
	return &notify.Sender{
		Registry: o.Registry, Receivers: receivers, Source: "https://cancuoc.example.org", Now: time.Now,
		Code:  func(of []byte) ([]byte, error) { sum := sha256.Sum256(of); return sum[:], nil },
		Pause: notify.Backoff(5*time.Millisecond, 40*time.Millisecond), Patience: registry.Patience{Lasts: time.Hour, Tries: 3},
		Timeout: 300 * time.Millisecond, AtOnce: 4, Remind: 720 * time.Hour, Look: 10 * time.Millisecond,
		Metrics: notify.NewMetrics(o.Backlogs, []string{"all"}, slog.New(slog.DiscardHandler)), Logger: slog.New(slog.NewTextHandler(&o.log, nil)),
	}
}

// run has a sender send until it is stopped.
func run(t *testing.T, s *notify.Sender) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// applications has so many received, with three events each.
func (o *office) applications(t *testing.T, n int, contact identity.Contact) []identity.ApplicationNumber {
	t.Helper()
	numbers := make([]identity.ApplicationNumber, n)
	for i := range numbers {
		numbers[i] = o.application(t, person[:10]+identity.PersonalNumber(fmt.Sprintf("%02d", i)), contact)
	}
	return numbers
}

// application has one received, whose citizen does not come to be captured again.
func (o *office) application(t *testing.T, citizen identity.PersonalNumber, contact identity.Contact) identity.ApplicationNumber {
	t.Helper()
	id := rand.Text()
	receipt, err := registrytest.Signing{Registry: o.Registry}.Receive(t.Context(), registry.Submission{
		Application: identity.Application{
			EnrollmentID: id, Station: "001-TN-01", Officer: "CB-001-0007", Ground: identity.GroundFirstCard, FiledOn: identity.Date{Year: 2026, Month: 11, Day: 23},
			Person: identity.Person{Number: citizen}, Contact: contact,
		},
		Digest: sha256.Sum256([]byte(id)),
	})
	require.NoError(t, err)
	change := registry.StageChange{Application: receipt.Number, To: identity.BiometricCapture, Awaiting: identity.ToRecapture, Why: "x", Actor: identity.ActorSystem, Round: 1}
	for _, change.Limit = range []time.Duration{0, time.Second} { // what is told has no limit yet
		_, err = o.Enter(t.Context(), change)
		require.NoError(t, err)
	}
	require.NoError(t, o.End(t.Context(), registry.StageChange{Application: receipt.Number, To: identity.Expired, Reason: identity.ReasonNotRecaptured, Actor: identity.ActorSystem}))
	return receipt.Number
}

// inbox is a receiver that takes what it is sent, and remembers in which order.
type inbox struct {
	mu     sync.Mutex
	events map[string][]cloudevents.Event // by subject
	mishap func(n int64, w http.ResponseWriter, r *http.Request) (happened bool)
	n      atomic.Int64
	*httptest.Server
}

// receives is an inbox to which mishaps happen.
func receives(t *testing.T, mishap func(n int64, w http.ResponseWriter, r *http.Request) bool) *inbox {
	t.Helper()
	b := &inbox{events: make(map[string][]cloudevents.Event), mishap: mishap}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.CloseClientConnections)
	t.Cleanup(b.Close)
	return b
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var e cloudevents.Event
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil || e.Validate() != nil || !signed(r, body) || r.Header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if b.mishap != nil && b.mishap(b.n.Add(1), w, r) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events[e.Subject()] = append(b.events[e.Subject()], e)
	w.WriteHeader(http.StatusNoContent)
}

// signed checks a message as Standard Webhooks has a receiver do.
func signed(r *http.Request, body []byte) bool {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
	return slices.Contains(strings.Fields(r.Header.Get("Webhook-Signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// has reports whether every event of so many applications was taken, and requires that none
// came after a later one.
func (b *inbox) has(t *testing.T, applications int, kinds ...string) bool {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	whole := len(b.events) == applications
	for _, list := range b.events {
		require.True(t, slices.IsSortedFunc(list, func(x, y cloudevents.Event) int { return strings.Compare(sequence(x), sequence(y)) }), "%v", list)
		list = slices.CompactFunc(slices.Clone(list), func(x, y cloudevents.Event) bool { return x.ID() == y.ID() })
		var got []string
		for _, e := range list {
			got = append(got, strings.TrimPrefix(e.Type(), "vn.cancuoc.application."))
		}
		whole = whole && slices.Equal(got, kinds)
	}
	return whole
}

func sequence(e cloudevents.Event) string { return fmt.Sprint(e.Extensions()["sequence"]) }

// all is a receiver of everything.
func all(t *testing.T, name, url string) notify.Receiver {
	t.Helper()
	client, err := notify.NewClient("", 4, 300*time.Millisecond)
	require.NoError(t, err)
	keys, err := notify.ParseKeys(secret)
	require.NoError(t, err)
	return notify.Receiver{Receiver: registry.Receiver{Name: name, Kinds: identity.EventKinds}, URL: url, Keys: keys, Client: client}
}

var kinds = []string{"received", "recapture", "expired"}

// Whatever a receiver does, it gets everything at least once and in order when it is well
// again, others get theirs meanwhile, and memory is steady.
func TestSender_WhateverAReceiverDoes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var sick atomic.Bool
	sick.Store(true)
	elsewhere := receives(t, nil)
	when := func(f http.HandlerFunc) func(int64, http.ResponseWriter, *http.Request) bool {
		return func(_ int64, w http.ResponseWriter, r *http.Request) bool {
			was := sick.Load()
			if was {
				f(w, r)
			}
			return was
		}
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	boxes := map[string]*inbox{
		"well":  receives(t, nil),
		"slow":  receives(t, func(int64, http.ResponseWriter, *http.Request) bool { time.Sleep(20 * time.Millisecond); return false }),
		"500":   receives(t, when(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })),
		"hangs": receives(t, when(hang)),
		"hangs-after-its-header": receives(t, when(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_ = http.NewResponseController(w).Flush()
			hang(w, r)
		})),
		"redirects": receives(t, when(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		})),
		"endless":  receives(t, when(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot); endless(w, r) })),
		"headers":  receives(t, when(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) })),
		"hangs-up": receives(t, when(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })),
		"murmurs":  receives(t, when(raw("HTTP/1.1 200 OK\r\nto 0912345678\r\n\r\n"))),
		"mumbles":  receives(t, when(raw("HTTP/1.1 to-0912345678 OK\r\n\r\n"))),
		"sends-on": receives(t, when(raw("HTTP/1.1 302 Found\r\nLocation: http://0912345678:%%%\r\n\r\n"))),
		"moody": receives(t, func(n int64, w http.ResponseWriter, _ *http.Request) bool {
			if n%3 != 0 {
				w.WriteHeader([]int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusUnprocessableEntity}[n/3%3])
			}
			return n%3 != 0
		}),
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	receivers := []notify.Receiver{all(t, "down", "http://"+address)}
	for name, b := range boxes {
		receivers = append(receivers, all(t, name, b.URL))
	}
	known := make([]registry.Receiver, len(receivers))
	for i, r := range receivers {
		known[i] = r.Receiver
	}
	require.NoError(t, o.SetReceivers(t.Context(), known))
	const n = 8
	o.applications(t, n, identity.Contact{})
	goroutines := runtime.NumGoroutine()
	sender := o.sender(receivers...)
	stop := run(t, sender)

	for _, name := range []string{"well", "slow", "moody"} {
		require.Eventually(t, func() bool { return boxes[name].has(t, n, kinds...) }, 30*time.Second, 10*time.Millisecond, name)
	}
	require.Less(t, runtime.NumGoroutine()-goroutines, 400, "what is on its way is bounded")
	for _, name := range []string{"murmurs", "mumbles", "sends-on"} {
		require.Eventually(t, func() bool {
			return strings.Contains(o.whys(t), name+": not reached: its answer cannot be read as HTTP")
		}, 10*time.Second, 10*time.Millisecond, name)
	}
	require.NotContains(t, o.whys(t), "0912345678", "nothing is kept of what a receiver answers")
	sick.Store(false)
	down := &inbox{events: make(map[string][]cloudevents.Event)}
	listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	server := &http.Server{Handler: down, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	boxes["down"] = down
	for name, b := range boxes {
		require.Eventually(t, func() bool { return b.has(t, n, kinds...) }, 30*time.Second, 10*time.Millisecond, name)
	}
	require.Eventually(t, func() bool {
		backlogs, err := o.Backlogs(t.Context())
		require.NoError(t, err)
		return !slices.ContainsFunc(backlogs, func(b registry.Backlog) bool { return b.Waiting+b.Dead > 0 })
	}, 10*time.Second, 10*time.Millisecond)
	stop()
	require.Empty(t, elsewhere.events, "no redirect was followed")
	require.Contains(t, gather(t, sender), `cancuoc_notifications_waiting{receiver="hangs"} 0`)
}

// raw answers what need not be HTTP.
func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = connection.Write([]byte(answer))
		_ = connection.Close()
	}
}

// whys is what is kept of deliveries that were not taken, a line each.
func (o *office) whys(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	letters, err := o.Letters(t.Context(), 1000)
	require.NoError(t, err)
	for _, l := range letters {
		b.WriteString(l.Receiver + ": " + l.Why + "\n")
	}
	return b.String()
}

func gather(t *testing.T, s *notify.Sender) string {
	t.Helper()
	b, err := testutil.CollectAndFormat(s.Metrics, expfmt.TypeTextPlain, "cancuoc_notifications_waiting", "cancuoc_notifications_dead")
	require.NoError(t, err)
	return string(b)
}

// Two processes send at once and are killed in between: nothing is lost, and nothing comes
// after what happened later.
func TestSender_TwoAtOnceAndKilled(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var kill [2]func()
	box := receives(t, func(n int64, w http.ResponseWriter, _ *http.Request) bool {
		if n%7 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		time.Sleep(time.Duration(n%5) * time.Millisecond)
		return n%7 == 0
	})
	to := all(t, "all", box.URL)
	require.NoError(t, o.SetReceivers(t.Context(), []registry.Receiver{to.Receiver}))
	const n = 20
	o.applications(t, n, identity.Contact{})
	for i := range kill {
		kill[i] = run(t, o.hasty(to))
	}
	for i := range 40 {
		kill[i%2]()
		kill[i%2] = run(t, o.hasty(to))
		time.Sleep(15 * time.Millisecond)
	}
	require.Eventually(t, func() bool { return box.has(t, n, kinds...) }, 30*time.Second, 10*time.Millisecond)
}

// hasty is a sender that takes over quickly what another one had.
func (o *office) hasty(to notify.Receiver) *notify.Sender {
	s := o.sender(to)
	s.Registry = soon{o.Registry}
	return s
}

type soon struct{ *registry.Registry }

func (s soon) TakeDeliveries(ctx context.Context, receiver string, most int, _ time.Duration) ([]registry.Delivery, error) {
	return s.Registry.TakeDeliveries(ctx, receiver, most, 500*time.Millisecond)
}

// What a receiver never takes is a dead letter, and keeps what happened later from nobody.
func TestSender_DeadLetters(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	box := receives(t, nil)
	picky := receives(t, func(_ int64, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "001201000077 is unknown here")
		return true
	})
	receivers := []notify.Receiver{all(t, "all", box.URL), all(t, "picky", picky.URL)}
	require.NoError(t, o.SetReceivers(t.Context(), []registry.Receiver{receivers[0].Receiver, receivers[1].Receiver}))
	o.applications(t, 1, identity.Contact{})
	s := o.sender(receivers...)
	s.Patience = registry.Patience{Tries: 2}
	stop := run(t, s)

	require.Eventually(t, func() bool {
		letters, err := o.Letters(t.Context(), 10)
		require.NoError(t, err)
		return len(letters) == 3 && letters[2].State == "dead" && letters[2].Tries == 2
	}, 20*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return box.has(t, 1, kinds...) }, 20*time.Second, 10*time.Millisecond)
	stop()
	require.Contains(t, gather(t, s), `cancuoc_notifications_dead{receiver="picky"} 3`)
	require.Contains(t, o.log.String(), "Notification given up")
	require.NotContains(t, o.log.String(), "001201000077", "what a receiver answers is not logged")
}

// A citizen is told by the ways they agreed to, and by no other; who is told of every
// application is given neither how to reach them nor, by reference, its number.
func TestSender_WhoIsGivenWhat(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	boxes := map[identity.NotifyBy]*inbox{"": receives(t, nil), identity.BySMS: receives(t, nil), identity.ByEmail: receives(t, nil), identity.ByVNeID: receives(t, nil)}
	var receivers []notify.Receiver
	var known []registry.Receiver
	for way, box := range boxes {
		r := all(t, "to-"+string(way), box.URL)
		r.Way, r.ByReference = way, way == ""
		receivers, known = append(receivers, r), append(known, r.Receiver)
	}
	require.NoError(t, o.SetReceivers(t.Context(), known))
	numbers := o.applications(t, 1, identity.Contact{SMS: phone, VNeID: true})
	o.application(t, "", identity.Contact{VNeID: true}) // who has no account yet
	stop := run(t, o.sender(receivers...))
	for _, way := range []identity.NotifyBy{"", identity.BySMS, identity.ByVNeID} {
		applications := 1
		if way == "" {
			applications = 2
		}
		require.Eventually(t, func() bool { return boxes[way].has(t, applications, kinds...) }, 20*time.Second, 10*time.Millisecond, way)
	}
	require.Eventually(t, func() bool { // what has nobody to go to waits for nobody
		backlogs, err := o.Backlogs(t.Context())
		require.NoError(t, err)
		return !slices.ContainsFunc(backlogs, func(b registry.Backlog) bool { return b.Waiting+b.Dead > 0 })
	}, 10*time.Second, 10*time.Millisecond)
	stop()

	sms := boxes[identity.BySMS].events[string(numbers[0])][1]
	require.JSONEq(t, `{"event":"recapture","by":"sms","to":"+84912345678","text":{
		"vi":"Hồ sơ `+string(numbers[0])+`: cần chụp ảnh hoặc lấy vân tay lại tại 001-TN-01. https://cancuoc.example.org/?receipt=`+string(numbers[0])+`",
		"en":"Application `+string(numbers[0])+`: the photograph or fingerprints have to be taken again at 001-TN-01. https://cancuoc.example.org/?receipt=`+string(numbers[0])+`"}}`,
		string(sms.Data()))
	require.Contains(t, string(boxes[identity.ByVNeID].events[string(numbers[0])][0].Data()), `"to":"0012010000`)
	require.Empty(t, boxes[identity.ByEmail].events)
	for reference, events := range boxes[""].events {
		require.NotEqual(t, string(numbers[0]), reference)
		for _, e := range events {
			b, err := json.Marshal(e)
			require.NoError(t, err)
			require.NotContains(t, string(b), string(numbers[0]))
			require.NotContains(t, string(b), "912345678")
			require.NotContains(t, string(b), `"to"`) // the field: the letters may be in an ID
		}
	}
	require.NotContains(t, o.log.String(), "912345678")
}

// The example of the Standard Webhooks specification, and a key that is replaced.
func TestKeys_Sign(t *testing.T) {
	t.Parallel()
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	keys, err := notify.ParseKeys(secret + "\n\nwhsk_" + base64.StdEncoding.EncodeToString(seed) + "\n")
	require.NoError(t, err)

	signatures := strings.Fields(keys.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)))

	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signatures[0])
	value, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signatures[1], "v1a,"))
	require.NoError(t, err)
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	require.True(t, ed25519.Verify(public, []byte(`msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}`), value))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", keys, keys, keys), "MfKQ")
	for _, wrong := range []string{"", "whsec_", "whsec_AAAA", "whsec_%", secret + "\nx", "whsk_" + base64.StdEncoding.EncodeToString(seed[1:]), strings.TrimPrefix(secret, "whsec_")} {
		_, err := notify.ParseKeys(wrong)
		require.Error(t, err, wrong)
	}
}

// Pauses grow up to a bound, and differ.
func TestBackoff(t *testing.T) {
	t.Parallel()
	pause := notify.Backoff(time.Second, 5*time.Minute)
	for times, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second, 10: 5 * time.Minute, 1_000_000: 5 * time.Minute} {
		for range 20 {
			require.GreaterOrEqual(t, pause(times), most/2)
			require.LessOrEqual(t, pause(times), most)
		}
	}
}
