package intake

import (
	"fmt"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
)

// evidence checks the images and gathers what goes to the vault.
func (s Submission) evidence(app identity.Application, sizes Sizes) (map[identity.EvidenceKind][]byte, error) {
	found, err := capture(s.Portrait, s.Fingerprints, nil, sizes)
	var faults faults
	if err != nil {
		faults.add("", err)
	}
	if app.NeedsPortrait() && s.Portrait == nil {
		faults.add("portrait", identity.Refuse(identity.Invalid, "is missing; this application needs one"))
	}
	if app.NeedsCapture() && len(s.Fingerprints) == 0 {
		faults.add("fingerprints", identity.Refuse(identity.Invalid, "are missing; give the index fingers, or why they cannot be taken"))
	}
	return found, faults.err()
}

// Recapture checks what was captured anew, portrait or fingers or both, and gathers
// what goes to the vault. A finger that was not taken again keeps the template it
// has in before.
func Recapture(picture *Image, fingers []Fingerprint, before fingerprint.Templates, sizes Sizes) (map[identity.EvidenceKind][]byte, error) {
	if picture == nil && len(fingers) == 0 {
		return nil, identity.Refuse(identity.Invalid, "nothing was captured; give a portrait, fingers, or both")
	}
	return capture(picture, fingers, before, sizes)
}

// capture checks images and templates. A role that was not captured is not there.
func capture(picture *Image, fingers []Fingerprint, before fingerprint.Templates, sizes Sizes) (map[identity.EvidenceKind][]byte, error) {
	var faults faults
	found := make(map[identity.EvidenceKind][]byte)
	if picture != nil {
		if err := checkPortrait(picture, sizes.Portrait); err != nil {
			faults.add("portrait", err)
		}
		found[identity.EvidencePortrait] = picture.Data
	}
	if len(fingers) > maxFingers {
		faults.add("", refuseFingers())
		return nil, faults.err()
	}
	c := hands{found: found, sizes: sizes, named: make(map[fingerprint.Position]bool), templates: make(fingerprint.Templates)}
	for i, f := range fingers {
		if err := c.take(f); err != nil {
			faults.add(fmt.Sprintf("fingerprints.%d", i), err)
		}
	}
	if faults.any() || len(c.templates) == 0 {
		return found, faults.err()
	}
	for position, template := range before {
		if !c.named[position] {
			c.templates[position] = template
		}
	}
	b, err := c.templates.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("bundle templates: %w", err)
	}
	found[identity.EvidenceTemplates] = b
	return found, nil
}

// maxFingers bounds the work that one submission costs.
const maxFingers = 10

func refuseFingers() error {
	return identity.RefuseField(identity.Invalid, "fingerprints", "are more than the %d fingers that people have", maxFingers)
}

// checkPortrait refuses what no later stage could read. Whether the picture is
// good is judged when the capture is.
func checkPortrait(p *Image, limit int64) error {
	if p.File != "" {
		return identity.Refuse(identity.Invalid, "names a file; a packet carries the image itself")
	}
	if err := within(p.Data, limit); err != nil {
		return err
	}
	return portrait.Check(p.Data)
}

// within refuses what is larger than its limit, before anything reads it.
func within(b []byte, limit int64) error {
	if int64(len(b)) > limit {
		return identity.Refuse(identity.Invalid, "is larger than the %d bytes that are accepted", limit)
	}
	return nil
}

// hands gathers fingers.
type hands struct {
	found     map[identity.EvidenceKind][]byte
	sizes     Sizes
	named     map[fingerprint.Position]bool
	templates fingerprint.Templates
}

// fingerRoles are the fingers whose images the card of 2021 prints.
var fingerRoles = map[fingerprint.Position]identity.EvidenceKind{
	fingerprint.LeftIndex:  identity.EvidenceLeftIndex,
	fingerprint.RightIndex: identity.EvidenceRightIndex,
}

// take checks one finger and keeps its image and its template, which is extracted
// here where the station sent none.
func (h *hands) take(f Fingerprint) error {
	position, err := fingerprint.ParsePosition(f.Position)
	if err != nil {
		return inField("position", err)
	}
	if h.named[position] {
		return identity.RefuseField(identity.Invalid, "position", "the finger %s is given twice", position)
	}
	h.named[position] = true
	if f.Missing != "" {
		if len(f.Data) > 0 || len(f.TemplateData) > 0 {
			return identity.RefuseField(identity.Invalid, "missing", "is given, but so is the finger")
		}
		return inField("missing", fingerprint.CheckMissing(f.Missing))
	}
	if f.File != "" || f.Template != "" {
		return identity.Refuse(identity.Invalid, "names a file; a packet carries the image itself")
	}
	if err := within(f.Data, h.sizes.Finger); err != nil {
		return err
	}
	template, err := f.template(position, h.sizes.Finger)
	if err != nil {
		return err
	}
	h.templates[position] = template
	if role, ok := fingerRoles[position]; ok && len(f.Data) > 0 {
		h.found[role] = f.Data
	}
	return nil
}

// template gives the finger's template, with its position in it.
func (f Fingerprint) template(position fingerprint.Position, limit int64) ([]byte, error) {
	switch {
	case len(f.TemplateData) > 0:
		if err := within(f.TemplateData, limit); err != nil {
			return nil, inField("template", err)
		}
		if len(f.Data) > 0 { // nothing else reads it before it is printed
			if err := fingerprint.CheckImage(f.Data); err != nil {
				return nil, err
			}
		}
		template, err := fingerprint.Templates{position: f.TemplateData}.MarshalBinary()
		return template, inField("template", err)
	case len(f.Data) > 0:
		return fingerprint.Extract(f.Data)
	}
	return nil, identity.Refuse(identity.Invalid, "is empty; give an image, a template, or why it is missing")
}

// inField puts refusals below a field.
func inField(field string, err error) error {
	if err == nil {
		return nil
	}
	var faults faults
	faults.add(field, err)
	return faults.err()
}
