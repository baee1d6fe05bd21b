package identity

// renewalYears: a card made within so many years before a milestone holds until
// the next one (art. 21.2 of Law 26/2023/QH15). The day exactly two years before
// counts as within.
const renewalYears = 2

// milestones are the ages at which a card has to be exchanged (art. 21 of both
// laws), ascending.
func (l Law) milestones() []int {
	if l == Law2014 {
		return []int{25, 40, 60}
	}
	return []int{14, 25, 40, 60}
}

// Validity is how long a card issued on that day holds: to the birthday itself,
// 28 February for who was born on the 29th and comes to no 29th, or for ever. An
// unknown day of birth counts as the first of the month, an unknown month as
// January, so that no card holds longer than the law gives.
func Validity(law Law, birth, issued Date) Expiry {
	born := birth.firstPossible()
	for _, age := range law.milestones() {
		birthday := born.AddYears(age)
		if issued.Compare(birthday.AddYears(-renewalYears)) < 0 {
			return Expiry{Date: birthday}
		}
	}
	return Expiry{}
}
