package station_test

import (
	"crypto/elliptic"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// openPACE builds the terminal of package softcard, with PC/SC if further is
// libpcsclite. It needs a C compiler and Debian's libeac-dev.
func openPACE(t *testing.T, further ...string) string {
	t.Helper()
	flags, err := exec.CommandContext(t.Context(), "pkg-config", append([]string{"--cflags", "--libs", "libeac"}, further...)...).Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("libeac-dev is not installed")
	}
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "openpace")
	args := append([]string{"-o", program, filepath.Join("..", "chip", "softcard", "testdata", "openpace.c")}, strings.Fields(string(flags))...)
	if len(further) > 0 {
		args = append(args, "-DPCSC")
	}
	out, err := exec.CommandContext(t.Context(), "cc", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// parameterID is the number of a curve's standardized domain parameters.
func parameterID(t *testing.T, c elliptic.Curve) int {
	t.Helper()
	for id := range 32 {
		if found, err := curve.ByParameterID(id); err == nil && found == c {
			return id
		}
	}
	require.FailNow(t, "no standardized domain parameters", c.Params().Name)
	return 0
}

// openPACEReads has the terminal open a card by PACE, do Chip and Active
// Authentication, and read all of it.
func openPACEReads(t *testing.T, program, card, password, arc string, i issue) {
	t.Helper()
	infos, err := lds.ParseDG14(i.image.Files[lds.DG14])
	require.NoError(t, err)
	key := infos.ChipAuthenticationKeys[0].Key
	point, err := curve.MarshalPoint(key)
	require.NoError(t, err)
	parameter := parameterID(t, key.Curve)
	spki := i.image.Files[lds.DG15][3:] // without the file's tag and length
	if i.image.Files[lds.DG15][1] == 0x82 {
		spki = i.image.Files[lds.DG15][4:]
	}
	readsWhole(t, i, program, card, password, arc, hex.EncodeToString(point), strconv.Itoa(parameter), hex.EncodeToString(spki))
}

// OpenPACE and OpenSSL, which share nothing with this code, open finished cards by
// PACE, do Chip and Active Authentication, and read all of them.
func TestSoftwareCard_OpenPACEAuthenticatesIt(t *testing.T) {
	t.Parallel()
	program := openPACE(t)
	catalog, err := profile.Load()
	require.NoError(t, err)
	for _, p := range lds.Profiles() {
		for _, tt := range []struct {
			bits int
			arc  string // of the protocols' object identifiers
			zone bool   // the password is the machine-readable zone; otherwise the access number
		}{{128, "2", true}, {128, "2", false}, {256, "4", true}} {
			t.Run(fmt.Sprintf("%s AES-%d by MRZ %t", p.Name, tt.bits, tt.zone), func(t *testing.T) {
				t.Parallel()
				p := p
				p.PACEBits = tt.bits
				i := prepared(t, p)
				password := i.image.CAN
				if tt.zone {
					password = strings.Join(i.expect.MRZ[:], "")
				}
				card, err := station.SoftwareCard(t.Context(), catalog, "", i.image, softcard.Options{})
				require.NoError(t, err)

				openPACEReads(t, program, serve(t, card), password, tt.arc, i)
			})
		}
	}
}
