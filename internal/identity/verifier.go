package identity

import (
	"crypto/sha256"
	"errors"
	"regexp"
)

// VerifierID names who may ask whether cards are valid: a bank, the traffic police.
type VerifierID string

var verifierID = regexp.MustCompile(`^[A-Z0-9-]{1,32}$`)

// ParseVerifierID reads capital letters, digits and hyphens.
func ParseVerifierID(s string) (VerifierID, error) {
	if !verifierID.MatchString(s) {
		return "", RefuseField(Invalid, "verifier", "is 1 to 32 capital letters, digits and hyphens, for example VCB")
	}
	return VerifierID(s), nil
}

// maxPerSecond is how often a verifier may ask at most.
const maxPerSecond = 100_000

// RegisterVerifier lets somebody ask for the status of cards, or changes what is registered;
// one who was revoked may ask again.
type RegisterVerifier struct {
	Officer   OfficerID
	Witness   OfficerID `json:",omitzero"` // another administrator; none: an act of before two did so
	Name      string
	Token     []byte // SHA-256 of what the verifier shows
	PerSecond int    // how often he may ask, of each gateway
}

// RevokeVerifier has somebody answered no more.
type RevokeVerifier struct {
	Officer OfficerID
	Reason  string
}

// ActName implements Act.
func (RegisterVerifier) ActName() string { return "register-verifier" }

// ActName implements Act.
func (RevokeVerifier) ActName() string { return "revoke-verifier" }

// Check implements Act.
func (a RegisterVerifier) Check() error {
	problems := []error{checkOneOrTwo(a.Officer, a.Witness), checkGiven("name", a.Name)}
	if len(a.Token) != sha256.Size {
		problems = append(problems, RefuseField(Invalid, "token", "is no SHA-256 of 32 bytes"))
	}
	if a.PerSecond < 1 || a.PerSecond > maxPerSecond {
		problems = append(problems, RefuseField(Invalid, "per_second", "must be between 1 and 100,000"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a RevokeVerifier) Check() error {
	return errors.Join(checkBadge("officer", a.Officer), checkGiven("reason", a.Reason))
}

// By implements Act.
func (a RegisterVerifier) By() []OfficerID { return oneOrTwo(a.Officer, a.Witness) }

// By implements Act.
func (a RevokeVerifier) By() []OfficerID { return []OfficerID{a.Officer} }

// CardStatus is what a verifier hears of a card, in the words of the IETF's Token Status
// List, and no more than that: not why, and nothing of its holder.
type CardStatus string

// The statuses.
const (
	StatusValid     CardStatus = "VALID"
	StatusInvalid   CardStatus = "INVALID"
	StatusSuspended CardStatus = "SUSPENDED" // an authority keeps it; it may be valid again
	StatusUnknown   CardStatus = "UNKNOWN"   // no such card was issued

	// StatusSignerRevoked is that of a card which is valid as it is printed, and whose chip
	// was signed by a document signer that was revoked: what the chip says is not believed.
	StatusSignerRevoked CardStatus = "SIGNER_REVOKED"
)

// SignedBy is what a card with this status is to a verifier, if its document signer was
// revoked, or was not.
func (s CardStatus) SignedBy(revoked bool) CardStatus {
	if s == StatusValid && revoked {
		return StatusSignerRevoked
	}
	return s
}

// Status is what a card in this state is to a verifier. That it has expired stands on it.
func (s CardState) Status() CardStatus {
	switch {
	case s == CardLive:
		return StatusValid
	case s == CardKept:
		return StatusSuspended
	case s.HandedOver(), s == CardDestroyed:
		return StatusInvalid
	}
	return StatusUnknown
}
