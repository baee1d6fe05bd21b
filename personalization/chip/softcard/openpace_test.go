package softcard

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/lds"
)

// openPACE builds the terminal in testdata: it needs a C compiler and Debian's
// libeac-dev.
func openPACE(t *testing.T) string {
	t.Helper()
	flags, err := exec.CommandContext(t.Context(), "pkg-config", "--cflags", "--libs", "libeac").Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("libeac-dev is not installed")
	}
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "openpace")
	args := append([]string{"-o", program, filepath.Join("testdata", "openpace.c")}, strings.Fields(string(flags))...)
	out, err := exec.CommandContext(t.Context(), "cc", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// OpenPACE, which shares nothing with this code, opens PACE with every suite on
// every curve and reads a file in secure messaging.
func TestPACE_OpenPACEReadsTheCard(t *testing.T) {
	t.Parallel()
	program := openPACE(t)
	com := unhex(t, "60145F0104303130365F36063034303030305C026175")
	for _, arc := range []suite{suiteAES128, suiteAES192, suiteAES256} {
		for curve, parameter := range map[string]byte{"P-256": 12, "brainpoolP256r1": 13, "P-384": 15, "brainpoolP384r1": 16} {
			t.Run(fmt.Sprintf("suite %d %s", arc, curve), func(t *testing.T) {
				t.Parallel()
				access := unhex(t, "31143012060A04007F0007020204020002010202010D")
				access[15], access[21] = byte(arc&0xFF), parameter
				c := finished(t, nil,
					lds.Files{lds.CardAccess: access, lds.COM: com},
					map[uint16][]byte{secretCAN: []byte("123456")})
				listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- ServeTCP(ctx, listener, c) }()
				_, port, err := net.SplitHostPort(listener.Addr().String())
				require.NoError(t, err)

				out, err := exec.CommandContext(t.Context(), program, port, "123456", strconv.Itoa(int(arc))).CombinedOutput()

				require.NoError(t, err, string(out))
				require.Equal(t, hex.EncodeToString(com)+"\n", string(out))
				cancel()
				require.NoError(t, <-served)
			})
		}
	}
}
