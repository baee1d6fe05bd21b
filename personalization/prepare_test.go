package personalization_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"image"
	"image/jpeg"
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

// BenchmarkPrepare compares the data groups and the security object of a card with
// the least possible work: hashing the same bytes, and one signature. They must not
// take twice that.
func BenchmarkPrepare(b *testing.B) {
	for _, p := range lds.Profiles() {
		a, err := pki.OpenDev(b.TempDir(), pki.Options{
			CSCACurve: p.SODCurve, SignerCurve: p.SODCurve, Clock: now, MaxSignatures: 1 << 30, Reserve: 1 << 20,
		})
		require.NoError(b, err)
		signers := a.Signers()
		in := input(b, p, signers)
		made, err := personalization.PrepareChip(in)
		require.NoError(b, err)
		ca, err := curve.ParsePrivateKey(made.CAPrivate)
		require.NoError(b, err)
		aa, err := curve.ParsePrivateKey(made.AAPrivate)
		require.NoError(b, err)

		var bare float64
		b.Run(p.Name+"/BareSignatureAndHash", func(b *testing.B) {
			b.ReportAllocs()
			_, key, err := signers.Signer(now())
			require.NoError(b, err)
			for b.Loop() {
				digest := p.Hash.New()
				for _, content := range made.Files.DataGroups() {
					digest.Write(content)
				}
				_, err := key.Sign(rand.Reader, digest.Sum(nil), p.Hash)
				require.NoError(b, err)
			}
			bare = b.Elapsed().Seconds() / float64(b.N)
		})
		b.Run(p.Name+"/BuildDataGroupsAndSOD", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				files, err := lds.Build(lds.Input{
					Card: in.Card, MRZ: in.MRZ, Portrait: in.Portrait, Profile: p,
					CAPublic: &ca.PublicKey, AAPublic: &aa.PublicKey,
				})
				require.NoError(b, err)
				_, err = sod.Build(files.DataGroups(), signers, sod.Options{Hash: p.Hash, LDSVersion: p.LDSVersion, At: now()})
				require.NoError(b, err)
			}
			if bare > 0 { // it was asked for, too
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/bare, "x-bare")
			}
		})
		b.Run(p.Name+"/PrepareWithNewKeys", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := personalization.PrepareChip(in)
				require.NoError(b, err)
			}
		})
	}
}
