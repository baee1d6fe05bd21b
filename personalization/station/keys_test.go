package station_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/station"
)

// privateKeys finds the private keys in the memory of a software card.
func privateKeys(t *testing.T, memory []byte) [][]byte {
	t.Helper()
	var found [][]byte
	for at := range memory {
		if memory[at] != 0x30 || at+4 > len(memory) {
			continue
		}
		if end := at + 4 + int(memory[at+2])<<8 + int(memory[at+3]); memory[at+1] == 0x82 && end <= len(memory) {
			if key, err := x509.ParsePKCS8PrivateKey(memory[at:end]); err == nil {
				of, is := key.(*rsa.PrivateKey)
				require.True(t, is)
				found = append(found, of.D.Bytes())
			}
		}
		length := at + 2 + int(memory[at+1]) // of keys with named curves
		if memory[at+1] == 0x81 && at+3 <= len(memory) {
			length = at + 3 + int(memory[at+2])
		}
		if length > len(memory) {
			continue
		}
		if _, err := curve.ParsePrivateKey(memory[at:length]); err == nil {
			_, scalar, _ := bytes.Cut(memory[at:length], []byte{0x02, 0x01, 0x01, 0x04, 0x20}) // RFC 5915
			found = append(found, scalar[:32])
		}
	}
	return found
}

// A chip makes its keys, which are nowhere else; where it cannot, the station makes them
// while it writes, and keeps them nowhere. The card is signed for them, and passes.
func TestPersonalize_TheKeysOfAChipAreInItAlone(t *testing.T) {
	t.Parallel()
	byRSA := lds.Profiles()[0]
	byRSA.AACurve = ""
	for name, p := range map[string]lds.Profile{"as observed": lds.Profiles()[0], "NIST": lds.Profiles()[1], "RSA for Active Authentication": byRSA} {
		for _, way := range []string{"store-data", "update-binary"} {
			for _, makes := range []bool{true, false} {
				t.Run(fmt.Sprint(name, " by ", way, ", the chip makes keys: ", makes), func(t *testing.T) {
					t.Parallel()
					i := prepared(t, p)
					require.True(t, i.open.Open())
					c := newCenter(t)
					c.Profile, c.Sealer = way, i.sealer
					for n := range c.Catalog.Profiles {
						c.Catalog.Profiles[n].MakesKeys = makes
					}

					_, err := c.Personalize(t.Context(), "B-1", i.open)

					require.NoError(t, err)
					r := i.inspect(t, c, chipinspection.Access{CAN: i.open.CAN})
					require.Empty(t, r.Failures())
					require.NotEqual(t, i.image.Files[lds.DG15], r.Files[lds.DG15], "each chip has keys of its own")
					keys := privateKeys(t, c.card(t).Snapshot())
					require.Len(t, keys, 2)
					stored, err := i.open.MarshalBinary()
					require.NoError(t, err)
					kept := append(contents(t, c.journal), stored)
					for _, key := range keys {
						for _, b := range kept {
							require.NotContains(t, string(b), string(key))
							require.NotContains(t, string(b), hex.EncodeToString(key))
						}
					}
				})
			}
		}
	}
}

// contents are the files of a folder.
func contents(t *testing.T, dir string) [][]byte {
	t.Helper()
	var all [][]byte
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		all = append(all, b)
		return err
	}))
	require.NotEmpty(t, all)
	return all
}

// Power is lost at every command, also between a key, its signature and the lock. What comes
// of it in the end is one whole card, signed for the keys that its chip has.
func TestPersonalize_TornWhileTheChipMakesItsKeys(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"store-data", "update-binary"} {
		for _, moment := range []softcard.Moment{softcard.BeforeCommit, softcard.MidWrite, softcard.AfterCommit} {
			t.Run(fmt.Sprint(way, " moment ", moment), func(t *testing.T) {
				t.Parallel()
				i := prepared(t, lds.Profiles()[1])
				for n := 0; ; n++ {
					c := newCenter(t)
					c.Profile, c.Sealer = way, i.sealer
					c.Encoder = &tearing{Encoder: c.Encoder, after: n, moment: moment}
					_, err := c.Personalize(t.Context(), "B-1", i.open)
					if err == nil {
						require.Greater(t, n, 20)
						return
					}
					require.ErrorIs(t, err, softcard.ErrPowerLost)
					c.start(t)
					c.Profile, c.Sealer = way, i.sealer

					_, err = c.Personalize(t.Context(), "B-1", i.open)

					require.NoError(t, err, "torn at %d", n)
					require.Empty(t, i.inspect(t, c, chipinspection.Access{CAN: i.open.CAN}).Failures(), "torn at %d", n)
					require.Len(t, privateKeys(t, c.card(t).Snapshot()), 2)
				}
			})
		}
	}
}

// A signer that does not sign is seen before a blank is taken, and spoils none.
func TestPersonalize_ASignerThatFailsSpoilsNothing(t *testing.T) {
	t.Parallel()
	i := prepared(t, lds.Profiles()[1])
	c := newCenter(t)
	broken := &failing{Sealer: i.sealer, err: errors.New("the HSM is away")}
	c.Sealer = broken
	require.ErrorIs(t, c.Prove(t.Context()), broken.err)
	for range 5 {
		_, err := c.Personalize(t.Context(), "B-1", i.open)

		fault, ok := errors.AsType[*station.Fault](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, station.Signer, fault.Part)
		require.NotErrorIs(t, err, identity.Spoiled)
	}
	broken.err = nil

	_, err := c.Personalize(t.Context(), "B-1", i.open)

	require.NoError(t, err)
	require.Empty(t, i.inspect(t, c, chipinspection.Access{CAN: i.open.CAN}).Failures())
}

// failing is a sealer whose signer is away while there is an error.
type failing struct {
	station.Sealer
	err error
}

func (f *failing) Prove() error { return f.err }

func (f *failing) Seal(image *chip.Image, ca, aa crypto.PublicKey) (*chip.Image, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Sealer.Seal(image, ca, aa)
}
