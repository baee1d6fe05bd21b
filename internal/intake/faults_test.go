package intake_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/biometrics/ridges"
)

// fault is something that is wrong with the example, and the field that is told of it.
type fault struct {
	name  string
	field string
	alter func(p payload)
	hides []string // faults that hide this one: they are of what it depends on
}

// tooWide is a place that no card has room for.
const tooWide = "Số 1234567890 đường Wwwwwwwwwwwwwwwww Wwwwwwwwwwwwwwwwww Wwwwwwwwwwwwwwwwwwwww Wwwwwwwwwwwwwwwww Wwwwwwwwwwwwwwwwwwwww Wwwwwwwwwwwww Wwwwwwwwwwwwww Wwwwwwwwwww Wwwwwwwwwwww"

// finger gives a member of a finger of the example.
func (p payload) finger(i int) map[string]any {
	return p["fingerprints"].([]any)[i].(map[string]any)
}

// drawn is a PNG without anything on it.
func drawn(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))))
	return b.Bytes()
}

// with sets a member.
func with(name string, value any) func(payload) {
	return func(p payload) { p.set(name, value) }
}

// faults are things that may be wrong with the example, each told when it is alone.
func faults(t *testing.T) []fault {
	t.Helper()
	blank := drawn(t, 20, 20)
	return []fault{
		{name: "unknown member", field: "frobnicate", alter: with("frobnicate", 1)},
		{name: "unknown member of the person", field: "person.frobnicate", alter: with("person.frobnicate", 1)},
		{name: "no enrollment", field: "enrollment_id", alter: with("enrollment_id", nil)},
		{name: "enrollment of null", field: "enrollment_id", alter: func(p payload) { p["enrollment_id"] = json.RawMessage("null") }},
		{name: "enrollment that was used", field: "enrollment_id", alter: with("enrollment_id", "USED")},
		{name: "other station", field: "station", alter: with("station", "048-TN-02")},
		{name: "no badge", field: "officer", alter: with("officer", "?")},
		{name: "unknown officer", field: "officer", alter: with("officer", "CB-999-9999")},
		{name: "officer of another province", field: "officer", alter: with("officer", "CB-001-0007")},
		{name: "officer without the role", field: "officer", alter: with("officer", "PD-048-0001")},
		{name: "no channel", field: "channel", alter: with("channel", "x")},
		{name: "no type", field: "type", alter: with("type", "x")},
		{name: "no ground", field: "ground", alter: with("ground", "x")},
		{name: "ground of another type", field: "ground", alter: with("ground", "first-card"), hides: []string{"no type"}},
		{name: "no day", field: "filed_on", alter: with("filed_on", nil)},
		{name: "day that is none", field: "filed_on", alter: with("filed_on", "2026-02-30")},
		{name: "day to come", field: "filed_on", alter: with("filed_on", "2999-01-01")},
		{name: "day before chips", field: "filed_on", alter: with("filed_on", "2020-01-01")},
		{name: "number", field: "person.number", alter: with("person.number", "12")},
		{name: "no number", field: "person.number", alter: with("person.number", nil)},
		{name: "number of another year", field: "person.number", alter: with("person.number", "048302999902"), hides: []string{"birth", "no birth"}},
		{ // which nobody is told who may not enroll
			name: "citizen who has applied", field: "person.number", alter: with("person.number", "048301999907"),
			hides: []string{"unknown officer", "officer of another province", "officer without the role"},
		},
		{name: "name", field: "person.name", alter: with("person.name", "N4me")},
		{name: "family name", field: "person.family_name_words", alter: with("person.family_name_words", 99)},
		{name: "birth", field: "person.birth", alter: with("person.birth", "31/12/1990")},
		{name: "birth to come", field: "person.birth", alter: with("person.birth", "2999-01-01")},
		{name: "no birth", field: "person.birth", alter: with("person.birth", nil)},
		{name: "sex", field: "person.sex", alter: with("person.sex", "X")},
		{name: "ethnicity", field: "person.ethnicity", alter: with("person.ethnicity", "漢")},
		{name: "religion", field: "person.religion", alter: with("person.religion", strings.Repeat("a", 61))},
		{name: "blood", field: "person.blood_group", alter: with("person.blood_group", "C")},
		{name: "origin", field: "person.origin.text", alter: with("person.origin.text", "漢")},
		{name: "province of origin", field: "person.origin.province", alter: with("person.origin.province", "003")},
		{name: "province of registration", field: "person.birth_registration.province", alter: with("person.birth_registration.province", "003")},
		{name: "residence", field: "person.residence.text", alter: with("person.residence.text", "漢")},
		{name: "no residence", field: "person.residence", alter: with("person.residence", nil)},
		{name: "residence too wide", field: "person.residence.text", alter: with("person.residence.text", tooWide)},
		{name: "province of residence", field: "person.residence.province", alter: with("person.residence.province", "704")},
		{name: "marks", field: "person.marks", alter: with("person.marks", 7)},
		{name: "father", field: "person.father", alter: with("person.father", "4")},
		{name: "old number", field: "person.old_number", alter: with("person.old_number", "1")},
		{name: "representative", field: "representative", alter: with("representative", "4")},
		{name: "delivery", field: "delivery", alter: with("delivery", "x")},
		{name: "address of what is collected", field: "delivery_to", alter: with("delivery_to", "Số 1"), hides: []string{"delivery"}},
		{name: "address", field: "delivery_to", alter: with("delivery_to", "漢")},
		{name: "urgent", field: "urgent", alter: with("urgent", "yes")},
		{name: "exemption", field: "exemption", alter: with("exemption", "x")},
		{name: "exemption that has ended", field: "exemption", alter: with("exemption", "martyr")},
		{name: "no portrait", field: "portrait", alter: with("portrait", nil)},
		{name: "portrait", field: "portrait", alter: with("portrait.data", "AAAA")},
		{name: "portrait in a file", field: "portrait", alter: with("portrait.file", "a.jpg")},
		{name: "portrait that is no object", field: "portrait", alter: with("portrait", "a.jpg")},
		{name: "no fingers", field: "fingerprints", alter: with("fingerprints", nil)},
		{name: "position", field: "fingerprints.0.position", alter: with("fingerprints.position", "left-toe")},
		{name: "position given twice", field: "fingerprints.1.position", alter: func(p payload) { p.finger(1)["position"] = p.finger(0)["position"] }},
		{name: "finger in a file", field: "fingerprints.0", alter: with("fingerprints.file", "a.png")},
		{name: "finger", field: "fingerprints.0", alter: with("fingerprints.data", blank)},
		{name: "finger that is no base64", field: "fingerprints.0", alter: with("fingerprints.data", "?")},
		{name: "template", field: "fingerprints.0.template", alter: with("fingerprints.template_data", "AAAA")},
		{name: "missing for no reason", field: "fingerprints.1.missing", alter: func(p payload) { p.finger(1)["missing"] = "LOST" }},
		{name: "missing and there", field: "fingerprints.0.missing", alter: with("fingerprints.missing", "BANDAGED")},
		{name: "missing for no reason and there", field: "fingerprints.0.missing", alter: with("fingerprints.missing", "LOST")},
		{name: "empty finger", field: "fingerprints.1", alter: func(p payload) { delete(p.finger(1), "missing") }},
		{name: "long document", field: "", alter: func(p payload) { p["frobnicate"] = strings.Repeat("a", 1<<16) }},
	}
}

// member is the member that a fault is in: two faults of one member are one.
func (f fault) member() string {
	return strings.TrimSuffix(f.field, ".text")
}

// apart reports whether both faults can be in one submission, neither undoing or hiding
// the other.
func apart(f, g fault) bool {
	a, b := f.member(), g.member()
	inside := func(a, b string) bool { return strings.HasPrefix(a+".", b+".") }
	switch {
	case slices.Contains(f.hides, g.name), slices.Contains(g.hides, f.name):
		return false
	case a == b:
		return false
	case strings.HasPrefix(f.name, "no "), strings.HasPrefix(g.name, "no "), strings.Contains(f.name, "that is no object"), strings.Contains(g.name, "that is no object"):
		return !inside(a, b) && !inside(b, a)
	}
	return true
}

// TestDoor_TellsOneFaultWhateverElseIsWrong sends what is wrong in one way, and then in
// every two ways at once: each is told in one round, those that only the registry knows as
// well.
func TestDoor_TellsOneFaultWhateverElseIsWrong(t *testing.T) {
	t.Parallel()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	g := serve(t, public, roomy)
	for _, before := range []payload{ // which are in the way of some faults
		example(t).set("enrollment_id", "USED").set("ground", "request"),
		example(t).set("enrollment_id", "OTHER").set("person.number", "048301999907"),
	} {
		b, err := json.Marshal(before)
		require.NoError(t, err)
		status, answer := g.send(t, http.MethodPost, "application/jose", signRaw(key, header, b))
		require.Equal(t, http.StatusCreated, status, "%v", answer)
	}
	var picture bytes.Buffer // the smallest: many are checked
	require.NoError(t, jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, portrait.MinWidth, portrait.MinHeight)), nil))
	finger := drawn(t, ridges.MinSide, ridges.MinSide)
	told := func(faults ...fault) []string {
		p := example(t).set("portrait.data", picture.Bytes()).set("fingerprints.data", finger)
		var names []string
		for _, f := range faults {
			f.alter(p)
			names = append(names, f.name)
		}
		b, err := json.Marshal(p)
		require.NoError(t, err)
		status, answer := g.send(t, http.MethodPost, "application/jose", signRaw(key, header, b))
		require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusForbidden, http.StatusConflict}, status, "%v: %v", names, answer)
		var fields []string
		for _, e := range answer["errors"].([]any) {
			field, _ := e.(map[string]any)["field"].(string)
			fields = append(fields, field)
		}
		return fields
	}
	all := faults(t)
	names := func(f fault, fields []string) bool {
		return slices.ContainsFunc(fields, func(n string) bool { return n == f.field || f.field != "" && about(n, f.field) })
	}
	for _, f := range all {
		require.True(t, names(f, told(f)), "%s alone: %v", f.name, told(f))
	}
	var hidden []string
	for i, f := range all {
		for _, g := range all[:i] {
			if !apart(f, g) {
				continue
			}
			if fields := told(g, f); !names(f, fields) || !names(g, fields) {
				hidden = append(hidden, f.name+" + "+g.name+": "+strings.Join(fields, ", "))
			}
		}
	}
	require.Empty(t, hidden)
}
