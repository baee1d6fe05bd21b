package identity

// Name is a person's full name: Unicode NFC, words separated by one space, in
// the case it was given.
type Name struct {
	Text        string
	FamilyWords int // how many leading words are the family name; 0 means 1
}

// String hides the name.
func (Name) String() string { return "[name]" }
