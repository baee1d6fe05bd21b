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

// Verify compares applications with the packets that their officers signed, and the evidence of each
// round with what was captured: those that are open or ended lately, or every one that is not erased.
// It refuses what differs, each by its name, up to a number.
func Verify(ctx context.Context, r *registry.Registry, every bool) (Compared, error) {
	var done Compared
	var faults []error
	more := 0
	could, err := r.Enrollments(ctx, every, func(e registry.Enrollment) error {
		done.Applications++
		switch what := differs(e); {
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
func differs(e registry.Enrollment) string {
	if e.Record.Unread != nil {
		return "what it says of persons cannot be unsealed"
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
		if c.Round == 1 && !sameCapture(s, e.Record.Application.FromFile(), c.Evidence) || c.Round > 1 && !signedCapture(c, earlier[identity.EvidenceTemplates]) {
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

// sameCapture compares what was stored with an application with the images in its packet, and the
// templates where the station sent them all; what the packet did not bring may be from the file.
func sameCapture(s packet.Submission, fromFile bool, kept registry.Evidence) bool {
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
	templates, sent := make(fingerprint.Templates), true
	for _, f := range s.Fingerprints {
		position := fingerprint.Position(f.Position)
		if kind, printed := printedFingers[position]; printed {
			brought[kind] = f.Data
		}
		if f.Missing == "" {
			templates[position] = f.TemplateData
			sent = sent && f.TemplateData != nil
		}
	}
	if sent && len(templates) > 0 {
		brought[identity.EvidenceTemplates], _ = templates.MarshalBinary() // it was possible when they came
	} else if len(templates) == 0 {
		brought[identity.EvidenceTemplates] = nil
	}
	for kind, b := range brought {
		if !bytes.Equal(b, kept[kind]) && (!fromFile || len(b) > 0) {
			return false
		}
	}
	return true
}

// signedCapture compares what was captured anew with what its officer signed for. The images of
// fingers that no card prints are not kept: with one of them, nobody can tell any more. The templates
// of fingers that were not captured are those of before.
func signedCapture(c registry.Capturing, before []byte) bool {
	if c.Signed == nil { // who came by no desk signed for no files
		return true
	}
	files := make(map[string][]byte)
	for kind, b := range c.Evidence {
		if kind != identity.EvidenceTemplates {
			files[string(kind)] = b // kinds are named as the files are
		}
	}
	if bytes.Equal(statement.Digest(files), c.Signed) {
		return true
	}
	var now, then fingerprint.Templates
	if now.UnmarshalBinary(c.Evidence[identity.EvidenceTemplates]) != nil || then.UnmarshalBinary(before) != nil {
		return false
	}
	for position, template := range now {
		if _, printed := printedFingers[position]; !printed && !bytes.Equal(template, then[position]) {
			return true
		}
	}
	return false
}
