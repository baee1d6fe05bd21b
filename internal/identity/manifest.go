package identity

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// DeliveredChip is what a maker's manifest says of one blank.
type DeliveredChip struct {
	Blank      BlankSerial
	Chip       string // serial of its chip, 20 lower-case hexadecimal digits
	KeyVersion int    // key version number of the key set that it is delivered with
}

// The largest manifest that is read, and how many faults of one are told.
const (
	MaxManifest       = 8 << 20 // bytes
	maxManifestFaults = 20
)

// ParseManifest reads a maker's manifest: comma-separated values with the header
// blank,chip,key_version and a line for each blank; the key version number in hexadecimal.
// It refuses with what is wrong in each line, counted from 0.
func ParseManifest(r io.Reader) ([]DeliveredChip, error) {
	limited := &io.LimitedReader{R: r, N: MaxManifest + 1}
	lines := csv.NewReader(limited)
	lines.FieldsPerRecord, lines.ReuseRecord = 3, true
	header, err := lines.Read()
	if err != nil || !slices.Equal(header, []string{"blank", "chip", "key_version"}) {
		return nil, RefuseField(Invalid, "manifest", "does not begin with the line blank,chip,key_version")
	}
	var list []DeliveredChip
	var wrong []error
	for n := 0; ; n++ {
		line, err := lines.Read()
		switch {
		case limited.N <= 0:
			return nil, RefuseField(Invalid, "manifest", "is larger than %d bytes", MaxManifest)
		case errors.Is(err, io.EOF):
			return list, errors.Join(wrong...)
		case err != nil:
			return nil, errors.Join(append(wrong, RefuseField(Invalid, fmt.Sprintf("manifest.%d", n), "is not a line of three values"))...)
		case len(wrong) >= maxManifestFaults:
			return nil, errors.Join(wrong...)
		}
		chip, fault := deliveredChip(n, line)
		list, wrong = append(list, chip), append(wrong, fault...)
	}
}

// deliveredChip reads a line of a manifest.
func deliveredChip(n int, line []string) (DeliveredChip, []error) {
	var wrong []error
	refuse := func(field, detail string) {
		wrong = append(wrong, RefuseField(Invalid, fmt.Sprintf("manifest.%d.%s", n, field), "%s", detail))
	}
	c := DeliveredChip{Blank: BlankSerial(strings.Clone(line[0])), Chip: strings.ToLower(line[1])}
	if c.Blank == "" {
		refuse("blank", "is empty")
	}
	if len(c.Chip) != 20 || strings.Trim(c.Chip, "0123456789abcdef") != "" {
		refuse("chip", "is not a serial of 20 hexadecimal digits")
	}
	version, err := strconv.ParseUint(line[2], 16, 8)
	if err != nil || version == 0 || version > 0x7F {
		refuse("key_version", "is not a key version number from 01 to 7F")
	}
	c.KeyVersion = int(version)
	return c, wrong
}
