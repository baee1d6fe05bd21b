package identitytest

import (
	"fmt"
	"math/rand/v2"

	"example.org/cancuoc/internal/identity"
)

// request is a type and a ground, with the ages at which it can be.
type request struct {
	kind             identity.ApplicationType
	ground           identity.Ground
	youngest, oldest int
}

// requests of both laws, and those that differ.
var (
	requests = []request{
		{identity.FirstIssue, identity.GroundFromCMND, 14, 110},
		{identity.Exchange, identity.GroundAge, 23, 110},
		{identity.Exchange, identity.GroundDetails, 14, 110},
		{identity.Exchange, identity.GroundAppearance, 14, 110},
		{identity.Exchange, identity.GroundSex, 14, 110},
		{identity.Exchange, identity.GroundPrintError, 14, 110},
		{identity.Exchange, identity.GroundBoundaries, 14, 110},
		{identity.Exchange, identity.GroundNumberChanged, 14, 110},
		{identity.Exchange, identity.GroundRequest, 14, 110},
		{identity.Reissue, identity.GroundLost, 14, 110},
		{identity.Reissue, identity.GroundNationality, 14, 110},
	}
	requests2014 = append([]request{
		{identity.FirstIssue, identity.GroundFirstCard, 14, 110},
		{identity.Exchange, identity.GroundDamaged, 14, 110},
		{identity.Exchange, identity.GroundOrigin, 14, 110},
	}, requests...)
	requests2023 = append([]request{
		{identity.FirstIssue, identity.GroundFirstCard, 0, 5},
		{identity.FirstIssue, identity.GroundFirstCard, 6, 13},
		{identity.FirstIssue, identity.GroundFirstCard, 14, 110},
		{identity.Exchange, identity.GroundFromCCCD, 14, 110},
		{identity.Exchange, identity.GroundBiometrics, 6, 110},
		{identity.Exchange, identity.GroundAge, 12, 15},
		{identity.Exchange, identity.GroundRequest, 0, 13},
		{identity.Reissue, identity.GroundLost, 0, 110},
		{identity.Reissue, identity.GroundDamaged, 0, 110},
	}, requests...)
)

// Application makes an application that passes [identity.Application.Check], of
// either law.
func Application(r *rand.Rand) identity.Application {
	filed, list := between(r, law2023, lastDay), requests2023
	if r.IntN(5) == 0 {
		filed, list = between(r, chipCards, law2023.AddDays(-1)), requests2014
	}
	q := pick(r, list)
	p := aged(r, filed, q.youngest, q.oldest)
	p.Residence = address(r, filed)
	a := identity.Application{
		Station: station(r, p), Channel: identity.AtStation, Type: q.kind, Ground: q.ground, FiledOn: filed, Person: p,
		Delivery: identity.Collect, Urgent: r.IntN(10) == 0,
	}
	a.EnrollmentID = fmt.Sprintf("%s-%d-%012d", a.Station, filed.Year, r.Uint64N(1_000_000_000_000))
	a.Officer = identity.OfficerID(fmt.Sprintf("CB-%s-%04d", p.Residence.Province, r.IntN(10_000)))
	complete(r, &a)
	return a
}

// complete adds what the ground and the age ask for, and what may be.
func complete(r *rand.Rand, a *identity.Application) {
	age := a.Person.Birth.AgeOn(a.FiledOn)
	onFile := a.Ground == identity.GroundLost || a.Ground == identity.GroundDamaged
	if identity.LawOn(a.FiledOn) == identity.Law2023 && (age < 6 || onFile) && r.IntN(2) == 0 {
		a.Channel = identity.Online
	}
	if age < 14 {
		a.Representative = Name(r, identity.Female)
	}
	switch {
	case a.Ground == identity.GroundFromCMND:
		a.Person.OldNumber = identity.OldNumber(fmt.Sprintf("%09d", r.IntN(1_000_000_000)))
	case a.Ground == identity.GroundNumberChanged:
		for a.Person.CancelledNumber == "" || a.Person.CancelledNumber == a.Person.Number {
			a.Person.CancelledNumber = number(r, a.Person)
		}
	case a.Ground == identity.GroundFirstCard && !a.Person.BirthRegistration.Province.Abroad() && r.IntN(10) == 0:
		a.Person.Number = "" // to be allotted
	}
	if a.Ground == identity.GroundFirstCard { // who has a CMND hands it in, on the ground from-cmnd
		a.Person.OldNumber = ""
	}
	if r.IntN(4) == 0 {
		a.Delivery, a.DeliveryTo = identity.Post, a.Person.Residence.Text
	}
	if a.Ground == identity.GroundPrintError {
		a.ErrorBy = pick(r, []identity.Party{identity.ErrorByAuthority, identity.ErrorByCitizen})
	}
	if r.IntN(10) == 0 {
		exempt(a, pick(r, identity.Exemptions(a.FiledOn)))
	}
}

// exempt claims an exemption, if the age allows it.
func exempt(a *identity.Application, code string) {
	claimed := *a
	claimed.Exemption = code
	for _, proof := range []string{"", "Giấy xác nhận số 12/GXN"} {
		if claimed.ExemptionProof = proof; claimed.Check(lastDay) == nil {
			*a = claimed
			return
		}
	}
}
