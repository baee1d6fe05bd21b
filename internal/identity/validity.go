package identity

// renewalYears is how near a milestone may be for a card to be valid until the next
// one (art. 21.2 of Law 26/2023/QH15). The day exactly two years before counts as
// near.
const renewalYears = 2

// milestones are the ages at which a card has to be exchanged (art. 21 of both
// laws), ascending.
func (l Law) milestones() []int {
	if l == Law2014 {
		return []int{25, 40, 60}
	}
	return []int{14, 25, 40, 60}
}

// Validity is the expiry of a document issued on that day. A certificate is valid for two
// years, whoever holds it (art. 28.3 of Decree 70/2024/NĐ-CP).
func (d Document) Validity(law Law, birth, issued Date) Expiry {
	if d == Certificate {
		return Expiry{Date: issued.AddYears(certificateYears)}
	}
	return Validity(law, birth, issued)
}

// Validity is the expiry of a card issued on that day: the birthday of a milestone,
// or never after the last one. For a person born on 29 February it is the 28th in a
// year without a 29th. An unknown day of birth counts as the first of the month, an
// unknown month as January, so that no card is valid for longer than the law
// allows.
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
