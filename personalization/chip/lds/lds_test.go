package lds_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// holder is an invented person; the number ends in 99999x on purpose.
func holder() identity.Card {
	return identity.Card{
		Form:   "cccd-2021",
		Serial: "0123456789ABCDEF",
		Person: identity.Person{
			Number:    "001199999990",
			Name:      identity.Name{Text: "Đặng Thị Ngọc Ước"},
			Birth:     identity.Date{Year: 1999, Month: 12, Day: 31},
			Sex:       identity.Female,
			Ethnicity: "Kinh",
			Religion:  "Không",
			Origin:    identity.Place{Text: "Phường B, Quận C, Hà Nội"},
			Residence: identity.Place{Text: "Số 1 Đường A, Phường B, Quận C, Hà Nội"},
			Marks:     "Nốt ruồi C: 1cm trên sau mép trái",
			Father:    identity.Name{Text: "Đặng Văn A"},
			Mother:    identity.Name{Text: "Trần Thị B"},
			OldNumber: "012999999",
		},
		Issued: identity.Date{Year: 2021, Month: 3, Day: 15},
		Expiry: identity.Expiry{Date: identity.Date{Year: 2024, Month: 12, Day: 31}},
	}
}

// mrzLines are those of the worked example.
func mrzLines() [3]string {
	return [3]string{
		"IDVNM1999999902001199999990<<3",
		"9912315F2412311VNM<<<<<<<<<<<8",
		"DANG<<THI<NGOC<UOC<<<<<<<<<<<<",
	}
}

func profile(tb testing.TB, name string) lds.Profile {
	tb.Helper()
	p, err := lds.ProfileByName(name)
	require.NoError(tb, err)
	return p
}

// input is a valid input, in which each test changes one thing.
func input(tb testing.TB, name string) lds.Input {
	tb.Helper()
	p := profile(tb, name)
	ca, err := curve.ByName(p.CACurve)
	require.NoError(tb, err)
	aa, err := curve.ByName(p.AACurve)
	require.NoError(tb, err)
	caKey, err := curve.GenerateKey(ca, rand.Reader)
	require.NoError(tb, err)
	aaKey, err := curve.GenerateKey(aa, rand.Reader)
	require.NoError(tb, err)
	return lds.Input{
		Card: holder(), MRZ: mrzLines(), Portrait: portrait(tb), Profile: p,
		CAPublic: &caKey.PublicKey, AAPublic: &aaKey.PublicKey,
	}
}

// jfif is the segment that portraits on chips have, and those of image/jpeg do not.
const jfif = "\xFF\xE0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"

// portrait is a baseline JPEG of 60 by 80 pixels.
func portrait(tb testing.TB) []byte {
	tb.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 60, 80))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	var b bytes.Buffer
	require.NoError(tb, jpeg.Encode(&b, m, nil))
	return b.Bytes()
}

func TestBuild_EveryFileReadsBack(t *testing.T) {
	t.Parallel()
	for _, p := range lds.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			in := input(t, p.Name)

			files, err := lds.Build(in)

			require.NoError(t, err)
			com, err := lds.ParseCOM(files[lds.COM])
			require.NoError(t, err)
			require.Equal(t, []int{1, 2, 13, 14, 15}, com.DataGroups)
			require.Equal(t, "01"+strings.Replace(p.LDSVersion, "1.", "0", 1), com.LDSVersion)
			require.Equal(t, "040000", com.UnicodeVersion)
			lines, err := lds.ParseDG1(files[lds.DG1])
			require.NoError(t, err)
			require.Equal(t, in.MRZ, lines)
			face, err := lds.ParseDG2(files[lds.DG2])
			require.NoError(t, err)
			require.Equal(t, lds.Face{Width: 60, Height: 80, Image: slices.Concat(in.Portrait[:2], []byte(jfif), in.Portrait[2:]), Sex: 2}, face)
			infos, err := lds.ParseDG14(files[lds.DG14])
			require.NoError(t, err)
			require.True(t, infos.ChipAuthenticationKeys[0].Key.Equal(in.CAPublic))
			require.Equal(t, p.AAHash, infos.ActiveAuthentication[0].Hash)
			access, err := lds.ParseCardAccess(files[lds.CardAccess])
			require.NoError(t, err)
			require.Equal(t, access.PACE, infos.PACE)
			require.Equal(t, access.ChipAuthentication, infos.ChipAuthentication)
			require.Equal(t, p.PACEParameter, access.PACE[0].ParameterID)
			key, err := lds.ParseDG15(files[lds.DG15])
			require.NoError(t, err)
			require.Equal(t, in.AAPublic, key)
			longest, err := lds.ParseATRInfo(files[lds.ATRInfo])
			require.NoError(t, err)
			require.Equal(t, lds.ExtendedLength{Command: 4096, Response: 4096}, longest)
			require.NoError(t, p.CheckFiles(files))
		})
	}
}

func TestBuild_SameCardSameBytes(t *testing.T) {
	t.Parallel()
	in := input(t, lds.ProfileAsObserved)

	one, err := lds.Build(in)
	require.NoError(t, err)
	other, err := lds.Build(in)

	require.NoError(t, err)
	require.Equal(t, one, other)
}

func TestBuild_CardAccessIsThatOfRealCards(t *testing.T) {
	t.Parallel()
	const observed = "3134300d060804007f0007020202020101" +
		"300f060a04007f00070202030202020101" +
		"3012060a04007f0007020204020202010202010d"

	in := input(t, lds.ProfileAsObserved)
	in.Profile.TerminalAuthentication = true

	files, err := lds.Build(in)

	require.NoError(t, err)
	require.Equal(t, observed, hex.EncodeToString(files[lds.CardAccess]))
}

func TestEncodeDG13_WorkedExample(t *testing.T) {
	t.Parallel()

	b, err := profile(t, lds.ProfileAsObserved).EncodeDG13(holder())

	require.NoError(t, err)
	require.Len(t, b, 409)
	digest := sha256.Sum256(b)
	require.Equal(t, "b610879d1c8243c4927526310717d1ff4c5b06b7b2ec988ab8c71150f1c6aeaf", hex.EncodeToString(digest[:]))
	d, err := lds.ParseDG13(b)
	require.NoError(t, err)
	require.Equal(t, lds.Details{
		Number: "001199999990", Name: "Đặng Thị Ngọc Ước", Birth: "31/12/1999", Sex: "Nữ",
		Nationality: "Việt Nam", Ethnicity: "Kinh", Religion: "Không",
		Origin:    "Phường B, Quận C, Hà Nội",
		Residence: "Số 1 Đường A, Phường B, Quận C, Hà Nội",
		Marks:     "Nốt ruồi C: 1cm trên sau mép trái",
		Issued:    "15/03/2021", Expiry: "31/12/2024", Father: "Đặng Văn A", Mother: "Trần Thị B",
		OldNumber: "012999999", Serial: "0123456789ABCDEF",
	}, d)
}

func TestParseDG13_ToleratesWhatIsSeenOnCards(t *testing.T) {
	t.Parallel()
	text := func(s string) []byte { return tlv.Encode(0x0C, []byte(s)) }
	field := func(n byte, value ...[]byte) []byte {
		return tlv.Encode(0x30, append([][]byte{tlv.Encode(0x02, []byte{n})}, value...)...)
	}
	b := tlv.Encode(0x6D, tlv.Encode(0x30, tlv.Encode(0x02, []byte{1}), tlv.Encode(0x31,
		field(13, tlv.Encode(0x30, text("cha"), text("mẹ"))), // both parents in one SEQUENCE
		field(2, text("Tên")),
		field(17, text("số huyệt")),
		field(14),
		field(1, tlv.Encode(0x13, []byte("1"))))))

	d, err := lds.ParseDG13(b)

	require.NoError(t, err)
	require.Equal(t, lds.Details{Father: "cha", Mother: "mẹ", Name: "Tên", Number: "1", Unknown: []int{17}}, d)
}

func TestBuild_RefusalsNameDataGroupAndField(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*lds.Input)
		field  string
		text   string
	}{
		{"NameMissing", func(in *lds.Input) { in.Card.Person.Name.Text = "" }, "name", "DG13, field 2"},
		{"BirthMissing", func(in *lds.Input) { in.Card.Person.Birth = identity.Date{} }, "birth", "DG13, field 3"},
		{"SexMissing", func(in *lds.Input) { in.Card.Person.Sex = "" }, "sex", "DG13, field 4"},
		{"ControlCharacter", func(in *lds.Input) { in.Card.Person.Marks = "a\x00b" }, "marks", "DG13, field 10"},
		{"NotUTF8", func(in *lds.Input) { in.Card.Person.Origin.Text = "\xff" }, "origin.text", "DG13, field 8"},
		{"TooLong", func(in *lds.Input) { in.Card.Person.Residence.Text = strings.Repeat("x", 2000) }, "residence.text", "DG13, field 9"},
		{"SerialInLowerCase", func(in *lds.Input) { in.Card.Serial = "0123456789abcdef" }, "serial", "DG13, field 16"},
		{"SerialTooShort", func(in *lds.Input) { in.Card.Serial = "0123" }, "serial", "DG13, field 16"},
		{"MRZOfAnother", func(in *lds.Input) { in.Card.Person.Number = "001199999991" }, "number", "DG1"},
		{"MRZTooShort", func(in *lds.Input) { in.MRZ[1] = "99" }, "mrz", "DG1, line 2"},
		{"MRZInLowerCase", func(in *lds.Input) { in.MRZ[2] = strings.ToLower(in.MRZ[2]) }, "mrz", "DG1, line 3"},
		{"PortraitIsNotAJPEG", func(in *lds.Input) { in.Portrait = []byte("GIF89a") }, "portrait", "DG2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, lds.ProfileNIST)
			c.change(&in)

			_, err := lds.Build(in)

			refusal, ok := errors.AsType[*identity.Refusal](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.field, refusal.Field)
			require.True(t, strings.HasPrefix(refusal.Detail, c.text), refusal.Detail)
			require.Equal(t, identity.Invalid, refusal.Kind)
		})
	}
}

func TestBuild_WithoutPortraitThereIsNoDG2(t *testing.T) {
	t.Parallel()
	in := input(t, lds.ProfileNIST)
	in.Portrait = nil

	files, err := lds.Build(in)

	require.NoError(t, err)
	require.Nil(t, files[lds.DG2])
	com, err := lds.ParseCOM(files[lds.COM])
	require.NoError(t, err)
	require.Equal(t, []int{1, 13, 14, 15}, com.DataGroups)
}

// twoFingers are two finger images of which only the beginning is right.
func twoFingers() []lds.Finger {
	return []lds.Finger{
		{Position: 2, Format: lds.FingerWSQ, Width: 300, Height: 400, Image: append([]byte{0xFF, 0xA0}, make([]byte, 9000)...)},
		{Position: 7, Format: lds.FingerRaw, Width: 20, Height: 30, Image: bytes.Repeat([]byte{0x55}, 600)},
	}
}

func TestBuild_FingersReadBack(t *testing.T) {
	t.Parallel()
	in := input(t, lds.ProfileAsObserved)
	in.Profile.TerminalAuthentication = true
	in.Fingers = twoFingers()

	files, err := lds.Build(in)

	require.NoError(t, err)
	com, err := lds.ParseCOM(files[lds.COM])
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3, 13, 14, 15}, com.DataGroups)
	got, err := lds.ParseDG3(files[lds.DG3])
	require.NoError(t, err)
	require.Equal(t, in.Fingers, got)
	require.NoError(t, in.Profile.CheckFiles(files))
	// Biometric type 08 with right and left index (9303-10), owner and type of 19794-4.
	for _, subtype := range []byte{0x09, 0x0A} {
		require.Equal(t, 1, bytes.Count(files[lds.DG3], []byte{0x81, 1, 0x08, 0x82, 1, subtype, 0x87, 2, 1, 1, 0x88, 2, 0, 7, 0x5F, 0x2E}))
	}
	finger := []byte{13: 0, 3: 14} // only the length of it
	many := slices.Concat([]byte("FIR\x00010\x00"), make([]byte, 24), bytes.Repeat(finger, 5000))
	_, err = lds.ParseDG3(tlv.Encode(0x63, tlv.Encode(0x7F61, tlv.Encode(0x7F60, tlv.Encode(0x5F2E, many)))))
	require.ErrorContains(t, err, "more than 20")
	for end := range 150 {
		_, err := lds.ParseDG3(files[lds.DG3][:end])
		require.ErrorIs(t, err, lds.ErrMalformed)
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", got, got, got), "85")
}

func TestBuild_FingersThatReadersCannotShowAreRefused(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func([]lds.Finger){
		"no finger 11":          func(f []lds.Finger) { f[0].Position = 11 },
		"300 by 0 pixels":       func(f []lds.Finger) { f[0].Height = 0 },
		"not of format 5":       func(f []lds.Finger) { f[0].Format = lds.FingerPNG },
		"not of format 0":       func(f []lds.Finger) { f[1].Image = f[1].Image[1:] },
		"not of format 3":       func(f []lds.Finger) { f[0].Format = 3 },
		"7 is given twice":      func(f []lds.Finger) { f[0].Position = 7 },
		"a chip takes 60000":    func(f []lds.Finger) { f[0].Image = append(f[0].Image, make([]byte, 60000)...) },
		"the image of finger 2": func(f []lds.Finger) { f[0].Image = nil },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			in := input(t, lds.ProfileAsObserved)
			in.Profile.TerminalAuthentication = true
			in.Fingers = twoFingers()
			change(in.Fingers)

			_, err := lds.Build(in)

			refusal, ok := errors.AsType[*identity.Refusal](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "fingers", refusal.Field)
			require.Contains(t, refusal.Detail, says)
		})
	}
}

func TestBuild_FingersNeedTerminalAuthentication(t *testing.T) {
	t.Parallel()
	in := input(t, lds.ProfileNIST)
	in.Fingers = twoFingers()

	_, err := lds.Build(in)

	require.ErrorIs(t, err, lds.ErrProfile)
}

func TestBuild_KeyOnTheWrongCurveIsAFault(t *testing.T) {
	t.Parallel()
	in := input(t, lds.ProfileNIST)
	other := input(t, lds.ProfileAsObserved)
	in.CAPublic = other.CAPublic

	_, err := lds.Build(in)

	require.ErrorIs(t, err, lds.ErrProfile)
	require.ErrorContains(t, err, "DG14")
}

func TestBuild_ActiveAuthenticationByRSANeedsNoInfo(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	in := input(t, lds.ProfileNIST)
	in.AAPublic = &key.PublicKey

	files, err := lds.Build(in)

	require.NoError(t, err)
	infos, err := lds.ParseDG14(files[lds.DG14])
	require.NoError(t, err)
	require.Empty(t, infos.ActiveAuthentication)
	got, err := lds.ParseDG15(files[lds.DG15])
	require.NoError(t, err)
	require.Equal(t, &key.PublicKey, got)
}

func TestCheckPortrait_RefusesWhatReadersCannotShow(t *testing.T) {
	t.Parallel()
	whole := portrait(t)
	gray := func() []byte {
		m := image.NewGray(image.Rect(0, 0, 30, 40))
		m.SetGray(3, 3, color.Gray{Y: 200})
		var b bytes.Buffer
		require.NoError(t, jpeg.Encode(&b, m, nil))
		return b.Bytes()
	}()
	spoil := func(change func([]byte) []byte) []byte { return change(bytes.Clone(whole)) }
	cases := []struct {
		name     string
		portrait []byte
		want     string
	}{
		{"Whole", whole, ""},
		{"Gray", gray, ""},
		{"Empty", []byte{}, "not a JPEG"},
		{"Progressive", spoil(func(b []byte) []byte {
			b[bytes.Index(b, []byte{0xFF, 0xC0})+1] = 0xC2
			return b
		}), "not a baseline"},
		{"EXIF", append([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, 8, 'E', 'x', 'i', 'f', 0, 0}, whole[2:]...), "EXIF"},
		{"CutInTheHeader", whole[:100], "cut short"},
		{"CutInTheImage", whole[:len(whole)-2], "cut short"},
		{"SomethingFollows", append(bytes.Clone(whole), 'x'), "follow"},
		{"TooLarge", make([]byte, 70_000), "70000 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()

			_, err := lds.CheckPortrait(c.portrait)

			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.True(t, identity.Refused(err, identity.Invalid))
		})
	}
}

func TestParsers_NeverShowAPersonInALogLine(t *testing.T) {
	t.Parallel()

	require.Equal(t, "[details]", lds.Details{Name: "x"}.LogValue().String())
	require.Equal(t, "[portrait]", lds.Face{}.LogValue().String())
}

// Identifiers are unique in the master file and in the eMRTD application, tags
// everywhere.
func TestTable_IdentifiersAreUnique(t *testing.T) {
	t.Parallel()
	type place struct {
		master bool
		id     uint16
	}
	fids, sfis, tags := map[place]lds.EF{}, map[place]lds.EF{}, map[uint32]lds.EF{}
	files := lds.Files{}
	for i, row := range lds.Table() {
		require.NotContains(t, fids, place{row.MasterFile, row.FID}, row.EF)
		fids[place{row.MasterFile, row.FID}] = row.EF
		require.NotContains(t, sfis, place{row.MasterFile, uint16(row.SFI)}, row.EF)
		sfis[place{row.MasterFile, uint16(row.SFI)}] = row.EF
		if row.Tag != 0 {
			require.NotContains(t, tags, row.Tag, row.EF)
			tags[row.Tag] = row.EF
		}
		if row.DataGroup > 0 {
			require.Equal(t, fmt.Sprintf("EF.DG%d", row.DataGroup), string(row.EF))
			require.Equal(t, 0x0100|uint16(row.DataGroup), row.FID)
		}
		files[row.EF] = []byte{byte(i)}
		found, ok := lds.Find(row.EF)
		require.True(t, ok)
		require.Equal(t, row.FID, found.FID)
	}
	require.Len(t, files.DataGroups(), 16)
	_, found := lds.Find("EF.DG17")
	require.False(t, found)
}

func FuzzParsers(f *testing.F) {
	for _, p := range lds.Profiles() {
		files, err := lds.Build(input(f, p.Name))
		require.NoError(f, err)
		for _, content := range files {
			f.Add(content)
		}
	}
	in := input(f, lds.ProfileAsObserved)
	in.Profile.TerminalAuthentication = true
	in.Fingers = twoFingers()
	files, err := lds.Build(in)
	require.NoError(f, err)
	f.Add(files[lds.DG3])
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = lds.ParseDG3(b)
		_, _ = lds.ParseCOM(b)
		_, _ = lds.ParseCardAccess(b)
		_, _ = lds.ParseDG1(b)
		_, _ = lds.ParseDG2(b)
		_, _ = lds.ParseDG13(b)
		_, _ = lds.ParseDG14(b)
		_, _ = lds.ParseDG15(b)
		_, _ = lds.ParseATRInfo(b)
		_, _ = lds.CheckPortrait(b)
	})
}
