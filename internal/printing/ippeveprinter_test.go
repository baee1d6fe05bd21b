package printing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/printing"
)

// device is ippeveprinter of CUPS, a complete IPP printer in software. It prints into
// a folder.
type device struct {
	t        *testing.T
	program  string
	avahi    string // replaces the name service that it needs
	dir      string
	port     int
	running  *exec.Cmd
	finished chan struct{}
}

// command is what the device does with a job: it waits while it has no cards, takes
// its time, fails if told to, and notes in order what it printed.
const command = `#!/bin/sh
cd "$DEVICE"
: > begun
if [ -e empty ]; then
	echo "STATE: +media-empty-error" >&2
	while [ -e empty ]; do sleep 0.05; done
	echo "STATE: -media-empty-error" >&2
fi
while [ -e slow ]; do sleep 0.05; done
[ -e broken ] && exit 1
cp "$1" "printed/$IPP_JOB_NAME.$$.pdf"
echo "$IPP_JOB_NAME $IPP_COPIES $IPP_SIDES" >> order
echo "ATTR: job-impressions-completed=2" >&2
`

// newDevice switches a printer on. If it is not installed the test is skipped, or
// fails in CI.
func newDevice(t *testing.T) *device {
	t.Helper()
	program, err := exec.LookPath("ippeveprinter")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/ippeveprinter")
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("ippeveprinter (Debian: cups-ipp-utils) is needed")
	}
	d := &device{t: t, program: program, dir: t.TempDir(), avahi: preloaded(t, "testdata/avahi.c")}
	require.NoError(t, os.MkdirAll(filepath.Join(d.dir, "printed"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "command"), []byte(command), 0o755))
	d.port = freePort(t)
	d.on()
	t.Cleanup(d.off)
	return d
}

// preloaded compiles what stands in for a library of a program. If there is no compiler the
// test is skipped, or fails in CI.
func preloaded(t *testing.T, source string) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("gcc is needed")
	}
	library := filepath.Join(t.TempDir(), "preloaded.so")
	out, err := exec.CommandContext(t.Context(), compiler, "-shared", "-fPIC", "-o", library, source).CombinedOutput()
	require.NoError(t, err, string(out))
	return library
}

// freePort is a port that nobody listens at.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	return port
}

// on switches the device on, and waits until it answers.
func (d *device) on() {
	d.t.Helper()
	cmd := exec.Command(d.program, "-2", "-n", "localhost", "-p", strconv.Itoa(d.port), "-d", d.t.TempDir(),
		"-c", filepath.Join(d.dir, "command"), "-f", "application/pdf", "Card")
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+d.avahi, "DEVICE="+d.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(d.t, cmd.Start())
	finished := make(chan struct{})
	go func() { _ = cmd.Wait(); close(finished) }()
	d.running, d.finished = cmd, finished
	require.Eventually(d.t, func() bool {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("localhost:%d", d.port), time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 20*time.Second, 20*time.Millisecond, "%s", &log)
}

// off cuts the power.
func (d *device) off() {
	_ = syscall.Kill(-d.running.Process.Pid, syscall.SIGKILL) // it may be off already
	<-d.finished
}

// set makes the device empty, slow or broken, or ends that.
func (d *device) set(what string, is bool) {
	d.t.Helper()
	name := filepath.Join(d.dir, what)
	if !is {
		require.NoError(d.t, os.Remove(name))
		return
	}
	require.NoError(d.t, os.WriteFile(name, nil, 0o600))
}

// has reports whether the device was told, or says, something.
func (d *device) has(what string) bool {
	_, err := os.Stat(filepath.Join(d.dir, what))
	return err == nil
}

// order lists what was printed, as "job copies sides".
func (d *device) order() []string {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, "order"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(d.t, err)
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// printed gives what the device printed for a job, once for each time.
func (d *device) printed(job string) [][]byte {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.dir, "printed", job+".*.pdf"))
	require.NoError(d.t, err)
	all := make([][]byte, len(files))
	for i, file := range files {
		all[i], err = os.ReadFile(file)
		require.NoError(d.t, err)
	}
	return all
}

// driver is the device's driver in one process of the station.
func (d *device) driver(ledger string) *printing.IPP {
	d.t.Helper()
	p, err := printing.OpenIPP(printing.IPPOptions{
		URI: fmt.Sprintf("ipp://localhost:%d/ipp/print", d.port), Ledger: ledger, Poll: 10 * time.Millisecond,
	})
	require.NoError(d.t, err)
	return p
}

// pdf is a document with its number in it.
func pdf(i int) []byte {
	return fmt.Appendf(nil, "%%PDF-1.4\n%% card %d\n%s\n%%%%EOF\n", i, strings.Repeat("\x00\xff\r\n", 5000))
}

// insist prints as a retried activity does, for half a minute: again after a fault,
// but not after a refusal.
func insist(ctx context.Context, p printing.Printer, job string, content []byte, tell func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := p.Print(ctx, job, printing.Sides{PDF: content}, tell)
		_, refused := errors.AsType[*identity.Refusal](err)
		if _, doubted := errors.AsType[*printing.Doubt](err); err == nil || refused || doubted || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func ignore(string) {}

func TestIPP_HundredCardsArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	p := d.driver(t.TempDir())
	var mu sync.Mutex
	var told []string
	var want []string
	for i := range 100 {
		job := fmt.Sprintf("CARD-%03d-1", i)
		want = append(want, job+" 1 two-sided-long-edge")
		switch i {
		case 30: // the power fails, and returns while the next card waits
			d.off()
			time.AfterFunc(300*time.Millisecond, d.on)
		case 60: // the hopper is empty until somebody was told to fill it
			d.set("empty", true)
		}
		err := insist(t.Context(), p, job, pdf(i), func(wanted string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, wanted)
			if strings.Contains(wanted, "put blank cards into the hopper") {
				d.set("empty", false)
			}
		})
		require.NoError(t, err)
	}

	require.Equal(t, want, d.order())
	for i := range 100 {
		require.Equal(t, [][]byte{pdf(i)}, d.printed(fmt.Sprintf("CARD-%03d-1", i)))
	}
	require.Contains(t, told, "put blank cards into the hopper")
}

func TestIPP_APrintedJobIsNotPrintedAgain(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	ledger := t.TempDir()
	require.NoError(t, d.driver(ledger).Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore))

	require.NoError(t, d.driver(ledger).Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore), "another process")
	require.NoError(t, d.driver(t.TempDir()).Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore), "the ledger was lost; the printer knows")
	d.off()
	d.on()
	require.NoError(t, d.driver(ledger).Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore), "the printer forgot; the ledger knows")
	err := d.driver(ledger).Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(2)}, ignore)

	require.ErrorIs(t, err, identity.Spoiled, "another card under the same name")
	require.Len(t, d.order(), 1)
}

// The same step twice, and other cards, from two processes at once.
func TestIPP_TheSameJobTwiceAtOnceIsPrintedOnce(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	ledger := t.TempDir()
	drivers := []*printing.IPP{d.driver(ledger), d.driver(ledger)}
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			errs[i] = insist(t.Context(), drivers[i%2], fmt.Sprintf("CARD-%d", i/4), pdf(i/4), ignore)
		})
	}
	wg.Wait()

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, d.order(), 3)
}

// A process dies while its card is in the printer: the next one waits for the card.
func TestIPP_AJobInThePrinterIsFoundAgain(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	ledger := t.TempDir()
	d.set("slow", true)
	dying, die := context.WithTimeout(t.Context(), time.Second)
	defer die()
	require.Error(t, d.driver(ledger).Print(dying, "CARD-1", printing.Sides{PDF: pdf(1)}, ignore))
	time.AfterFunc(200*time.Millisecond, func() { d.set("slow", false) })

	require.NoError(t, insist(t.Context(), d.driver(ledger), "CARD-1", pdf(1), ignore))

	require.Equal(t, [][]byte{pdf(1)}, d.printed("CARD-1"))
}

func TestIPP_ACardThatMayHaveBeenPrintedIsNotPrintedAgain(t *testing.T) {
	t.Parallel()
	t.Run("TheDeviceFailed", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t)
		d.set("broken", true)
		err := d.driver(t.TempDir()).Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
		var doubt *printing.Doubt
		require.ErrorAs(t, err, &doubt)
		require.ErrorContains(t, err, "aborted job CARD-1 (")
	})
	t.Run("ThePowerFailed", func(t *testing.T) {
		t.Parallel()
		d := newDevice(t)
		ledger := t.TempDir()
		d.set("slow", true)
		go func() {
			for !d.has("begun") {
				time.Sleep(10 * time.Millisecond)
			}
			d.off()
			d.on()
		}()
		for range 2 { // it is not printed later either
			var doubt *printing.Doubt
			require.ErrorAs(t, insist(t.Context(), d.driver(ledger), "CARD-1", pdf(1), ignore), &doubt, "the camera sees what came of it")
		}
		d.set("slow", false)
		require.NoError(t, insist(t.Context(), d.driver(ledger), "CARD-2", pdf(2), ignore), "the next card is printed")
		require.Empty(t, d.printed("CARD-1"))
	})
}

// A printer that is off has printed nothing: the card is good.
func TestIPP_APrinterThatIsOffGetsTheCardLater(t *testing.T) {
	t.Parallel()
	d := newDevice(t)
	p := d.driver(t.TempDir())
	d.off()
	err := p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore)
	require.Error(t, err)
	require.NotErrorIs(t, err, identity.Spoiled)
	d.on()

	require.NoError(t, p.Print(t.Context(), "CARD-1", printing.Sides{PDF: pdf(1)}, ignore))
}
