package station

// Part is what of a station is at fault.
type Part string

// The parts of a station.
const (
	Notes  Part = "journal" // it cannot be read or written
	Device Part = "encoder" // it does not answer, or the chip refuses
	Keys   Part = "keys"    // the chip has none of the key sets that the station knows
	Slot   Part = "slot"    // another card is in it, or none
	Signer Part = "signer"  // the document signer does not sign
	Chip   Part = "chip"    // it holds what a blank must not
)

// Fault is an error of a station that may pass, or that a person mends.
type Fault struct {
	Part  Part
	Clean bool // nothing was ever written to the blank: it can be given back
	Err   error
}

// Error gives the cause.
func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// fault is an error of a part of the station, with the blank of an entry.
func (e *Entry) fault(part Part, err error) error {
	return &Fault{Part: part, Clean: e.Clean, Err: err}
}
