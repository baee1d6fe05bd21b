package workflows_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
)

// workerProcess is a worker as a process of its own.
type workerProcess struct {
	*devserver.Process

	t             *testing.T
	program, file string
}

// newWorkerProcess has a worker, built with the flags, with settings of its own.
func newWorkerProcess(o *liveOffice, name string, of settings, flags ...string) *workerProcess {
	o.t.Helper()
	p := &workerProcess{t: o.t, file: o.settingsFile(name, of)}
	var err error
	if len(flags) == 0 {
		p.program, err = builtWorker()
	} else {
		p.program = filepath.Join(o.t.TempDir(), "worker")
		err = buildWorker(p.program, flags...)
	}
	require.NoError(o.t, err)
	o.t.Cleanup(p.kill)
	return p
}

// stationProcess is the worker of PX-01 as a process of its own.
type stationProcess struct {
	*workerProcess

	o *twoStations
}

func newStationProcess(t *testing.T, o *twoStations, of settings, flags ...string) *stationProcess {
	t.Helper()
	dir := t.TempDir()
	all := settings{
		"worker.role": "station", "worker.station": "PX-01", "worker.slots": 1,
		"station.magazine": filepath.Join(dir, "magazine"), "station.journal": filepath.Join(dir, "journal"), "printing.spool": filepath.Join(dir, "prints"),
	}
	maps.Copy(all, of)
	return &stationProcess{newWorkerProcess(o.liveOffice, "PX-01", all, flags...), o}
}

// kill takes the power from it; it has ended before, perhaps.
func (p *workerProcess) kill() {
	if p.Process != nil {
		_ = p.Signal(syscall.SIGKILL)
		<-p.Ended
	}
}

func (p *workerProcess) start() {
	p.t.Helper()
	var err error
	p.Process, err = devserver.Start(p.program, p.file+".log", "--config", p.file)
	require.NoError(p.t, err)
}

func (p *stationProcess) has(state identity.CardState) bool {
	cards := p.o.look().Cards
	return len(cards) == 1 && cards[0].State == state
}

// A station that is stopped, killed or frozen while it writes a chip: nobody else touches
// the card, which it finishes when it is back, and every card is made once.
func TestSlowStation(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, p *stationProcess){
		"Stopped": func(t *testing.T, p *stationProcess) {
			t.Helper()
			require.NoError(t, p.Signal(syscall.SIGTERM))
			select {
			case <-p.Ended:
			case <-time.After(90 * time.Second):
				require.Fail(t, "it does not end")
			}
			require.True(t, p.has(identity.CardPersonalized), "it finishes the step that it is in")
			p.start()
		},
		"Killed": func(t *testing.T, p *stationProcess) {
			t.Helper()
			p.kill()
			p.start()
		},
		"KilledForAWhile": func(t *testing.T, p *stationProcess) {
			t.Helper()
			p.kill()
			p.o.awaitOthers()
			p.start()
		},
		"Frozen": func(t *testing.T, p *stationProcess) {
			t.Helper()
			require.NoError(t, p.Signal(syscall.SIGSTOP))
			time.Sleep(45 * time.Second) // longer than a heartbeat may fail to come
			require.NoError(t, p.Signal(syscall.SIGCONT))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			p := newStationProcess(t, o, settings{"station.write_time": "40s"}) // longer than a heartbeat may fail to come
			p.start()
			for _, a := range o.apps[:1] {
				a.approve()
			}
			require.Eventually(t, func() bool { return p.has(identity.CardBegun) }, time.Minute, 50*time.Millisecond)
			time.Sleep(5 * time.Second) // half written
			o.begin("PX-02", nil)
			for _, a := range o.apps[1:] {
				a.approve()
			}

			harm(t, p)

			o.finish()
		})
	}
}

// wrongClock has the worker built for a machine whose clock is set wrong: the one function
// that reads it is replaced by one that adds what set wrote last. Programs that are built
// in any other way have no such thing.
func wrongClock(t *testing.T) (flag string, set func(by time.Duration)) {
	t.Helper()
	dir := t.TempDir()
	apart, source, overlay := filepath.Join(dir, "apart"), filepath.Join(dir, "machine.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(source, []byte(`package office

import (
	"os"
	"time"
)

func machineTime() time.Time {
	text, err := os.ReadFile("`+apart+`")
	if err != nil {
		panic(err)
	}
	by, err := time.ParseDuration(string(text))
	if err != nil {
		panic(err)
	}
	return time.Now().Add(by)
}
`), 0o600))
	original, err := filepath.Abs("../internal/office/machine.go")
	require.NoError(t, err)
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: source}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, replace, 0o600))
	return "-overlay=" + overlay, func(by time.Duration) {
		next := apart + ".next"
		require.NoError(t, os.WriteFile(next, []byte(by.String()), 0o600))
		require.NoError(t, os.Rename(next, apart))
	}
}

// A station whose clock is set wrong while it works pauses itself before it takes a blank.
func TestSickStation_ClockWrong(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"Slow": -5 * time.Minute, "Fast": 25 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			flag, set := wrongClock(t)
			set(0)
			p := newStationProcess(t, o, nil, flag)
			p.start()
			require.Eventually(t, func() bool { return o.look().ID != "" }, time.Minute, 50*time.Millisecond, "it works")

			set(by)
			o.approveAll()
			o.awaitPause()
			require.Empty(t, o.look().Cards, "no blank is taken")
			o.begin("PX-02", nil)
			o.awaitOthers()
			o.told("clock")
			o.shown("clock")
			set(0)
			o.resume()
			o.finish()
		})
	}
}
