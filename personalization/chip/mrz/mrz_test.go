package mrz_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
	"example.org/cancuoc/personalization/chip/mrz"
)

func card(tb testing.TB, name string, number identity.PersonalNumber, sex identity.Sex, birth, expiry string) identity.Card {
	tb.Helper()
	n, err := identity.ParseName(name)
	require.NoError(tb, err)
	b, err := identity.ParseDate(birth)
	require.NoError(tb, err)
	c := identity.Card{Person: identity.Person{Name: n, Number: number, Sex: sex, Birth: b}}
	if expiry != "" {
		c.Expiry.Date, err = identity.ParseDate(expiry)
		require.NoError(tb, err)
	}
	return c
}

// uoc is the MRZ of the first worked example.
var uoc = [3]string{"IDVNM1999999902001199999990<<3", "9912315F2412311VNM<<<<<<<<<<<8", "DANG<<THI<NGOC<UOC<<<<<<<<<<<<"}

// The worked examples have the form that was seen on real cards; persons are
// invented.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		card identity.Card
		want [3]string
	}{
		{"Dated", card(t, "Đặng Thị Ngọc Ước", "001199999990", identity.Female, "1999-12-31", "2024-12-31"), uoc},
		{"NoExpiry", card(t, "Nguyễn Văn Vỹ", "079064999991", identity.Male, "1964-02-29", ""), [3]string{
			"IDVNM0649999912079064999991<<2", "6402293M9912315VNM<<<<<<<<<<<4", "NGUYEN<<VAN<VY<<<<<<<<<<<<<<<<",
		}},
		{"Child", card(t, "Phạm Hoàng Khánh Quỳnh", "096323999992", identity.Female, "2023-07-01", "2037-07-01"), [3]string{
			"IDVNM3239999921096323999992<<4", "2307013F3707012VNM<<<<<<<<<<<8", "PHAM<<HOANG<KHANH<QUYNH<<<<<<<",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			got, err := mrz.Lines(tt.card)

			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			read, err := mrz.Parse(got)
			require.NoError(t, err)
			require.Equal(t, string(tt.card.Person.Number), read.PersonalNumber)
			require.Equal(t, tt.card.Person.Number.Last9(), read.DocumentNumber)
			require.Equal(t, string(tt.card.Person.Sex), read.Sex)
			require.Equal(t, tt.card.Person.Birth.MRZ(), read.Birth)
		})
	}
}

func TestLines_PartialBirth(t *testing.T) {
	t.Parallel()
	for birth, want := range map[string]string{"1964": "64<<<<", "1964-02": "6402<<"} {
		lines, err := mrz.Lines(card(t, "Nguyễn Văn Vỹ", "079064999991", identity.Male, birth, ""))
		require.NoError(t, err)
		require.Equal(t, want, lines[1][:6])
		read, err := mrz.Parse(lines)
		require.NoError(t, err)
		require.Equal(t, want, read.Birth)
	}
}

func TestLines_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*identity.Card)
		says   string
	}{
		"NoNumber": {func(c *identity.Card) { c.Person.Number = "" }, "person.number: is missing"},
		"NoSex":    {func(c *identity.Card) { c.Person.Sex = "" }, "person.sex: must be M or F"},
		"NoBirth":  {func(c *identity.Card) { c.Person.Birth = identity.Date{} }, "person.birth: is missing"},
		"NoName":   {func(c *identity.Card) { c.Person.Name = identity.Name{} }, "person.name: has no letter"},
		"Cyrillic": {func(c *identity.Card) { c.Person.Name.Text = "Ан" }, "person.name: has"},
		"GivenBad": {func(c *identity.Card) { c.Person.Name.Text = "An Ан" }, "person.name: has"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, "Nguyễn Văn Vỹ", "079064999991", identity.Male, "1964-02-29", "")
			tt.change(&c)

			_, err := mrz.Lines(c)

			require.ErrorIs(t, err, identity.Invalid)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// Cards of both laws are composed and read again, and nothing is lost.
func TestLines_RoundTrip(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		c := identitytest.Card(identitytest.Seeded(seed))

		lines, err := mrz.Lines(c)

		require.NoError(t, err, "seed %d", seed)
		read, err := mrz.Parse(lines)
		require.NoError(t, err, "seed %d", seed)
		expiry := "991231"
		if !c.Expiry.Never() {
			expiry = c.Expiry.Date.MRZ()
		}
		read.Primary, read.Secondary = "", ""
		require.Equal(t, mrz.TD1{
			DocumentNumber: c.Person.Number.Last9(), PersonalNumber: string(c.Person.Number),
			Birth: c.Person.Birth.MRZ(), Sex: string(c.Person.Sex), Expiry: expiry,
		}, read, "seed %d", seed)
		require.Len(t, mrz.Information(lines), 24)
	}
}

// The check digits of the example of TD1 in ICAO Doc 9303-5, appendix B.
func TestCheckDigit(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]byte{
		"D23145890": '7', "740812": '2', "120415": '9', // Utopia
		"520727": '3', "AB2134<<<": '5', // Doc 9303-3 section 4.9
		"199999990": '2', "001199999990": '3', "001199999990<<": '3', "991231": '5',
		"": '0', "<<<": '0',
	} {
		require.Equal(t, string(want), string(mrz.CheckDigit(field)), field)
	}
	require.Equal(t, byte('6'), mrz.CheckDigit("D231458907<<<<<<<<<<<<<<<"+"7408122"+"1204159"+"<<<<<<<<<<<"))
}

func TestParse_ReadsTheName(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"DANG<<THI<NGOC<UOC<<<<<<<<<<<<": {"DANG", "THI<NGOC<UOC"},
		"DO<<<<<<<<<<<<<<<<<<<<<<<<<<<<": {"DO", ""},
		"TON<NU<<THI<NINH<<<<<<<<<<<<<<": {"TON<NU", "THI<NINH"},
		"LUONG<<HOANG<THI<THANH<THAO<NG": {"LUONG", "HOANG<THI<THANH<THAO<NG"},
	} {
		read, err := mrz.Parse([3]string{uoc[0], uoc[1], line})
		require.NoError(t, err)
		require.Equal(t, want, [2]string{read.Primary, read.Secondary})
	}
}

// Every changed digit of lines one and two is detected.
func TestParse_RefusesAChangedDigit(t *testing.T) {
	t.Parallel()
	for line := range 2 {
		for i := range 30 {
			c := uoc[line][i]
			if c < '0' || c > '9' {
				continue
			}
			for other := byte('0'); other <= '9'; other++ {
				if other == c {
					continue
				}
				changed := uoc
				changed[line] = uoc[line][:i] + string(other) + uoc[line][i+1:]
				_, err := mrz.Parse(changed)
				require.ErrorIs(t, err, identity.Invalid, "line %d position %d", line+1, i+1)
			}
		}
	}
}

// repaired puts right check digits into an MRZ that was changed, so that the fields
// are checked.
func repaired(upper, middle string) (string, string) {
	upper = upper[:14] + string(mrz.CheckDigit(upper[5:14])) + upper[15:29] + string(mrz.CheckDigit(upper[15:29]))
	middle = middle[:6] + string(mrz.CheckDigit(middle[:6])) + middle[7:14] + string(mrz.CheckDigit(middle[8:14])) + middle[15:29]
	return upper, middle + string(mrz.CheckDigit(upper[5:30]+middle[:7]+middle[8:15]+middle[18:29]))
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		line, at int // where with stands; -1: instead of the whole line
		with     string
		says     string
	}{
		"ShortLine":       {0, -1, "IDVNM", "line 1 of the MRZ is not 30 characters"},
		"EmptyLine":       {1, -1, "", "line 2 of the MRZ is not 30 characters"},
		"SmallLetters":    {2, -1, strings.ToLower(uoc[2]), "line 3 of the MRZ is not 30 characters"},
		"AccentedLetters": {2, -1, "ĐĂNG<<THI<NGOC<UOC<<<<<<<<<<", "line 3 of the MRZ is not 30 characters"},
		"Passport":        {0, 0, "P<", "not that of a Vietnamese identity card"},
		"OtherState":      {0, 2, "UTO", "not that of a Vietnamese identity card"},
		"OtherNation":     {1, 15, "UTO", "not that of a Vietnamese identity card"},
		"LetterInNumber":  {0, 15, "O", "is not twelve digits"},
		"ShortNumber":     {0, 26, "<", "is not twelve digits"},
		"LongNumber":      {0, 27, "1", "is not twelve digits"},
		"MoreInLineTwo":   {1, 18, "X", "is not twelve digits and fillers"},
		"NumbersDiffer":   {0, 13, "1", "is not the end of the personal number"},
		"BirthMonth13":    {1, 2, "13", "the birth date of the MRZ is not a date"},
		"BirthDay32":      {1, 4, "32", "the birth date of the MRZ is not a date"},
		"Birth30February": {1, 2, "0230", "the birth date of the MRZ is not a date"},
		"BirthDayAlone":   {1, 2, "<<31", "the birth date of the MRZ is not a date"},
		"BirthNoYear":     {1, 0, "<<<<<<", "the birth date of the MRZ is not a date"},
		"BirthLetters":    {1, 0, "AB", "the birth date of the MRZ is not a date"},
		"ExpiryUnknown":   {1, 8, "24<<<<", "the expiry date of the MRZ is not a date"},
		"ExpiryDay00":     {1, 12, "00", "the expiry date of the MRZ is not a date"},
		"NoSex":           {1, 7, "<", "the sex in the MRZ is neither"},
		"DigitInName":     {2, 0, "D4", "the name line of the MRZ"},
		"NoName":          {2, -1, strings.Repeat("<", 30), "the name line of the MRZ"},
		"NoPrimary":       {2, 0, "<<<<<<", "the name line of the MRZ"},
		"TwoSeparators":   {2, 9, "<<A", "the name line of the MRZ"},
		"ThreeFillers":    {2, 4, "<<<H", "the name line of the MRZ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := uoc
			if tt.at < 0 {
				lines[tt.line] = tt.with
			} else {
				l := lines[tt.line]
				lines[tt.line] = l[:tt.at] + tt.with + l[tt.at+len(tt.with):]
				lines[0], lines[1] = repaired(lines[0], lines[1])
			}

			_, err := mrz.Parse(lines)

			require.ErrorIs(t, err, identity.Invalid)
			require.ErrorContains(t, err, tt.says)
			require.NotContains(t, err.Error(), "001199999990")
		})
	}
}

func TestParse_NamesTheWrongCheckDigit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, at int
		says     string
	}{
		{0, 14, "document number"}, {0, 29, "optional data"}, {1, 6, "birth date"}, {1, 14, "expiry date"}, {1, 29, "whole zone"},
	} {
		lines := uoc
		l := lines[tt.line]
		lines[tt.line] = l[:tt.at] + string('0'+(l[tt.at]-'0'+1)%10) + l[tt.at+1:]
		_, err := mrz.Parse(lines)
		require.ErrorContains(t, err, "the check digit of the "+tt.says)
	}
}

// Of ICAO Doc 9303-11 section 9.7.2, computed for two invented persons, with the
// key seeds that BAC takes from it (SHA-1, first 16 bytes).
func TestInformation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		card       identity.Card
		want, seed string
	}{
		{card(t, "Đặng Thị Ngọc Ước", "001199999990", identity.Female, "1999-12-31", "2024-12-31"), "199999990299123152412311", "1cd965cbc58da1b011db0e53da23fa07"},
		{card(t, "Nguyễn Văn Vỹ", "079064999991", identity.Male, "1964-02-29", ""), "064999991264022939912315", "10a984f0c7c82b8191ea8f49ce9a3dba"},
	} {
		lines, err := mrz.Lines(tt.card)
		require.NoError(t, err)
		require.Equal(t, tt.want, mrz.Information(lines))
		seed := sha1.Sum([]byte(mrz.Information(lines)))
		require.Equal(t, tt.seed, hex.EncodeToString(seed[:16]))
	}
}

func TestTD1_IsHidden(t *testing.T) {
	t.Parallel()
	read, err := mrz.Parse(uoc)
	require.NoError(t, err)
	var shown bytes.Buffer
	fmt.Fprintf(&shown, "%v %+v %#v %s", read, read, read, read)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("Read", "zone", read)
	require.NotContains(t, shown.String(), "001199999990")
	require.NotContains(t, shown.String(), "DANG")
}

func FuzzParse(f *testing.F) {
	f.Add(uoc[0], uoc[1], uoc[2])
	f.Add("", "<", strings.Repeat("<", 31))
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if len(a) == 30 && len(b) == 30 {
			a, b = repaired(a, b) // so that the fuzzer gets behind the check digits
		}
		read, err := mrz.Parse([3]string{a, b, c})
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		require.Equal(t, read.PersonalNumber[3:], read.DocumentNumber)
		require.Len(t, read.Birth, 6)
		require.NotEmpty(t, read.Primary)
	})
}

func FuzzLines(f *testing.F) {
	f.Add("Đặng Thị Ngọc Ước", 1)
	f.Add("A B C D E F G H I J K L M N O P Q R S T", 9)
	f.Add("A B C D E F G H I J K L M N O P Q R S T", 99)
	f.Fuzz(func(t *testing.T, text string, familyWords int) {
		name, err := identity.ParseName(text)
		if err != nil {
			return
		}
		name.FamilyWords = familyWords
		c := identity.Card{Person: identity.Person{Name: name, Number: "001199999990", Sex: identity.Female, Birth: identity.Date{Year: 1999}}}
		lines, err := mrz.Lines(c)
		require.NoError(t, err, "every name that identity accepts has an MRZ")
		_, err = mrz.Parse(lines)
		require.NoError(t, err)
	})
}

func BenchmarkLines(b *testing.B) {
	c := identitytest.Card(identitytest.Seeded(1))
	for b.Loop() {
		if _, err := mrz.Lines(c); err != nil {
			b.Fatal(err)
		}
	}
}
