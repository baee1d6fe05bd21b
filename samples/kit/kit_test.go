package kit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image/jpeg"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
	"example.org/cancuoc/samples/kit"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

func at() time.Time { return time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC) }

// written makes the kit, and reads what it says of its cards.
func written(t *testing.T) (dir string, cards []kit.Card, images map[string]*chip.Image) {
	t.Helper()
	dir = t.TempDir()
	loaded, err := render.Load(forms.BuiltIn)
	require.NoError(t, err)
	images, err = kit.Write(dir, kit.Input{Samples: os.DirFS("../../samples"), Forms: loaded, Profile: lds.Profiles()[0], At: at()})
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "cards.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &cards))
	return dir, cards, images
}

func read(t *testing.T, name ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(name...))
	require.NoError(t, err)
	return b
}

// The kit is complete, and what it says is so: a bank's developer needs nothing else.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir, cards, images := written(t)
	t.Run("it is complete and true", func(t *testing.T) { completeAndTrue(t, dir, cards, images) })
	t.Run("deployed readers show every card", func(t *testing.T) { shownByReaders(t, dir, cards) })
	t.Run("a card of it passes", func(t *testing.T) { passes(t, dir, cards[0], images) })
}

func completeAndTrue(t *testing.T, dir string, cards []kit.Card, images map[string]*chip.Image) {
	t.Helper()
	root, err := pki.ParseCertificate(read(t, dir, "csca.der"))
	require.NoError(t, err)
	trust, err := pki.NewTrustStore([]*pki.Certificate{root}, nil)
	require.NoError(t, err)
	list, err := pki.ParseMasterList(read(t, dir, "master-list.der"))
	require.NoError(t, err)
	require.NoError(t, trust.CheckMasterList(list, at()))
	revoked, err := pki.ParseCRL(read(t, dir, "crl.der"))
	require.NoError(t, err)
	require.NoError(t, revoked.CheckSignedBy(root))
	require.Contains(t, string(read(t, dir, "pkd.ldif")), "userCertificate;binary:: ")
	require.Contains(t, string(read(t, dir, "csca.pem")), "-----BEGIN CERTIFICATE-----")
	require.GreaterOrEqual(t, len(cards), 24, "every sample with a chip, and the hard ones")

	for _, c := range cards {
		t.Run(c.Name, func(t *testing.T) {
			var alone kit.Card
			require.NoError(t, json.Unmarshal(read(t, dir, c.Name, "expected.json"), &alone))
			require.Equal(t, c, alone)
			files := make(lds.Files)
			for _, f := range c.Files {
				b := read(t, dir, c.Name, f.Name)
				sum := sha256.Sum256(b)
				require.Equal(t, []any{f.Bytes, f.SHA256}, []any{len(b), hex.EncodeToString(sum[:])}, f.EF)
				files[f.EF] = b
			}
			require.Equal(t, images[c.Name].Files, files, "byte by byte")
			require.NoError(t, lds.Profiles()[0].CheckFiles(files))
			security, err := sod.Parse(files[lds.SOD])
			require.NoError(t, err)
			require.NoError(t, security.Verify(trust, at()))
			require.Equal(t, read(t, dir, "document-signer.der"), security.Signer.Raw)
			require.Equal(t, c.DataGroups, security.DataGroups())
			zone, err := lds.ParseDG1(files[lds.DG1])
			require.NoError(t, err)
			require.Equal(t, c.MRZ, zone)
			if c.Portrait == nil {
				require.NotContains(t, c.DataGroups, 2)
			} else {
				require.Equal(t, 84, c.Portrait.Offset, "where apps cut")
				_, err := jpeg.Decode(bytes.NewReader(files[lds.DG2][c.Portrait.Offset:]))
				require.NoError(t, err)
			}
		})
	}
}

// shownByReaders: public parsers, ported, show every card whole; those that know lengths of one byte
// alone lose of a card with a longer field that one and what comes after it, which the kit tells.
func shownByReaders(t *testing.T, dir string, cards []kit.Card) {
	t.Helper()
	overlong := 0
	for _, c := range cards {
		want := make(shown)
		lost := 100 // from which field on
		for _, d := range c.Details {
			n := d.Number
			if d.Field == "mother" {
				n += 100
			}
			want.put(n, d.Value)
			if slices.ContainsFunc(c.Overlong, func(f string) bool { return f == d.Field || f == d.Field+".text" }) {
				lost = min(lost, d.Number)
			}
		}
		if lost < 100 {
			overlong++
		}
		for _, r := range readers {
			found, err := r.read(read(t, dir, c.Name, "EF_DG13.bin"))
			if lost < 100 && r.oneLength {
				for n, value := range found {
					require.True(t, n < lost && value == want[n] || n >= lost-1, "%s, %s, field %d", r.source, c.Name, n)
				}
				continue
			}
			require.NoError(t, err, "%s, %s", r.source, c.Name)
			want := want
			if r.loses != nil {
				want = r.loses(maps.Clone(want))
			}
			for _, n := range r.shows {
				require.Equal(t, want[n], found[n], "%s, %s, field %d", r.source, c.Name, n)
			}
		}
	}
	require.Equal(t, 2, overlong, "the long address of a sample, and the card that is made to be long")
}

// passes: a card that is made of the kit opens as it says, and passes every check against its CSCA.
func passes(t *testing.T, dir string, c kit.Card, images map[string]*chip.Image) {
	t.Helper()
	catalog, err := profile.Load()
	require.NoError(t, err)
	root, err := pki.ParseCertificate(read(t, dir, "csca.der"))
	require.NoError(t, err)
	trust, err := pki.NewTrustStore([]*pki.Certificate{root}, nil)
	require.NoError(t, err)
	card, err := station.SoftwareCard(context.WithoutCancel(t.Context()), catalog, "", images[c.Name], softcard.Options{})
	require.NoError(t, err)
	for name, access := range map[string]chipinspection.Access{"MRZ": {MRZInformation: c.Access.MRZInformation}, "CAN": {CAN: c.Access.CAN}} {
		for _, bac := range []bool{false, true} {
			if bac && name == "CAN" {
				continue
			}
			require.NoError(t, card.Reset(t.Context()))
			r, err := chipinspection.Read(t.Context(), card, access, chipinspection.Options{BACOnly: bac})
			require.NoError(t, err, name)
			require.Empty(t, chipinspection.Verify(r, trust, at()).Failures(), name)
			for _, f := range c.Files {
				if b, wasRead := r.Files[f.EF]; wasRead {
					require.Equal(t, read(t, dir, c.Name, f.Name), b, f.EF)
				}
			}
		}
	}
}
