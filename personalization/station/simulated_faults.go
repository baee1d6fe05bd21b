package station

import (
	"strconv"
	"strings"
)

// SpoilFirst simulates that the first n blanks, by the number that their serial ends
// in, have chips in which EF.DG1 reads wrong: their cards fail inspection.
func SpoilFirst(n int) func(blank string) []SimulatedFault {
	const efDG1, offset = 0x0101, 20
	return func(blank string) []SimulatedFault {
		digits := blank[len(strings.TrimRight(blank, "0123456789")):]
		number, err := strconv.Atoi(digits)
		if err != nil || number == 0 || number > n {
			return nil
		}
		return []SimulatedFault{{Kind: CorruptFile, File: efDG1, Offset: offset}}
	}
}
