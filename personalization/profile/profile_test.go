package profile_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/globalplatform"
	"example.org/cancuoc/personalization/chip/securechannel"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/profile"
)

func keys(version, fill byte, length int) securechannel.KeySet {
	key := func(n byte) []byte { return bytes.Repeat([]byte{fill + n}, length) }
	return securechannel.KeySet{Version: version, ENC: key(0), MAC: key(1), DEK: key(2)}
}

var (
	transport = keys(0x30, 0x10, 16)
	final     = keys(0x01, 0x70, 32)
)

func blank(tb testing.TB) *softcard.Card {
	tb.Helper()
	c, err := softcard.New(softcard.Blank{ChipSerial: []byte("chip-00001"), Keys: transport}, softcard.Options{})
	require.NoError(tb, err)
	return c
}

// content has realistic sizes; its meaning does not matter here.
func content(tb testing.TB) profile.Content {
	tb.Helper()
	chip, err := curve.GenerateKey(curve.BrainpoolP256r1(), bytes.NewReader(bytes.Repeat([]byte{5}, 32)))
	require.NoError(tb, err)
	der, err := curve.MarshalPrivateKey(chip, curve.Explicit)
	require.NoError(tb, err)
	file := func(tag byte, n int) []byte {
		return append([]byte{tag, 0x82, byte(n >> 8 & 0xFF), byte(n & 0xFF)}, bytes.Repeat([]byte{tag}, n)...)
	}
	return profile.Content{
		"EF.CardAccess": []byte("\x31\x14\x30\x12\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01\x0D"),
		"EF.COM":        file(0x60, 30), "EF.DG1": file(0x61, 93), "EF.DG2": file(0x75, 20000), "EF.DG13": file(0x6D, 400),
		"EF.DG14": file(0x6E, 500), "EF.DG15": file(0x6F, 300), "EF.SOD": file(0x77, 2000),
		"mrz-information": []byte("L898902C<369080619406236"), "can": []byte("123456"),
		"chip-authentication-key": der, "active-authentication-key": der,
	}
}

func job(tb testing.TB, catalog *profile.Catalog, card apdu.Card, applications ...string) profile.Job {
	tb.Helper()
	j := profile.Job{
		Card: card, Keys: transport, NextKeys: final, Content: content(tb),
		Reference: bytes.Repeat([]byte{0xAB}, 32), Random: rand.Reader,
	}
	for _, name := range append([]string{profile.EMRTD}, applications...) {
		a, err := catalog.Application(name)
		require.NoError(tb, err)
		j.Applications = append(j.Applications, a)
	}
	return j
}

func load(tb testing.TB) *profile.Catalog {
	tb.Helper()
	catalog, err := profile.Load()
	require.NoError(tb, err)
	return catalog
}

func TestRun_EachProfileMakesALockedCard(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	require.Len(t, catalog.Profiles, 2)
	for _, p := range catalog.Profiles {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			card := blank(t)

			err := p.Run(t.Context(), job(t, catalog, card))

			require.NoError(t, err)
			require.Equal(t, globalplatform.Secured, card.LifeCycle())
			require.NoError(t, card.Reset(t.Context()))
			r, err := apdu.Send(t.Context(), card, apdu.Command{INS: 0xB0, P1: 0x9C, Le: 256})
			require.NoError(t, err)
			require.Equal(t, apdu.Response{Data: content(t)["EF.CardAccess"], SW: apdu.OK}, r)
		})
	}
}

func TestRun_ALockedCardTakesNoWrite(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	card := blank(t)
	require.NoError(t, catalog.Profiles[0].Run(t.Context(), job(t, catalog, card)))
	before := card.Commits()

	for _, selected := range [][]byte{globalplatform.IssuerSecurityDomain(), {0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01}} {
		for _, ins := range []byte{0x0E, 0x44, 0x47, 0xD0, 0xD6, 0xD7, 0xD8, 0xDA, 0xDB, 0xDC, 0xE0, 0xE2, 0xE4, 0xE6, 0xE8, 0xF0} {
			for _, class := range []byte{0x00, 0x80, 0x84, 0x04} {
				require.NoError(t, profile.Select(t.Context(), card, selected))
				r, err := apdu.Send(t.Context(), card, apdu.Command{CLA: class, INS: ins, Data: make([]byte, 16)})
				require.NoError(t, err)
				require.Contains(t, []apdu.Status{0x6982, 0x6985}, r.SW, "class %02X instruction %02X", class, ins)
			}
		}
	}
	require.Equal(t, before, card.Commits())

	// Nor does it change in what it says of its holder for whoever has its keys.
	emrtd := []byte{0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01}
	another := slices.Concat([]byte{6}, emrtd[:6], []byte{7}, emrtd, []byte{7}, emrtd[:6], []byte{2, 1, 4, 2, 0xC9, 0, 0})
	require.NoError(t, profile.Select(t.Context(), card, globalplatform.IssuerSecurityDomain()))
	channel, err := securechannel.Open(t.Context(), card, final, securechannel.FullProtection, rand.Reader)
	require.NoError(t, err)
	for name, c := range map[string]apdu.Command{
		"DELETE of the eMRTD":                       {INS: apdu.Delete, Data: slices.Concat([]byte{0x4F, 7}, emrtd)},
		"another eMRTD":                             {INS: apdu.Install, P1: globalplatform.InstallAndMakeSelectable, Data: another},
		"INSTALL [for personalization] of it":       {INS: apdu.Install, P1: globalplatform.InstallForPersonalization, Data: slices.Concat([]byte{0, 0, 7}, emrtd, []byte{0, 0, 0})},
		"STORE DATA of the issuer":                  {INS: apdu.StoreData, P1: globalplatform.StoreLast | globalplatform.StoreBER, Data: []byte{0xDF, 0x20, 1, 0}},
		"back in the life cycle":                    {INS: apdu.SetStatus, P1: globalplatform.ScopeCard, P2: byte(globalplatform.Initialized)},
		"SET STATUS as it is":                       {INS: apdu.SetStatus, P1: globalplatform.ScopeCard, P2: byte(globalplatform.Secured)},
		"UPDATE BINARY":                             {INS: apdu.UpdateBinary, Data: []byte{0}},
		"GENERATE ASYMMETRIC KEY PAIR of the eMRTD": {INS: apdu.GenerateKeyPair, P1: 0x80},
	} {
		c.CLA = apdu.ClassGlobalPlatform
		r, err := channel.Send(t.Context(), c)
		require.NoError(t, err)
		require.Contains(t, []apdu.Status{0x6982, 0x6985}, r.SW, name)
	}
	require.Equal(t, before, card.Commits())
}

func TestRun_TheCardMakesTheKeyOfTheDigitalSignature(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	for _, p := range catalog.Profiles {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			card := blank(t)
			j := job(t, catalog, card, "digital-signature", "health-insurance")
			j.Content["signature-transport-pin"] = []byte("123456")
			j.Content["health-insurance"] = []byte("HS4010000000000")
			var certified []byte
			j.Certify = func(_ context.Context, application string, publicKey []byte) ([]byte, error) {
				require.Equal(t, "digital-signature", application)
				certified = publicKey
				return []byte("certificate"), nil
			}

			require.NoError(t, p.Run(t.Context(), j))

			key, err := curve.ParsePoint(curve.P256(), certified)
			require.NoError(t, err)
			access := chipinspection.Access{MRZInformation: "L898902C<369080619406236"}
			application, err := chipinspection.OpenSignature(t.Context(), card, access)
			require.NoError(t, err)
			digest := [32]byte{9}
			sign := func() ([]byte, error) { return application.Sign(t.Context(), digest) }
			stays := func(pin string, sw apdu.Status) {
				t.Helper()
				require.ErrorIs(t, application.Verify(t.Context(), pin), sw)
				_, err := sign()
				require.ErrorIs(t, err, apdu.SecurityNotSatisfied)
			}
			stays("123456", apdu.ConditionsNotSatisfied) // the transport PIN is no PIN
			require.ErrorIs(t, application.ChangePIN(t.Context(), "654321", "271828"), apdu.Status(0x63C2))
			require.ErrorIs(t, application.ChangePIN(t.Context(), "123456", "12345"), apdu.WrongData)
			require.ErrorIs(t, application.ChangePIN(t.Context(), "123456", "123456"), apdu.WrongData)
			require.NoError(t, application.ChangePIN(t.Context(), "123456", "271828"))
			stays("123456", apdu.Status(0x63C2)) // it is gone
			require.NoError(t, application.Verify(t.Context(), "271828"))
			signature, err := sign()
			require.NoError(t, err)
			require.NoError(t, curve.VerifyPlain(key, digest[:], signature))
			_, err = sign()
			require.ErrorIs(t, err, apdu.SecurityNotSatisfied, "each needs the PIN")
			for _, left := range []apdu.Status{0x63C2, 0x63C1, 0x63C0} {
				stays("000000", left)
			}
			stays("271828", apdu.AuthenticationBlocked)
			require.ErrorIs(t, application.ChangePIN(t.Context(), "271828", "314159"), apdu.AuthenticationBlocked)
			require.ErrorIs(t, application.Verify(t.Context(), ""), apdu.AuthenticationBlocked)

			insurance := j.Applications[2].Instance
			require.NoError(t, profile.Select(t.Context(), card, insurance))
			r, err := apdu.Send(t.Context(), card, apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{0x41, 0x01}})
			require.NoError(t, err)
			require.Equal(t, apdu.SecurityNotSatisfied, r.SW, "strangers do not read it")
			require.Contains(t, string(card.Snapshot()), "HS4010000000000")
		})
	}
}

func TestRun_AMissingModuleIsReported(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	j := job(t, catalog, blank(t), "one-time-password")

	err := catalog.Profiles[0].Run(t.Context(), j)

	require.ErrorContains(t, err, "one-time-password")
}

func TestRun_MissingContentStopsBeforeTheCardIsLocked(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	card := blank(t)
	j := job(t, catalog, card)
	delete(j.Content, "EF.SOD")

	err := catalog.Profiles[0].Run(t.Context(), j)

	require.ErrorContains(t, err, "EF.SOD")
	require.Equal(t, globalplatform.OpReady, card.LifeCycle())
}

func TestRun_ACardThatIsTooSmallIsRefused(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	small, err := softcard.New(softcard.Blank{ChipSerial: []byte("chip-00001"), Keys: transport}, softcard.Options{Memory: 8 << 10})
	require.NoError(t, err)

	err = catalog.Profiles[0].Run(t.Context(), job(t, catalog, small))

	require.ErrorIs(t, err, apdu.NotEnoughMemory)
}

func TestLoadFrom_RefusesWhatWouldLeaveACardOpen(t *testing.T) {
	t.Parallel()
	table := "applications: [{name: emrtd, package: A000000001, module: A000000001, instance: A000000001, privileges: 00}]"
	good := "name: p\nlevel: 33\nblock: 255\nafter: [select-security-domain, set-secured]\n"
	for name, tt := range map[string]struct{ table, profile, fault string }{
		"unknown key":          {table, good + "blok: 1\n", "blok"},
		"unknown step":         {table, "name: p\nlevel: 33\nblock: 255\nbefore: [selekt]\nafter: [set-secured]\n", "selekt"},
		"not locked":           {table, "name: p\nlevel: 33\nblock: 255\nafter: [put-keys]\n", "stay open"},
		"no such level":        {table, "name: p\nlevel: 02\nblock: 255\nafter: [set-secured]\n", "level 02"},
		"block too large":      {table, "name: p\nlevel: 33\nblock: 70000\nafter: [set-secured]\n", "70000"},
		"no eMRTD":             {"applications: []", good, "emrtd"},
		"bad identifier":       {"applications: [{name: emrtd, package: A0, module: A0, instance: A0, privileges: 00}]", good, "5 to 16"},
		"not hexadecimal":      {"applications: [{name: emrtd, package: XY}]", good, "line 1"},
		"a tag of three bytes": {table + "\n  - {name: x, package: A000000001, module: A000000001, instance: A000000001, privileges: 00, files: [{tag: 010203, content: y}]}", good, "two bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := fstest.MapFS{"applications.yaml": {Data: []byte(tt.table)}, "p.yaml": {Data: []byte(tt.profile)}}

			_, err := profile.LoadFrom(folder)

			require.Error(t, err)
			if name != "a tag of three bytes" { // flow and block style do not mix: YAML itself refuses
				require.ErrorContains(t, err, tt.fault)
			}
		})
	}
}

// Power is lost at every command of personalization in turn, and at each of the
// three moments of a write. The card cannot be read before it is locked, and
// a second run always completes it.
func TestRun_TornAtEveryCommandTheSecondRunMakesTheSameCard(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	for _, p := range catalog.Profiles {
		for _, moment := range []softcard.Moment{softcard.BeforeCommit, softcard.MidWrite, softcard.AfterCommit} {
			t.Run(fmt.Sprint(p.Name, moment), func(t *testing.T) {
				t.Parallel()
				want := wholeCard(t, catalog, &p)
				for n := 0; ; n++ {
					if tornAt(t, catalog, &p, n, moment, want) {
						require.Greater(t, n, 20)
						return
					}
				}
			})
		}
	}
}

// smallJob is a job with a smaller portrait: fewer commands of the same kind.
func smallJob(t *testing.T, catalog *profile.Catalog, card apdu.Card) profile.Job {
	t.Helper()
	j := job(t, catalog, card)
	j.Content["EF.DG2"] = j.Content["EF.DG2"][:5000]
	return j
}

// tornAt makes a card whose power is lost in command n and reports whether
// there was no such command.
func tornAt(t *testing.T, catalog *profile.Catalog, p *profile.Profile, n int, moment softcard.Moment, want []byte) (past bool) {
	t.Helper()
	card := blank(t)
	card.PowerLossAfter(n, moment)
	err := p.Run(t.Context(), smallJob(t, catalog, card))
	if err == nil {
		return true
	}
	require.ErrorIs(t, err, softcard.ErrPowerLost)
	card, err = softcard.Restore(card.Snapshot(), softcard.Options{})
	require.NoError(t, err)
	locked := card.LifeCycle() == globalplatform.Secured
	require.Equal(t, locked, isReadable(t, card), "torn at command %d", n)
	if locked { // only the last response was lost
		return false
	}

	j := smallJob(t, catalog, card)
	err = p.Run(t.Context(), j)
	if errors.Is(err, apdu.ReferenceNotFound) { // the new keys are there already
		j.Keys = final
		err = p.Run(t.Context(), j)
	}

	require.NoError(t, err, "torn at command %d", n)
	require.Equal(t, globalplatform.Secured, card.LifeCycle())
	require.True(t, isReadable(t, card))
	require.True(t, bytes.Equal(want, memory(card)), "torn at command %d", n)
	return false
}

// wholeCard is the memory of a card that was personalized without interruption.
func wholeCard(t *testing.T, catalog *profile.Catalog, p *profile.Profile) []byte {
	t.Helper()
	card := blank(t)
	require.NoError(t, p.Run(t.Context(), smallJob(t, catalog, card)))
	return memory(card)
}

// memory is the memory of a card without the number of channels opened so far, which
// is after magic, serial and life cycle state.
func memory(card *softcard.Card) []byte {
	b := card.Snapshot()
	return append(b[:24], b[27:]...)
}

// isReadable reports whether a reader finds the eMRTD application.
func isReadable(t *testing.T, card *softcard.Card) bool {
	t.Helper()
	require.NoError(t, card.Reset(t.Context()))
	r, err := apdu.Send(t.Context(), card, apdu.Command{INS: 0xA4, P1: 4, P2: 0x0C, Data: []byte{0xA0, 0, 0, 2, 0x47, 0x10, 0x01}})
	require.NoError(t, err)
	if r.SW != apdu.OK {
		return false
	}
	r, err = apdu.Send(t.Context(), card, apdu.Command{INS: 0xB0, P1: 0x9C, Le: 256})
	require.NoError(t, err)
	return r.SW == apdu.OK
}

// BenchmarkRun is one whole card: 24 kB over SCP03 at level 33 with AES-256.
func BenchmarkRun(b *testing.B) {
	catalog := load(b)
	for _, p := range catalog.Profiles {
		b.Run(p.Name, func(b *testing.B) {
			b.ReportAllocs()
			j := job(b, catalog, nil)
			for b.Loop() {
				j.Card = blank(b)
				require.NoError(b, p.Run(b.Context(), j))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cards/s")
		})
	}
}

// A file's header may be at the end of a command, depending on the lengths of the
// files before it.
func TestRun_NoCommandEndsInsideAHeader(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	for extra := range 300 {
		card := blank(t)
		j := job(t, catalog, card)
		portrait := j.Content["EF.DG2"]
		j.Content["EF.DG2"] = append(bytes.Clone(portrait), make([]byte, extra)...)
		p, err := catalog.Profile("store-data")
		require.NoError(t, err)

		require.NoError(t, p.Run(t.Context(), j), "%d bytes more", extra)
	}
}

// A chip that holds something else beside its card is not locked as one.
func TestRun_AForeignApplicationOrKeySetIsSeenBeforeTheLock(t *testing.T) {
	t.Parallel()
	catalog := load(t)
	for name, change := range map[string]func(*securechannel.Session) error{
		"application": func(s *securechannel.Session) error {
			data := []byte("\x05\xA0\x00\x00\x07\x24\x08\xA0\x00\x00\x07\x24\x56\x01\x02\x06\xA0\x00\x00\x09\x99\x01\x01\x00\x00\x00")
			r, err := s.Send(t.Context(), apdu.Command{CLA: 0x80, INS: 0xE6, P1: 0x0C, Data: data})
			return errors.Join(err, r.Err())
		},
		"key set": func(s *securechannel.Session) error { return s.PutKey(t.Context(), 0, keys(0x44, 0x20, 16)) },
	} {
		card := blank(t)
		require.NoError(t, profile.Select(t.Context(), card, globalplatform.IssuerSecurityDomain()))
		channel, err := securechannel.Open(t.Context(), card, transport, securechannel.FullProtection, rand.Reader)
		require.NoError(t, err)
		require.NoError(t, change(channel))

		err = catalog.Profiles[0].Run(t.Context(), job(t, catalog, card))

		require.ErrorIs(t, err, profile.ErrForeign, name)
		require.NotEqual(t, globalplatform.Secured, card.LifeCycle())
	}
}
