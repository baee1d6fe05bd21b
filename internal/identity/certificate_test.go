package identity_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
)

// stateless is an application for the first certificate of somebody whose nationality is
// not determined, with nothing wrong.
func stateless(t *testing.T) identity.Application {
	t.Helper()
	name, err := identity.ParseName("Thạch Thị Sô Phi")
	require.NoError(t, err)
	return identity.Application{
		EnrollmentID: "E-1", Station: "080-TN-01", Officer: "CB-080-0007", Channel: identity.AtStation,
		Type: identity.CertificateIssue, Ground: identity.GroundFirstCertificate, FiledOn: identity.Date{Year: 2026, Month: 3, Day: 2},
		Person: identity.Person{
			Name: name, Birth: identity.Date{Year: 1988, Month: 5, Day: 17}, Sex: identity.Female, Nationality: identity.NationalityUndetermined,
			Residence: identity.Place{Text: "Ấp 3, Xã Hưng Điền, Tỉnh Tây Ninh", Province: "080"},
		},
		Delivery: identity.Collect, OriginProof: "Giấy khai sinh của mẹ", ResidingSince: identity.Date{Year: 2025, Month: 9, Day: 2},
	}
}

var march2026 = identity.Date{Year: 2026, Month: 3, Day: 3}

func TestCertificate_WhatTheLawAsksFor(t *testing.T) {
	t.Parallel()
	require.NoError(t, stateless(t).Check(march2026))
	for name, tt := range map[string]struct {
		change func(*identity.Application)
		fields []string
	}{
		"nobody's paper":            {func(a *identity.Application) { a.OriginProof = "" }, []string{"origin_proof"}},
		"a day short of six months": {func(a *identity.Application) { a.ResidingSince.Day = 3 }, []string{"residing_since"}},
		"since some time":           {func(a *identity.Application) { a.ResidingSince = identity.Date{Year: 2020} }, []string{"residing_since"}},
		"before being born":         {func(a *identity.Application) { a.ResidingSince.Year = 1980 }, []string{"residing_since"}},
		"from tomorrow on":          {func(a *identity.Application) { a.ResidingSince.Year = 2027 }, []string{"residing_since"}},
		"a citizen":                 {func(a *identity.Application) { a.Person.Nationality = "" }, []string{"person.nationality"}},
		"online":                    {func(a *identity.Application) { a.Channel = identity.Online }, []string{"channel"}},
		"a card's ground":           {func(a *identity.Application) { a.Ground = identity.GroundFirstCard }, []string{"ground"}},
		"before the law":            {func(a *identity.Application) { a.FiledOn = identity.Date{Year: 2024, Month: 6, Day: 28} }, []string{"ground", "residing_since"}},
		"an exchange, with the proofs of a first one": {func(a *identity.Application) {
			a.Type, a.Ground, a.Person.Number = identity.CertificateExchange, identity.GroundExpired, "080188999990"
		}, []string{"origin_proof", "residing_since"}},
		"an exchange without a number": {func(a *identity.Application) {
			a.Type, a.Ground, a.OriginProof, a.ResidingSince = identity.CertificateExchange, identity.GroundExpired, "", identity.Date{}
		}, []string{"person.number"}},
		"a card": {func(a *identity.Application) { a.Type, a.Ground = identity.FirstIssue, identity.GroundFirstCard }, []string{
			"person.nationality", "origin_proof", "residing_since",
		}},
		"a certificate for age": {func(a *identity.Application) { a.Ground = identity.GroundAge }, []string{"ground"}},
	} {
		a := stateless(t)
		tt.change(&a)

		err := a.Check(march2026)

		var fields []string
		for _, r := range identity.Refusals(err) {
			fields = append(fields, r.Field)
		}
		require.ElementsMatch(t, tt.fields, fields, "%s: %v", name, err)
	}
}

func TestCertificate_OfAChildUnder6(t *testing.T) {
	t.Parallel()
	a := stateless(t)
	a.Person.Birth = identity.Date{Year: 2024, Month: 1, Day: 1}
	require.False(t, a.NeedsCapture())
	require.ErrorContains(t, a.Check(march2026), "representative: is missing")

	a.Channel = identity.Online
	require.ErrorContains(t, a.Check(march2026), "channel: ")
}

func TestCertificate_RulesOfItsDay(t *testing.T) {
	t.Parallel()
	calendar, err := identity.LoadCalendar(2026)
	require.NoError(t, err)
	first := stateless(t)

	rules, err := identity.RulesFor(first, nil, "a form", calendar)

	require.NoError(t, err)
	require.Equal(t, 0, rules.Fee)
	require.Equal(t, "17/03/2026", identity.DateOf(rules.Due).Display(), "the 15th day")
	require.Equal(t, "02/03/2028", rules.Expiry.String(), "two years, whatever the age")

	first.FiledOn = identity.Date{Year: 2026, Month: 3, Day: 6}
	rules, err = identity.RulesFor(first, nil, "a form", calendar)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 3, 23, 23, 59, 59, 0, identity.HanoiTime), rules.Due, "the 15th day is a Saturday")

	again := stateless(t)
	again.Type, again.Ground = identity.CertificateExchange, identity.GroundRequest
	rules, err = identity.RulesFor(again, &identity.HeldCard{Certificate: true}, "a form", calendar)
	require.NoError(t, err)
	require.Equal(t, 0, rules.Fee)
	require.Equal(t, "11/03/2026", identity.DateOf(rules.Due).Display(), "seven working days")
}

func TestCertificate_AgainstWhatIsHeld(t *testing.T) {
	t.Parallel()
	a := stateless(t)
	a.Type, a.Ground = identity.CertificateExchange, identity.GroundExpired
	ends := func(d identity.Date) identity.HeldCard {
		return identity.HeldCard{Certificate: true, Issued: d.AddYears(-2), Expiry: identity.Expiry{Date: d}}
	}

	require.NoError(t, a.Against(ends(a.FiledOn)))
	require.ErrorContains(t, a.Against(ends(a.FiledOn.AddDays(1))), "ground: is expired, but the certificate held is valid until 03/03/2026")
	require.ErrorContains(t, a.Against(identity.HeldCard{Issued: a.FiledOn}), "type: is certificate-exchange, but what the applicant holds is a card")
	a.Type, a.Ground = identity.Exchange, identity.GroundRequest
	require.ErrorContains(t, a.Against(ends(a.FiledOn)), "type: is exchange, but what the applicant holds is a certificate")
	a.Type, a.Ground = identity.FirstIssue, identity.GroundFirstCard
	require.NoError(t, a.Against(ends(a.FiledOn)), "whose nationality was determined")
}
