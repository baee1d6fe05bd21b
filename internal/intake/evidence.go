package intake

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/minutiae"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/biometrics/ridges"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// evidenceOf checks images and templates, and gathers what goes to the vault. The card is
// on one of the forms. What is made from the portrait and fingerprints on file gets them, and may
// bring no others, which nobody captured under an officer's eyes; who only asks for a check, without
// the office's knowledge, hears nothing of them.
func evidenceOf(s packet.Submission, app identity.Application, all []*render.Form, k known, sizes packet.Sizes) (map[identity.EvidenceKind][]byte, error) {
	found, err := capture(s.Portrait, s.Fingerprints, nil, sizes)
	wrong := []error{err, takeIrises(s, sizes.Finger, found)}
	if taken, brought := found[identity.EvidencePortrait]; brought && !app.NeedsCapture() { // else BiometricCapture judges it
		wrong = append(wrong, identity.InField("portrait", goodPortrait(taken)))
	}
	if err == nil {
		maps.Copy(found, k.onFile)
	}
	if brought := s; app.FromFile() && app.NeedsPortrait() {
		if len(k.onFile) == 0 { // of a card of before this office, the latest portrait, and no fingers that nobody took
			brought.Portrait = nil
		}
		wrong = append(wrong, notBrought(brought, "but the card is made from what is on file (art. 25.3 of Law 26/2023/QH15); whoever wants another portrait comes in person"))
	}
	shown := !slices.ContainsFunc(all, func(f *render.Form) bool { return !f.Shows(forms.PortraitField) })
	switch _, onFile := k.onFile[identity.EvidencePortrait]; {
	case s.Portrait != nil || onFile || !app.NeedsPortrait() && !shown:
	case !app.FromFile():
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "portrait", "is missing; this application needs one"))
	case k.asked:
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "portrait", "is missing, and the office has none on file; give the latest, or the citizen comes in person"))
	}
	if !app.NeedsPortrait() && !shown {
		wrong = append(wrong, notBrought(s, "but of a child of that age nothing is captured")) // art. 23 of Law 26/2023/QH15
	}
	if app.NeedsCapture() && len(s.Fingerprints) == 0 {
		wrong = append(wrong, identity.RefuseField(identity.Invalid, "fingerprints", "are missing; give the index fingers, or why they cannot be taken"))
	}
	return found, errors.Join(wrong...)
}

// notBrought refuses each capture that a packet brings, and says why.
func notBrought(s packet.Submission, why string) error {
	var wrong []error
	for _, taken := range []struct {
		field string
		is    bool
	}{
		{"portrait", s.Portrait != nil},
		{"fingerprints", len(s.Fingerprints) > 0},
		{"iris_left", s.IrisLeft != nil},
		{"iris_right", s.IrisRight != nil},
	} {
		if taken.is {
			wrong = append(wrong, identity.RefuseField(identity.Invalid, taken.field, "is given, %s", why))
		}
	}
	return errors.Join(wrong...)
}

// Recapture checks what was captured again, of portrait, fingers and eyes, and gathers what goes
// to the vault. A finger that was not taken again keeps its template in before.
func Recapture(s packet.Submission, before fingerprint.Templates, sizes packet.Sizes) (map[identity.EvidenceKind][]byte, error) {
	if s.Portrait == nil && len(s.Fingerprints) == 0 && s.IrisLeft == nil && s.IrisRight == nil {
		return nil, identity.Refuse(identity.Invalid, "nothing was captured; give a portrait, fingers, eyes, or several of these")
	}
	found, err := capture(s.Portrait, s.Fingerprints, before, sizes)
	if err = errors.Join(err, takeIrises(s, sizes.Finger, found)); err != nil {
		return nil, err
	}
	return found, nil
}

// capture checks images and templates, and gives what was captured.
func capture(picture *packet.Image, fingers []packet.Fingerprint, before fingerprint.Templates, sizes packet.Sizes) (map[identity.EvidenceKind][]byte, error) {
	var wrong []error
	found := make(map[identity.EvidenceKind][]byte)
	if picture != nil {
		err := identity.InField("portrait", checkPortrait(picture, sizes.Portrait))
		if err == nil {
			found[identity.EvidencePortrait] = picture.Data
		}
		wrong = append(wrong, err)
	}
	if err := packet.CheckCount(fingers); err != nil {
		return found, errors.Join(append(wrong, err)...)
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

// goodPortrait refuses a portrait of which the stage BiometricCapture would ask another: whoever
// applies without coming in person is not asked by it.
func goodPortrait(picture []byte) error {
	judged, err := portrait.Judge(picture, portrait.DefaultLimits())
	if err != nil || judged.OK {
		return err
	}
	return identity.Refuse(identity.Invalid, "is not good enough: %s. %s", strings.Join(judged.Codes(), ", "), strings.Join(judged.Advice(), ". "))
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
		named := refuseFile()
		if len(p.Data) == 0 {
			return named
		}
		return errors.Join(named, checkPortrait(&packet.Image{Data: p.Data}, limit))
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

func refuseFile() error {
	return identity.Refuse(identity.Invalid, "names a file; a packet carries the image itself")
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
// extracted here if the station sent none. All that is wrong is told: one fault does not
// hide another.
func (c *hand) take(f packet.Fingerprint) error {
	position, err := c.position(f)
	wrong := []error{identity.InField("position", err)}
	if f.Missing != "" {
		wrong = append(wrong, identity.InField("missing", fingerprint.CheckMissing(f.Missing)))
		if len(f.Data) > 0 || len(f.TemplateData) > 0 || f.File != "" || f.Template != "" {
			wrong = append(wrong, identity.RefuseField(identity.Invalid, "missing", "is given together with the finger; give one of the two"))
		}
	}
	if f.File != "" {
		wrong = append(wrong, refuseFile())
	}
	if f.Template != "" {
		wrong = append(wrong, identity.InField("template", refuseFile()))
	}
	if f.Missing == "" && f.File == "" && f.Template == "" && len(f.Data) == 0 && len(f.TemplateData) == 0 {
		wrong = append(wrong, identity.Refuse(identity.Invalid, "is empty; give an image, a template, or why it is missing"))
	}
	record, err := checkTemplate(f.TemplateData, position, c.sizes.Finger)
	wrong = append(wrong, identity.InField("template", err), checkFinger(f.Data, c.sizes.Finger))
	if err := errors.Join(wrong...); err != nil || f.Missing != "" {
		return err
	}
	if record == nil {
		if record, err = fingerprint.Extract(f.Data); err != nil {
			return err
		}
	}
	c.templates[position] = record
	if kind, ok := printedFingers[position]; ok && len(f.Data) > 0 {
		c.found[kind] = f.Data
	}
	return nil
}

// position reads which finger it is, and refuses one that was named before.
func (c *hand) position(f packet.Fingerprint) (fingerprint.Position, error) {
	position, err := fingerprint.ParsePosition(f.Position)
	if err != nil {
		return "", err
	}
	if c.named[position] {
		return position, identity.Refuse(identity.Invalid, "is given twice: %s", position)
	}
	c.named[position] = true
	return position, nil
}

// checkFinger refuses an image, if there is one, that could not be read when it is
// printed.
func checkFinger(picture []byte, limit int64) error {
	if len(picture) == 0 {
		return nil
	}
	if err := within(picture, limit); err != nil {
		return err
	}
	return fingerprint.CheckImage(picture)
}

// checkTemplate refuses a template, if there is one, that cannot be read or is of another
// finger, and gives it with the finger's position in it. Where that is not known, it may
// be of any.
func checkTemplate(record []byte, position fingerprint.Position, limit int64) ([]byte, error) {
	if len(record) == 0 {
		return nil, nil
	}
	if err := within(record, limit); err != nil {
		return nil, err
	}
	if position == "" {
		_, err := minutiae.Parse(record)
		return nil, err
	}
	return fingerprint.Templates{position: record}.MarshalBinary()
}
