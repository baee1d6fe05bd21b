package personalization_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"image"
	"image/jpeg"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/templates/render/rendertest"
)

// now is when these tests happen.
func now() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// holder is an invented person; the number ends in 99999x on purpose.
func holder() identity.Card {
	return identity.Card{
		Form:   "cccd-2021",
		Serial: "0123456789ABCDEF",
		Person: identity.Person{
			Number: "001199999990",
			Name:   identity.Name{Text: "Đặng Thị Ngọc Ước"},
			Birth:  identity.Date{Year: 1999, Month: 12, Day: 31},
			Sex:    identity.Female, Ethnicity: "Kinh", Religion: "Không",
			Origin:    identity.Place{Text: "Phường B, Quận C, Hà Nội"},
			Residence: identity.Place{Text: "Số 1 Đường A, Phường B, Quận C, Hà Nội"},
			Father:    identity.Name{Text: "Đặng Văn A"}, Mother: identity.Name{Text: "Trần Thị B"},
		},
		Issued: identity.Date{Year: 2021, Month: 3, Day: 15},
		Expiry: identity.Expiry{Date: identity.Date{Year: 2024, Month: 12, Day: 31}},
	}
}

// lines are those of the worked example.
func lines() [3]string {
	return [3]string{
		"IDVNM1999999902001199999990<<3",
		"9912315F2412311VNM<<<<<<<<<<<8",
		"DANG<<THI<NGOC<UOC<<<<<<<<<<<<",
	}
}

// portrait is a JPEG of about 20 kB.
func portrait(tb testing.TB) []byte {
	tb.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 180, 240))
	_, err := rand.Read(m.Pix)
	require.NoError(tb, err)
	var b bytes.Buffer
	require.NoError(tb, jpeg.Encode(&b, m, &jpeg.Options{Quality: 42}))
	return b.Bytes()
}

// authority is the authority of an invented country, with document signers for a
// chip profile.
func authority(tb testing.TB, p lds.Profile) *pki.Authority {
	tb.Helper()
	a, err := pki.OpenDev(tb.TempDir(), pki.Options{CSCACurve: p.SODCurve, SignerCurve: p.SODCurve, Clock: now})
	require.NoError(tb, err)
	return a
}

func input(tb testing.TB, p lds.Profile, signer sod.DocumentSigner) personalization.ChipInput {
	tb.Helper()
	return personalization.ChipInput{
		Card: holder(), MRZ: lines(), Portrait: portrait(tb), Profile: p, Signer: signer, At: now(),
	}
}

func TestPrepare_MakesAChipThatVerifiesUpToTheCSCA(t *testing.T) {
	t.Parallel()
	for _, p := range lds.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			a := authority(t, p)

			made, err := personalization.PrepareChip(input(t, p, a.Signers()))

			require.NoError(t, err)
			require.Equal(t, "199999990299123152412311", made.MRZInformation)
			require.Equal(t, "999990", made.CAN)
			trust, err := a.TrustStore()
			require.NoError(t, err)
			s, err := sod.Parse(made.Files[lds.SOD])
			require.NoError(t, err)
			require.NoError(t, s.Verify(trust, now()))
			for n, content := range made.Files.DataGroups() {
				require.NoError(t, s.CheckHash(n, content))
			}
			key, err := curve.ParsePrivateKey(made.CAPrivate)
			require.NoError(t, err)
			infos, err := lds.ParseDG14(made.Files[lds.DG14])
			require.NoError(t, err)
			require.True(t, infos.ChipAuthenticationKeys[0].Key.Equal(&key.PublicKey))
		})
	}
}

func TestPrepare_TakesTheLinesOfPackageMRZ(t *testing.T) {
	t.Parallel()

	made, err := mrz.Lines(holder())

	require.NoError(t, err)
	require.Equal(t, lines(), made)
}

func TestPrepare_RefusalKeepsItsField(t *testing.T) {
	t.Parallel()
	p := lds.Profiles()[1]
	in := input(t, p, authority(t, p).Signers())
	in.Card.Serial = "?"

	_, err := personalization.PrepareChip(in)

	refusal, ok := errors.AsType[*identity.Refusal](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "serial", refusal.Field)
}

func TestPrepare_RefusesAPortraitThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := personalization.Prepare(personalization.PrepareInput{Form: rendertest.Form(t, "cccd-2021"), Card: holder(), Profile: lds.Profiles()[1]})

	refusal, ok := errors.AsType[*identity.Refusal](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "portrait", refusal.Field)
	require.Equal(t, identity.Invalid, refusal.Kind)
}

func TestPrepare_SignerOnAnotherCurveIsAFault(t *testing.T) {
	t.Parallel()
	in := input(t, lds.Profiles()[1], authority(t, lds.Profiles()[0]).Signers())

	_, err := personalization.PrepareChip(in)

	require.ErrorContains(t, err, "not on P-256")
}

// A document signer's certificate outlasts every card that it signed, even on its last day, unless
// the card has no expiry; docs/operations.md says what becomes of those.
func TestSigner_OutlastsEveryCardWithAnExpiry(t *testing.T) {
	t.Parallel()
	certificate, _, err := authority(t, lds.Profiles()[0]).Signers().Signer(now())
	require.NoError(t, err)
	last := identity.DateOf(certificate.PrivateKeyUsage.To)
	for law, youngest := range map[identity.Law]int{identity.Law2014: 14, identity.Law2023: 0} {
		for months := 12 * youngest; months < 12*100; months++ {
			expiry := identity.Validity(law, last.AddMonths(-months), last)

			if expiry.Never() {
				require.GreaterOrEqual(t, months, 12*58)
				continue
			}
			require.True(t, expiry.Date.AddDays(1).Midnight().Before(certificate.Valid.To), "of %d months, by law %s", months, law)
		}
	}
}

// BenchmarkPrepare compares what the engine does for the chip of one card, composed at the
// pipeline and sealed at a station, with the least possible work: hashing the same bytes, and one
// signature. It must not take 1.5 times that on the profile of real cards, whose signature is on
// brainpoolP384r1. Both are done in turn and by the processor time that they take, so that a busy
// machine changes nothing.
func BenchmarkPrepare(b *testing.B) {
	const ofTheWorker = 400 // how rarely it collects garbage (office.SpareCollection)
	defer debug.SetGCPercent(debug.SetGCPercent(ofTheWorker))
	for _, p := range lds.Profiles() {
		a, err := pki.OpenDev(b.TempDir(), pki.Options{
			CSCACurve: p.SODCurve, SignerCurve: p.SODCurve, Clock: now, MaxSignatures: 1 << 30, Reserve: 1 << 20,
		})
		require.NoError(b, err)
		in := input(b, p, a.Signers())
		made, err := personalization.PrepareChip(in)
		require.NoError(b, err)
		ca, err := curve.ParsePrivateKey(made.CAPrivate)
		require.NoError(b, err)
		aa, err := curve.ParsePrivateKey(made.AAPrivate)
		require.NoError(b, err)
		_, key, err := in.Signer.Signer(now())
		require.NoError(b, err)
		sealer := personalization.Sealer{Profile: p, Signer: in.Signer, Now: now}

		b.Run(p.Name+"/ComposeAndSeal", func(b *testing.B) {
			b.ReportAllocs()
			const block = 64 // of each, in turn
			var bare, whole time.Duration
			for n := 0; b.Loop(); n++ {
				if n%block == 0 {
					bare += processorTime(b, func() {
						for range block {
							digest := p.Hash.New()
							for _, content := range made.Files.DataGroups() {
								digest.Write(content)
							}
							_, err := key.Sign(rand.Reader, digest.Sum(nil), p.Hash)
							require.NoError(b, err)
						}
					})
					whole += processorTime(b, func() {
						for range block {
							open, err := personalization.ComposeChip(in)
							require.NoError(b, err)
							_, err = sealer.Seal(open, &ca.PublicKey, &aa.PublicKey)
							require.NoError(b, err)
						}
					})
				}
			}
			b.ReportMetric(float64(whole)/float64(bare), "x-bare")
		})
	}
}

// processorTime is how long this process computes for what is done.
func processorTime(tb testing.TB, do func()) time.Duration {
	tb.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began := used()
	do()
	return used() - began
}
