//go:build pcsc

package station_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/station"
)

// The daemon of PC/SC, the socket of its library, and the driver of the virtual
// reader in Debian (pcscd, vsmartcard-vpcd).
const (
	pcscSocket    = "/run/pcscd/pcscd.comm"
	virtualDriver = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
	virtualReader = "Cancuoc Virtual"
)

// startPCSC starts the daemon of PC/SC with a virtual reader, and gives the address
// of the reader's slot for software cards.
func startPCSC(t *testing.T) (slot string) {
	t.Helper()
	daemon, err := exec.LookPath("pcscd")
	if err == nil {
		_, err = os.Stat(virtualDriver)
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("pcscd or vsmartcard-vpcd is not installed")
	}
	require.NoError(t, err)
	if running, err := net.Dial("unix", pcscSocket); err == nil {
		require.NoError(t, running.Close())
		t.Skip("another pcscd is running, and there can be one only")
	}
	if os.Geteuid() != 0 {
		t.Skip("pcscd is started by root only")
	}
	port := freePort(t)
	conf := filepath.Join(t.TempDir(), "readers")
	reader := fmt.Sprintf("FRIENDLYNAME %q\nDEVICENAME /dev/null:%#x\nLIBPATH %s\nCHANNELID %#x\n", virtualReader, port, virtualDriver, port)
	require.NoError(t, os.WriteFile(conf, []byte(reader), 0o600))
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, daemon, "--foreground", "--config", conf)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// freePort finds a port on which the virtual reader can listen, at all addresses as it
// does, below those that the system gives to outgoing connections: between this look
// and pcscd's start no other program may be given it.
func freePort(t *testing.T) int {
	t.Helper()
	for port := 20_000 + os.Getpid()%10_000; port < 32_000; port++ {
		free, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if err == nil {
			require.NoError(t, free.Close())
			return port
		}
	}
	require.FailNow(t, "there is no free port between 20000 and 32000")
	return 0
}

// A software blank in the virtual reader of Debian's vsmartcard-vpcd is personalized
// through pcscd, as a real blank would be, and inspected.
func TestPCSC_PersonalizesACardInAReader(t *testing.T) {
	slot := startPCSC(t)
	c := newCenter(t)
	keys, err := keysOf(0x30, 16)([]byte("0123456789"))
	require.NoError(t, err)
	card, err := softcard.New(softcard.Blank{ChipSerial: []byte("0123456789"), Keys: keys}, softcard.Options{})
	require.NoError(t, err)
	takeOut := layIn(t, slot, card)
	c.Encoder, err = station.NewPCSC(virtualReader)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		session, err := c.Encoder.Open(t.Context(), "B-1")
		return err == nil && session.Close() == nil
	}, 10*time.Second, 100*time.Millisecond, "pcscd sees no card")
	other, err := station.NewPCSC("no such reader")
	require.NoError(t, err)
	_, err = other.Open(t.Context(), "B-1")
	require.ErrorContains(t, err, `no reader "no such reader"; there are ["`+virtualReader)
	i := prepared(t, lds.Profiles()[0])

	_, err = c.Personalize(t.Context(), "B-1", i.image)

	require.NoError(t, err)
	require.Equal(t, globalplatform.Secured, card.LifeCycle())
	r := i.inspect(t, c, chipinspection.Access{MRZInformation: i.image.MRZInformation})
	require.Empty(t, r.Failures())
	session, err := c.Encoder.Open(t.Context(), "B-1")
	require.NoError(t, err)
	require.Equal(t, card.ATR(), session.ATR())
	read, err := apdu.Send(t.Context(), session, apdu.Command{INS: 0xB0, P1: 0x9C, Le: 256})
	require.NoError(t, err)
	require.Equal(t, i.image.Files[lds.CardAccess], read.Data)
	require.NoError(t, session.Close())
	takeOut()
}

// Terminals that share nothing with this code read a finished card in a reader, by
// BAC and by PACE with the MRZ, the latter with Chip and Active Authentication.
func TestPCSC_OthersReadACardInAReader(t *testing.T) {
	slot := startPCSC(t)
	c := newCenter(t)
	i := prepared(t, lds.Profiles()[0])
	card, err := station.SoftwareCard(t.Context(), c.Catalog, "", i.image, softcard.Options{})
	require.NoError(t, err)
	defer layIn(t, slot, card)()
	reader, err := station.NewPCSC(virtualReader)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		session, err := reader.Open(t.Context(), "B-1")
		return err == nil && session.Close() == nil
	}, 10*time.Second, 100*time.Millisecond, "pcscd sees no card")

	libmrtdReads(t, libmrtd(t, "-DPCSC", "-I/usr/include/PCSC", "-lpcsclite"), "pcsc:"+virtualReader, i)
	openPACEReads(t, openPACE(t, "libpcsclite"), "pcsc:"+virtualReader, strings.Join(i.expect.MRZ[:], ""), "2", i)
}

// layIn puts a card into the virtual reader and gives a function that takes it out.
func layIn(t *testing.T, slot string, card *softcard.Card) (takeOut func()) {
	t.Helper()
	require.Eventually(t, func() bool {
		probe, err := net.Dial("tcp", slot)
		return err == nil && probe.Close() == nil
	}, 10*time.Second, 50*time.Millisecond, "the virtual reader does not listen")
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- softcard.ServeVPCD(ctx, slot, card) }()
	return func() {
		cancel()
		require.NoError(t, <-served)
	}
}
