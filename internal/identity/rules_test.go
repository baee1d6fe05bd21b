package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

func TestRulesFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		filed  string
		birth  string
		kind   identity.ApplicationType
		ground identity.Ground
		want   identity.Rules
		due    string
	}{
		{
			"LastDayOfTheLawOf2014", "2024-06-30", "1999-12-31", identity.Exchange, identity.GroundRequest,
			identity.Rules{Law: identity.Law2014, Form: "a-form", ProcessingDays: 7, Fee: 50_000, Expiry: identity.Expiry{Date: day(t, "2039-12-31")}},
			"2024-07-09",
		},
		{
			"FirstDayOfTheLawOf2023", "2024-07-01", "1999-12-31", identity.Exchange, identity.GroundRequest,
			identity.Rules{Law: identity.Law2023, Form: "a-form", ProcessingDays: 7, Fee: 50_000, Expiry: identity.Expiry{Date: day(t, "2039-12-31")}},
			"2024-07-10",
		},
		{
			"ReissueIn2014TakesLonger", "2021-03-15", "1985-12-31", identity.Reissue, identity.GroundLost,
			identity.Rules{Law: identity.Law2014, Form: "a-form", ProcessingDays: 15, Fee: 35_000, Expiry: identity.Expiry{Date: day(t, "2025-12-31")}},
			"2021-04-05",
		},
		{
			"ChildUnderSix", "2026-11-23", "2020-11-24", identity.FirstIssue, identity.GroundFirstCard,
			identity.Rules{Law: identity.Law2023, Form: "a-form", ProcessingDays: 7, Expiry: identity.Expiry{Date: day(t, "2034-11-24")}},
			"2026-12-03",
		},
		{
			"ChildOfSix", "2026-11-23", "2020-11-23", identity.FirstIssue, identity.GroundFirstCard,
			identity.Rules{Law: identity.Law2023, Form: "a-form", ProcessingDays: 7, Expiry: identity.Expiry{Date: day(t, "2034-11-23")}},
			"2026-12-03",
		},
		{
			"NoExpiry", "2026-02-12", "1960-01-01", identity.Reissue, identity.GroundDamaged,
			identity.Rules{Law: identity.Law2023, Form: "a-form", ProcessingDays: 7},
			"2026-03-02",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := identity.Application{
				Type: tt.kind, Ground: tt.ground, Channel: identity.AtStation, FiledOn: day(t, tt.filed), Person: identity.Person{Birth: day(t, tt.birth)},
			}

			got, err := identity.RulesFor(a, nil, "a-form", calendar(t))

			require.NoError(t, err)
			require.Equal(t, tt.due+"T23:59:59+07:00", got.Due.Format(time.RFC3339))
			tt.want.Due = got.Due
			require.Equal(t, tt.want, got)
		})
	}
}

func TestRulesFor_Refuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ filed, birth, field string }{
		"NoFilingDay":    {"", "1999-12-31", "filed_on"},
		"PartialDay":     {"2026-11", "1999-12-31", "filed_on"},
		"YearOfNoData":   {"2031-01-02", "1999-12-31", "filed_on"},
		"NoBirth":        {"2026-11-23", "", "person.birth"},
		"ThirteenIn2014": {"2024-06-30", "2010-07-01", "person.birth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a identity.Application
			require.NoError(t, a.FiledOn.UnmarshalText([]byte(tt.filed)))
			require.NoError(t, a.Person.Birth.UnmarshalText([]byte(tt.birth)))

			_, err := identity.RulesFor(a, nil, "a-form", calendar(t))

			require.Equal(t, []string{tt.field}, fields(err))
		})
	}
}

// A deadline that runs into a year without data is our fault, not the station's.
func TestRulesFor_DeadlineBeyondTheCalendar(t *testing.T) {
	t.Parallel()
	a := exchange(t)
	a.FiledOn = day(t, "2030-12-30")

	_, err := identity.RulesFor(a, nil, "a-form", calendar(t))

	require.ErrorContains(t, err, "2031")
	require.NotErrorIs(t, err, identity.Invalid)
}

func TestNeedsCapture(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, birth       string
		channel           identity.Channel
		portrait, capture bool
	}{
		{"Adult", "1999-12-31", identity.AtStation, true, true},
		{"ReissueOnline", "1999-12-31", identity.Online, true, false},
		{"ChildOfSix", "2020-11-23", identity.AtStation, true, true},
		{"ChildUnderSix", "2020-11-24", identity.AtStation, false, false},
		{"ChildUnderSixOnline", "2020-11-24", identity.Online, false, false},
	} {
		a := exchange(t)
		a.Person.Birth, a.Channel = day(t, tt.birth), tt.channel
		require.Equal(t, tt.portrait, a.NeedsPortrait(), tt.name)
		require.Equal(t, tt.capture, a.NeedsCapture(), tt.name)
	}
}

// The card held decides what may be asked for.
func TestAgainst(t *testing.T) {
	t.Parallel()
	held := func(issued, expires string) identity.HeldCard {
		h := identity.HeldCard{Issued: day(t, issued)}
		if expires != "" {
			h.Expiry.Date = day(t, expires)
		}
		return h
	}
	canceled := held("2021-05-04", "2023-12-31")
	canceled.State, canceled.Canceled = identity.CardRevoked, true
	lost, damaged := held("2022-05-04", "2039-12-31"), held("2024-08-01", "2039-12-31")
	damagedCCCD := held("2022-05-04", "2039-12-31")
	lost.State, damaged.State, damagedCCCD.State = identity.CardReportedLost, identity.CardDamaged, identity.CardDamaged
	renumbered := lost
	renumbered.Canceled = true
	exchanged, reissued := identity.Exchange, identity.Reissue
	for name, tt := range map[string]struct {
		kind     identity.ApplicationType
		ground   identity.Ground
		filed    string
		province identity.ProvinceCode
		held     identity.HeldCard
		refused  bool
	}{
		"CCCDForCanCuoc":     {exchanged, identity.GroundFromCCCD, "2026-11-23", "001", held("2022-05-04", "2039-12-31"), false},
		"CanCuocIsNoCCCD":    {exchanged, identity.GroundFromCCCD, "2026-11-23", "001", held("2024-07-01", "2039-12-31"), true},
		"EndsAtThisAge":      {exchanged, identity.GroundAge, "2026-11-23", "001", held("2021-05-04", "2026-12-31"), false},
		"EndedLongAgo":       {exchanged, identity.GroundAge, "2026-11-23", "001", held("2021-05-04", "2023-12-31"), false},
		"EndsWithinTwoYears": {exchanged, identity.GroundAge, "2026-11-23", "001", held("2021-05-04", "2028-11-23"), false},
		"EndsAtTheNextAge":   {exchanged, identity.GroundAge, "2026-11-23", "001", held("2023-05-04", "2039-12-31"), true},
		"NeverEnds":          {exchanged, identity.GroundAge, "2026-11-23", "001", held("2021-05-04", ""), true},
		"AnyCardOnRequest":   {exchanged, identity.GroundRequest, "2026-11-23", "001", held("2021-05-04", ""), false},

		// Art. 24.2 (a) of the law of 2023: what is lost or damaged is reissued, at that price.
		"LostOnRequest":      {exchanged, identity.GroundRequest, "2026-11-23", "001", lost, true},
		"LostCCCDForCanCuoc": {exchanged, identity.GroundFromCCCD, "2026-11-23", "001", lost, true},
		"DamagedForDetails":  {exchanged, identity.GroundDetails, "2026-11-23", "001", damaged, true},
		"LostAndRenumbered":  {exchanged, identity.GroundNumberChanged, "2026-11-23", "001", renumbered, false},
		"BearsTheNewNumber":  {exchanged, identity.GroundNumberChanged, "2026-11-23", "001", held("2024-08-01", "2039-12-31"), true},
		"LostWithTheNewOne":  {exchanged, identity.GroundNumberChanged, "2026-11-23", "001", lost, true},
		"LostIsReissued":     {reissued, identity.GroundLost, "2026-11-23", "001", lost, false},
		"DamagedIn2023":      {exchanged, identity.GroundDamaged, "2024-06-30", "001", damagedCCCD, false},

		// Nor where art. 21 applies.
		"LostBeforeItsEnd":        {reissued, identity.GroundLost, "2026-11-23", "001", held("2021-05-04", "2026-11-24"), false},
		"LostAtTheAge":            {reissued, identity.GroundLost, "2026-11-23", "001", held("2021-05-04", "2026-11-23"), true},
		"DamagedAfterTheAge":      {reissued, identity.GroundDamaged, "2026-11-23", "001", held("2021-05-04", "2026-01-31"), true},
		"LostAfterTheAgeIn2023":   {reissued, identity.GroundLost, "2023-11-23", "001", held("2021-05-04", "2023-01-31"), false},
		"LostWithoutAnEnd":        {reissued, identity.GroundLost, "2026-11-23", "001", held("2021-05-04", ""), false},
		"NationalityWithTheCard":  {reissued, identity.GroundNationality, "2026-11-23", "001", held("2021-05-04", ""), true},
		"NationalityAfterAnother": {reissued, identity.GroundNationality, "2026-11-23", "001", canceled, false},

		// Units were rearranged on 1 July 2025, and Đồng Nai became a city on 30 April 2026.
		"OfBeforeTheMerger":     {exchanged, identity.GroundBoundaries, "2026-11-23", "001", held("2025-06-30", ""), false},
		"OfTheMerger":           {exchanged, identity.GroundBoundaries, "2026-11-23", "001", held("2025-07-01", ""), true},
		"OfDongNaiAsProvince":   {exchanged, identity.GroundBoundaries, "2026-11-23", "075", held("2026-04-29", ""), false},
		"OfDongNaiAsCity":       {exchanged, identity.GroundBoundaries, "2026-11-23", "075", held("2026-04-30", ""), true},
		"OfNobodyKnowsWhere":    {exchanged, identity.GroundBoundaries, "2026-11-23", "", held("2026-04-29", ""), false},
		"CommunesOfBefore":      {exchanged, identity.GroundBoundaries, "2024-11-23", "001", held("2024-07-04", ""), false},
		"RenumberedOnAnyGround": {exchanged, identity.GroundNumberChanged, "2026-11-23", "001", canceled, false},
	} {
		a := exchange(t)
		a.Type, a.Ground, a.FiledOn = tt.kind, tt.ground, day(t, tt.filed)
		a.Person.Residence.Province, a.Person.BirthRegistration.Province, a.Person.Origin.Province = tt.province, tt.province, tt.province
		err := a.Against(tt.held)
		require.Equal(t, tt.refused, err != nil, "%s: %v", name, err)
		if tt.refused {
			require.Equal(t, []string{"ground"}, fields(err), name)
		}
	}
}

// Nobody applied for the exchange of a card before it was issued.
func TestAgainst_FiledBeforeTheCardWasIssued(t *testing.T) {
	t.Parallel()
	a := exchange(t)
	for _, certificate := range []bool{false, true} {
		if certificate {
			a.Type = identity.CertificateExchange
		}
		require.NoError(t, a.Against(identity.HeldCard{Issued: a.FiledOn, Certificate: certificate}))
		require.Equal(t, []string{"filed_on"}, fields(a.Against(identity.HeldCard{Issued: a.FiledOn.AddDays(1), Certificate: certificate})))
	}
}

// A child who has outgrown the card of a small child has nothing on file to make another from.
func TestAgainst_NothingWasCapturedForTheCardHeld(t *testing.T) {
	t.Parallel()
	a := exchange(t)
	a.Type, a.Ground, a.Channel, a.Person.Birth = identity.Reissue, identity.GroundLost, identity.Online, day(t, "2019-05-02")
	require.Equal(t, []string{"channel"}, fields(a.Against(identity.HeldCard{Issued: day(t, "2025-05-01")})))
	require.NoError(t, a.Against(identity.HeldCard{Issued: day(t, "2025-05-02")}))
	a.Person.Birth = day(t, "2021-05-02")
	require.NoError(t, a.Against(identity.HeldCard{Issued: day(t, "2025-05-01")}), "nothing is captured now either")
}

// What the population register says of a person decides who may have which document, however
// a station typed it.
func TestByRecord(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(a *identity.Application, holder *identity.Person)
		want   []string
	}{
		"Agrees":        {func(*identity.Application, *identity.Person) {}, nil},
		"NoCitizen":     {func(_ *identity.Application, p *identity.Person) { p.Nationality = identity.NationalityUndetermined }, []string{"person.nationality"}},
		"NumberOfOther": {func(_ *identity.Application, p *identity.Person) { p.Sex = identity.Male }, []string{"person.number"}},
		"OfACitizen": {func(a *identity.Application, _ *identity.Person) {
			a.Type, a.Ground, a.OriginProof, a.ResidingSince = identity.CertificateIssue, identity.GroundFirstCertificate, "paper", day(t, "2025-01-01")
		}, []string{"person.nationality"}},
		"BorderOfHanoi": {func(a *identity.Application, _ *identity.Person) { a.Exemption, a.ExemptionProof = "border", "paper 3" }, []string{"exemption"}},
		"MinorityOfTheMajority": {func(a *identity.Application, p *identity.Person) {
			a.Exemption, a.ExemptionProof, p.Ethnicity = "minority", "paper 3", "KINH"
		}, []string{"exemption"}},
		"MinorityOfNone": {func(a *identity.Application, _ *identity.Person) {
			a.Exemption, a.ExemptionProof = "minority", "paper 3"
		}, []string{"exemption"}},
		"Minority": {func(a *identity.Application, p *identity.Person) {
			a.Exemption, a.ExemptionProof, p.Ethnicity = "minority", "paper 3", "Tày"
		}, nil},
		"BorderOfLangSon": {func(a *identity.Application, p *identity.Person) {
			a.Exemption, a.ExemptionProof, p.Residence = "border", "paper 3", identity.Place{Text: "Xã A, Lạng Sơn", Province: "020"}
		}, nil},
		"BorderOfQuangNamOfBefore": {func(a *identity.Application, p *identity.Person) {
			a.Exemption, a.ExemptionProof, p.Residence = "border", "paper 3", identity.Place{Text: "Xã A, Đà Nẵng", Province: "048"}
		}, nil},
		"NeverRenumbered": {func(a *identity.Application, _ *identity.Person) {
			a.Ground = identity.GroundNumberChanged
		}, []string{"ground"}},
		"Renumbered": {func(a *identity.Application, p *identity.Person) {
			a.Ground, p.CancelledNumber = identity.GroundNumberChanged, "001199999991"
		}, nil},
		"FirstCardOfWhoHasACMND": {func(a *identity.Application, p *identity.Person) {
			a.Type, a.Ground, p.OldNumber = identity.FirstIssue, identity.GroundFirstCard, "012999999"
		}, nil}, // the register may have learned it since: it is handed in
		"CapturedTooYoung": {func(_ *identity.Application, p *identity.Person) {
			p.Number, p.Birth = "", day(t, "2020-11-24")
		}, []string{"person.birth"}},
	} {
		a := exchange(t)
		a.Representative = identity.Name{Text: "Lê Thị Phượng"}
		holder := a.Person
		tt.change(&a, &holder)
		require.Subset(t, fields(a.ByRecord(holder)), tt.want, name)
		require.Equal(t, tt.want == nil, a.ByRecord(holder) == nil, "%s: %v", name, a.ByRecord(holder))
	}
}

// Whoever was given a card before is not given the first one, and what is gone is not exchanged.
func TestByCard(t *testing.T) {
	t.Parallel()
	in := func(state identity.CardState) *identity.HeldCard {
		return &identity.HeldCard{Issued: day(t, "2024-08-01"), State: state, Canceled: state == identity.CardRevoked}
	}
	lostWith := in(identity.CardWithdrawn)
	lostWith.NationalityLost = true
	inError := in(identity.CardWithdrawn)
	inError.InError = true
	certificate := in(identity.CardLive)
	certificate.Certificate = true
	first, exchanged, reissued := identity.FirstIssue, identity.Exchange, identity.Reissue
	for name, tt := range map[string]struct {
		kind    identity.ApplicationType
		ground  identity.Ground
		held    *identity.HeldCard
		refused bool
	}{
		"First":                 {first, identity.GroundFirstCard, nil, false},
		"FirstOfTwo":            {first, identity.GroundFirstCard, in(identity.CardLive), true},
		"FirstAfterWithdrawn":   {first, identity.GroundFirstCard, in(identity.CardWithdrawn), true},
		"FirstAfterRenumbering": {first, identity.GroundFirstCard, in(identity.CardRevoked), true},
		"ExchangeOfNone":        {exchanged, identity.GroundDetails, nil, true},
		"ExchangeOfWithdrawn":   {exchanged, identity.GroundDetails, in(identity.CardWithdrawn), true},
		"AnotherForWithdrawn":   {exchanged, identity.GroundRequest, in(identity.CardWithdrawn), false},
		"RequestOfNone":         {exchanged, identity.GroundRequest, nil, true},
		"NumberChanged":         {exchanged, identity.GroundNumberChanged, in(identity.CardRevoked), false},
		"NumberChangedOfNone":   {exchanged, identity.GroundNumberChanged, nil, true},
		"LossOfLost":            {reissued, identity.GroundLost, in(identity.CardReportedLost), false},
		"LossOfKept":            {reissued, identity.GroundLost, in(identity.CardKept), true},
		"LossOfWithdrawn":       {reissued, identity.GroundLost, in(identity.CardWithdrawn), true},
		"NationalityRegained":   {reissued, identity.GroundNationality, in(identity.CardWithdrawn), false},
		"NationalityNeverLost":  {reissued, identity.GroundNationality, in(identity.CardLive), true},
		"NationalityLostAbroad": {reissued, identity.GroundNationality, nil, false},
		"RegainedAfterItsLoss":  {reissued, identity.GroundNationality, lostWith, false},
		"RegainedByACertified":  {reissued, identity.GroundNationality, certificate, false},
		"LossOfACertified":      {reissued, identity.GroundLost, certificate, true},
		"RequestAfterItsLoss":   {exchanged, identity.GroundRequest, lostWith, true},
		"EndedByAnError":        {exchanged, identity.GroundPrintError, inError, false},
		"EndedByNoError":        {exchanged, identity.GroundPrintError, in(identity.CardWithdrawn), true},
		"OfAnErrorWithoutOne":   {exchanged, identity.GroundPrintError, nil, true},
	} {
		a := exchange(t)
		a.Type, a.Ground, a.ErrorBy = tt.kind, tt.ground, identity.ErrorByAuthority
		err := a.ByCard(a.Person, tt.held)
		require.Equal(t, tt.refused, err != nil, "%s: %v", name, err)
	}

	a := exchange(t)
	a.Ground, a.ErrorBy = identity.GroundPrintError, identity.ErrorByCitizen
	require.Error(t, a.ByCard(a.Person, inError), "the citizen's error costs what a request does")
}

// Where the holder's places are says the register: who leaves a code out, or names another
// province, exchanges no card free of charge that was issued as the units are.
func TestByCard_PlacesAreTheRegisters(t *testing.T) {
	t.Parallel()
	a := exchange(t)
	a.Ground = identity.GroundBoundaries
	holder := a.Person
	holder.Residence, holder.BirthRegistration, holder.Origin = hanoi("001"), hanoi(""), hanoi("001")
	held := &identity.HeldCard{Issued: day(t, "2026-01-15")}
	for name, typed := range map[string]identity.Place{
		"AsRegistered": hanoi("001"), "WithoutACode": hanoi(""), "Elsewhere": {Text: "Xã A, Đồng Nai", Province: "075"}, "Nowhere": {},
	} {
		a.Person.Residence, a.Person.BirthRegistration, a.Person.Origin = typed, typed, typed
		require.Equal(t, []string{"ground"}, fields(a.ByCard(holder, held)), name)
	}
	a.Person = holder
	require.Equal(t, []string{"ground"}, fields(a.Against(*held)), "a place without a code is where its text says")
}

func hanoi(code identity.ProvinceCode) identity.Place {
	return identity.Place{Text: "Phường Hoàn Kiếm, Hà Nội", Province: code}
}

// Dates of filing are neither in the future nor before the office, and late ones need a
// reason; a late one never gets the fee of a tariff that has ended.
func TestTimely(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		filed, today, reason, refused string
	}{
		"Today":             {"2026-11-20", "2026-11-20", "", ""},
		"BeforeTheOffice":   {"2026-01-02", "2026-11-20", "mất điện", "filed_on"},
		"SecondWorkingDay":  {"2026-11-20", "2026-11-25", "", ""}, // 21, 22 weekend, 24 a holiday
		"ThirdWorkingDay":   {"2026-11-20", "2026-11-26", "", "late_reason"},
		"LateWithAReason":   {"2026-11-20", "2026-11-26", "mất điện", ""},
		"OfLastYearsFees":   {"2026-12-25", "2027-01-08", "mất điện", "filed_on"},
		"InTimeOverNewYear": {"2026-12-31", "2027-01-04", "", ""},
	} {
		a := exchange(t)
		a.FiledOn, a.LateReason = day(t, tt.filed), tt.reason
		err := a.Timely(identity.Entry{Signed: day(t, tt.today), OfficeStart: day(t, "2026-01-05"), LateAfter: 2}, calendar(t))
		if tt.refused == "" {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, []string{tt.refused}, fields(err), name)
	}

	// Who says to have signed on the last day of a year's fees, and sends it weeks later, says why.
	for came, refused := range map[string][]string{"2026-12-31": nil, "2027-01-05": nil, "2027-01-20": {"late_reason"}} {
		a := exchange(t)
		a.FiledOn = day(t, "2026-12-31")
		entry := identity.Entry{Signed: a.FiledOn, Came: day(t, came), OfficeStart: day(t, "2026-01-05"), LateAfter: 2}
		require.Equal(t, refused, fields(a.Timely(entry, calendar(t))), came)
		a.LateReason = "mất mạng"
		require.NoError(t, a.Timely(entry, calendar(t)), came)
		a.FiledOn, a.LateReason, entry.Signed = day(t, "2027-01-02"), "", day(t, "2027-01-02")
		require.NoError(t, a.Timely(entry, calendar(t)), "the fee is that of its day")
	}

	a := exchange(t) // of somebody who came of age since, who pays from then on
	a.Person.Birth, a.FiledOn, a.LateReason = day(t, "2010-11-23"), day(t, "2026-11-20"), "mất điện"
	entry := identity.Entry{Signed: day(t, "2026-11-26"), OfficeStart: day(t, "2026-01-05"), LateAfter: 2}
	require.Equal(t, []string{"filed_on"}, fields(a.Timely(entry, calendar(t))))
	a.Person.Birth = day(t, "2010-11-30")
	require.NoError(t, a.Timely(entry, calendar(t)))
}
