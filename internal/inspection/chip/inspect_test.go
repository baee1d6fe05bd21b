package chip_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	stdimage "image"
	"image/jpeg"
	"maps"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/chip/softcard"
	"example.org/cancuoc/personalization/chip/tlv"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/personalization/station"
)

// now is when these tests happen.
func now() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// holder is an invented person with every field that a card can have.
func holder() identity.Card {
	return identity.Card{
		Form: "cccd-2021", Serial: "0123456789ABCDEF",
		Person: identity.Person{
			Number: "001199999990", Name: identity.Name{Text: "Đặng Thị Ngọc Ước"},
			Birth: identity.Date{Year: 1999, Month: 12, Day: 31}, Sex: identity.Female,
			Ethnicity: "Kinh", Religion: "Không",
			Origin:    identity.Place{Text: "Phường B, Quận C, Hà Nội"},
			Residence: identity.Place{Text: "Số 1 Đường A, Phường B, Quận C, Hà Nội"},
			Marks:     "Nốt ruồi C: 1cm trên sau mép trái",
			Father:    identity.Name{Text: "Đặng Văn A"}, Mother: identity.Name{Text: "Trần Thị B"},
			Spouse: identity.Name{Text: "Lê Văn D"}, OldNumber: "012999999",
		},
		Issued: identity.Date{Year: 2021, Month: 3, Day: 15},
		Expiry: identity.Expiry{Date: identity.Date{Year: 2024, Month: 12, Day: 31}},
	}
}

// portrait is a JPEG of about 20 kB, always the same.
func portrait(tb testing.TB) []byte {
	tb.Helper()
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, 180, 240))
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(random.Uint32() & 0xFF)
	}
	var b bytes.Buffer
	require.NoError(tb, jpeg.Encode(&b, m, &jpeg.Options{Quality: 42}))
	return b.Bytes()
}

// issue is one card as data preparation makes it, and what an inspection system needs
// to know.
type issue struct {
	authority *pki.Authority
	image     *chip.Image
	expect    chipinspection.Expect
	trust     *pki.TrustStore
}

func issued(tb testing.TB, p lds.Profile) *issue {
	tb.Helper()
	authority, err := pki.OpenDev(tb.TempDir(), pki.Options{CSCACurve: p.SODCurve, SignerCurve: p.SODCurve, Clock: now})
	require.NoError(tb, err)
	lines, err := mrz.Lines(holder())
	require.NoError(tb, err)
	made, err := personalization.PrepareChip(personalization.ChipInput{
		Card: holder(), MRZ: lines, Portrait: portrait(tb), Profile: p, Signer: authority.Signers(), At: now(),
	})
	require.NoError(tb, err)
	trust, err := authority.TrustStore()
	require.NoError(tb, err)
	face, err := lds.ParseDG2(made.Files[lds.DG2])
	require.NoError(tb, err)
	expect := chipinspection.Expect{Card: holder(), MRZ: lines, Portrait: face.Image, Files: made.Files}
	return &issue{authority, made, expect, trust}
}

// observed is a card of the default profile.
func observed(tb testing.TB) *issue {
	tb.Helper()
	return issued(tb, lds.Profiles()[0])
}

// sign makes a new security object after a data group was changed on purpose.
func (i *issue) sign(tb testing.TB) {
	tb.Helper()
	p, err := lds.ProfileByName(i.image.Profile)
	require.NoError(tb, err)
	i.image.Files[lds.SOD], err = sod.Build(i.image.Files.DataGroups(), i.authority.Signers(),
		sod.Options{Hash: p.Hash, LDSVersion: p.LDSVersion, At: now()})
	require.NoError(tb, err)
}

// card makes the chip.
func (i *issue) card(tb testing.TB, o softcard.Options) *softcard.Card {
	tb.Helper()
	catalog, err := profile.Load()
	require.NoError(tb, err)
	card, err := station.SoftwareCard(tb.Context(), catalog, "", i.image, o)
	require.NoError(tb, err)
	return card
}

func (i *issue) mrz() chipinspection.Access {
	return chipinspection.Access{MRZInformation: i.image.MRZInformation}
}

func (i *issue) can() chipinspection.Access { return chipinspection.Access{CAN: i.image.CAN} }

// inspect reads a card and checks that there is no personal data in the verdict.
func (i *issue) inspect(tb testing.TB, card apdu.Card, access chipinspection.Access) chipinspection.Result {
	tb.Helper()
	result, err := chipinspection.Inspect(tb.Context(), card, access, i.expect, i.trust, now())
	require.NoError(tb, err)
	private(tb, result)
	return result
}

// verdict gives the failures of a reading.
func (i *issue) verdict(tb testing.TB, r *chipinspection.Reading) []string {
	tb.Helper()
	result := chipinspection.Verify(r, i.trust, now())
	private(tb, result)
	return result.Failures()
}

// private checks that there is no personal data.
func private(tb testing.TB, said any) {
	tb.Helper()
	p := holder().Person
	text := fmt.Sprintf("%+v", said)
	for _, secret := range []string{
		string(p.Number), string(p.Number)[3:], "Ngọc", "NGOC", "1999", "991231", "Kinh", "Quận", "ruồi", "Trần", "Văn", string(p.OldNumber), "0123456789",
	} {
		require.NotContains(tb, text, secret)
	}
}

func (i *issue) read(tb testing.TB) *chipinspection.Reading {
	tb.Helper()
	r, err := chipinspection.Read(tb.Context(), i.card(tb, softcard.Options{}), i.mrz(), chipinspection.Options{})
	require.NoError(tb, err)
	return r
}

func TestInspect_AGoodCardPassesHoweverItIsRead(t *testing.T) {
	t.Parallel()
	for _, p := range lds.Profiles() {
		i := issued(t, p)
		for name, o := range map[string]chipinspection.Options{
			"fast":                      {},
			"selecting files":           {SelectFiles: true},
			"short commands":            {ShortAPDUs: true},
			"selecting, short commands": {SelectFiles: true, ShortAPDUs: true},
			"BAC":                       {BACOnly: true},
			"BAC, short commands":       {BACOnly: true, ShortAPDUs: true},
		} {
			for access, way := range map[string]chipinspection.Access{"PACE-MRZ": i.mrz(), "PACE-CAN": i.can()} {
				if o.BACOnly && access == "PACE-CAN" {
					continue
				}
				t.Run(p.Name+", "+name+", "+access, func(t *testing.T) {
					t.Parallel()

					r, err := chipinspection.Read(t.Context(), i.card(t, softcard.Options{}), way, o)

					require.NoError(t, err)
					require.Empty(t, i.verdict(t, r))
					require.Empty(t, chipinspection.Compare(r, i.expect))
					require.Equal(t, i.image.Files, r.Files)
					if o.BACOnly {
						access = "BAC"
					}
					if !o.SelectFiles && !o.ShortAPDUs {
						require.LessOrEqual(t, r.Commands, 23) // on the air, commands cost more than bytes
					}
					require.Equal(t, access, r.Access)
				})
			}
		}
	}
}

// The form for children under 6 has no photograph and therefore no EF.DG2.
func TestInspect_ACardWithoutPortraitPasses(t *testing.T) {
	t.Parallel()
	i := observed(t)
	child := holder()
	child.Form, child.Expiry = "can-cuoc-2024-under-6", identity.Expiry{}
	lines, err := mrz.Lines(child)
	require.NoError(t, err)
	i.image, err = personalization.PrepareChip(personalization.ChipInput{
		Card: child, MRZ: lines, Profile: lds.Profiles()[0], Signer: i.authority.Signers(), At: now(),
	})
	require.NoError(t, err)
	i.expect = chipinspection.Expect{Card: child, MRZ: lines, Files: i.image.Files}

	r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

	require.Empty(t, r.Failures())
	require.Empty(t, r.Findings)
}

func TestInspect_EverySuiteOnEveryCurve(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{128, 192, 256} {
		for parameter, name := range map[int]string{12: "P-256", 13: "brainpoolP256r1", 15: "P-384", 16: "brainpoolP384r1", 18: "P-521"} {
			t.Run(fmt.Sprintf("AES-%d on %s", bits, name), func(t *testing.T) {
				t.Parallel()
				p := lds.Profiles()[1]
				p.PACEBits, p.PACEParameter, p.CACurve = min(bits&^64, 256), parameter, name
				i := issued(t, p)
				if bits == 192 { // the profile knows no such key
					replace(i.image.Files, 0x02, 0x03)
					i.sign(t)
				}

				r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

				require.Empty(t, r.Failures())
				require.Equal(t, "PACE-MRZ", r.Access)
			})
		}
	}
}

// replace changes the suite of PACE and of Chip Authentication.
func replace(files lds.Files, from, to byte) {
	for _, protocol := range []byte{0x03, 0x04} {
		oid := []byte{0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, protocol, 0x02}
		for _, ef := range []lds.EF{lds.CardAccess, lds.DG14} {
			files[ef] = bytes.ReplaceAll(files[ef], append(bytes.Clone(oid), from), append(bytes.Clone(oid), to))
		}
	}
}

func TestInspect_ChipAuthenticationWithTripleDES(t *testing.T) {
	t.Parallel()
	i := observed(t)
	from := []byte{0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x02}
	to := append(bytes.Clone(from[:11]), 0x01)
	for _, ef := range []lds.EF{lds.CardAccess, lds.DG14} {
		i.image.Files[ef] = bytes.ReplaceAll(i.image.Files[ef], from, to)
	}
	i.sign(t)

	r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

	require.Empty(t, r.Failures())
}

func TestInspect_ActiveAuthenticationWithRSA(t *testing.T) {
	t.Parallel()
	i := observed(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i.image.AAPrivate, err = x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	i.image.Files[lds.DG15] = tlv.Encode(0x6F, spki)
	i.sign(t)

	r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

	require.Empty(t, r.Failures())
}

func TestInspect_TheParameterIsNamedWherePACEIsOfferedTwice(t *testing.T) {
	t.Parallel()
	i := observed(t)
	second := []byte{0x30, 0x12, 0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02, 0x02, 0x02, 0x01, 0x02, 0x02, 0x01, 0x0C}
	for _, file := range []struct {
		ef   lds.EF
		tags []uint32
	}{{lds.CardAccess, []uint32{0x31}}, {lds.DG14, []uint32{0x6E, 0x31}}} {
		set, err := tlv.Find(i.image.Files[file.ef], file.tags...)
		require.NoError(t, err)
		made := tlv.Encode(0x31, set.Value, second)
		if len(file.tags) > 1 {
			made = tlv.Encode(0x6E, made)
		}
		i.image.Files[file.ef] = made
	}
	i.sign(t)
	var named bool
	card := tapped{i.card(t, softcard.Options{}), func(c apdu.Command) *apdu.Response {
		if c.INS == 0x22 && c.P1 == 0xC1 {
			_, err := tlv.Find(c.Data, 0x84)
			named = err == nil
		}
		return nil
	}}

	r := i.inspect(t, card, i.mrz())

	require.Empty(t, r.Failures())
	require.True(t, named)
}

// tapped is a card with other answers to some commands.
type tapped struct {
	apdu.Card
	instead func(c apdu.Command) *apdu.Response
}

func (c tapped) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	parsed, err := apdu.Parse(command)
	if err != nil {
		return nil, err
	}
	if r := c.instead(parsed); r != nil {
		return r.Bytes(), nil
	}
	return c.Card.Transmit(ctx, command)
}

func TestInspect_ACardWithBACAloneIsRead(t *testing.T) {
	t.Parallel()
	i := observed(t)
	i.image.Files[lds.CardAccess] = nil
	const pace = "04007F000702020402" // id-PACE-ECDH-GM
	var kept [][]byte
	for name, some := range infos(t, i.image.Files[lds.DG14]) {
		for _, info := range some {
			if name != pace {
				kept = append(kept, tlv.Encode(0x30, info))
			}
		}
	}
	i.image.Files[lds.DG14] = tlv.Encode(0x6E, tlv.Encode(0x31, kept...))
	i.sign(t)

	r := i.inspect(t, i.card(t, softcard.Options{}), chipinspection.Access{MRZInformation: i.image.MRZInformation, CAN: i.image.CAN})
	refused := i.inspect(t, i.card(t, softcard.Options{}), i.can())

	require.Empty(t, r.Failures())
	require.Equal(t, "BAC", r.Access)
	require.Len(t, refused.Failures(), 1)
	require.Contains(t, refused.Failures()[0], "BAC needs the MRZ")
}

func TestInspect_AFailedPACEIsReportedAlthoughBACGivesAccess(t *testing.T) {
	t.Parallel()
	i := observed(t)
	card := tapped{i.card(t, softcard.Options{}), func(c apdu.Command) *apdu.Response {
		if c.INS == 0x22 && c.P1 == 0xC1 {
			return &apdu.Response{SW: apdu.WrongData}
		}
		return nil
	}}

	r := i.inspect(t, card, i.mrz())

	require.Equal(t, "BAC", r.Access)
	require.Len(t, r.Failures(), 1)
	require.Contains(t, r.Failures()[0], "PACE: PACE-MRZ: access to the chip was refused: MSE:Set AT for PACE: status 6A80")
}

func TestInspect_TheWrongPasswordOpensNothing(t *testing.T) {
	t.Parallel()
	i := observed(t)
	for name, access := range map[string]chipinspection.Access{
		"MRZ": {MRZInformation: "199999981299123152412311"}, "CAN": {CAN: "000000"}, "nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := i.inspect(t, i.card(t, softcard.Options{}), access)

			require.Empty(t, r.Access)
			require.False(t, r.OK())
			require.Len(t, r.Failures(), 1)
			require.Contains(t, r.Failures()[0], "access to the chip was refused")
		})
	}
}

func TestInspect_FingersStayClosed(t *testing.T) {
	t.Parallel()
	i := observed(t)
	i.image.Files[lds.DG3] = tlv.Encode(0x63, make([]byte, 500))
	com, err := tlv.Find(i.image.Files[lds.COM], 0x60)
	require.NoError(t, err)
	i.image.Files[lds.COM] = bytes.Replace(tlv.Encode(0x60, com.Value, []byte{0x63}), []byte{0x5C, 5}, []byte{0x5C, 6}, 1)
	i.sign(t)

	r, err := chipinspection.Read(t.Context(), i.card(t, softcard.Options{}), i.mrz(), chipinspection.Options{})

	require.NoError(t, err)
	require.Equal(t, []int{3}, r.Closed)
	require.Nil(t, r.Files[lds.DG3])
	require.Empty(t, i.verdict(t, r))
	require.Empty(t, chipinspection.Compare(r, i.expect))
	r.Closed, r.Files[lds.DG3] = nil, i.image.Files[lds.DG3]
	delete(r.Unreadable, "EF.DG3")
	require.Equal(t, []string{"Extended Access Control: DG3 can be read without it"}, i.verdict(t, r))
}

// A byte in any file of the chip is changed.
func TestInspect_AChangedByteIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	i := observed(t)
	for _, tt := range []struct {
		file   uint16
		offset int
		says   string
	}{
		{0x0101, 20, "Data group hashes: DG1: the data group was changed after the card was signed"},
		{0x0102, 5000, "Data group hashes: DG2: the data group was changed after the card was signed"},
		{0x010D, 50, "Data group hashes: DG13: the data group was changed after the card was signed"},
		{0x010E, 60, "Data group hashes: DG14: the data group was changed after the card was signed"},
		{0x010F, 300, "Data group hashes: DG15: the data group was changed after the card was signed"},
		{0x011E, 7, "List of data groups: EF.COM and EF.SOD are of two LDS versions"},
		{0x011E, 21, "List of data groups: EF.COM lists"},
		{0x0101, 0, "EF.DG1: file cannot be read: it begins with tag 9E"},
		{0x0101, 1, "EF.DG1: file cannot be read: 61: length is malformed"},
		{0x0102, 2, "EF.DG2: "},
	} {
		t.Run(fmt.Sprintf("%04X at %d", tt.file, tt.offset), func(t *testing.T) {
			t.Parallel()
			defects := softcard.Defects{CorruptFile: tt.file, CorruptOffset: tt.offset}

			r := i.inspect(t, i.card(t, softcard.Options{Defects: defects}), i.mrz())

			require.False(t, r.OK())
			require.Contains(t, strings.Join(r.Failures(), "\n"), tt.says)
		})
	}
}

// Any byte of the security object, or of the certificate in it, is changed.
func TestVerify_AnyChangedByteOfTheSecurityObjectIsRefused(t *testing.T) {
	t.Parallel()
	i := issued(t, lds.Profiles()[1])
	r := i.read(t)
	require.Empty(t, i.verdict(t, r))
	good := r.Files[lds.SOD]
	for n := range good {
		r.Files[lds.SOD] = bytes.Clone(good)
		r.Files[lds.SOD][n] ^= 1

		require.NotEmpty(t, i.verdict(t, r), "byte %d", n)
	}
}

func TestVerify_TheSignerMustBeTrusted(t *testing.T) {
	t.Parallel()
	i, other := observed(t), observed(t)
	r := i.read(t)
	for name, tt := range map[string]struct {
		trust *pki.TrustStore
		at    time.Time
		says  string
	}{
		"another country's CSCA":    {other.trust, now(), "Passive authentication: the document signer is not trusted"},
		"expired":                   {i.trust, now().AddDate(40, 0, 0), "expired on"},
		"not valid yet":             {i.trust, now().AddDate(-1, 0, 0), "is not valid before"},
		"a revoked document signer": {revoked(t, i), now(), "was revoked on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			failures := chipinspection.Verify(r, tt.trust, tt.at).Failures()

			require.Len(t, failures, 1)
			require.Contains(t, failures[0], tt.says)
		})
	}
}

// revoked is the trust store after the document signer of a card was revoked.
func revoked(t *testing.T, i *issue) *pki.TrustStore {
	t.Helper()
	s, err := sod.Parse(i.image.Files[lds.SOD])
	require.NoError(t, err)
	require.NoError(t, i.authority.Revoke(s.Signer.Serial, 1, now()))
	trust, err := i.authority.TrustStore()
	require.NoError(t, err)
	return trust
}

// All data is copied to another chip, which does not have the private keys.
func TestInspect_ACopiedChipIsNotGenuine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*issue, []byte)
		says  []string
	}{
		"another key for Chip Authentication": {
			func(i *issue, other []byte) { i.image.CAPrivate = other },
			[]string{"Chip Authentication: the chip does not prove that it is genuine: it does not answer with the new session keys"},
		},
		"another key for Active Authentication": {
			func(i *issue, other []byte) { i.image.AAPrivate = other },
			[]string{"Active Authentication: the chip does not prove that it is genuine: signature is wrong"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := lds.Profiles()[1] // both keys are on one curve
			i, other := issued(t, p), issued(t, p)
			tt.spoil(i, other.image.CAPrivate)

			r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

			require.Equal(t, tt.says, r.Failures())
		})
	}
}

func TestInspect_AChipWithoutActiveAuthenticationIsNotGenuine(t *testing.T) {
	t.Parallel()
	i := observed(t)

	r := i.inspect(t, i.card(t, softcard.Options{Defects: softcard.Defects{RefuseActiveAuthentication: true}}), i.mrz())

	require.Len(t, r.Failures(), 1)
	require.Contains(t, r.Failures()[0], "Active Authentication: the chip does not prove that it is genuine: INTERNAL AUTHENTICATE: status 6985")
}

func TestVerify_WhatTheChipAnnouncesMustBeSigned(t *testing.T) {
	t.Parallel()
	i := observed(t)
	r := i.read(t)
	good := r.Files[lds.CardAccess]
	weaker := maps.Clone(r.Files)
	replace(weaker, 0x02, 0x03)
	for name, tt := range map[string]struct {
		cardAccess []byte
		says       string
	}{
		"another suite":  {weaker[lds.CardAccess], "EF.CardAccess: it announces what the signed EF.DG14 does not"},
		"no PACE":        {tlv.Encode(0x31), "EF.CardAccess: it does not announce every PACE protocol of the signed EF.DG14"},
		"malformed":      {good[:20], "EF.CardAccess: it is malformed"},
		"something else": {tlv.Encode(0x31, tlv.Encode(0x30, []byte{0x06, 1, 1})), "EF.CardAccess: it announces what"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := *r
			changed.Files = maps.Clone(r.Files)
			changed.Files[lds.CardAccess] = tt.cardAccess

			failures := i.verdict(t, &changed)

			require.Len(t, failures, 1)
			require.Contains(t, failures[0], tt.says)
		})
	}
	without := *r
	without.Files = maps.Clone(r.Files)
	delete(without.Files, lds.CardAccess)
	result := chipinspection.Verify(&without, i.trust, now())
	require.Empty(t, result.Failures())
	require.Contains(t, fmt.Sprint(result.Checks), "the chip has none, but EF.DG14 announces PACE")
}

func TestVerify_SaysWhereReadingEnded(t *testing.T) {
	t.Parallel()
	i := observed(t)
	for says, interrupted := range map[string]error{
		"Secure messaging: read EF.DG2: secure messaging failed": fmt.Errorf("read EF.DG2: %w", chipinspection.ErrMessaging),
		"Reading: select the application: status 6A82":           fmt.Errorf("select the application: %w", apdu.FileNotFound),
	} {
		r := i.read(t)
		r.Interrupted, r.Files[lds.DG2] = interrupted, nil

		failures := i.verdict(t, r)

		require.Len(t, failures, 1)
		require.Contains(t, failures[0], says)
		require.Empty(t, chipinspection.Compare(r, i.expect)) // what was read is as it should be
	}
}

func TestVerify_LengthsMustBeMinimal(t *testing.T) {
	t.Parallel()
	i := observed(t)
	dg1 := i.image.Files[lds.DG1]
	i.image.Files[lds.DG1] = append([]byte{0x61, 0x81}, dg1[1:]...)
	i.sign(t)

	r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

	require.Equal(t, []string{"Encoding: the length of EF.DG1 is not minimal"}, r.Failures())
}

func TestVerify_TheListsMustAgreeAndBeWhole(t *testing.T) {
	t.Parallel()
	i := observed(t)
	for name, tt := range map[string]struct {
		spoil func(*issue)
		says  string
	}{
		"a data group is missing": {func(i *issue) { i.image.Files[lds.DG13] = nil }, "List of data groups: DG13 is listed but cannot be read"},
		"EF.COM is missing one": {func(i *issue) {
			i.image.Files[lds.COM] = bytes.ReplaceAll(i.image.Files[lds.COM], []byte{0x5C, 5, 0x61, 0x75}, []byte{0x5C, 5, 0x61, 0x61})
		}, "List of data groups: EF.COM lists data groups [1 1 13 14 15], EF.SOD [1 2 13 14 15]"},
		"a tag of no data group": {func(i *issue) {
			i.image.Files[lds.COM] = bytes.ReplaceAll(i.image.Files[lds.COM], []byte{0x5C, 5, 0x61, 0x75}, []byte{0x5C, 5, 0x61, 0x55})
		}, "EF.COM lists tags that are no data group's"},
		"another LDS version": {func(i *issue) {
			i.image.Files[lds.COM] = bytes.ReplaceAll(i.image.Files[lds.COM], []byte("0107"), []byte("0108"))
		}, "EF.COM and EF.SOD are of two LDS versions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := *i
			image := *i.image
			image.Files = maps.Clone(image.Files)
			changed.image = &image
			tt.spoil(&changed)

			r := i.inspect(t, changed.card(t, softcard.Options{}), i.mrz())

			require.Contains(t, strings.Join(r.Failures(), "\n"), tt.says)
		})
	}
}

// A chip has a data group that this engine does not write.
func TestInspect_OtherDataGroupsAreReadAndHashed(t *testing.T) {
	t.Parallel()
	i := observed(t)
	r := i.read(t)
	r.Files[lds.DG11] = tlv.Encode(0x6B, []byte{1})

	require.Equal(t, []string{"Data group hashes: DG11: the security object does not cover the data group"}, i.verdict(t, r))
}

func TestCompare_NamesEveryFieldThatDiffersAndNoOther(t *testing.T) {
	t.Parallel()
	i := observed(t)
	r := i.read(t)
	for field, change := range map[string]func(*chipinspection.Expect){
		"EF.DG13: number":      func(e *chipinspection.Expect) { e.Card.Person.Number = "001199999991" },
		"EF.DG13: name":        func(e *chipinspection.Expect) { e.Card.Person.Name.Text = "Đặng Thị Ngọc" },
		"EF.DG13: birth":       func(e *chipinspection.Expect) { e.Card.Person.Birth.Day = 30 },
		"EF.DG13: ethnicity":   func(e *chipinspection.Expect) { e.Card.Person.Ethnicity = "Tày" },
		"EF.DG13: religion":    func(e *chipinspection.Expect) { e.Card.Person.Religion = "" },
		"EF.DG13: origin":      func(e *chipinspection.Expect) { e.Card.Person.Origin.Text = "" },
		"EF.DG13: residence":   func(e *chipinspection.Expect) { e.Card.Person.Residence.Text = "x" },
		"EF.DG13: marks":       func(e *chipinspection.Expect) { e.Card.Person.Marks = "" },
		"EF.DG13: issue date":  func(e *chipinspection.Expect) { e.Card.Issued.Year = 2020 },
		"EF.DG13: expiry date": func(e *chipinspection.Expect) { e.Card.Expiry = identity.Expiry{} },
		"EF.DG13: father":      func(e *chipinspection.Expect) { e.Card.Person.Father = identity.Name{} },
		"EF.DG13: mother":      func(e *chipinspection.Expect) { e.Card.Person.Mother.Text = "Trần Thị C" },
		"EF.DG13: spouse":      func(e *chipinspection.Expect) { e.Card.Person.Spouse = identity.Name{} },
		"EF.DG13: old number":  func(e *chipinspection.Expect) { e.Card.Person.OldNumber = "" },
		"EF.DG13: card serial": func(e *chipinspection.Expect) { e.Card.Serial = "0123456789ABCDE0" },
		"EF.DG2: portrait":     func(e *chipinspection.Expect) { e.Portrait = e.Portrait[1:] },
		"EF.DG1: document number": func(e *chipinspection.Expect) {
			e.MRZ[0] = "IDVNM0" + e.MRZ[0][6:]
		},
		"EF.DG1: personal number": func(e *chipinspection.Expect) { e.MRZ[0] = e.MRZ[0][:16] + "9" + e.MRZ[0][17:] },
		"EF.DG1: birth date":      func(e *chipinspection.Expect) { e.MRZ[1] = "98" + e.MRZ[1][2:] },
		"EF.DG1: sex":             func(e *chipinspection.Expect) { e.MRZ[1] = e.MRZ[1][:7] + "M" + e.MRZ[1][8:] },
		"EF.DG1: expiry date":     func(e *chipinspection.Expect) { e.MRZ[1] = e.MRZ[1][:8] + "9" + e.MRZ[1][9:] },
		"EF.DG1: name":            func(e *chipinspection.Expect) { e.MRZ[2] = "A" + e.MRZ[2][1:] },
		"EF.CardAccess is not the file that was written": func(e *chipinspection.Expect) {
			e.Files = maps.Clone(e.Files)
			e.Files[lds.CardAccess] = tlv.Encode(0x31)
		},
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			expect := i.expect
			change(&expect)

			findings := chipinspection.Compare(r, expect)

			require.Len(t, findings, 1)
			require.Contains(t, findings[0].String(), field)
			private(t, findings)
		})
	}
	expect := i.expect
	expect.Card.Person.Sex = identity.Male
	require.Len(t, chipinspection.Compare(r, expect), 2) // on the chip in two places
	expect = i.expect
	expect.Portrait = nil
	require.Len(t, chipinspection.Compare(r, expect), 1)
}

func TestCompare_FindsUnknownFields(t *testing.T) {
	t.Parallel()
	i := observed(t)
	r := i.read(t)
	set, err := tlv.Find(r.Files[lds.DG13], 0x6D, 0x30)
	require.NoError(t, err)
	parts, err := set.Children()
	require.NoError(t, err)
	more := tlv.Encode(0x30, []byte{0x02, 0x01, 17}, []byte{0x0C, 0x01, 'A'})
	r.Files[lds.DG13] = tlv.Encode(0x6D, tlv.Encode(0x30, parts[0].Raw, parts[1].Raw, tlv.Encode(0x31, parts[2].Value, more)))
	expect := i.expect
	expect.Files = nil

	require.Equal(t, []chipinspection.Finding{{File: "EF.DG13", Field: "field 17", Problem: "was not applied for"}}, chipinspection.Compare(r, expect))
}

// infos are the SecurityInfos of EF.DG14, by protocol without its last arc.
func infos(t *testing.T, dg14 []byte) map[string][][]byte {
	t.Helper()
	node, err := tlv.Find(dg14, 0x6E, 0x31)
	require.NoError(t, err)
	nodes, err := node.Children()
	require.NoError(t, err)
	found := make(map[string][][]byte)
	for _, n := range nodes {
		oid, err := tlv.Find(n.Value, 0x06)
		require.NoError(t, err)
		name := fmt.Sprintf("%X", oid.Value[:min(9, len(oid.Value))])
		found[name] = append(found[name], n.Value)
	}
	return found
}

// The chip has two keys and says which one goes with which protocol.
func TestInspect_ChipAuthenticationTakesTheNamedKey(t *testing.T) {
	t.Parallel()
	const key, chip = "04007F000702020102", "04007F000702020302" // id-PK-ECDH, id-CA-ECDH
	i, other := issued(t, lds.Profiles()[1]), issued(t, lds.Profiles()[1])
	list, foreign := infos(t, i.image.Files[lds.DG14]), infos(t, other.image.Files[lds.DG14])
	numbered := func(info []byte, id byte) []byte { return append(bytes.Clone(info), 0x02, 0x01, id) }
	list[key] = [][]byte{numbered(foreign[key][0], 1), numbered(list[key][0], 2)}
	list[chip] = [][]byte{numbered(list[chip][0], 2)}
	var signed, open [][]byte
	for name, some := range list {
		for _, info := range some {
			signed = append(signed, tlv.Encode(0x30, info))
			if name != key {
				open = append(open, tlv.Encode(0x30, info))
			}
		}
	}
	i.image.Files[lds.DG14] = tlv.Encode(0x6E, tlv.Encode(0x31, signed...))
	i.image.Files[lds.CardAccess] = tlv.Encode(0x31, open...)
	i.sign(t)

	r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

	require.Empty(t, r.Failures())
}

func TestCompare_SaysWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	i := observed(t)

	findings := chipinspection.Compare(&chipinspection.Reading{}, chipinspection.Expect{Card: holder(), MRZ: i.expect.MRZ, Portrait: portrait(t), Files: i.expect.Files})

	require.Len(t, findings, 3+9)
	require.Equal(t, "EF.DG1 could not be read", findings[0].String())
	require.False(t, chipinspection.Result{}.OK())
}

var errReaderLost = errors.New("the reader is gone")

// counted is a card that counts commands and does something else at one of them.
type counted struct {
	apdu.Card
	n, at   int
	begun   int // how often it was read from the beginning
	instead func(ctx context.Context, command []byte) ([]byte, error)
}

func (c *counted) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c.n++
	if bytes.HasPrefix(command, []byte("\x00\xA4\x00\x0C\x02\x3F\x00")) { // SELECT the master file
		c.begun++
	}
	if c.n-1 == c.at {
		return c.instead(ctx, command)
	}
	return c.Card.Transmit(ctx, command)
}

func TestInspect_AFaultOfTheConnectionIsAnErrorAtEveryCommand(t *testing.T) {
	t.Parallel()
	i := issued(t, lds.Profiles()[1])
	all := i.read(t).Commands
	card := i.card(t, softcard.Options{})
	for at := range all {
		require.NoError(t, card.Reset(t.Context()))
		lost := &counted{Card: card, at: at, instead: func(context.Context, []byte) ([]byte, error) { return nil, errReaderLost }}

		_, err := chipinspection.Inspect(t.Context(), lost, i.mrz(), i.expect, i.trust, now())

		require.ErrorIs(t, err, errReaderLost, "command %d", at)
		private(t, err)
	}
}

func TestInspect_TheContextEndsItAtEveryCommand(t *testing.T) {
	t.Parallel()
	i := issued(t, lds.Profiles()[1])
	all := i.read(t).Commands
	card := i.card(t, softcard.Options{})
	for at := range all {
		require.NoError(t, card.Reset(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		stopping := &counted{Card: card, at: at, instead: func(ctx context.Context, command []byte) ([]byte, error) {
			cancel()
			return card.Transmit(ctx, command)
		}}

		_, err := chipinspection.Inspect(ctx, stopping, i.mrz(), i.expect, i.trust, now())

		require.ErrorIs(t, err, context.Canceled, "command %d", at)
	}
}

// A wrong answer of a chip is in the verdict, not an error, from the first
// authentication on. One that refuses or is cut short may be its reader's doing: then the chip
// is asked once more, in short commands, and what it answers counts.
func TestInspect_AWrongAnswerIsAVerdictAtEveryCommand(t *testing.T) {
	t.Parallel()
	i := issued(t, lds.Profiles()[1])
	const public = 3 // master file, EF.CardAccess, EF.ATR/INFO: not every chip has them
	for name, wrong := range map[string]func([]byte) []byte{
		"6F00":          func([]byte) []byte { return []byte{0x6F, 0x00} },
		"9000":          func([]byte) []byte { return []byte{0x90, 0x00} },
		"a changed bit": func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b },
		"cut short":     func(b []byte) []byte { return b[len(b)/2&^1:] },
		"more of it":    func(b []byte) []byte { return append(bytes.Clone(b[:len(b)-2]), b...) },
	} {
		for _, o := range []chipinspection.Options{{}, {BACOnly: true}} {
			t.Run(fmt.Sprintf("%s, BAC %v", name, o.BACOnly), func(t *testing.T) {
				t.Parallel()
				card := i.card(t, softcard.Options{})
				for at := 0; ; at++ {
					require.NoError(t, card.Reset(t.Context()))
					same := false
					lying := &counted{Card: card, at: at, instead: func(ctx context.Context, command []byte) ([]byte, error) {
						right, err := card.Transmit(ctx, command)
						answer := wrong(bytes.Clone(right))
						same = bytes.Equal(right, answer)
						return answer, err
					}}

					r, err := chipinspection.Read(t.Context(), lying, i.mrz(), o)

					require.NoError(t, err)
					if lying.n <= at { // it never came to that command
						return
					}
					failures := i.verdict(t, r)
					if at >= public && !same && lying.begun == 1 {
						require.NotEmpty(t, failures, "command %d", at)
					}
				}
			})
		}
	}
}

// What one reading finds against a chip and the next does not is its reader's.
func TestConfirm_OnlyWhatIsFoundTwiceCounts(t *testing.T) {
	t.Parallel()
	checks := func(failed ...string) chipinspection.Result {
		r := chipinspection.Result{Checks: []chipinspection.Check{{Name: "Access", OK: true}}}
		for _, name := range failed {
			r.Checks = append(r.Checks, chipinspection.Check{Name: name, Detail: "is wrong"})
		}
		return r
	}
	for name, tt := range map[string]struct {
		read  []chipinspection.Result
		finds []string
		fault bool
	}{
		"good":            {read: []chipinspection.Result{checks()}},
		"bad once":        {read: []chipinspection.Result{checks("EF.DG1"), checks()}},
		"bad twice":       {read: []chipinspection.Result{checks("EF.DG1", "PACE"), checks("EF.DG2", "EF.DG1")}, finds: []string{"EF.DG1: is wrong"}},
		"bad in two ways": {read: []chipinspection.Result{checks("EF.DG1"), checks("EF.DG2")}, fault: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0

			r, err := chipinspection.Confirm(func() (chipinspection.Result, error) {
				n++
				return tt.read[n-1], nil
			})

			require.Equal(t, tt.fault, err != nil)
			require.Equal(t, tt.finds, r.Failures())
			require.Equal(t, len(tt.read), n)
		})
	}
}

func TestInspect_ActiveAuthenticationOnEveryCurve(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]crypto.Hash{
		"P-256": crypto.SHA256, "brainpoolP256r1": crypto.SHA256, "P-384": crypto.SHA384, "brainpoolP384r1": crypto.SHA384,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := lds.Profiles()[1]
			p.AACurve, p.AAHash = name, hash
			i := issued(t, p)

			require.Empty(t, i.inspect(t, i.card(t, softcard.Options{}), i.mrz()).Failures())
		})
	}
}

func TestInspect_ActiveAuthenticationMustSayItsHash(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		curve string
		hash  crypto.Hash
		arc   byte // of the algorithm that EF.DG14 names
		says  string
	}{
		{"P-256", crypto.SHA256, 0x01, "EF.DG14 does not say with which hash the chip signs"}, // SHA-1
		{"P-256", crypto.SHA256, 0x04, "signature is wrong"},                                  // SHA-384
		{"P-384", crypto.SHA384, 0x03, "the key in EF.DG15 is on a curve larger than its hash"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			t.Parallel()
			p := lds.Profiles()[1]
			p.AACurve, p.AAHash = tt.curve, tt.hash
			i := issued(t, p)
			const plain = "\x06\x0A\x04\x00\x7F\x00\x07\x01\x01\x04\x01" // ecdsa-plain-signatures
			at := bytes.Index(i.image.Files[lds.DG14], []byte(plain))
			require.Positive(t, at)
			i.image.Files[lds.DG14][at+len(plain)] = tt.arc
			i.sign(t)

			r := i.inspect(t, i.card(t, softcard.Options{}), i.mrz())

			require.Equal(t, []string{"Active Authentication: the chip does not prove that it is genuine: " + tt.says}, r.Failures())
		})
	}
}

func TestInspect_NeedsATrustStore(t *testing.T) {
	t.Parallel()

	_, err := chipinspection.Inspect(t.Context(), nil, chipinspection.Access{}, chipinspection.Expect{}, nil, now())

	require.Error(t, err)
}

func TestReading_IsNeverPrinted(t *testing.T) {
	t.Parallel()
	i := observed(t)
	r := i.read(t)

	require.Equal(t, "[reading] [access] [reading] [access]", fmt.Sprintf("%v %v %#v %#v", r, i.mrz(), r, i.mrz()))
}

// FuzzTampered changes what a good card answers: which command, which byte of the
// answer, and how.
func FuzzTampered(f *testing.F) {
	i := issued(f, lds.Profiles()[1])
	card := i.card(f, softcard.Options{})
	f.Add(byte(1), uint16(5), byte(0xFF), []byte(nil))
	f.Add(byte(9), uint16(0), byte(0), []byte{0x61, 0x10})
	f.Add(byte(12), uint16(3), byte(0x80), []byte(nil))
	f.Fuzz(func(t *testing.T, at byte, where uint16, how byte, instead []byte) {
		require.NoError(t, card.Reset(t.Context()))
		lying := &counted{Card: card, at: int(at % 40), instead: func(ctx context.Context, command []byte) ([]byte, error) {
			b, err := card.Transmit(ctx, command)
			if err != nil || instead != nil {
				return bytes.Clone(instead), err
			}
			b[int(where)%len(b)] ^= how
			return b, nil
		}}

		_, err := chipinspection.Inspect(t.Context(), lying, i.mrz(), i.expect, i.trust, now())
		if err != nil {
			require.ErrorIs(t, err, apdu.ErrMalformed)
		}
	})
}
