// Package fault reads the faults that a simulated station is set to have.
package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is a way in which a simulated print, or its picture, is wrong.
type Kind string

// The kinds. Those with an amount need one.
const (
	Blank      Kind = "blank"      // nothing is printed
	Cyan       Kind = "cyan"       // the color is missing, also in what is black
	Magenta    Kind = "magenta"    //
	Yellow     Kind = "yellow"     //
	Smear      Kind = "smear"      // the print of the front is drawn out along a band
	Half       Kind = "half"       // the lower half is missing
	Other      Kind = "other"      // it is the card of another job
	Shift      Kind = "shift"      // the print is shifted to the right and down, mm each
	Rotation   Kind = "rotation"   // the card is turned, degrees
	Noise      Kind = "noise"      // standard deviation, of 255
	Brightness Kind = "brightness" // a factor
)

// amounts are the least and the most of the kinds that have one.
var amounts = map[Kind][2]float64{Shift: {-5, 5}, Rotation: {-10, 10}, Noise: {0, 128}, Brightness: {0, 4}}

// kinds in the order in which they are named to people.
var kinds = []Kind{Blank, Cyan, Magenta, Yellow, Smear, Half, Other, Shift, Rotation, Noise, Brightness}

// Fault is a fault of the simulated station.
type Fault struct {
	Kind   Kind
	Amount float64
	First  int // it Strikes blanks number 1 to this, by the end of their serial number; 0: every card
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Fault) UnmarshalText(text []byte) (err error) {
	*f, err = Parse(string(text))
	return err
}

// Parse reads KIND, KIND=AMOUNT, and either with @FIRST.
func Parse(text string) (Fault, error) {
	var f Fault
	rest, first, limited := strings.Cut(text, "@")
	kind, amount, measured := strings.Cut(rest, "=")
	f.Kind = Kind(kind)
	limits, needed := amounts[f.Kind]
	var err error
	switch {
	case !slices.Contains(kinds, f.Kind):
		return f, fmt.Errorf("%q is no fault; %s", text, accepted())
	case needed != measured:
		return f, fmt.Errorf("%q: an amount is needed or is too much; %s", text, accepted())
	}
	if measured {
		if f.Amount, err = strconv.ParseFloat(amount, 64); err != nil || !(f.Amount >= limits[0] && f.Amount <= limits[1]) {
			return f, fmt.Errorf("%q: the amount of %s is a number from %g to %g", text, kind, limits[0], limits[1])
		}
	}
	if limited {
		if f.First, err = strconv.Atoi(first); err != nil || f.First < 1 {
			return f, fmt.Errorf("%q: after @ comes a number of blanks, 1 or more", text)
		}
	}
	return f, nil
}

// accepted says what Parse reads.
func accepted() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return fmt.Sprintf("accepted are %s, with =AMOUNT for the last four, and @N for the first N blanks alone", strings.Join(names, ", "))
}

// Strikes reports whether the card on a blank has the fault.
func (f Fault) Strikes(blank string) bool {
	if f.First == 0 {
		return true
	}
	digits := blank[len(strings.TrimRight(blank, "0123456789")):]
	number, err := strconv.Atoi(digits)
	return err == nil && number >= 1 && number <= f.First
}
