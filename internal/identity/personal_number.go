package identity

// PersonalNumber is a citizen's 12-digit number. Its zero value means none.
// string(n) gives the digits; String hides them from logs and error texts.
type PersonalNumber string

// String hides the number.
func (PersonalNumber) String() string { return "[personal number]" }

// OldNumber is the 9-digit (or 12-digit, since 2012) number of the old CMND.
type OldNumber string

// String hides the number.
func (OldNumber) String() string { return "[old number]" }

// Sex as the civil record and the MRZ know it.
type Sex string

// The sexes of the civil record: Nam and Nữ.
const (
	Male   Sex = "M"
	Female Sex = "F"
)
