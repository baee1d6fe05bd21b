package identity

// milestones are the ages at which a card has to be exchanged (art. 21 of both
// laws); the law of 2014 has no 14.
var milestones = map[Law][]int{
	Law2014: {25, 40, 60},
	Law2023: {14, 25, 40, 60},
}

// renewalYears: a card made within so many years before such an age holds until
// the next one (art. 21.2 of Law 26/2023/QH15).
const renewalYears = 2

// Validity is how long a card issued on that day holds, to the birthday itself.
// A birth date of which only the year is known counts from its first of January.
func Validity(law Law, birth, issued Date) Expiry {
	birth.Month, birth.Day = max(birth.Month, 1), max(birth.Day, 1)
	for _, age := range milestones[law] {
		due := birth.AddYears(age)
		if issued.Compare(due.AddYears(-renewalYears)) < 0 {
			return Expiry{Date: due}
		}
	}
	return Expiry{}
}
