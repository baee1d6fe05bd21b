package identity

// StationID names a station: province code, kind and number, for example
// "001-TN-01" (tiếp nhận, enrollment) or "PX-01" (phân xưởng, personalization).
type StationID string

// StationKind says what a station is for.
type StationKind string

// The kinds of station. The values are wire format: the registry keeps them.
const (
	EnrollmentStation      StationKind = "enrollment"
	PersonalizationStation StationKind = "personalization"
)

// StationKinds lists both kinds.
var StationKinds = []StationKind{EnrollmentStation, PersonalizationStation}

// DestinationPost stands in place of a station as the destination of cards that
// are posted to the citizen.
const DestinationPost StationID = "POST"

// LocationCenter is where blanks are kept that are at no station yet.
const LocationCenter = "center"

// ParseStationID reads the name of a station: capital letters, digits and hyphens,
// at most 32.
func ParseStationID(s string) (StationID, error) {
	if !officeID(s) {
		return "", RefuseField(Invalid, "station", "is not a station; capital letters, digits and hyphens are accepted, for example 001-TN-01")
	}
	return StationID(s), nil
}
