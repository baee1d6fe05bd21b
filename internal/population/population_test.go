package population_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/population"
)

func child() identity.Person {
	return identity.Person{
		Name: identity.Name{Text: "Nguyễn Minh An"}, Birth: identity.Date{Year: 2020, Month: 3, Day: 5}, Sex: identity.Male,
		Father: identity.Name{Text: "Nguyễn Văn Hòa"}, Mother: identity.Name{Text: "Trần Thị Thúy"},
		BirthRegistration: identity.Place{Text: "Phường Hải Châu, Đà Nẵng", Province: "048"},
	}
}

func TestLikely_WhoMayBeOnePersonIsShownToAnOfficer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*identity.Person)
		likely bool
	}{
		"Same":               {func(*identity.Person) {}, true},
		"TonePlacement":      {func(p *identity.Person) { p.Father.Text = "NGUYỄN VĂN HOÀ" }, true},
		"OtherTone":          {func(p *identity.Person) { p.Name.Text = "Nguyễn Minh Ân" }, true},
		"OneLetter":          {func(p *identity.Person) { p.Name.Text = "Nguyễn Minh Anh" }, true},
		"WithoutMiddleName":  {func(p *identity.Person) { p.Name.Text = "Nguyễn An" }, true},
		"DayAndMonthSwapped": {func(p *identity.Person) { p.Birth.Month, p.Birth.Day = 5, 3 }, true},
		"YearMistyped":       {func(p *identity.Person) { p.Birth.Year = 2021 }, true},
		"SexMistyped":        {func(p *identity.Person) { p.Sex = identity.Female }, true},
		"OnlyYearKnown":      {func(p *identity.Person) { p.Birth.Month, p.Birth.Day = 0, 0 }, true},
		"ParentsUnknown":     {func(p *identity.Person) { p.Father, p.Mother = identity.Name{}, identity.Name{} }, true},
		"OneParentDiffers":   {func(p *identity.Person) { p.Father.Text = "Lê Quốc Bảo" }, true},
		"RenamedOrTwin":      {func(p *identity.Person) { p.Name.Text = "Lê Hoàng Phúc" }, true},
		"RenamedOfOneParent": {func(p *identity.Person) { p.Name.Text, p.Father = "Lê Hoàng Phúc", identity.Name{} }, true},
		"TwinSister":         {func(p *identity.Person) { p.Name.Text, p.Sex = "Lê Hoàng Lan", identity.Female }, true},
		"RenamedOfThatYear":  {func(p *identity.Person) { p.Name.Text, p.Birth = "Lê Hoàng Phúc", identity.Date{Year: 2020} }, true},
		"Adopted": {func(p *identity.Person) {
			p.Name.Text, p.Father.Text, p.Mother.Text = "Lê Minh An", "Lê Quốc Bảo", "Phạm Thu Hà"
		}, true},
		"AdoptedElsewhere": {func(p *identity.Person) {
			p.Name.Text, p.Father.Text, p.Mother.Text, p.BirthRegistration.Text = "Lê Minh An", "Lê Quốc Bảo", "Phạm Thu Hà", "Phường Hoàn Kiếm, Hà Nội"
		}, false},
		"BirthAndMotherMistyped": {func(p *identity.Person) {
			p.Birth, p.Mother.Text = identity.Date{Year: 2019, Month: 7, Day: 5}, "Trần Thị Thúi"
		}, true},
		"BirthAndFatherMistyped": {func(p *identity.Person) {
			p.Birth, p.Father.Text = identity.Date{Year: 2019, Month: 7, Day: 5}, "Nguyễn Văn Hòan"
		}, true},
		"BirthAndBothParentsMistyped": {func(p *identity.Person) {
			p.Birth, p.Mother.Text, p.Father.Text = identity.Date{Year: 2019, Month: 7, Day: 5}, "Trần Thị Thúi", "Nguyễn Văn Hòan"
		}, false},
		"Sibling": {func(p *identity.Person) { p.Name.Text, p.Birth.Year = "Lê Hoàng Phúc", 2022 }, false},
		"OfThatDayAndMotherElsewhere": {func(p *identity.Person) {
			p.Name.Text, p.Father, p.BirthRegistration.Text = "Lê Hoàng Phúc", identity.Name{}, "Phường Hoàn Kiếm, Hà Nội"
		}, false},
		"ParentsExchanged":    {func(p *identity.Person) { p.Father, p.Mother = p.Mother, p.Father }, true},
		"GivenNameFirst":      {func(p *identity.Person) { p.Name.Text = "Minh An Nguyễn" }, true},
		"NamesakeOfThatPlace": {func(p *identity.Person) { p.Father.Text, p.Mother.Text = "Lê Quốc Bảo", "Phạm Thu Hà" }, true},
		"NamesakeOfThatDay": {func(p *identity.Person) {
			p.Father.Text, p.Mother.Text, p.BirthRegistration.Text = "Lê Quốc Bảo", "Phạm Thu Hà", "Phường Hoàn Kiếm, Hà Nội"
		}, false},
		"BirthMistyped": {func(p *identity.Person) { p.Birth = identity.Date{Year: 2019, Month: 7, Day: 5} }, true},
		"NamesakeOfAnotherDay": {func(p *identity.Person) {
			p.Birth, p.Father.Text = identity.Date{Year: 2019, Month: 7, Day: 5}, "Lê Quốc Bảo"
		}, false},
		"NoName": {func(p *identity.Person) { p.Name.Text = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claim := child()
			tt.change(&claim)

			_, likely := population.Likely(claim, population.Record{Person: child()})

			require.Equal(t, tt.likely, likely)
		})
	}
}

func TestRank_TheLikeliestFirst(t *testing.T) {
	t.Parallel()
	swapped, stranger := child(), child()
	swapped.Birth.Month, swapped.Birth.Day = 5, 3
	stranger.Name.Text, stranger.Birth.Year = "Phạm Thu Hà", 2012

	matches := population.Rank(child(), []population.Record{{ID: "S", Person: swapped}, {ID: "X", Person: stranger}, {ID: "C", Person: child()}})

	require.Len(t, matches, 2)
	require.Equal(t, identity.PersonID("C"), matches[0].ID)
	require.Equal(t, identity.PersonID("S"), matches[1].ID)
}

// A province that was renamed, or is written otherwise, is the same place.
func TestCompare_ProvincesByEveryName(t *testing.T) {
	t.Parallel()
	for old, now := range map[string]string{
		"Phường Phú Hội, Thừa Thiên Huế":       "Phường Phú Hội, Huế",
		"Xã A, Huyện B, Bà Rịa-Vũng Tàu":       "Xã A, Hồ Chí Minh",
		"Xã A, Bà Rịa - Vũng Tàu":              "Xã A, TP.HCM",
		"Phường A, Đắc Lắc":                    "Phường A, Tỉnh Đắk Lắk",
		"Xã Đồng Văn, Tỉnh Hà Giang, Việt Nam": "Xã Đồng Văn, Tuyên Quang",
	} {
		claim, record := identity.Person{Residence: identity.Place{Text: old}}, identity.Person{Residence: identity.Place{Text: now}}
		require.Empty(t, population.Contradictions(population.Compare(claim, population.Record{Person: record})), old)
		record.Residence.Text = "Xã B, Hà Nội"
		require.NotEmpty(t, population.Contradictions(population.Compare(claim, population.Record{Person: record})), old)
	}
}

// One person is registered once, however often at the same moment: the key is the same
// for another spelling, and another for another person.
func TestRegistration_OneKeyForOnePerson(t *testing.T) {
	t.Parallel()
	spelled, other := child(), child()
	spelled.Name.Text, spelled.Mother.Text, spelled.BirthRegistration.Text = "NGUYỄN MINH AN", "Trần Thị Thuý", "P. Hải Châu, TP Đà Nẵng"
	other.Mother.Text = "Phạm Thu Hà"
	key := population.Registration{Application: "A", Person: child()}.Key()

	require.Equal(t, key, population.Registration{Application: "B", Person: spelled}.Key())
	require.NotEqual(t, key, population.Registration{Application: "A", Person: other}.Key())
	require.NotEqual(t, key, population.Registration{Application: "A", Person: child(), NotThese: []identity.PersonID{"P"}}.Key())
}

func TestCompare_EveryFieldThatACardShows(t *testing.T) {
	t.Parallel()
	known := child()
	known.Number, known.CancelledNumber, known.OldNumber = "048220999901", "048320999901", "012999999"
	known.Ethnicity, known.Religion, known.BloodGroup, known.Marks = "Kinh", "Không", "O+", "Sẹo chấm"
	known.Residence = identity.Place{Text: "Số 1, Đường A, Phường Hải Châu, Đà Nẵng", Province: "048"}
	known.Origin = identity.Place{Text: "Xã Tam Kỳ, Đà Nẵng", Province: "048"}
	for name, tt := range map[string]struct {
		change func(*identity.Person)
		field  string
		want   population.Outcome
	}{
		"Residence":     {func(p *identity.Person) { p.Residence.Text = "Số 2, Đường A, Phường Hải Châu, Đà Nẵng" }, "person.residence", population.Contradicts},
		"OtherProvince": {func(p *identity.Person) { p.Residence.Province = "079" }, "person.residence", population.Contradicts},
		"Abbreviated":   {func(p *identity.Person) { p.Residence.Text = "số 1, đường A, P. Hải Châu, TP. Đà Nẵng" }, "person.residence", population.Tolerable},
		"WithDistrict": {func(p *identity.Person) {
			p.Residence.Text = "Số 1, Đường A, Phường Hải Châu, Quận Hải Châu, Đà Nẵng"
		}, "person.residence", population.Tolerable},
		"OldProvince": {func(p *identity.Person) {
			p.Origin = identity.Place{Text: "Xã Tam Kỳ, tỉnh Quảng Nam", Province: "049"}
		}, "person.origin", population.Tolerable},
		"OtherOrigin":     {func(p *identity.Person) { p.Origin.Text = "Xã Tam Kỳ, Quảng Ngãi" }, "person.origin", population.Contradicts},
		"Father":          {func(p *identity.Person) { p.Father.Text = "Lê Quốc Bảo" }, "person.father", population.Contradicts},
		"TonePlacement":   {func(p *identity.Person) { p.Mother.Text = "Trần Thị Thuý" }, "person.mother", population.Tolerable},
		"InventedSpouse":  {func(p *identity.Person) { p.Spouse.Text = "Lê Thị Hoa" }, "person.spouse", population.Contradicts},
		"Ethnicity":       {func(p *identity.Person) { p.Ethnicity = "Tày" }, "person.ethnicity", population.Contradicts},
		"OldNumber":       {func(p *identity.Person) { p.OldNumber = "012999998" }, "person.old_number", population.Contradicts},
		"Name":            {func(p *identity.Person) { p.Name.Text = "Nguyễn Minh Ân" }, "person.name", population.Contradicts},
		"Birth":           {func(p *identity.Person) { p.Birth.Day = 6 }, "person.birth", population.Contradicts},
		"Sex":             {func(p *identity.Person) { p.Sex = identity.Female }, "person.sex", population.Contradicts},
		"CanceledNumber":  {func(p *identity.Person) { p.Number = "048320999901" }, "person.number", population.Tolerable},
		"OthersNumber":    {func(p *identity.Person) { p.Number = "048220999902" }, "person.number", population.Contradicts},
		"OthersCancelled": {func(p *identity.Person) { p.CancelledNumber = "048220999902" }, "person.cancelled_number", population.Contradicts},
		"Religion":        {func(p *identity.Person) { p.Religion = "Phật giáo" }, "person.religion", population.Tolerable},
		"Silent": {func(p *identity.Person) {
			p.Father, p.OldNumber, p.Origin = identity.Name{}, "", identity.Place{}
		}, "person.father", population.Tolerable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claim := known
			tt.change(&claim)

			fields := population.Compare(claim, population.Record{Person: known})

			for _, f := range fields {
				if f.Name == tt.field {
					require.Equal(t, tt.want, f.Outcome)
					continue
				}
				require.NotEqual(t, population.Contradicts, f.Outcome, f.Name)
			}
			require.Equal(t, tt.want == population.Contradicts, len(population.Contradictions(fields)) > 0)
		})
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("Phường A, Quận B, TP. Hà Nội", "p.a,hà nội", "Nguyễn Văn An")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		claim := identity.Person{Residence: identity.Place{Text: a}, Name: identity.Name{Text: name}}
		known := identity.Person{Residence: identity.Place{Text: b}, Name: identity.Name{Text: name}}
		require.Len(t, population.Compare(claim, population.Record{Person: known}), len(population.Compare(known, population.Record{Person: claim})))
		population.Likely(claim, population.Record{Person: known})
	})
}
