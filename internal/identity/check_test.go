package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// exchange is an application that is all right: an adult's exchange on request.
func exchange(tb testing.TB) identity.Application {
	tb.Helper()
	return identity.Application{
		EnrollmentID: "001-2026-0001", Station: "001-TN-01", Officer: "CB-001-0007",
		Channel: identity.AtStation, Type: identity.Exchange, Ground: identity.GroundRequest, FiledOn: day(tb, "2026-11-23"),
		Delivery: identity.Collect,
		Person: identity.Person{
			Number: "001199999990", Name: identity.Name{Text: "Đặng Thị Ngọc Ước"}, Birth: day(tb, "1999-12-31"), Sex: identity.Female,
			Residence: identity.Place{Text: "Số 1 Đường A, Hà Nội", Province: "001"},
		},
	}
}

// A record is corrected to what may be said of a person today; what was there stays.
func TestCheckCorrected(t *testing.T) {
	t.Parallel()
	old := exchange(t).Person
	old.Residence = identity.Place{Text: "Thị trấn Đồng Văn, Huyện Đồng Văn, Tỉnh Hà Giang", Province: "002"}
	today := day(t, "2026-11-23")
	require.NoError(t, identity.CheckCorrected(old, old, today))
	for name, tt := range map[string]struct {
		change func(p *identity.Person)
		want   []string
	}{
		"Name":            {func(p *identity.Person) { p.Name.Text = "Nguyễn Thị Hoa" }, nil},
		"BornTomorrow":    {func(p *identity.Person) { p.Birth = day(t, "2026-11-24") }, []string{"birth"}},
		"NoResidence":     {func(p *identity.Person) { p.Residence.Text, p.Residence.Province = "", "001" }, []string{"residence.text"}},
		"ResidenceAbroad": {func(p *identity.Person) { p.Residence = identity.Place{Text: "Viêng Chăn", Province: "136"} }, []string{"residence.province"}},
		"ResidenceOfOnce": {func(p *identity.Person) { p.Residence.Text = "Xã Đồng Văn, Hà Giang" }, []string{"residence.province", "residence.text"}},
		"ResidenceOfToday": {func(p *identity.Person) {
			p.Residence = identity.Place{Text: "Xã Đồng Văn, Tuyên Quang", Province: "008"}
		}, nil},
	} {
		after := old
		tt.change(&after)
		require.Equal(t, tt.want, fields(identity.CheckCorrected(old, after, today)), name)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	type application = identity.Application
	ageOf := func(a *application, birth string, number identity.PersonalNumber) {
		a.Person.Birth, a.Person.Number = day(t, birth), number
	}
	for name, tt := range map[string]struct {
		change func(a *application)
		want   []string // fields refused
	}{
		"Good":                  {func(*application) {}, nil},
		"NoEnrollmentID":        {func(a *application) { a.EnrollmentID = "" }, []string{"enrollment_id"}},
		"NoStation":             {func(a *application) { a.Station = "" }, []string{"station"}},
		"StationInSmallLetters": {func(a *application) { a.Station = "001-tn-01" }, []string{"station"}},
		"StationIsAPath":        {func(a *application) { a.Station = "../001" }, []string{"station"}},
		"LongOfficer":           {func(a *application) { a.Officer = identity.OfficerID(strings.Repeat("A", 33)) }, []string{"officer"}},
		"NoFilingDay":           {func(a *application) { a.FiledOn = identity.Date{} }, []string{"filed_on"}},
		"PartialFilingDay":      {func(a *application) { a.FiledOn = day(t, "2026-11") }, []string{"filed_on"}},
		"FiledBeforeChipCards":  {func(a *application) { a.FiledOn = day(t, "2021-01-22") }, []string{"filed_on"}},
		"UnknownType":           {func(a *application) { a.Type = "renewal" }, []string{"type"}},
		"UnknownGround":         {func(a *application) { a.Ground = "whim" }, []string{"ground"}},
		"GroundOfAnotherType":   {func(a *application) { a.Ground = identity.GroundLost }, []string{"ground"}},
		"UnknownChannel":        {func(a *application) { a.Channel = "fax" }, []string{"channel"}},
		"ExchangeOnline":        {func(a *application) { a.Channel = identity.Online }, []string{"channel"}},
		"NoDelivery":            {func(a *application) { a.Delivery = "" }, []string{"delivery"}},
		"PostWithoutAddress":    {func(a *application) { a.Delivery = identity.Post }, []string{"delivery_to"}},
		"CollectWithAddress":    {func(a *application) { a.DeliveryTo = "Số 1" }, []string{"delivery_to"}},
		"UnknownExemption":      {func(a *application) { a.Exemption = "friend" }, []string{"exemption"}},
		"ExemptionOfOldDays":    {func(a *application) { a.Exemption = "orphan" }, []string{"exemption"}},
		"NoName":                {func(a *application) { a.Person.Name = identity.Name{} }, []string{"person.name"}},
		"TooManyFamilyWords":    {func(a *application) { a.Person.Name.FamilyWords = 5 }, []string{"person.family_name_words"}},
		"NegativeFamilyWords":   {func(a *application) { a.Person.Name.FamilyWords = -1 }, []string{"person.family_name_words"}},
		"NoSex":                 {func(a *application) { a.Person.Sex = "" }, []string{"person.sex"}},
		"UnknownSex":            {func(a *application) { a.Person.Sex = "X" }, []string{"person.sex"}},
		"NoBirth":               {func(a *application) { a.Person.Birth = identity.Date{} }, []string{"person.birth"}},
		"BornBefore1900":        {func(a *application) { ageOf(a, "1899-12-31", "") }, []string{"person.birth", "person.number"}},
		"BornAfterFiling":       {func(a *application) { ageOf(a, "2026-11-24", "001326999990") }, []string{"person.birth", "representative"}},
		"NumberOfAnotherYear":   {func(a *application) { a.Person.Birth = day(t, "1998-12-31") }, []string{"person.number"}},
		"NumberOfTheOtherSex":   {func(a *application) { a.Person.Sex = identity.Male }, []string{"person.number"}},
		"NoNumber":              {func(a *application) { a.Person.Number = "" }, []string{"person.number"}},
		"NoResidence":           {func(a *application) { a.Person.Residence.Text = "" }, []string{"person.residence.text"}},
		"UnknownProvince":       {func(a *application) { a.Person.Residence.Province = "003" }, []string{"person.residence.province"}},
		"ResidenceAbroad":       {func(a *application) { a.Person.Residence.Province = "203" }, []string{"person.residence.province"}},
		"BirthAbroad":           {func(a *application) { a.Person.BirthRegistration.Province = "203" }, nil},
		"OriginNowhere":         {func(a *application) { a.Person.Origin.Province = "1000" }, []string{"person.origin.province"}},
		"BirthNowhere":          {func(a *application) { a.Person.BirthRegistration.Province = "0" }, []string{"person.birth_registration.province"}},
		"UnknownBloodGroup":     {func(a *application) { a.Person.BloodGroup = "BA+" }, []string{"person.blood_group"}},
		"CancelledIsCurrent":    {func(a *application) { a.Person.CancelledNumber = a.Person.Number }, []string{"person.cancelled_number"}},
		"NumberChanged":         {func(a *application) { a.Ground = identity.GroundNumberChanged }, []string{"person.cancelled_number"}},
		"NotNearAMilestone": {func(a *application) {
			a.Ground, a.Representative = identity.GroundAge, identity.Name{Text: "Lê Thị Phượng"}
			ageOf(a, "2014-11-24", "001314999990")
		}, []string{"ground"}},
		"NearTheFirstMilestone": {func(a *application) {
			a.Ground, a.Representative = identity.GroundAge, identity.Name{Text: "Lê Thị Phượng"}
			ageOf(a, "2014-11-23", "001314999990")
		}, nil},
		"FirstCardWithoutNumber": {func(a *application) {
			a.Type, a.Ground, a.Person.Number = identity.FirstIssue, identity.GroundFirstCard, ""
		}, nil},
		"FromCMNDWithoutItsNumber": {func(a *application) {
			a.FiledOn, a.Type, a.Ground = day(t, "2026-03-14"), identity.FirstIssue, identity.GroundFromCMND
		}, []string{"person.old_number"}},
		"CMNDIsNotAskedForAnyMore": {func(a *application) {
			a.FiledOn, a.Type, a.Ground = day(t, "2026-03-15"), identity.FirstIssue, identity.GroundFromCMND
		}, nil},
		"FromCCCD": {func(a *application) { a.Ground = identity.GroundFromCCCD }, nil},
		"FromCCCDIsNoFirstIssue": {func(a *application) {
			a.Type, a.Ground = identity.FirstIssue, identity.GroundFromCCCD
		}, []string{"ground"}},
		"FromCCCDWithoutNumber": {func(a *application) {
			a.Ground, a.Person.Number = identity.GroundFromCCCD, ""
		}, []string{"person.number"}},
		"BoundariesOnline": {func(a *application) {
			a.Ground, a.Channel, a.FiledOn = identity.GroundBoundaries, identity.Online, day(t, "2025-08-12")
		}, nil},
		"BoundariesOnlineBeforeItWas": {func(a *application) {
			a.Ground, a.Channel, a.FiledOn = identity.GroundBoundaries, identity.Online, day(t, "2025-08-11")
		}, []string{"channel"}},
		"WhoseErrorIsNotSaid":  {func(a *application) { a.Ground = identity.GroundPrintError }, []string{"error_by"}},
		"WhoseErrorIsUnknown":  {func(a *application) { a.Ground, a.ErrorBy = identity.GroundPrintError, "nobody" }, []string{"error_by"}},
		"ErrorOnAnotherGround": {func(a *application) { a.ErrorBy = identity.ErrorByAuthority }, []string{"error_by"}},
		"ResidenceInAProvinceThatEnded": {func(a *application) {
			a.Person.Residence = identity.Place{Text: "Xã Đồng Văn, Hà Giang", Province: "002"}
		}, []string{"person.residence.province", "person.residence.text"}},
		"ResidenceInAProvinceThatStood": {func(a *application) {
			a.FiledOn, a.Person.Residence = day(t, "2025-06-30"), identity.Place{Text: "Xã Đồng Văn, Huyện Đồng Văn, Tỉnh Hà Giang", Province: "002"}
		}, nil},
		"ResidenceInADistrict": {func(a *application) {
			a.FiledOn, a.Person.Residence.Text = day(t, "2025-07-01"), "Số 1, Phường Mỹ Đình 1, Quận Nam Từ Liêm, Hà Nội"
		}, []string{"person.residence.text"}},
		"ResidenceBeginsWithADistrict": {func(a *application) { a.Person.Residence.Text = "Quận 1, Thành phố Hồ Chí Minh" }, []string{"person.residence.text"}},
		"ResidenceInATownship":         {func(a *application) { a.Person.Residence.Text = "Thị trấn Sa Pa, Lào Cai" }, []string{"person.residence.text"}},
		"DistrictInShort":              {func(a *application) { a.Person.Residence.Text = "Số 3, H. Đồng Văn, Tuyên Quang" }, []string{"person.residence.text"}},
		"EndedProvinceInShort":         {func(a *application) { a.Person.Residence.Text = "Xã A, T. Hà Giang" }, []string{"person.residence.text"}},
		"EndedProvinceWithItsHyphen":   {func(a *application) { a.Person.Residence.Text = "Xã A, Bà Rịa-Vũng Tàu" }, []string{"person.residence.text"}},
		"EndedProvinceAndAFullStop":    {func(a *application) { a.Person.Residence.Text = "Xã A, Đắk Nông." }, []string{"person.residence.text"}},
		"EndedProvinceOfVietnam":       {func(a *application) { a.Person.Residence.Text = "Xã A, Tỉnh Hà Giang, Việt Nam" }, []string{"person.residence.text"}},
		"NewTownIsNoCity": {func(a *application) {
			a.Person.Residence.Text = "Thành phố Mới, Phường Bình Dương, TP.Hồ Chí Minh"
		}, nil},
		"QuangNinhMayBeACity":     {func(a *application) { a.Person.Residence.Text = "Phường Hạ Long, Thành phố Quảng Ninh" }, nil},
		"QuangNinhMayBeAProvince": {func(a *application) { a.Person.Residence.Text = "Phường Hạ Long, Tỉnh Quảng Ninh" }, nil},
		"BornInAUnitThatHadEnded": {func(a *application) {
			a.Type, a.Ground, a.Representative = identity.FirstIssue, identity.GroundFirstCard, identity.Name{Text: "Lê Thị Phượng"}
			a.FiledOn, a.Person.Birth, a.Person.Number = day(t, "2026-11-20"), day(t, "2026-08-08"), ""
			a.Person.BirthRegistration = identity.Place{Text: "Huyện Đồng Văn, Hà Giang"}
		}, []string{"person.birth_registration.text"}},
		"PostToADistrict": {func(a *application) {
			a.Delivery, a.DeliveryTo = identity.Post, "Số 1, Thị xã Sơn Tây, Hà Nội"
		}, []string{"delivery_to"}},
		"DongNaiIsACity": {func(a *application) {
			a.FiledOn, a.Person.Residence = day(t, "2026-04-30"), identity.Place{Text: "Xã An Phước, Tỉnh Đồng Nai", Province: "075"}
		}, []string{"person.residence.text"}},
		"DongNaiWasAProvince": {func(a *application) {
			a.FiledOn, a.Person.Residence = day(t, "2026-04-29"), identity.Place{Text: "Xã An Phước, Tỉnh Đồng Nai", Province: "075"}
		}, nil},
		"HueBeforeItWasOne": {func(a *application) {
			a.FiledOn, a.Person.Residence = day(t, "2024-12-31"), identity.Place{Text: "Phường Thuận Hóa, Thành phố Thừa Thiên Huế", Province: "046"}
		}, []string{"person.residence.text"}},
		"BirthAndOriginInOldUnits": {func(a *application) {
			a.Person.BirthRegistration = identity.Place{Text: "Xã Đồng Văn, Huyện Đồng Văn, Hà Giang", Province: "002"}
			a.Person.Origin = a.Person.BirthRegistration
		}, nil},
		"BornAfterItsProvinceEnded": {func(a *application) {
			a.Type, a.Ground, a.Representative = identity.FirstIssue, identity.GroundFirstCard, identity.Name{Text: "Lê Thị Phượng"}
			a.Person.Birth, a.Person.Number, a.Person.BirthRegistration.Province = day(t, "2025-07-01"), "", "002"
		}, []string{"person.birth_registration.province"}},
		"NationalityRegainedWithoutNumber": {func(a *application) {
			a.Type, a.Ground, a.Person.Number = identity.Reissue, identity.GroundNationality, ""
		}, nil},
		"LostOnline": {func(a *application) {
			a.Type, a.Ground, a.Channel = identity.Reissue, identity.GroundLost, identity.Online
		}, nil},
		"DamagedOnline": {func(a *application) {
			a.Type, a.Ground, a.Channel = identity.Reissue, identity.GroundDamaged, identity.Online
		}, nil},
		"NationalityOnline": {func(a *application) {
			a.Type, a.Ground, a.Channel = identity.Reissue, identity.GroundNationality, identity.Online
		}, []string{"channel"}},
		"LostOnlineIn2014": {func(a *application) {
			a.FiledOn = day(t, "2024-06-30")
			a.Type, a.Ground, a.Channel = identity.Reissue, identity.GroundLost, identity.Online
		}, []string{"channel"}},
		"DamagedIsReissueIn2023": {func(a *application) { a.Ground = identity.GroundDamaged }, []string{"ground"}},
		"DamagedIsExchangeIn2014": {func(a *application) {
			a.FiledOn, a.Ground = day(t, "2024-06-28"), identity.GroundDamaged
		}, nil},
		"DamagedIsNoReissueIn2014": {func(a *application) {
			a.FiledOn, a.Type, a.Ground = day(t, "2024-06-28"), identity.Reissue, identity.GroundDamaged
		}, []string{"ground"}},
		"FromCCCDIn2014": {func(a *application) {
			a.FiledOn, a.Ground = day(t, "2024-06-28"), identity.GroundFromCCCD
		}, []string{"ground"}},
		"ThirteenIn2014": {func(a *application) {
			a.FiledOn, a.Type, a.Ground = day(t, "2024-06-28"), identity.FirstIssue, identity.GroundFirstCard
			ageOf(a, "2010-06-29", "001310999990")
		}, []string{"person.birth"}},
		"FourteenIn2014": {func(a *application) {
			a.FiledOn, a.Type, a.Ground = day(t, "2024-06-28"), identity.FirstIssue, identity.GroundFirstCard
			ageOf(a, "2010-06-28", "001310999990")
		}, nil},
		"ChildWithoutRepresentative": {func(a *application) {
			a.Type, a.Ground = identity.FirstIssue, identity.GroundFirstCard
			ageOf(a, "2018-04-18", "001318999990")
		}, []string{"representative"}},
		"ChildWithRepresentative": {func(a *application) {
			a.Type, a.Ground, a.Representative = identity.FirstIssue, identity.GroundFirstCard, identity.Name{Text: "Lê Thị Phượng"}
			ageOf(a, "2018-04-18", "001318999990")
		}, nil},
		"AdultWithRepresentative": {func(a *application) { a.Representative = identity.Name{Text: "Lê Thị Phượng"} }, nil},
		"ChildOfEightOnline": {func(a *application) {
			a.Type, a.Ground, a.Representative, a.Channel = identity.FirstIssue, identity.GroundFirstCard, identity.Name{Text: "Lê"}, identity.Online
			ageOf(a, "2018-04-18", "001318999990")
		}, []string{"channel"}},
		"ChildUnderSixOnline": {func(a *application) {
			a.Type, a.Ground, a.Representative, a.Channel = identity.FirstIssue, identity.GroundFirstCard, identity.Name{Text: "Lê"}, identity.Online
			ageOf(a, "2020-11-24", "001320999990")
			a.Person.Sex, a.Person.Number = identity.Male, "001220999990"
		}, nil},
		"SixthBirthdayOnline": {func(a *application) {
			a.Type, a.Ground, a.Representative, a.Channel = identity.FirstIssue, identity.GroundFirstCard, identity.Name{Text: "Lê"}, identity.Online
			ageOf(a, "2020-11-23", "001320999990")
		}, []string{"channel"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := exchange(t)
			tt.change(&a)

			err := a.Check(day(t, "2026-11-23"))

			require.Equal(t, tt.want, fields(err), "%v", err)
		})
	}
}

// An empty application hears of everything at once, and nothing panics.
func TestCheck_JoinsAllRefusals(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{
		"enrollment_id", "station", "officer", "filed_on", "type", "channel", "delivery",
		"person.name", "person.sex", "person.birth", "person.residence.text", "ground",
	}, fields(identity.Application{}.Check(day(t, "2026-11-23"))))
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	a := exchange(t)
	a.Person.Residence.Text = "  So\u0302\u0301 1  Đường A "
	a.Person.Marks = "Nốt ruồi"

	got, err := a.Normalize()

	require.NoError(t, err)
	require.Equal(t, "Số 1 Đường A", got.Person.Residence.Text)
	require.Equal(t, "  So\u0302\u0301 1  Đường A ", a.Person.Residence.Text, "the given one is untouched")
}

func TestNormalize_RefusesByField(t *testing.T) {
	t.Parallel()
	bad := "a\x00"
	a := exchange(t)
	a.EnrollmentID, a.DeliveryTo = bad, bad
	a.Person.Ethnicity, a.Person.Religion, a.Person.Marks = bad, bad, bad
	a.Person.Origin.Text, a.Person.BirthRegistration.Text, a.Person.Residence.Text = bad, bad, bad

	_, err := a.Normalize()

	require.Equal(t, []string{
		"enrollment_id", "person.ethnicity", "person.religion", "person.origin.text",
		"person.birth_registration.text", "person.residence.text", "person.marks", "delivery_to",
	}, fields(err))
}
