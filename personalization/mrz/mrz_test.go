package mrz_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/mrz"
)

func card(t testing.TB, name string, number identity.PersonalNumber, sex identity.Sex, birth, expiry string) identity.Card {
	t.Helper()
	n, err := identity.ParseName(name)
	require.NoError(t, err)
	b, err := identity.ParseDate(birth)
	require.NoError(t, err)
	c := identity.Card{Person: identity.Person{Name: n, Number: number, Sex: sex, Birth: b}}
	if expiry != "" {
		c.Expiry.Date, err = identity.ParseDate(expiry)
		require.NoError(t, err)
	}
	return c
}

// The composition agrees with the worked examples of the profile observed on
// real cards; persons are invented.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		card identity.Card
		want [3]string
	}{
		{"Dated", card(t, "Đặng Thị Ngọc Ước", "001199999990", identity.Female, "1999-12-31", "2024-12-31"), [3]string{
			"IDVNM1999999902001199999990<<3", "9912315F2412311VNM<<<<<<<<<<<8", "DANG<<THI<NGOC<UOC<<<<<<<<<<<<",
		}},
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
		})
	}
}

func TestNameLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		familyWords int
		want        string
	}{
		{"Lương Hoàng Thị Thanh Thảo Nguyên Phương Trâm Anh", 0, "LUONG<<HOANG<THI<THANH<THAO<NG"},
		{"Công Tằng Tôn Nữ Thị Bích Huyền Trân", 0, "CONG<<TANG<TON<NU<THI<BICH<HUY"},
		{"Tôn Nữ Thị Ninh", 2, "TON<NU<<THI<NINH<<<<<<<<<<<<<<"},
		{"Tôn Nữ Thị Ninh", 0, "TON<<NU<THI<NINH<<<<<<<<<<<<<<"},
		{"Y Bhŭk Niê Kdăm", 0, "Y<<BHUK<NIE<KDAM<<<<<<<<<<<<<<"},
		{"H'Hen Niê", 0, "HHEN<<NIE<<<<<<<<<<<<<<<<<<<<<"},
		{"Đỗ", 0, "DO<<<<<<<<<<<<<<<<<<<<<<<<<<<<"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := card(t, tt.name, "001199999990", identity.Female, "1999-12-31", "")
			c.Person.Name.FamilyWords = tt.familyWords

			got, err := mrz.Lines(c)

			require.NoError(t, err)
			require.Equal(t, tt.want, got[2])
		})
	}
}

// Every changed character of lines one and two is noticed, but for swaps that
// the check digit cannot see (value differences that are multiples of ten).
func TestParse_RefusesAChangedDigit(t *testing.T) {
	t.Parallel()
	lines, err := mrz.Lines(card(t, "Đặng Thị Ngọc Ước", "001199999990", identity.Female, "1999-12-31", "2024-12-31"))
	require.NoError(t, err)

	for line := range 2 {
		for i := range 30 {
			c := lines[line][i]
			if c < '0' || c > '9' {
				continue
			}
			changed := lines
			changed[line] = lines[line][:i] + string('0'+(c-'0'+1)%10) + lines[line][i+1:]
			_, err := mrz.Parse(changed)
			require.Error(t, err, "line %d position %d", line+1, i+1)
		}
	}
}

// Of ICAO Doc 9303-11 section 9.7.2, computed for an invented person.
func TestInformation(t *testing.T) {
	t.Parallel()
	lines, err := mrz.Lines(card(t, "Đặng Thị Ngọc Ước", "001199999990", identity.Female, "1999-12-31", "2024-12-31"))
	require.NoError(t, err)
	require.Equal(t, "199999990299123152412311", mrz.Information(lines))
}

func FuzzParse(f *testing.F) {
	f.Add("IDVNM1999999902001199999990<<3", "9912315F2412311VNM<<<<<<<<<<<8", "DANG<<THI<NGOC<UOC<<<<<<<<<<<<")
	f.Add("", "<", strings.Repeat("<", 31))
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if read, err := mrz.Parse([3]string{a, b, c}); err == nil {
			require.Len(t, read.Birth, 6)
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add("Đặng Thị Ngọc Ước", 1)
	f.Add("A B C D E F G H I J K L M N O P Q R S T", 9)
	f.Fuzz(func(t *testing.T, text string, familyWords int) {
		name, err := identity.ParseName(text)
		if err != nil {
			return
		}
		name.FamilyWords = familyWords
		c := identity.Card{Person: identity.Person{Name: name, Number: "001199999990", Sex: identity.Female, Birth: identity.Date{Year: 1999}}}
		lines, err := mrz.Lines(c)
		if err != nil {
			return
		}
		_, err = mrz.Parse(lines)
		require.NoError(t, err)
	})
}
