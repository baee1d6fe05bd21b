package station_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// libmrtd builds the terminal in testdata. It needs a C compiler and Debian's
// libmrtd-dev and libnfc-dev.
func libmrtd(t *testing.T, further ...string) string {
	t.Helper()
	const header = "/usr/include/mrtd/mrtd.h"
	if _, err := os.Stat(header); err != nil && os.Getenv("CI") == "" {
		t.Skip("libmrtd-dev is not installed")
	}
	program := filepath.Join(t.TempDir(), "libmrtd")
	// The library must follow the program, whose function it calls.
	args := append([]string{"-rdynamic", "-o", program, filepath.Join("testdata", "libmrtd.c"), "-lmrtd", "-lnfc"}, further...)
	out, err := exec.CommandContext(t.Context(), "cc", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// libmrtdReads has the terminal open a card by BAC and read it whole.
func libmrtdReads(t *testing.T, program, card string, i issue) {
	t.Helper()
	readsWhole(t, i, program, card, i.image.MRZInformation)
}

// readsWhole has a terminal read every file of the eMRTD application that it may
// read, and compares the files with the image.
func readsWhole(t *testing.T, i issue, program string, arguments ...string) {
	t.Helper()
	var want []string
	for _, row := range lds.Table() {
		if content := i.image.Files[row.EF]; !row.MasterFile && content != nil {
			arguments = append(arguments, fmt.Sprintf("%04x", row.FID))
			want = append(want, hex.EncodeToString(content))
		}
	}

	out, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()

	require.NoError(t, err, string(out))
	require.Equal(t, want, strings.Fields(string(out)))
	require.Len(t, want, 7)
}

// serve serves a card on the loopback interface until the test ends, and gives
// the port.
func serve(t *testing.T, card *softcard.Card) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- softcard.ServeTCP(ctx, listener, card) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-served)
	})
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// libmrtd, which shares nothing with this code, opens finished cards by BAC and reads
// every file that it may read.
func TestSoftwareCard_LibmrtdReadsItByBAC(t *testing.T) {
	t.Parallel()
	program := libmrtd(t)
	catalog, err := profile.Load()
	require.NoError(t, err)
	for _, p := range lds.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			i := prepared(t, p)
			card, err := station.SoftwareCard(t.Context(), catalog, "", i.image, softcard.Options{})
			require.NoError(t, err)

			libmrtdReads(t, program, serve(t, card), i)
		})
	}
}
