package identity

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"strings"
)

// The acts on what is neither an application nor a box of cards. Those that two officers
// do are signed by both.

// ReceiveBlanks takes a box of blanks into stock.
type ReceiveBlanks struct {
	ReceivedBy, CountedBy OfficerID
	Box                   string
	First, Last           BlankSerial
	Location              string   // LocationCenter, or a station
	Manifest              []byte   `json:",omitzero"` // SHA-256 of the maker's, as package statement computes it; none without one
	Document              Document `json:",omitzero"` // that they are blanks of; empty: cards
}

// MoveBlanks says that two officers moved blanks in stock.
type MoveBlanks struct {
	Officer, Witness OfficerID
	From, To         string      // LocationCenter, or a station
	First, Last      BlankSerial `json:",omitzero"` // none: all that are in stock there
	Counted          int         `json:",omitzero"` // how many the two had in hand; 0 if the client does not say
}

// DestroyCard records that two officers destroyed a card.
type DestroyCard struct {
	Officer, Witness OfficerID
	Card             int // which of the application's, from 1
	Reason           string
}

// FindCard records that a lost card turned up.
type FindCard struct {
	Finding

	Card int // which of the application's; 0: the last that was lost
}

// PauseStation has a station take no more cards.
type PauseStation struct {
	Officer OfficerID
	Reason  string
}

// ResumeStation has a station take cards again.
type ResumeStation struct {
	Officer OfficerID
}

// RemoveStation takes a station out of service that is gone for good.
type RemoveStation struct {
	Officer, Witness OfficerID // who counted its blanks together
	Reason           string
	Blanks           string // where the blanks in its stock are now: LocationCenter, a station, BlanksLost; empty: it has none
}

// BlanksLost says that a station's blanks were lost with it.
const BlanksLost = "lost"

// RevokeSigner revokes a document signer: cards that it signed are refused at borders.
type RevokeSigner struct {
	Officer, Witness OfficerID
	Serial           string // hexadecimal
	Reason           string // of RFC 5280, 5.3.1
}

// RollOverSigner makes a new document signer, a new CSCA, or the CA for digital signatures; or
// certifies a key that signs what verifiers hear of cards.
type RollOverSigner struct {
	Officer, Witness OfficerID
	CSCA             bool
	SignatureCA      bool   `json:",omitzero"`
	StatusKey        []byte `json:",omitzero"` // Ed25519, 32 bytes
}

// LetGo says of what the registry does not know that nobody waits for it any more.
type LetGo struct {
	Officer OfficerID
	Numbers []string // applications and consignments
	Reason  string
}

// RegisterStation registers an enrollment station, or changes what is registered; one that was
// revoked is taken from again.
type RegisterStation struct {
	Officer   OfficerID
	Witness   OfficerID `json:",omitzero"` // another administrator; none: an act of before two did so
	Province  ProvinceCode
	Name      string
	Address   string `json:",omitzero"` // where citizens find it
	Hours     string `json:",omitzero"` // when it is open to them
	PublicKey []byte // Ed25519, 32 bytes
}

// RevokeStation has nothing taken from a station any more.
type RevokeStation struct {
	Officer OfficerID
	Reason  string
}

// RegisterOfficer registers an officer with a key, or changes roles, unit and times.
type RegisterOfficer struct {
	By1, By2 OfficerID // two administrators
	Record   Officer
	Key      []byte `json:",omitzero"` // public, SubjectPublicKeyInfo; none: the keys stay
}

// RevokeOfficer ends all that an officer may do.
type RevokeOfficer struct {
	Officer OfficerID // one administrator is enough to stop somebody
	Reason  string
}

// RegisterKey gives an officer another credential.
type RegisterKey struct {
	By1, By2  OfficerID // two administrators, or the officer and one
	Key       []byte    // public, SubjectPublicKeyInfo
	PasskeyID []byte    `json:",omitzero"` // of Web Authentication, if the key is in an authenticator
}

// RevokeKey ends one credential.
type RevokeKey struct {
	Officer OfficerID
	Key     []byte
	Reason  string
}

// LogIn begins a session: its officer may read by it, and do nothing.
type LogIn struct {
	Officer OfficerID
}

// ActName implements Act.
func (ReceiveBlanks) ActName() string { return "receive-blanks" }

// ActName implements Act.
func (MoveBlanks) ActName() string { return "move-blanks" }

// ActName implements Act.
func (DestroyCard) ActName() string { return "destroy-card" }

// ActName implements Act.
func (FindCard) ActName() string { return "find-card" }

// ActName implements Act.
func (PauseStation) ActName() string { return "pause-station" }

// ActName implements Act.
func (ResumeStation) ActName() string { return "resume-station" }

// ActName implements Act.
func (RemoveStation) ActName() string { return "remove-station" }

// ActName implements Act.
func (RevokeSigner) ActName() string { return "revoke-signer" }

// ActName implements Act.
func (RollOverSigner) ActName() string { return "roll-over-signer" }

// ActName implements Act.
func (LetGo) ActName() string { return "let-go" }

// ActName implements Act.
func (RegisterStation) ActName() string { return "register-station" }

// ActName implements Act.
func (RevokeStation) ActName() string { return "revoke-station" }

// ActName implements Act.
func (RegisterOfficer) ActName() string { return "register-officer" }

// ActName implements Act.
func (RevokeOfficer) ActName() string { return "revoke-officer" }

// ActName implements Act.
func (RegisterKey) ActName() string { return "register-key" }

// ActName implements Act.
func (RevokeKey) ActName() string { return "revoke-key" }

// ActName implements Act.
func (LogIn) ActName() string { return "log-in" }

// Check implements Act.
func (a ReceiveBlanks) Check() error {
	_, outOfOrder := Serials(a.First, a.Last)
	problems := []error{checkBadge("received_by", a.ReceivedBy), checkBadge("counted_by", a.CountedBy), checkGiven("box", a.Box), outOfOrder, checkPlace("location", a.Location)}
	if a.CountedBy != "" && a.CountedBy == a.ReceivedBy {
		problems = append(problems, sameOfficer("counted_by"))
	}
	problems = append(problems, a.For().Check("document"))
	if a.For() == Certificate && a.Location != LocationCenter {
		problems = append(problems, RefuseField(Invalid, "location", "must be %s for blanks of certificates, from which every station takes them", LocationCenter))
	}
	if !a.For().HasChip() && len(a.Manifest) > 0 {
		problems = append(problems, RefuseField(Invalid, "manifest", "is of chips, and blanks of certificates have none"))
	}
	return errors.Join(problems...)
}

// For is the document that the box's blanks are for.
func (a ReceiveBlanks) For() Document { return cmp.Or(a.Document, CardDocument) }

// Check implements Act.
func (a MoveBlanks) Check() error {
	problems := []error{checkBadge("officer", a.Officer), checkWitness(a.Officer, a.Witness), checkPlace("from", a.From), checkPlace("to", a.To)}
	if a.From == a.To {
		problems = append(problems, RefuseField(Invalid, "to", "is where they are already"))
	}
	if a.Counted < 0 {
		problems = append(problems, RefuseField(Invalid, "counted", "is less than 0; how many blanks were moved is accepted"))
	}
	if a.First != "" || a.Last != "" {
		_, err := Serials(a.First, a.Last)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// checkPlace refuses a place in which no blank can be kept.
func checkPlace(field, place string) error {
	if place == LocationCenter {
		return nil
	}
	if _, err := ParseStationID(place); err != nil {
		return RefuseField(Invalid, field, "is neither %s nor a station, for example PX-01", LocationCenter)
	}
	return nil
}

// Check implements Act.
func (a DestroyCard) Check() error {
	return errors.Join(TwoOfficers("officers", a.Officer, a.Witness), CheckNote("reason", a.Reason))
}

// Check implements Act.
func (a FindCard) Check() error { return a.Finding.Check() }

// Check implements Act.
func (a PauseStation) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// Check implements Act.
func (a ResumeStation) Check() error { return checkBadge("officer", a.Officer) }

// Check implements Act.
func (a RemoveStation) Check() error {
	return errors.Join(TwoOfficers("witness", a.Officer, a.Witness), checkGiven("reason", a.Reason), CheckNote("blanks", a.Blanks))
}

// Check implements Act.
func (a RevokeSigner) Check() error {
	problems := []error{TwoOfficers("witness", a.Officer, a.Witness), checkGiven("serial", a.Serial), checkGiven("reason", a.Reason)}
	if a.Serial != "" && strings.Trim(a.Serial, "0123456789abcdefABCDEF") != "" {
		problems = append(problems, RefuseField(Invalid, "serial", "is not a hexadecimal number"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a RollOverSigner) Check() error {
	var wrong error
	if a.StatusKey != nil && len(a.StatusKey) != ed25519.PublicKeySize {
		wrong = RefuseField(Invalid, "status_key", "has %d bytes; a key of Ed25519 has %d", len(a.StatusKey), ed25519.PublicKeySize)
	}
	return errors.Join(TwoOfficers("witness", a.Officer, a.Witness), wrong)
}

// Check implements Act.
func (a LetGo) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason), checkNamed("numbers", a.Numbers))
}

// Check implements Act.
func (a RegisterStation) Check() error {
	problems := []error{checkOneOrTwo(a.Officer, a.Witness), CheckNote("name", a.Name), CheckNote("address", a.Address), CheckNote("hours", a.Hours)}
	if !a.Province.known() || a.Province.Abroad() {
		problems = append(problems, RefuseField(Invalid, "province", "is not the code of a province"))
	}
	if len(a.PublicKey) != 32 {
		problems = append(problems, RefuseField(Invalid, "public_key", "is not an Ed25519 key of 32 bytes"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a RevokeStation) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// Check implements Act.
func (a RegisterOfficer) Check() error {
	return errors.Join(TwoOfficers("officer", a.By1, a.By2), a.Record.Check())
}

// Check implements Act.
func (a RevokeOfficer) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// Check implements Act.
func (a RegisterKey) Check() error { return TwoOfficers("officer", a.By1, a.By2) }

// Check implements Act.
func (a RevokeKey) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// Check implements Act.
func (a LogIn) Check() error { return checkBadge("officer", a.Officer) }

// By implements Act.
func (a ReceiveBlanks) By() []OfficerID { return []OfficerID{a.ReceivedBy, a.CountedBy} }

// By implements Act.
func (a MoveBlanks) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// By implements Act.
func (a DestroyCard) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// By implements Act.
func (a FindCard) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a PauseStation) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a ResumeStation) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a RemoveStation) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// By implements Act.
func (a RevokeSigner) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// By implements Act.
func (a RollOverSigner) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// By implements Act.
func (a LetGo) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a RegisterStation) By() []OfficerID { return oneOrTwo(a.Officer, a.Witness) }

// By implements Act.
func (a RevokeStation) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a RegisterOfficer) By() []OfficerID { return []OfficerID{a.By1, a.By2} }

// By implements Act.
func (a RevokeOfficer) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a RegisterKey) By() []OfficerID { return []OfficerID{a.By1, a.By2} }

// By implements Act.
func (a RevokeKey) By() []OfficerID { return []OfficerID{a.Officer} }

// By implements Act.
func (a LogIn) By() []OfficerID { return []OfficerID{a.Officer} }
