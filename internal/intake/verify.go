package intake

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"reflect"
	"strconv"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// Compared is what Verify compared.
type Compared struct {
	Applications int  `json:"applications"`
	Keyless      bool `json:"keyless,omitzero"` // nothing, since the vault's key, or the right to read what it opens, was not there
}

// maxFaults is how many applications Verify names; the others are counted.
const maxFaults = 100

// Scope is how much Verify compares.
type Scope struct {
	Every   bool // applications whose evidence is not erased; else those that are open or ended lately
	Fingers bool // also the templates of fingers of which there are images alone, which are drawn anew: a fifth of a second each
}

// Verify compares applications with the packets that their officers signed, and the evidence of each
// round with what was captured. It refuses what differs, each by its name, up to a number.
func Verify(ctx context.Context, r *registry.Registry, scope Scope) (Compared, error) {
	var done Compared
	var faults []error
	more := 0
	could, err := r.Enrollments(ctx, scope.Every, func(e registry.Enrollment) error {
		done.Applications++
		switch what := differs(e, scope.Fingers); {
		case what == "":
		case len(faults) == maxFaults:
			more++
		default:
			faults = append(faults, identity.Refuse(identity.Conflict, "application %s: %s", e.Record.Number, what))
		}
		return nil
	})
	if more > 0 {
		faults = append(faults, identity.Refuse(identity.Conflict, "%d more applications are not what their officers signed", more))
	}
	done.Keyless = !could
	return done, errors.Join(append(faults, err)...)
}

// differs says in what an application is not what its officers signed for; "" if in nothing.
func differs(e registry.Enrollment, drawn bool) string {
	if e.Record.Unread != nil {
		return "what it says of persons cannot be unsealed"
	}
	for _, c := range e.Captures {
		if c.Unread {
			return "its evidence of round " + strconv.Itoa(c.Round) + " cannot be opened"
		}
	}
	p, err := packet.Parse(e.Captures[0].Evidence[identity.EvidencePacket])
	if err != nil {
		return "its packet is gone, or is none"
	}
	payload, err := p.Payload()
	if err != nil {
		return "its packet is gone, or is none"
	}
	_, signed, err := p.Enrolled(payload)
	if err != nil || !bytes.Equal(signed.Statement, e.Signed.Statement) {
		return "its packet is not what its officer signed"
	}
	s, err := packet.ParseSubmission(payload)
	if err != nil {
		return "its packet holds no application"
	}
	if !sameApplication(s, e) {
		return "what was applied for is not what its officer signed"
	}
	earlier := e.Captures[0].Evidence
	for _, c := range e.Captures {
		if c.Round == 1 && !sameCapture(s, e.Record.Application.FromFile(), c.Evidence, drawn) || c.Round > 1 && !signedCapture(c, earlier[identity.EvidenceTemplates], drawn) {
			return "its evidence of round " + strconv.Itoa(c.Round) + " is not what its officer signed for"
		}
		maps.Copy(earlier, c.Evidence)
	}
	return ""
}

// sameApplication compares the application with what is in its packet. One that named no number may
// have been allotted one.
func sameApplication(s packet.Submission, e registry.Enrollment) bool {
	app, _ := s.Application(identity.DateOf(e.Record.Now)) // what the law of today has against it is no matter
	kept := e.Record.Application
	if app.Person.Number == "" {
		kept.Person.Number = ""
	}
	digest, err := s.Digest()
	return err == nil && reflect.DeepEqual(packet.SubmissionOf(app), packet.SubmissionOf(kept)) && bytes.Equal(digest[:], e.Digest) && e.SameHuman
}

// sameCapture compares what was stored with an application with the images and the templates in its
// packet; what the packet did not bring may be from the file.
func sameCapture(s packet.Submission, fromFile bool, kept registry.Evidence, drawn bool) bool {
	brought := map[identity.EvidenceKind][]byte{identity.EvidencePortrait: nil}
	if s.Portrait != nil {
		brought[identity.EvidencePortrait] = s.Portrait.Data
	}
	for _, e := range eyes {
		brought[e.kind] = nil
		if sent := e.of(s); sent != nil {
			brought[e.kind] = sent.Data
		}
	}
	for _, kind := range printedFingers {
		brought[kind] = nil
	}
	for _, f := range s.Fingerprints {
		if kind, printed := printedFingers[fingerprint.Position(f.Position)]; printed {
			brought[kind] = f.Data
		}
	}
	var same bool
	if brought[identity.EvidenceTemplates], same = templatesOf(s, kept[identity.EvidenceTemplates], drawn); !same {
		return false
	}
	for kind, b := range brought {
		if !bytes.Equal(b, kept[kind]) && (!fromFile || len(b) > 0) {
			return false
		}
	}
	return true
}

// templatesOf are those that a packet brought: that the station sent, and, where it sent the image of
// a finger alone, the one that is kept; false: that is of no such finger.
func templatesOf(s packet.Submission, kept []byte, drawn bool) ([]byte, bool) {
	var there fingerprint.Templates
	if there.UnmarshalBinary(kept) != nil {
		return nil, false
	}
	brought := make(fingerprint.Templates)
	for _, f := range s.Fingerprints {
		position := fingerprint.Position(f.Position)
		switch {
		case f.Missing != "":
		case f.TemplateData != nil:
			brought[position] = f.TemplateData
		case drawn && !drawnFrom(f.Data, position, there):
			return nil, false
		default:
			brought[position] = there[position]
		}
	}
	if len(brought) == 0 {
		return nil, true
	}
	b, err := brought.MarshalBinary()
	return b, err == nil
}

// drawnFrom reports whether the template of a finger is of that image: the one that this version of
// the programs draws, or one that another drew, which is of the same finger.
func drawnFrom(image []byte, at fingerprint.Position, kept fingerprint.Templates) bool {
	template, err := fingerprint.Extract(image)
	if err != nil {
		return false
	}
	now, err := fingerprint.Templates{at: template}.MarshalBinary()
	if err != nil || bytes.Equal(now, kept[at]) {
		return err == nil
	}
	verdict, err := fingerprint.Verify(fingerprint.Templates{at: kept[at]}, fingerprint.Templates{at: template}, fingerprint.DefaultMatchLimits())
	return err == nil && verdict.Match
}

// signedCapture compares what was captured anew with what its officer signed for. The images of
// fingers that no card prints are not kept: with one of them, nobody can tell any more. The templates
// of fingers that were not captured are those of before.
func signedCapture(c registry.Capturing, before []byte, drawn bool) bool {
	if c.Signed == nil { // who came by no desk signed for no files
		return true
	}
	files := make(map[string][]byte)
	for kind, b := range c.Evidence {
		if kind != identity.EvidenceTemplates {
			files[string(kind)] = b // kinds are named as the files are
		}
	}
	var now, then fingerprint.Templates
	if now.UnmarshalBinary(c.Evidence[identity.EvidenceTemplates]) != nil || then.UnmarshalBinary(before) != nil {
		return false
	}
	same := bytes.Equal(statement.Digest(files), c.Signed)
	if len(now) == 0 {
		return same
	}
	for position := range then { // a finger that is there stays
		if now[position] == nil {
			return false
		}
	}
	untold := false
	for position, template := range now {
		kind, printed := printedFingers[position]
		switch image := c.Evidence[kind]; {
		case image != nil:
			if drawn && !drawnFrom(image, position, now) {
				return false
			}
		case bytes.Equal(template, then[position]):
		case printed:
			return false
		default:
			untold = true
		}
	}
	return same != untold // nobody signed for a finger beside what is kept
}
