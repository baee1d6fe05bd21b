package identity

import "slices"

// Law names the statute in force.
type Law string

// The laws.
const (
	Law2014 Law = "59/2014/QH13"
	Law2023 Law = "26/2023/QH15"
)

// Laws are all laws, oldest first.
var Laws = []Law{Law2014, Law2023}

// The days on which each law is in force; that of 2014, for cards with a chip.
var (
	law2014 = period{Date{2021, 1, 23}, Date{2024, 6, 30}} // Circular 06/2021/TT-BCA
	law2023 = period{from: Date{2024, 7, 1}}               // Law 26/2023/QH15, Circular 16/2024/TT-BCA
)

// The ages of art. 19 and 23 of Law 26/2023/QH15.
const (
	ageOfDuty    = 14 // from this age a card is a duty; below, it is given on the representative's request
	ageOfCapture = 6  // portrait and biometrics are taken from this age
)

// LawOn is the law in force on a day.
func LawOn(day Date) Law {
	if law2023.includes(day) {
		return Law2023
	}
	return Law2014
}

// ProcessingDays is how many working days the law gives from the complete file:
// art. 26 of Law 26/2023/QH15, the same everywhere. Art. 25 of Law 59/2014/QH13
// gave more time outside cities and towns, by district. An application names no
// district, so the shortest times count everywhere; being early breaks no law.
// The first certificate has days of the calendar instead (art. 28.1 of Decree
// 70/2024/NĐ-CP).
func (l Law) ProcessingDays(t ApplicationType) int {
	switch {
	case t == CertificateIssue:
		return certificateDays
	case l == Law2014 && t == Reissue:
		return 15
	}
	return 7
}

// provision is a line of the law: from when to when it gives a card of a type on a ground.
type provision struct {
	period
	kind   ApplicationType
	ground Ground
}

// provisions are the grounds of both laws, and of the decree on certificates.
var provisions = []provision{
	// Art. 19 and 22 of Law 59/2014/QH13; change from CMND by art. 38 of it.
	{law2014, FirstIssue, GroundFirstCard},
	{law2014, FirstIssue, GroundFromCMND},
	// Art. 23.1 of Law 59/2014/QH13. Units rearranged and numbers re-established are cases of
	// information that changed (Circular 59/2021/TT-BCA art. 6; Circular 59/2019/TT-BTC art. 5).
	{law2014, Exchange, GroundAge},
	{law2014, Exchange, GroundDamaged},
	{law2014, Exchange, GroundDetails},
	{law2014, Exchange, GroundAppearance},
	{law2014, Exchange, GroundSex},
	{law2014, Exchange, GroundOrigin},
	{law2014, Exchange, GroundPrintError},
	{law2014, Exchange, GroundBoundaries},
	{law2014, Exchange, GroundNumberChanged},
	{law2014, Exchange, GroundRequest},
	// Art. 23.2 of Law 59/2014/QH13.
	{law2014, Reissue, GroundLost},
	{law2014, Reissue, GroundNationality},

	// Art. 19 and 23 of Law 26/2023/QH15.
	{law2023, FirstIssue, GroundFirstCard},
	{law2023, FirstIssue, GroundFromCMND},
	// Art. 46.1 of Law 26/2023/QH15, art. 21.3 of Decree 70/2024/NĐ-CP: the holder of a CCCD
	// exchanges it.
	{law2023, Exchange, GroundFromCCCD},
	// Art. 24.1 (a) to (g) of Law 26/2023/QH15.
	{law2023, Exchange, GroundAge},
	{law2023, Exchange, GroundDetails},
	{law2023, Exchange, GroundAppearance},
	{law2023, Exchange, GroundBiometrics},
	{law2023, Exchange, GroundSex},
	{law2023, Exchange, GroundPrintError},
	{law2023, Exchange, GroundBoundaries},
	{law2023, Exchange, GroundNumberChanged},
	{law2023, Exchange, GroundRequest},
	// Art. 24.2 of Law 26/2023/QH15.
	{law2023, Reissue, GroundLost},
	{law2023, Reissue, GroundDamaged},
	{law2023, Reissue, GroundNationality},

	// Art. 30.1 of Law 26/2023/QH15.
	{law2023, CertificateIssue, GroundFirstCertificate},
	// Art. 25.1 (a) to (đ) of Decree 70/2024/NĐ-CP.
	{law2023, CertificateExchange, GroundDamaged},
	{law2023, CertificateExchange, GroundDetails},
	{law2023, CertificateExchange, GroundPrintError},
	{law2023, CertificateExchange, GroundRequest},
	{law2023, CertificateExchange, GroundExpired},
	// Art. 25.2 of Decree 70/2024/NĐ-CP.
	{law2023, CertificateReissue, GroundLost},
}

// onFile are the provisions whose card is made from the portrait and fingerprints that were
// taken last, so that the application may be filed online: reissue after loss or damage
// (art. 25.3 of Law 26/2023/QH15), and exchange because units were rearranged, which the
// public-service portal takes since 12 August 2025 and art. 25 as amended by Law
// 118/2025/QH15 orders since 1 July 2026.
var onFile = []provision{
	{law2023, Reissue, GroundLost},
	{law2023, Reissue, GroundDamaged},
	{period{from: Date{2025, 8, 12}}, Exchange, GroundBoundaries},
}

// cmndNumberAsked are the days on which the number of the old CMND is asked for: Decree
// 58/2026/NĐ-CP ended its confirmations.
var cmndNumberAsked = period{to: Date{2026, 3, 14}}

// groundsOn lists the grounds on which a type of application may be filed on a day.
func groundsOn(day Date, t ApplicationType) []Ground {
	var list []Ground
	for _, p := range provisions {
		if p.kind == t && p.includes(day) {
			list = append(list, p.ground)
		}
	}
	return list
}

// FromFile reports whether the card is made from the portrait and fingerprints on file: the
// application was filed online, on a ground for which the law takes nothing anew.
func (a Application) FromFile() bool {
	return a.Channel == Online && slices.ContainsFunc(onFile, func(p provision) bool {
		return p.kind == a.Type && p.ground == a.Ground && p.includes(a.FiledOn)
	})
}

// online reports whether the application may be filed without the citizen coming
// in person. The law of 2014 allowed it to nobody.
func (a Application) online() bool {
	return a.FromFile() || a.Type.Document() == CardDocument && law2023.includes(a.FiledOn) && a.Person.Birth.AgeOn(a.FiledOn) < ageOfCapture
}

// hadCard reports whether the law presumes that the applicant was given such a document
// before.
func (a Application) hadCard() bool { return a.Type.ofHolder() }

// ageDue reports whether a person of that age may exchange a card on the ground of
// age: a milestone is reached, or so near that the new card is valid until the
// next one.
func (l Law) ageDue(age int) bool { return age >= l.milestones()[0]-renewalYears }
