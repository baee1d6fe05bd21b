package desk

import (
	"strings"

	"example.org/cancuoc/internal/identity"
)

// subject is what a statement is about, as package statement names it.
type subject string

func (s subject) application() (identity.ApplicationNumber, error) {
	name, is := strings.CutPrefix(string(s), "application/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no application", string(s))
	}
	return identity.ParseApplicationNumber(name)
}

func (s subject) consignment() (identity.ConsignmentNumber, error) {
	name, is := strings.CutPrefix(string(s), "consignment/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no consignment", string(s))
	}
	return identity.ParseConsignmentNumber(name)
}

func (s subject) station() (identity.StationID, error) {
	name, is := strings.CutPrefix(string(s), "station/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no station", string(s))
	}
	return identity.ParseStationID(name)
}

func (s subject) card() (identity.CardSerial, error) {
	name, is := strings.CutPrefix(string(s), "card/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no card", string(s))
	}
	return identity.ParseCardSerial(name)
}

func (s subject) verifier() (identity.VerifierID, error) {
	name, is := strings.CutPrefix(string(s), "verifier/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no verifier", string(s))
	}
	return identity.ParseVerifierID(name)
}

func (s subject) officer() (identity.OfficerID, error) {
	name, is := strings.CutPrefix(string(s), "officer/")
	if !is {
		return "", identity.RefuseField(identity.Invalid, "subject", "%q is no officer", string(s))
	}
	return identity.OfficerID(name), identity.OfficerID(name).Check()
}
