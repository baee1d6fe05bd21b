package workflows_test

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/identity"
)

// slowStation is the worker of PX-01 as a process of its own, with chips that take
// longer to write than a heartbeat may fail to come.
type slowStation struct {
	*devserver.Process

	o             *twoStations
	program, file string
}

func newSlowStation(t *testing.T, o *twoStations) *slowStation {
	t.Helper()
	dir := t.TempDir()
	p := &slowStation{o: o, program: filepath.Join(dir, "worker")}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.program, "example.org/cancuoc/worker").CombinedOutput()
	require.NoError(t, err, string(out))
	p.file = o.settingsFile("PX-01", settings{
		"worker.role": "station", "worker.station": "PX-01", "worker.slots": 1, "station.write_time": "40s",
		"station.magazine": filepath.Join(dir, "magazine"), "station.journal": filepath.Join(dir, "journal"), "printing.spool": filepath.Join(dir, "prints"),
	})
	t.Cleanup(func() {
		_ = p.Signal(syscall.SIGKILL) // it has ended, perhaps
		<-p.Ended
	})
	return p
}

func (p *slowStation) start() {
	p.o.t.Helper()
	var err error
	p.Process, err = devserver.Start(p.program, p.program+".log", "--config", p.file)
	require.NoError(p.o.t, err)
}

func (p *slowStation) has(state identity.CardState) bool {
	cards := p.o.look().Cards
	return len(cards) == 1 && cards[0].State == state
}

// A station that is stopped, killed or frozen while it writes a chip: nobody else touches
// the card, which it finishes when it is back, and every card is made once.
func TestSlowStation(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, p *slowStation){
		"Stopped": func(t *testing.T, p *slowStation) {
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
		"Killed": func(t *testing.T, p *slowStation) {
			t.Helper()
			require.NoError(t, p.Signal(syscall.SIGKILL))
			<-p.Ended
			p.start()
		},
		"KilledForAWhile": func(t *testing.T, p *slowStation) {
			t.Helper()
			require.NoError(t, p.Signal(syscall.SIGKILL))
			<-p.Ended
			p.o.awaitOthers()
			p.start()
		},
		"Frozen": func(t *testing.T, p *slowStation) {
			t.Helper()
			require.NoError(t, p.Signal(syscall.SIGSTOP))
			time.Sleep(45 * time.Second) // longer than a heartbeat may fail to come
			require.NoError(t, p.Signal(syscall.SIGCONT))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newTwoStations(t, nil)
			p := newSlowStation(t, o)
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
