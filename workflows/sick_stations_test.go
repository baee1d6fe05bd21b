package workflows_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"golang.org/x/image/bmp"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/camera"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/office"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/workflows"
)

// straight are samples that nobody has to look into before their approval.
var straight = []string{"01-first-issue-at-14", "02-exchange-at-25", "03-exchange-at-40", "04-exchange-at-60", "07-old-cmnd", "13-ethnic-minority"}

// twoStations is a live office with the stations PX-01, which has trouble, and PX-02,
// which has none.
type twoStations struct {
	*liveOffice

	apps []*liveApplication
	// What was seen of PX-01 since it began to work.
	listed  string // the trouble of an application
	paused  string // why it was paused
	counted bool   // in the metrics
}

// newTwoStations opens an office with blanks, whose applications are to be approved.
func newTwoStations(t *testing.T, changes settings) *twoStations {
	t.Helper()
	o := newBareStations(t, changes)
	o.stock(20)
	return o
}

// newBareStations is newTwoStations without blanks.
func newBareStations(t *testing.T, changes settings) *twoStations {
	t.Helper()
	all := settings{"office.consignment_size": 1, "worker.reconcile": "1s"}
	maps.Copy(all, changes)
	o := &twoStations{liveOffice: newLiveOffice(t, all)}
	o.open(samplePopulation(t))
	o.work(o.Pipeline(t.Context()))
	go func() { _ = o.Reconcile(t.Context()) }() // it ends with the test
	for _, name := range straight {
		o.apps = append(o.apps, o.submit(name, inHanoi))
	}
	return o
}

// begin starts a station with settings of its own.
func (o *twoStations) begin(id identity.StationID, changes settings) *office.Office {
	o.t.Helper()
	all := settings{"worker.slots": 1, "station.magazine": filepath.Join(o.t.TempDir(), "magazine"), "printing.spool": filepath.Join(o.t.TempDir(), "prints")}
	maps.Copy(all, changes)
	c, err := config.Load(o.settingsFile(string(id), all))
	require.NoError(o.t, err)
	own := o.another(c)
	o.work(own.Station(o.t.Context(), id))
	return own
}

func (o *twoStations) approveAll() {
	o.t.Helper()
	for _, a := range o.apps {
		a.approve()
	}
}

// look sees what operators see of PX-01.
func (o *twoStations) look() registry.StationAtWork {
	o.t.Helper()
	o.ship()
	stations, err := o.Registry.StationsAtWork(o.t.Context())
	require.NoError(o.t, err)
	list, err := o.Registry.List(o.t.Context(), registry.Filter{Limit: 100})
	require.NoError(o.t, err)
	for _, a := range list {
		if strings.Contains(a.Trouble, "PX-01") {
			o.listed = a.Trouble
		}
	}
	for _, s := range stations {
		if s.ID == "PX-01" {
			if s.PausedWhy != "" {
				o.paused, o.counted = s.PausedWhy, o.scraped()
			}
			return s
		}
	}
	return registry.StationAtWork{}
}

// scraped is whether Prometheus is told that PX-01 is paused.
func (o *twoStations) scraped() bool {
	o.t.Helper()
	return gauge(o.t, o.Registry.Collector(slog.New(slog.DiscardHandler)), "cancuoc_station_paused") == 1
}

// gauge is what a metric says of PX-01; -1 when it says nothing.
func gauge(t *testing.T, of prometheus.Collector, name string) float64 {
	t.Helper()
	metrics := prometheus.NewRegistry()
	require.NoError(t, metrics.Register(of))
	families, err := metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == "PX-01" {
				return m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// where counts the applications by the state of their card; made counts those at the
// counter, and beyond.
func (o *twoStations) where() (made int, inSlot map[identity.StationID]int) {
	o.t.Helper()
	inSlot = make(map[identity.StationID]int)
	for _, a := range o.apps {
		record, err := o.Registry.Application(o.t.Context(), a.number)
		require.NoError(o.t, err)
		require.False(o.t, record.Stage.Ended(), "%s ended: %s", a.number, record.Reason)
		if record.Stage == identity.HandOver {
			made++
		}
		cards, err := o.Registry.Cards(o.t.Context(), a.number)
		require.NoError(o.t, err)
		for _, c := range cards {
			if c.State.InSlot() {
				inSlot[c.Station]++
			}
		}
	}
	return made, inSlot
}

// awaitPause waits until PX-01 has paused itself.
func (o *twoStations) awaitPause() {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return o.look().PausedWhy != "" }, 2*time.Minute, 100*time.Millisecond, "PX-01 does not pause itself")
}

// awaitOthers waits until all is made that is in no slot of PX-01, and checks that what
// is in one stays there.
func (o *twoStations) awaitOthers() {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		o.look()
		made, inSlot := o.where()
		return made+inSlot["PX-01"] == len(o.apps)
	}, 3*time.Minute, 100*time.Millisecond, "PX-02 goes on")
}

// resume is the one command.
func (o *twoStations) resume() {
	o.t.Helper()
	require.NoError(o.t, registrytest.Signing{Registry: o.Registry}.ResumeStation(o.t.Context(), "PX-01", operator))
	o.GoOnAtStations(o.t.Context())
}

// finish waits until every card is made, hands them over, and checks the accounts.
func (o *twoStations) finish() {
	o.t.Helper()
	if !assert.Eventually(o.t, func() bool {
		o.ship()
		made, _ := o.where()
		return made == len(o.apps)
	}, 2*time.Minute, 100*time.Millisecond, "all cards are made") {
		require.FailNow(o.t, o.stories())
	}
	for _, a := range o.apps {
		a.await(identity.ToHandOver)
		a.does(identity.HandOverCard{Officer: counter, Method: identity.HandOverByOfficer, Proof: "known to the officer", OldCard: identity.OldCardReceived})
		require.Equal(o.t, workflows.CardApplicationResult{End: identity.Issued, Cards: 1}, a.result())
	}
	stock, err := o.Registry.Stock(o.t.Context())
	require.NoError(o.t, err)
	require.Equal(o.t, registry.Stock{Received: 20, InStock: 20 - len(o.apps), Issued: len(o.apps), Balanced: true}, stock)
}

// stories tell of the applications that have no card yet.
func (o *twoStations) stories() string {
	o.t.Helper()
	var text strings.Builder
	for _, a := range o.apps {
		record, err := o.Registry.Application(o.t.Context(), a.number)
		require.NoError(o.t, err)
		if record.Stage == identity.HandOver {
			continue
		}
		text.WriteString(o.story(a.number))
	}
	return text.String()
}

// story tells of one application.
func (o *twoStations) story(number identity.ApplicationNumber) string {
	o.t.Helper()
	var text strings.Builder
	trail, err := o.Registry.Audit(o.t.Context(), number)
	require.NoError(o.t, err)
	for _, e := range trail {
		fmt.Fprintf(&text, "%s %s %s: %s (%s)\n", number, e.At.Format(time.TimeOnly), e.Actor, e.Event, e.Reason)
	}
	return text.String()
}

// told checks that list, metrics and story said of which part the trouble was.
func (o *twoStations) told(part string) {
	o.t.Helper()
	require.Contains(o.t, o.paused, part)
	require.Contains(o.t, o.listed, part)
	require.True(o.t, o.counted)
	var story strings.Builder
	for _, a := range o.apps {
		trail, err := o.Registry.Audit(o.t.Context(), a.number)
		require.NoError(o.t, err)
		for _, e := range trail {
			if e.Event == "trouble at station" {
				story.WriteString(e.Actor + " " + e.Reason + "\n")
			}
		}
	}
	require.Contains(o.t, story.String(), part)
	require.Contains(o.t, story.String(), "PX-01")
}

// shown checks that the Temporal UI says so too. Of a run that an earlier release has begun
// it shows the failures of the pending activity.
func (o *twoStations) shown(part string) {
	o.t.Helper()
	require.Regexp(o.t, "PX-01: .*"+regexp.QuoteMeta(part), o.details(), "in the Temporal UI")
	_, inSlot := o.where()
	failing := 0
	for _, a := range o.apps {
		if shown := a.attributes(); shown["FailingActivity"] == "Make" && shown["Station"] == "PX-01" {
			failing++
		}
	}
	require.Equal(o.t, inSlot["PX-01"], failing, "what is in its slot is found by what fails there")
}

// details are what the Temporal UI shows of the applications.
func (o *twoStations) details() string {
	o.t.Helper()
	var text strings.Builder
	for _, a := range o.apps {
		text.WriteString(o.metadata(a.id).GetCurrentDetails() + "\n")
	}
	return text.String()
}

// disk is a file system of a few pages, to be filled, or to be made read-only.
func disk(t *testing.T) (dir string, remount func(options string)) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, func(options string) {
		var flags uintptr = syscall.MS_REMOUNT
		if options == "ro" {
			flags, options = flags|syscall.MS_RDONLY, ""
		}
		require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", flags, options))
	}
}

// reader is an encoder with one slot, on the network, and its operator.
type reader struct {
	mu      sync.Mutex
	o       *twoStations
	keys    func([]byte) (securechannel.KeySet, error) // of new chips
	cards   map[identity.BlankSerial]*softcard.Card
	in      identity.BlankSerial // the blank in the slot
	left    int                  // commands until it is mute; -1: it answers
	cut     bool                 // it loses its power then, and does not stay mute
	instead func()               // happens then, and the reader stays well; may be nil
	onReset func()               // happens before a card is reset; may be nil
	address string
}

// newReader serves a reader whose operator puts the blank in that the list names.
func newReader(t *testing.T, o *twoStations) *reader {
	t.Helper()
	authority, err := o.Authority()
	require.NoError(t, err)
	masters := station.Masters{Store: authority.Store()}
	require.NoError(t, masters.Ensure(t.Context(), false))
	initial := func(serial []byte) (securechannel.KeySet, error) {
		return masters.Initial(context.WithoutCancel(t.Context()), identity.FirstTransportVersion, serial)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &reader{o: o, keys: initial, cards: make(map[identity.BlankSerial]*softcard.Card), left: -1, address: listener.Addr().String()}
	go func() { _ = softcard.ServeTCP(t.Context(), listener, r) }()
	return r
}

// settings has a station use the reader.
func (r *reader) settings() settings {
	return settings{"station.driver": "tcp", "station.address": r.address, "station.insert_wait": "1s"}
}

// insert puts a blank into the slot.
func (r *reader) insert(blank identity.BlankSerial) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.in == blank {
		return
	}
	if r.cards[blank] == nil {
		serial := make([]byte, 10)
		copy(serial, blank)
		keys, err := r.keys(serial)
		require.NoError(r.o.t, err)
		r.cards[blank], err = softcard.New(softcard.Blank{ChipSerial: serial, Keys: keys}, softcard.Options{})
		require.NoError(r.o.t, err)
	}
	r.in = blank
}

// operate has an operator swap the card whenever the list names another.
func (r *reader) operate() {
	go func() {
		for r.o.t.Context().Err() == nil {
			for _, c := range r.o.inSlots() {
				r.insert(c.Blank)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
}

// inSlots are the cards in the slots of PX-01.
func (o *twoStations) inSlots() []registry.CardInSlot {
	stations, _ := o.Registry.StationsAtWork(o.t.Context()) // when the test is over, none
	for _, s := range stations {
		if s.ID == "PX-01" {
			return s.Cards
		}
	}
	return nil
}

// mute has the reader fall silent after some commands.
func (r *reader) mute(after int, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left, r.cut = after, cut
}

// forget gives new chips those keys.
func (r *reader) forget(keys func([]byte) (securechannel.KeySet, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.in = keys, ""
	clear(r.cards)
}

func (r *reader) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	for {
		r.mu.Lock()
		card, left, cut := r.cards[r.in], r.left, r.cut
		if left > 0 {
			r.left--
		}
		if left == 0 && r.instead != nil {
			r.instead()
			r.left, left = -1, -1
		}
		r.mu.Unlock()
		switch {
		case card != nil && left != 0:
			return card.Transmit(ctx, command)
		case left == 0 && cut:
			return nil, io.ErrUnexpectedEOF
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ATR is not given, as by many readers on a network.
func (r *reader) ATR() []byte { return nil }

func (r *reader) Reset(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.onReset != nil {
		r.onReset()
	}
	if r.cards[r.in] == nil {
		return nil
	}
	return r.cards[r.in].Reset(ctx)
}

// wire is a line between a station and the registry that can be cut: what is sent then
// is not answered, and nobody hears that it is cut.
type wire struct {
	mu   sync.Mutex
	dead bool
	url  string
}

func newWire(t *testing.T, database string) *wire {
	t.Helper()
	at, err := url.Parse(database)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	w := &wire{}
	server := at.Host
	at.Host = listener.Addr().String()
	w.url = at.String()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close() // the server is away
				continue
			}
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				go w.carry(pair[0], pair[1])
			}
		}
	}()
	return w
}

func (w *wire) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		for w.isDead() {
			time.Sleep(50 * time.Millisecond)
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) isDead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

func (w *wire) set(dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = dead
}

// Whatever is wrong with one of two stations: it pauses itself and says why, the other
// goes on, no application ends, no blank is lost, and after mending one command lets all
// go on.
func TestSickStation(t *testing.T) {
	t.Parallel()
	for name, sicken := range sicknesses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			part, of, mend := sicken(t, o)
			o.begin("PX-01", of)
			o.approveAll()

			o.awaitPause()
			o.begin("PX-02", nil) // before, it might leave nothing for PX-01 to fail at again
			o.awaitOthers()
			o.told(part)
			o.shown(part)
			mend()
			o.resume()
			o.finish()
		})
	}
}

// So it is with applications that an earlier release has begun, whose cards are in a slot
// when the new one takes over.
func TestSickStation_OfTheFirstRelease(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DiskFull", "EncoderMuteWhileItWrites", "PrinterRefusesAfterTheChip"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			for _, a := range o.apps {
				a.beginAgain(workflows.FirstRelease)
			}
			part, of, mend := sicknesses[name](t, o)
			o.begin("PX-01", of)
			o.approveAll()

			o.awaitPause()
			o.begin("PX-02", nil)
			o.awaitOthers()
			o.told(part)
			mend()
			o.resume()
			o.finish()
		})
	}
}

// beginAgain has another release go on with the application.
func (a *liveApplication) beginAgain(r workflows.Release) {
	a.o.t.Helper()
	a.await(identity.ToApprove)
	a.newRun(r)
}

// newRun has the application go on in another run, which begins by reading the registry.
func (a *liveApplication) newRun(r workflows.Release) {
	a.o.t.Helper()
	record, err := a.o.Registry.Application(a.o.t.Context(), a.number)
	require.NoError(a.o.t, err)
	require.NoError(a.o.t, a.o.temporal.TerminateWorkflow(a.o.t.Context(), a.id, "", "another release goes on"))
	_, err = a.o.temporal.ExecuteWorkflow(a.o.t.Context(), client.StartWorkflowOptions{ID: a.id, TaskQueue: workflows.PipelineQueue},
		workflows.CardApplication, workflows.CardApplicationInput{
			Application: a.number, Type: record.Application.Type, Province: record.Province, EnrolledBy: record.Application.Officer,
			Limits: a.o.flows.Limits, Resumed: true, Release: r,
		})
	require.NoError(a.o.t, err)
}

// sicknesses are what can be wrong with PX-01: the part that is at fault, the settings of
// the station, and how it is mended.
var sicknesses = map[string]func(t *testing.T, o *twoStations) (part string, of settings, mend func()){
	"DiskFull": func(t *testing.T, _ *twoStations) (string, settings, func()) {
		t.Helper()
		dir, _ := disk(t)
		ballast := filepath.Join(dir, "ballast")
		err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600)
		require.ErrorIs(t, err, syscall.ENOSPC)
		return "journal", settings{"station.journal": dir}, func() { require.NoError(t, os.Remove(ballast)) }
	},
	"JournalReadOnly": func(t *testing.T, _ *twoStations) (string, settings, func()) {
		t.Helper()
		dir, remount := disk(t)
		require.NoError(t, os.Mkdir(filepath.Join(dir, "PX-01"), 0o700))
		remount("ro")
		return "journal", settings{"station.journal": dir}, func() { remount("size=1m") }
	},
	"EncoderMute": func(t *testing.T, o *twoStations) (string, settings, func()) {
		t.Helper()
		r := newReader(t, o)
		r.operate()
		r.mute(0, false)
		return "encoder", r.settings(), func() { r.mute(-1, false) }
	},
	"EncoderMuteWhileItWrites": func(t *testing.T, o *twoStations) (string, settings, func()) {
		t.Helper()
		r := newReader(t, o)
		r.operate()
		r.mute(60, false)
		return "encoder", r.settings(), func() { r.mute(-1, false) }
	},
	"WrongCard": func(t *testing.T, o *twoStations) (string, settings, func()) {
		t.Helper()
		r := newReader(t, o)
		dir := t.TempDir()
		journal, err := station.OpenJournal(filepath.Join(dir, "PX-01"), false)
		require.NoError(t, err)
		_, err = journal.Claim("50543939393900000000", "PT9999")
		require.NoError(t, err)
		r.insert("PT9999")
		of := r.settings()
		of["station.journal"] = dir
		return "slot", of, r.operate
	},
	"WrongKeys": func(t *testing.T, o *twoStations) (string, settings, func()) {
		t.Helper()
		r := newReader(t, o)
		right := r.keys
		r.forget(func(serial []byte) (securechannel.KeySet, error) {
			keys, err := right(serial)
			keys.MAC, keys.ENC = keys.DEK, keys.DEK
			return keys, err
		})
		r.operate()
		return "keys", r.settings(), func() { r.forget(right) }
	},
	"PrinterRefuses": func(t *testing.T, _ *twoStations) (string, settings, func()) {
		t.Helper()
		spool := filepath.Join(t.TempDir(), "prints")
		require.NoError(t, os.WriteFile(spool, nil, 0o600))
		return "printer", settings{"printing.spool": spool}, func() { require.NoError(t, os.Remove(spool)) }
	},
	"PrinterRefusesAfterTheChip": func(t *testing.T, o *twoStations) (string, settings, func()) {
		t.Helper()
		spool := filepath.Join(t.TempDir(), "prints")
		r := newReader(t, o)
		r.operate()
		r.instead = func() {
			require.NoError(t, os.Rename(spool, spool+".away")) // with what was printed just before
			require.NoError(t, os.WriteFile(spool, nil, 0o600))
		}
		r.mute(60, false)
		of := r.settings()
		of["printing.spool"] = spool
		// A card that was printed just before is refused by the camera, which looks there too.
		return filepath.Base(spool), of, func() {
			require.NoError(t, os.Remove(spool))
			require.NoError(t, os.Rename(spool+".away", spool))
		}
	},
	"CameraAway": func(t *testing.T, _ *twoStations) (string, settings, func()) {
		t.Helper()
		prints := filepath.Join(t.TempDir(), "prints")
		var there atomic.Bool
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch front, back, err := (&camera.Simulated{Dir: prints, DPI: 300}).Look(r.Context(), camera.Job{Name: cmp.Or(r.FormValue("job"), "none")}); {
			case !there.Load() || err != nil:
				w.WriteHeader(http.StatusServiceUnavailable)
			case r.FormValue("side") == "front":
				_ = bmp.Encode(w, front)
			case r.FormValue("side") == "back":
				_ = bmp.Encode(w, back)
			}
		}))
		t.Cleanup(server.Close)
		return "camera", settings{"printing.spool": prints, "camera.driver": "http", "camera.url": server.URL}, func() { there.Store(true) }
	},
	"PowerLostBetweenCommands": func(t *testing.T, o *twoStations) (string, settings, func()) {
		t.Helper()
		r := newReader(t, o)
		r.operate()
		r.mute(37, true)
		return "encoder", r.settings(), func() { r.mute(-1, false) }
	},
}

// A station whose network to the registry is lost takes no cards, and says so where it
// can: in its log and its own metrics. The others see that it is silent, since when, and
// which application waits for it. It goes on by itself.
func TestSickStation_RegistryOutOfReach(t *testing.T) {
	t.Parallel()
	o := newTwoStations(t, nil)
	w := newWire(t, o.settings["database.url"].(string))
	own := o.begin("PX-01", settings{"database.url": w.url, "station.write_time": "3s"}).StationMetrics()
	unreached := func() float64 { return gauge(t, own, "cancuoc_station_registry_unreached_seconds") }
	o.approveAll()
	require.Eventually(t, func() bool { return len(o.look().Cards) == 1 }, time.Minute, 50*time.Millisecond)
	require.Zero(t, unreached())
	w.set(true)
	cut := time.Now()
	o.begin("PX-02", nil)
	o.awaitOthers()

	require.Eventually(t, func() bool { return o.look().Silent > registry.SilentAfter && strings.Contains(o.listed, "silent") }, 2*time.Minute, 100*time.Millisecond)
	require.WithinDuration(t, cut, o.look().SeenAt, 10*time.Second, "it is known since when")
	require.Greater(t, unreached(), 20.0)
	require.Contains(t, o.log.String(), "The registry is out of reach; the station takes no cards")
	waits := o.look().Cards[0].Application
	require.Contains(t, o.story(waits), "station PX-01 is silent: not heard of since ")
	require.Eventually(t, func() bool { return strings.Contains(o.details(), "station PX-01 is silent: not heard of since ") }, 30*time.Second, 100*time.Millisecond, "in the Temporal UI")

	w.set(false)
	o.finish()
	require.Zero(t, unreached())
	list, err := o.Registry.List(t.Context(), registry.Filter{Limit: 100})
	require.NoError(t, err)
	for _, a := range list {
		require.Empty(t, a.Trouble, a.Number)
	}
}

// An application for which a person was asked, because its station was silent or paused,
// goes on when the station does.
func TestSickStation_AskedAPersonMeanwhile(t *testing.T) {
	t.Parallel()
	o := newTwoStations(t, settings{"office.station_wait": "12s"}) // a line hears of its resumption within five
	r := newReader(t, o)
	r.operate()
	r.mute(60, false)
	o.begin("PX-01", r.settings())
	o.approveAll()
	o.awaitPause()
	require.Eventually(t, func() bool {
		waiting, err := o.Registry.List(t.Context(), registry.Filter{Awaiting: identity.ToRepair, Limit: 10})
		require.NoError(t, err)
		return len(waiting) == 1
	}, 2*time.Minute, 100*time.Millisecond)
	r.mute(-1, false)
	o.resume()
	o.finish()
}
