package chip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
)

// Check is one thing that was checked.
type Check struct {
	Name   string // for example "Passive authentication"
	OK     bool
	Detail string // what is wrong, or worth knowing; has no personal data
}

// Result is the verdict on a chip.
type Result struct {
	Access   string // how the chip gave access: PACE-MRZ, PACE-CAN or BAC; empty if it did not
	Checks   []Check
	Findings []Finding // what differs from the application, field by field
	Files    lds.Files // as they were read
}

// OK reports whether something was checked and nothing is wrong.
func (r Result) OK() bool { return len(r.Checks) > 0 && len(r.Failures()) == 0 }

// Failures lists what is wrong, in an officer's words.
func (r Result) Failures() []string {
	var list []string
	for _, c := range r.Checks {
		if !c.OK {
			list = append(list, c.Name+": "+c.Detail)
		}
	}
	return list
}

// add adds a check. err is what is wrong, nil if nothing is.
func (r *Result) add(name string, err error) {
	c := Check{Name: name, OK: err == nil}
	if err != nil {
		c.Detail = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	r.Checks = append(r.Checks, c)
}

// compare adds the findings, and a check for each part of the data.
func (r *Result) compare(from *Reading, want Expect) {
	for _, c := range comparisons(from, want) {
		r.Findings = append(r.Findings, c.findings...)
		problems := make([]string, len(c.findings))
		for i, f := range c.findings {
			problems[i] = f.String()
		}
		r.add(c.name, joined(problems))
	}
}

// Inspect reads a chip and checks it. The error is a fault of the reader or the
// connection and may pass; the result is the verdict.
func Inspect(ctx context.Context, card apdu.Card, access Access, expect Expect, trust *pki.TrustStore, at time.Time) (Result, error) {
	if trust == nil {
		return Result{}, errors.New("inspect chip: there is no trust store")
	}
	reading, err := Read(ctx, card, access, Options{ShortAPDUs: access.ShortAPDUs, Signature: expect.Signature})
	if err != nil {
		return Result{}, err
	}
	return judge(reading, expect, trust, at), nil
}

// Confirm inspects a chip by look, each time in a session of its own. What is found against a
// chip counts where it is found twice: an answer that a reader spoils looks like a fault of the
// chip. A good chip is believed at once, since nothing that is spoilt looks like one. Where
// the two have nothing in common it is the reader's fault, an error.
func Confirm(look func() (Result, error)) (Result, error) {
	first, err := look()
	if err != nil || first.OK() {
		return first, err
	}
	second, err := look()
	if err != nil || second.OK() {
		return second, err
	}
	once := func(c Check) bool {
		return !c.OK && !slices.ContainsFunc(first.Checks, func(o Check) bool { return !o.OK && o.Name == c.Name })
	}
	both := second
	both.Checks = slices.DeleteFunc(slices.Clone(second.Checks), once)
	if both.OK() {
		return Result{}, fmt.Errorf("the reader is not to be trusted: the chip was read twice and found bad, for other reasons each time: %s; then: %s",
			strings.Join(first.Failures(), "; "), strings.Join(second.Failures(), "; "))
	}
	return both, nil
}

// judge gives the verdict on what was read.
func judge(reading *Reading, expect Expect, trust *pki.TrustStore, at time.Time) Result {
	result := Verify(reading, trust, at)
	result.Files = reading.Files
	if reading.Refused == nil {
		if expect.Signature != nil && reading.Interrupted == nil {
			result.add("Digital signature", reading.Signature)
		}
		result.compare(reading, expect)
	}
	return result
}
