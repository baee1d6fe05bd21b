package intake

import (
	"bytes"
	"errors"
	"fmt"
	"image"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// evidenceOf checks images and templates, and gathers what goes to the vault. The form
// is nil where the application has none, being at fault itself.
func evidenceOf(s packet.Submission, app identity.Application, form *render.Form, sizes packet.Sizes) (map[identity.EvidenceKind][]byte, error) {
	found, err := capture(s.Portrait, s.Fingerprints, nil, sizes)
	wrong := []error{err}
	needsPortrait := app.NeedsPortrait() || form != nil && form.Shows(forms.PortraitField)
	if needsPortrait && s.Portrait == nil {
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "portrait", "is missing; this application needs one"))
	}
	if app.NeedsCapture() && len(s.Fingerprints) == 0 {
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "fingerprints", "are missing; give the index fingers, or why they cannot be taken"))
	}
	return found, errors.Join(wrong...)
}

// Recapture checks what was captured again, portrait or fingers or both, and gathers
// what goes to the vault. A finger that was not taken again keeps its template in
// before.
func Recapture(picture *packet.Image, fingers []packet.Fingerprint, before fingerprint.Templates, sizes packet.Sizes) (map[identity.EvidenceKind][]byte, error) {
	if picture == nil && len(fingers) == 0 {
		return nil, identity.Refuse(identity.Invalid, "nothing was captured; give a portrait, fingers, or both")
	}
	return capture(picture, fingers, before, sizes)
}

// capture checks images and templates, and gives what was captured.
func capture(picture *packet.Image, fingers []packet.Fingerprint, before fingerprint.Templates, sizes packet.Sizes) (map[identity.EvidenceKind][]byte, error) {
	var wrong []error
	found := make(map[identity.EvidenceKind][]byte)
	if picture != nil {
		wrong = append(wrong, identity.InField("portrait", checkPortrait(picture, sizes.Portrait)))
		found[identity.EvidencePortrait] = picture.Data
	}
	if err := packet.CheckCount(fingers); err != nil {
		return nil, errors.Join(append(wrong, err)...)
	}
	c := hand{found: found, sizes: sizes, named: make(map[fingerprint.Position]bool), templates: make(fingerprint.Templates)}
	for i, f := range fingers {
		wrong = append(wrong, identity.InField(fmt.Sprintf("fingerprints.%d", i), c.take(f)))
	}
	if err := errors.Join(wrong...); err != nil || len(c.templates) == 0 {
		return found, err
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

// What the images of a packet cost, in pixels of a portrait that is decoded and cropped:
// a finger's template takes as long as seven times its pixels.
const (
	templateCost = 7
	heavy        = 3 << 20 // takes about 600 ms
)

// Heavy reports whether checking the packet takes long: what is within the limits of
// its images, and far more than a station needs.
func (o Opened) Heavy() bool {
	cost := 0
	if o.submission.Portrait != nil {
		cost = pixels(o.submission.Portrait.Data, portrait.MaxSide)
	}
	for _, f := range o.submission.Fingerprints {
		if size := pixels(f.Data, ridges.MaxSide); len(f.TemplateData) == 0 {
			cost += templateCost * size
		} else {
			cost += size
		}
	}
	return cost > heavy
}

// pixels counts those of a picture that is not refused for its size.
func pixels(picture []byte, maxSide int) int {
	c, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || max(c.Width, c.Height) > maxSide {
		return 0
	}
	return c.Width * c.Height
}

// checkPortrait refuses what no later stage could use, and crops the portrait for card
// and chip as DataPreparation will. Whether it is good enough is judged in the stage
// BiometricCapture.
func checkPortrait(p *packet.Image, limit int64) error {
	if p.File != "" {
		return identity.Refuse(identity.Invalid, "names a file; a packet carries the image itself")
	}
	if err := within(p.Data, limit); err != nil {
		return err
	}
	if err := portrait.Check(p.Data); err != nil {
		return err
	}
	_, chip, err := portrait.Normalize(p.Data)
	if err != nil {
		return err
	}
	_, err = lds.CheckPortrait(chip)
	return err
}

// within refuses what is larger than its limit, before anything reads it.
func within(b []byte, limit int64) error {
	if int64(len(b)) > limit {
		return identity.Refuse(identity.Invalid, "is larger than the %d bytes that are accepted", limit)
	}
	return nil
}

// hand gathers the fingers of one capture.
type hand struct {
	found     map[identity.EvidenceKind][]byte
	sizes     packet.Sizes
	named     map[fingerprint.Position]bool
	templates fingerprint.Templates
}

// printedFingers are the fingers whose images the card of 2021 prints.
var printedFingers = map[fingerprint.Position]identity.EvidenceKind{
	fingerprint.LeftIndex:  identity.EvidenceLeftIndex,
	fingerprint.RightIndex: identity.EvidenceRightIndex,
}

// take checks one finger and keeps its image and its template. The template is
// extracted here if the station sent none.
func (c *hand) take(f packet.Fingerprint) error {
	position, err := fingerprint.ParsePosition(f.Position)
	if err != nil {
		return identity.InField("position", err)
	}
	if c.named[position] {
		return identity.RefuseField(identity.Invalid, "position", "is given twice: %s", position)
	}
	c.named[position] = true
	if f.Missing != "" {
		if len(f.Data) > 0 || len(f.TemplateData) > 0 {
			return identity.RefuseField(identity.Invalid, "missing", "is given together with the finger; give one of the two")
		}
		return identity.InField("missing", fingerprint.CheckMissing(f.Missing))
	}
	if f.File != "" || f.Template != "" {
		return identity.Refuse(identity.Invalid, "names a file; a packet carries the image itself")
	}
	if err := within(f.Data, c.sizes.Finger); err != nil {
		return err
	}
	template, err := templateOf(f, position, c.sizes.Finger)
	if err != nil {
		return err
	}
	c.templates[position] = template
	if kind, ok := printedFingers[position]; ok && len(f.Data) > 0 {
		c.found[kind] = f.Data
	}
	return nil
}

// templateOf gives the finger's template.
func templateOf(f packet.Fingerprint, position fingerprint.Position, limit int64) ([]byte, error) {
	switch {
	case len(f.TemplateData) > 0:
		if err := within(f.TemplateData, limit); err != nil {
			return nil, identity.InField("template", err)
		}
		if len(f.Data) > 0 { // which nothing else reads before it is printed
			if err := fingerprint.CheckImage(f.Data); err != nil {
				return nil, err
			}
		}
		template, err := fingerprint.Templates{position: f.TemplateData}.MarshalBinary()
		return template, identity.InField("template", err)
	case len(f.Data) > 0:
		return fingerprint.Extract(f.Data)
	}
	return nil, identity.Refuse(identity.Invalid, "is empty; give an image, a template, or why it is missing")
}
