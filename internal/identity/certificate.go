package identity

// The identity certificate (giấy chứng nhận căn cước) is given to people of Vietnamese
// origin whose nationality is not determined and who live in Vietnam: art. 30 of Law
// 26/2023/QH15, art. 25 to 28 of Decree 70/2024/NĐ-CP. It is free: no circular has a fee
// for it. The personal number of such a person is built and given as that of a citizen
// (art. 30.2(c)).

// NationalityStatus is what the population register says of a person's nationality. The
// values are wire format.
type NationalityStatus string

// The statuses of nationality.
const (
	NationalityVietnamese   NationalityStatus = ""             // a citizen
	NationalityUndetermined NationalityStatus = "undetermined" // of Vietnamese origin, with no nationality determined
)

// ParseNationality reads what is said of who is no citizen.
func ParseNationality(s string) (NationalityStatus, error) {
	if NationalityStatus(s) != NationalityUndetermined {
		return "", Refuse(Invalid, "must be %s, or left out of a citizen", NationalityUndetermined)
	}
	return NationalityUndetermined, nil
}

// Of the certificate: art. 30.1 of the law, art. 28 of the decree.
const (
	monthsOfResidence = 6  // lived without a break in the commune of residence
	certificateDays   = 15 // for the first one; not working days
	certificateYears  = 2  // it is valid for, from the day of issue
)

// certificate checks what the law asks for beside the grounds: who may have a certificate,
// and what proves it. Nobody else may state it.
func (c *check) certificate(a Application) {
	if a.Type.Document() != Certificate {
		c.refuse(a.Person.Nationality != NationalityVietnamese && a.Type.known(), "person.nationality",
			"is given, but a card is for citizens alone; people of Vietnamese origin whose nationality is not determined are given a certificate: %s", join(TypesFor(Certificate)))
		c.refuse(a.OriginProof != "", "origin_proof", "is given, but it is asked for with %s alone", CertificateIssue)
		c.refuse(!a.ResidingSince.IsZero(), "residing_since", "is given, but it is asked for with %s alone", CertificateIssue)
		return
	}
	c.refuse(a.Person.Nationality != NationalityUndetermined, "person.nationality",
		"must be %s: the certificate is for people of Vietnamese origin whose nationality is not determined; citizens are given a card", NationalityUndetermined)
	if a.Type != CertificateIssue {
		c.refuse(a.OriginProof != "", "origin_proof", "is given, but it is asked for with %s alone", CertificateIssue)
		c.refuse(!a.ResidingSince.IsZero(), "residing_since", "is given, but it is asked for with %s alone", CertificateIssue)
		return
	}
	c.refuse(a.OriginProof == "", "origin_proof", "is missing; name the paper that proves descent from somebody who is or was a citizen of Vietnam")
	c.residence(a)
}

// residence checks since when the applicant has lived where the certificate is applied for.
func (c *check) residence(a Application) {
	since := a.ResidingSince
	switch {
	case !since.Complete():
		c.refuse(true, "residing_since", "is missing or incomplete; the day since when the applicant has lived in the commune without a break, yyyy-mm-dd")
	case since.Compare(a.FiledOn) > 0:
		c.refuse(true, "residing_since", "is after the day the application was filed")
	case since.Compare(a.FiledOn.AddMonths(-monthsOfResidence)) > 0:
		c.refuse(true, "residing_since", "is less than %d months before filing; the certificate is for who has lived in the commune for that long (art. 30.1 of Law %s)", monthsOfResidence, Law2023)
	case !a.Person.Birth.IsZero() && since.Compare(a.Person.Birth.firstPossible()) < 0:
		c.refuse(true, "residing_since", "is before the birth")
	}
}
