package identity_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/identity/identitytest"
)

func TestParsePersonalNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, number string
		province     identity.ProvinceCode
		sex          identity.Sex
		year         int
		last9, can   string
	}{
		{"WomanOfHanoi", "001199999990", "001", identity.Female, 1999, "199999990", "999990"},
		{"ManOfSaigon", "079064999991", "079", identity.Male, 1964, "064999991", "999991"},
		{"GirlOfCaMau", "096323999992", "096", identity.Female, 2023, "323999992", "999992"},
		{"BornAbroad", "105285000000", "105", identity.Male, 2085, "285000000", "000000"},
		{"CenturyOf2100", "001400000001", "001", identity.Male, 2100, "400000001", "000001"},
		{"CenturyOf2200", "001799000001", "001", identity.Female, 2299, "799000001", "000001"},
		{"CenturyOf2300", "001900000001", "001", identity.Female, 2300, "900000001", "000001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			n, err := identity.ParsePersonalNumber(tt.number)

			require.NoError(t, err)
			require.Equal(t, tt.province, n.Province())
			require.Equal(t, tt.sex, n.Sex())
			require.Equal(t, tt.year, n.BirthYear())
			require.Equal(t, tt.last9, n.Last9())
			require.Equal(t, tt.can, n.CAN())
		})
	}
}

// The number of whom only the name of the place of birth registration is known begins with
// that place's code, and not with that of the residence.
func TestDrawPersonalNumber_ByTheNameOfTheProvince(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]identity.ProvinceCode{"Xã B, Phú Thọ": "025", "Xã B, tỉnh Hòa Bình": "017", "TP. Huế": "046", "": "001"} {
		p := identity.Person{
			Birth: identity.Date{Year: 2001, Month: 3, Day: 1}, Sex: identity.Female,
			BirthRegistration: identity.Place{Text: place}, Residence: identity.Place{Text: "Hà Nội", Province: "001"},
		}

		n, err := identity.DrawPersonalNumber(bytes.NewReader(make([]byte, 64)), p)

		require.NoError(t, err)
		require.Equal(t, want, n.Province(), place)
	}
}

func TestParsePersonalNumber_Refuses(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{
		"Empty":            "",
		"ElevenDigits":     "00119999999",
		"ThirteenDigits":   "0011999999900",
		"Letter":           "00119999999O",
		"Space":            "001 99999990",
		"Sign":             "+01199999990",
		"ArabicDigits":     "٠٠١١٩٩٩٩٩٩٩٠",
		"FullWidthDigits":  "００１１９９９９９９９０",
		"NoSuchProvince":   "003199999990",
		"ProvinceZero":     "000199999990",
		"ProvinceNineNine": "099199999990",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := identity.ParsePersonalNumber(number)

			require.ErrorIs(t, err, identity.Invalid)
			if number != "" {
				require.NotContains(t, err.Error(), number, "a refusal holds no personal data")
			}
		})
	}
}

// Every code of the table that numbers were ever allotted by is accepted, and no
// other below 100.
func TestParsePersonalNumber_KnowsTheProvinces(t *testing.T) {
	t.Parallel()
	known := 0
	for code := range 1000 {
		_, err := identity.ParsePersonalNumber(fmt.Sprintf("%03d199999990", code))
		if err == nil && code < 100 {
			known++
		}
		if code >= 100 {
			require.NoError(t, err)
		}
	}
	require.Equal(t, 63, known)
}

func TestAgrees(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		birth string
		sex   identity.Sex
		want  []string
	}{
		{"Agrees", "1999-12-31", identity.Female, nil},
		{"YearAlone", "1999", identity.Female, nil},
		{"OtherYear", "1998-12-31", identity.Female, []string{"year of birth"}},
		{"OtherCentury", "2099-12-31", identity.Female, []string{"year of birth"}},
		{"OtherSex", "1999-12-31", identity.Male, []string{"the sex"}},
		{"Both", "1964-12-31", identity.Male, []string{"year of birth", "the sex"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			err := identity.PersonalNumber("001199999990").Agrees(day(t, tt.birth), tt.sex)

			require.Equal(t, len(tt.want) > 0, err != nil)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
				require.Equal(t, []string{"person.number"}, unique(fields(err)))
			}
		})
	}
}

func TestPersonalNumber_ZeroHasEmptyParts(t *testing.T) {
	t.Parallel()
	var none identity.PersonalNumber

	require.Empty(t, none.Province())
	require.Empty(t, none.Sex())
	require.Zero(t, none.BirthYear())
	require.Empty(t, none.Last9())
	require.Empty(t, none.CAN())
	require.ErrorIs(t, none.Agrees(identity.Date{Year: 1999}, identity.Male), identity.Invalid)
}

func TestDrawPersonalNumber(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	place := func(code identity.ProvinceCode) identity.Place { return identity.Place{Text: "x", Province: code} }
	for _, tt := range []struct {
		name   string
		person identity.Person
		prefix string
	}{
		{"ByBirthRegistration", identity.Person{Birth: day(t, "1999-12-31"), Sex: identity.Female, BirthRegistration: place("002"), Origin: place("004")}, "002199"},
		{"ElseByOrigin", identity.Person{Birth: day(t, "2001-01-02"), Sex: identity.Male, Origin: place("004"), Residence: place("006")}, "004201"},
		{"ElseByResidence", identity.Person{Birth: day(t, "2001-01-02"), Sex: identity.Male, Residence: place("006")}, "006201"},
		{"OldCodeBeforeTheMerger", identity.Person{Birth: day(t, "2025-06-30"), Sex: identity.Male, Residence: place("026")}, "026225"},
		{"CodeOfTheMergedProvince", identity.Person{Birth: day(t, "2025-07-01"), Sex: identity.Male, Residence: place("026")}, "025225"},
		{"CodeThatKeptStanding", identity.Person{Birth: day(t, "2026-07-01"), Sex: identity.Female, Residence: place("024")}, "024326"},
		{"RegisteredAbroad", identity.Person{Birth: day(t, "2026-07-01"), Sex: identity.Female, BirthRegistration: place("105"), Residence: place("001")}, "105326"},
		{"LastCentury", identity.Person{Birth: day(t, "2399-12-31"), Sex: identity.Female, Residence: place("001")}, "001999"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, err := identity.DrawPersonalNumber(random, tt.person)

			require.NoError(t, err)
			require.Equal(t, tt.prefix, string(n)[:6])
			parsed, err := identity.ParsePersonalNumber(string(n))
			require.NoError(t, err)
			require.NoError(t, parsed.Agrees(tt.person.Birth, tt.person.Sex))
		})
	}
}

func TestDrawPersonalNumber_Refuses(t *testing.T) {
	t.Parallel()
	good := identity.Person{Birth: identity.Date{Year: 1999}, Sex: identity.Male, Residence: identity.Place{Province: "001"}}
	for name, tt := range map[string]struct {
		change func(*identity.Person)
		field  string
	}{
		"BornBefore1900": {func(p *identity.Person) { p.Birth.Year = 1899 }, "person.birth"},
		"BornAfter2399":  {func(p *identity.Person) { p.Birth.Year = 2400 }, "person.birth"},
		"NoBirth":        {func(p *identity.Person) { p.Birth = identity.Date{} }, "person.birth"},
		"NoSex":          {func(p *identity.Person) { p.Sex = "" }, "person.sex"},
		"NoProvince":     {func(p *identity.Person) { p.Residence.Province = "" }, "person.birth_registration.province"},
		"OriginAbroad":   {func(p *identity.Person) { p.Origin.Province, p.Residence.Province = "105", "" }, "person.birth_registration.province"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good
			tt.change(&p)

			_, err := identity.DrawPersonalNumber(bytes.NewReader(make([]byte, 64)), p)

			require.Equal(t, []string{tt.field}, fields(err))
		})
	}
}

func TestDrawPersonalNumber_ReportsFailingRandomness(t *testing.T) {
	t.Parallel()
	p := identity.Person{Birth: identity.Date{Year: 1999}, Sex: identity.Male, Residence: identity.Place{Province: "001"}}
	dry := errors.New("dry")

	_, err := identity.DrawPersonalNumber(iotest.ErrReader(dry), p)

	require.ErrorIs(t, err, dry)
}

// Each last digit comes about equally often: no modulo bias. With 10,000 draws
// and ten values, four standard deviations are about 120.
func TestDrawPersonalNumber_IsUniform(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{2})
	p := identity.Person{Birth: identity.Date{Year: 1999}, Sex: identity.Male, Residence: identity.Place{Province: "001"}}
	counts := make(map[byte]int)
	for range 10_000 {
		n, err := identity.DrawPersonalNumber(random, p)
		require.NoError(t, err)
		counts[string(n)[11]]++
	}
	require.Len(t, counts, 10)
	for digit, n := range counts {
		require.InDelta(t, 1000, n, 120, "digit %c", digit)
	}
}

func TestParseOldNumber(t *testing.T) {
	t.Parallel()
	for number, ok := range map[string]bool{
		"012999999": true, "001199999990": true,
		"": false, "01299999": false, "0129999999": false, "01299999x": false, "+12999999": false,
	} {
		_, err := identity.ParseOldNumber(number)
		require.Equal(t, ok, err == nil, "%q", number)
	}
}

// A careless %v, a slog line or a Go-syntax dump shows nothing of a person.
func TestPersonsAreHidden(t *testing.T) {
	t.Parallel()
	a := identitytest.Application(identitytest.Seeded(3))
	c := identitytest.Card(identitytest.Seeded(3))
	p := a.Person
	secrets := []string{string(p.Number), p.Name.Text, p.Residence.Text, string(c.Person.Number), c.Person.Name.Text}

	var shown bytes.Buffer
	for _, v := range []any{p.Number, p.Name, p.Residence, identity.OldNumber("012999999"), p, a, c, &p, &a, &c} {
		fmt.Fprintf(&shown, "%v %+v %#v %s ", v, v, v, v)
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("Shown", "value", v)
		slog.New(slog.NewTextHandler(&shown, nil)).Info("Shown", "value", v)
	}

	fmt.Fprintf(&shown, "%v %+v %#v", []any{p}, []any{p}, []any{p})

	for _, secret := range append(secrets, "012999999") {
		require.NotContains(t, shown.String(), secret)
	}
	require.Contains(t, shown.String(), "[person]")
}

func FuzzParsePersonalNumber(f *testing.F) {
	f.Add("001199999990")
	f.Add("999999999999")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := identity.ParsePersonalNumber(s)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		require.Equal(t, s, string(n))
		require.NoError(t, n.Agrees(identity.Date{Year: n.BirthYear()}, n.Sex()))
	})
}

func FuzzParseOldNumber(f *testing.F) {
	f.Add("012999999")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := identity.ParseOldNumber(s)
		require.Equal(t, err == nil, string(n) == s && s != "")
	})
}
