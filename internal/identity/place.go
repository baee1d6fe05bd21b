package identity

// ProvinceCode is a province or city, as the personal number carries it: "001".
type ProvinceCode string

// Place is an address or an administrative place, as printed, and its province
// where known.
type Place struct {
	Text     string
	Province ProvinceCode
}

// String hides the place.
func (Place) String() string { return "[place]" }
