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

// The days from which the law of 2023 and chip cards are in force.
var (
	chipCardFrom = Date{Year: 2021, Month: 1, Day: 23} // Circular 06/2021/TT-BCA
	law2023From  = Date{Year: 2024, Month: 7, Day: 1}  // Law 26/2023/QH15, Circular 16/2024/TT-BCA
)

// The ages of art. 19 and 23 of Law 26/2023/QH15.
const (
	ageOfDuty    = 14 // from this age a card is a duty; below, it is given on the representative's request
	ageOfCapture = 6  // portrait and biometrics are taken from this age
)

// LawOn is the law in force on a day.
func LawOn(day Date) Law {
	if day.Compare(law2023From) >= 0 {
		return Law2023
	}
	return Law2014
}

// ProcessingDays is how many working days the law gives from the complete file:
// art. 26 of Law 26/2023/QH15, the same everywhere. Art. 25 of Law 59/2014/QH13
// gave more time outside cities and towns, by district. An application names no
// district, so the shortest times count everywhere; being early breaks no law.
func (l Law) ProcessingDays(t ApplicationType) int {
	if l == Law2014 && t == Reissue {
		return 15
	}
	return 7
}

// grounds lists the grounds on which a type of application may be filed.
func (l Law) grounds(t ApplicationType) []Ground {
	damagedIs := Reissue // art. 24.2(a) of 2023
	if l == Law2014 {
		damagedIs = Exchange // art. 23
	}
	var list []Ground
	switch t {
	case FirstIssue:
		list = []Ground{GroundFirstCard, GroundFromCMND}
		if l == Law2023 {
			list = append(list, GroundFromCCCD)
		}
	case Exchange:
		list = []Ground{
			GroundAge, GroundDetails, GroundAppearance, GroundPrintError,
			GroundBoundaries, GroundNumberChanged, GroundRequest,
		}
	case Reissue:
		list = []Ground{GroundLost, GroundNationality}
	}
	if t == damagedIs {
		list = append(list, GroundDamaged)
	}
	return list
}

// online reports whether the application may be filed without the citizen coming
// in person: for reissue after loss or damage, made from the biometrics on file,
// and for children below the age of capture. The law of 2014 allowed neither.
func (l Law) online(t ApplicationType, g Ground, age int) bool {
	onFile := t == Reissue && slices.Contains([]Ground{GroundLost, GroundDamaged}, g)
	return l == Law2023 && (onFile || age < ageOfCapture)
}

// ageDue reports whether a person of that age may exchange a card on the ground of
// age: a milestone is reached, or so near that the new card is valid until the
// next one.
func (l Law) ageDue(age int) bool { return age >= l.milestones()[0]-renewalYears }
