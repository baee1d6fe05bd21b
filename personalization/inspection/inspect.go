package inspection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/apdu"
	"example.org/cancuoc/personalization/lds"
	"example.org/cancuoc/personalization/pki"
	"example.org/cancuoc/personalization/sod"
)

// Expect is what should be on the chip.
type Expect struct {
	Card     identity.Card
	MRZ      [3]string
	Portrait []byte // as it was given to the chip; nil where the form has none
}

// Check is one thing that was looked at.
type Check struct {
	Name   string // "Passive authentication"
	OK     bool
	Detail string // what is wrong; holds no personal data
}

// Result is the verdict on a chip.
type Result struct {
	Access string // how the chip let us in: PACE-MRZ, PACE-CAN or BAC
	Checks []Check
}

// OK reports whether nothing is wrong.
func (r Result) OK() bool { return len(r.Failures()) == 0 }

// Failures says what is wrong, in an officer's words.
func (r Result) Failures() []string {
	var list []string
	for _, c := range r.Checks {
		if !c.OK {
			list = append(list, c.Name+": "+c.Detail)
		}
	}
	return list
}

// add notes a check; err says what is wrong, nil that nothing is.
func (r *Result) add(name string, err error) {
	c := Check{Name: name, OK: err == nil}
	if err != nil {
		c.Detail = err.Error()
	}
	r.Checks = append(r.Checks, c)
}

// Inspect reads a chip and judges it. The error is a fault of reader or line, and
// may pass; the result is the verdict.
func Inspect(ctx context.Context, card apdu.Card, access Access, expect Expect, trust *pki.TrustStore, at time.Time) (Result, error) {
	reading, err := Read(ctx, card, access, nil)
	if errors.Is(err, ErrAccess) || err != nil && isVerdict(err) {
		var result Result
		result.add("Access", err)
		return result, nil
	}
	if err != nil {
		return Result{}, err
	}
	result := Verify(reading, trust, at)
	result.Checks = append(result.Checks, Compare(reading, expect)...)
	return result, nil
}

// Verify judges what was read by itself: whether the chip is genuine, and its data
// signed by a document signer that the CSCA certified.
func Verify(r *Reading, trust *pki.TrustStore, at time.Time) Result {
	result := Result{Access: r.Access}
	result.add("Access", nil)
	result.add("Chip Authentication", r.ChipAuthentication)
	result.add("Active Authentication", r.ActiveAuthentication)
	for _, name := range []string{"EF.COM", "EF.SOD", "EF.DG1", "EF.DG2", "EF.DG13", "EF.DG14", "EF.DG15"} {
		if err := r.Unreadable[name]; err != nil && (name != "EF.DG2" || listed(r, 2)) {
			result.add(name, err)
		}
	}
	object, err := sod.Parse(r.Files.SOD)
	if err != nil {
		result.add("Passive authentication", err)
		return result
	}
	result.add("Passive authentication", object.Verify(trust, at))
	result.add("Data group hashes", checkHashes(r, object))
	result.add("List of data groups", checkLists(r, object))
	result.add("EF.CardAccess", checkCardAccess(r))
	return result
}

// listed reports whether EF.SOD lists a data group.
func listed(r *Reading, dg int) bool {
	object, err := sod.Parse(r.Files.SOD)
	return err != nil || slices.Contains(object.DataGroups(), dg)
}

// groups are the data groups that were read, by number.
func (r *Reading) groups() map[int][]byte { return r.Files.DataGroups() }

func checkHashes(r *Reading, object *sod.SOD) error {
	var faults []error
	for dg, b := range r.groups() {
		if err := object.CheckHash(dg, b); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// checkLists compares EF.COM with EF.SOD, and both with what could be read; the
// fingers of EF.DG3 are for Extended Access Control.
func checkLists(r *Reading, object *sod.SOD) error {
	com, err := lds.ParseCOM(r.Files.COM)
	if err != nil {
		return err
	}
	inCOM, inSOD := slices.Sorted(slices.Values(com.DataGroups)), object.DataGroups()
	if !slices.Equal(inCOM, inSOD) {
		return fmt.Errorf("EF.COM lists %v, EF.SOD %v", inCOM, inSOD)
	}
	read := r.groups()
	for _, dg := range inSOD {
		if _, ok := read[dg]; !ok && dg != 3 {
			return fmt.Errorf("EF.DG%d is listed but cannot be read", dg)
		}
	}
	return nil
}

// checkCardAccess compares the PACE infos read in clear with those that are signed
// (ICAO Doc 9303-11 section 4.4: a reader that does not is open to a downgrade).
func checkCardAccess(r *Reading) error {
	if r.Access == "BAC" {
		return nil
	}
	open, err := lds.ParseCardAccess(r.Files.CardAccess)
	if err != nil {
		return err
	}
	signed, err := lds.ParseDG14(r.Files.DG14)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(open.PACE, signed.PACE, func(a, b lds.PACEInfo) bool { return bytes.Equal(a.Raw, b.Raw) }) {
		return errors.New("its PACE infos differ from the signed ones in EF.DG14")
	}
	return nil
}

// Compare holds every field that was read against the application.
func Compare(r *Reading, want Expect) []Check {
	var result Result
	result.add("MRZ on the chip", compareMRZ(r, want))
	if want.Portrait != nil {
		result.add("Portrait on the chip", comparePortrait(r, want))
	}
	result.add("Details on the chip", compareDetails(r, want))
	return result.Checks
}

func compareMRZ(r *Reading, want Expect) error {
	lines, err := lds.ParseDG1(r.Files.DG1)
	if err != nil {
		return err
	}
	if lines != want.MRZ {
		return errors.New("differs from the printed one")
	}
	return nil
}

func comparePortrait(r *Reading, want Expect) error {
	face, err := lds.ParseDG2(r.Files.DG2)
	if err != nil {
		return err
	}
	if !bytes.Equal(face.Image, want.Portrait) {
		return errors.New("is not the one that was captured")
	}
	return nil
}

func compareDetails(r *Reading, want Expect) error {
	got, err := lds.ParseDG13(r.Files.DG13)
	if err != nil {
		return err
	}
	p := want.Card.Person
	var faults []error
	for _, f := range []struct{ name, got, want string }{
		{"number", got.Number, string(p.Number)},
		{"name", got.Name, p.Name.Title()},
		{"birth", got.Birth, p.Birth.Display()},
		{"sex", got.Sex, p.Sex.Label()},
		{"nationality", got.Nationality, identity.Nationality},
		{"ethnicity", got.Ethnicity, p.Ethnicity},
		{"religion", got.Religion, p.Religion},
		{"origin", got.Origin, p.Origin.Text},
		{"residence", got.Residence, p.Residence.Text},
		{"marks", got.Marks, p.Marks},
		{"issue date", got.Issued, want.Card.Issued.Display()},
		{"expiry date", got.Expiry, want.Card.Expiry.String()},
		{"father", got.Father, p.Father.Title()},
		{"mother", got.Mother, p.Mother.Title()},
	} {
		if f.got != f.want {
			faults = append(faults, fmt.Errorf("%s differs from the application", f.name))
		}
	}
	return errors.Join(faults...)
}
