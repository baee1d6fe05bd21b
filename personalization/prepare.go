// Package personalization composes a card and prepares what it is made of.
//
// [Prepare] composes it once and yields the printed content, both sides as a PDF,
// and the chip's [chip.Image] (key pairs, data groups, security object), the only
// thing that a station writes. Whoever needs the content alone, to check or to
// compare, asks [Compose].
//
// Below, package chip says what the standards say, profile how one kind of chip is
// personalized, and station does it.
package personalization

import (
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// PrepareInput is what one card is made of.
type PrepareInput struct {
	Form         *render.Form
	Card         identity.Card
	Pictures     render.Pictures // as they are printed; those that the form has no place for are left out
	ChipPortrait []byte          // the portrait cut for the chip, baseline JPEG; left out where the form has no photograph
	Print        render.Options
	Profile      lds.Profile        // how the chip is filled
	Signer       sod.DocumentSigner // signs EF.SOD; its keys are on the profile's curve
	Rand         io.Reader          // the chip's keys are drawn from it; nil means crypto/rand
	At           time.Time          // when it is signed
}

// Prepared is one card before it is made: what is printed, what is written to the
// chip, and both sides as a PDF. All of it is one making; none of it is mixed with
// that of another.
type Prepared struct {
	Content render.Content
	Chip    *chip.Image
	PDF     []byte
}

// Prepare composes one card once, and makes chip and print of it. What is wrong
// with the card is an *identity.Refusal with its field; everything else is a fault
// and may pass.
//
// A second call makes another chip's keys and thus another card: keep the first one.
func Prepare(in PrepareInput) (Prepared, error) {
	content, err := Compose(in.Form, in.Card, in.Pictures)
	if err != nil {
		return Prepared{}, err
	}
	forChip := ChipInput{Card: in.Card, MRZ: content.MRZ, Profile: in.Profile, Signer: in.Signer, Rand: in.Rand, At: in.At}
	if in.Form.Shows(forms.PortraitField) {
		if in.ChipPortrait == nil {
			return Prepared{}, identity.RefuseField(identity.Invalid, "portrait", "form %s has a photograph, and there is none for the chip", in.Form.ID)
		}
		forChip.Portrait = in.ChipPortrait
	}
	image, err := PrepareChip(forChip)
	if err != nil {
		return Prepared{}, fmt.Errorf("prepare chip: %w", err)
	}
	pdf, err := in.Form.PDF(content, in.Print)
	if err != nil {
		return Prepared{}, fmt.Errorf("draw card: %w", err)
	}
	return Prepared{Content: content, Chip: image, PDF: pdf}, nil
}

// ChipInput is what the chip of one card is made of.
type ChipInput struct {
	Card     identity.Card
	MRZ      [3]string          // the lines as they will be printed (package mrz)
	Portrait []byte             // baseline JPEG; nil where the form has no photograph
	Fingers  []lds.Finger       // for EF.DG3, which opens to nobody without Terminal Authentication; usually none
	Profile  lds.Profile        // how the chip is filled
	Signer   sod.DocumentSigner // signs EF.SOD; its keys are on the profile's curve
	Rand     io.Reader          // the chip's keys are drawn from it; nil means crypto/rand
	At       time.Time          // when it is signed
}

// PrepareChip makes the image of one chip: keys of its own for Chip and Active
// Authentication, all files, the security object. It reads everything back and
// compares before it returns. What is wrong with the card is an
// *identity.Refusal with its field; everything else is a fault and may pass.
//
// A second call makes another chip's keys and thus another image: keep the
// first one.
func PrepareChip(in ChipInput) (*chip.Image, error) {
	if in.Rand == nil {
		in.Rand = rand.Reader
	}
	ca, err := newKey(in.Profile.CACurve, in.Rand)
	if err != nil {
		return nil, fmt.Errorf("make Chip Authentication key: %w", err)
	}
	aa, err := newKey(in.Profile.AACurve, in.Rand)
	if err != nil {
		return nil, fmt.Errorf("make Active Authentication key: %w", err)
	}
	files, err := lds.Build(lds.Input{
		Card: in.Card, MRZ: in.MRZ, Portrait: in.Portrait, Fingers: in.Fingers, Profile: in.Profile,
		CAPublic: &ca.PublicKey, AAPublic: &aa.PublicKey,
	})
	if err != nil {
		return nil, fmt.Errorf("build data groups: %w", err)
	}
	files[lds.SOD], err = sod.Build(files.DataGroups(), in.Signer, sod.Options{
		Hash: in.Profile.Hash, LDSVersion: in.Profile.LDSVersion, At: in.At,
	})
	if err != nil {
		return nil, err
	}
	image := &chip.Image{
		Files:          files,
		MRZInformation: mrz.Information(in.MRZ),
		CAN:            accessNumber(in.Card.Person.Number),
		Profile:        in.Profile.Name,
		Serial:         in.Card.Serial,
	}
	if image.CAPrivate, err = curve.MarshalPrivateKey(ca, curve.Named); err != nil {
		return nil, fmt.Errorf("store Chip Authentication key: %w", err)
	}
	if image.AAPrivate, err = curve.MarshalPrivateKey(aa, curve.Named); err != nil {
		return nil, fmt.Errorf("store Active Authentication key: %w", err)
	}
	if err := check(image, in); err != nil {
		return nil, err
	}
	return image, nil
}

// newKey draws a key on a curve.
func newKey(name string, random io.Reader) (*ecdsa.PrivateKey, error) {
	c, err := curve.ByName(name)
	if err != nil {
		return nil, err
	}
	return curve.GenerateKey(c, random)
}

// accessNumber is the CAN: as observed, the last six digits of the personal number.
func accessNumber(n identity.PersonalNumber) string { return string(n)[len(n)-6:] }

// check reads an image as a reader will, and compares it with what was asked for.
func check(i *chip.Image, in ChipInput) error {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("check chip image: "+format, args...)
	}
	if err := in.Profile.CheckFiles(i.Files); err != nil {
		return fault("%w", err)
	}
	s, err := sod.Parse(i.Files[lds.SOD])
	if err != nil {
		return fault("%w", err)
	}
	if signer, ok := s.Signer.PublicKey.(*ecdsa.PublicKey); !ok || signer.Curve.Params().Name != in.Profile.SODCurve {
		return fault("the document signer's key is not on %s, the curve of profile %s", in.Profile.SODCurve, in.Profile.Name)
	}
	com, err := lds.ParseCOM(i.Files[lds.COM])
	if err != nil {
		return fault("%w", err)
	}
	if !slices.Equal(com.DataGroups, s.DataGroups()) {
		return fault("EF.COM lists other data groups than EF.SOD")
	}
	lines, err := lds.ParseDG1(i.Files[lds.DG1])
	if err != nil {
		return fault("%w", err)
	}
	if lines != in.MRZ {
		return fault("EF.DG1 is not the printed MRZ")
	}
	zone, err := mrz.Parse(lines)
	if err != nil {
		return fault("%w", err)
	}
	if zone.PersonalNumber != string(in.Card.Person.Number) {
		return fault("the MRZ is not the card's")
	}
	details, err := lds.ParseDG13(i.Files[lds.DG13])
	if err != nil {
		return fault("%w", err)
	}
	if details.Number != string(in.Card.Person.Number) || details.Serial != string(in.Card.Serial) {
		return fault("EF.DG13 is not the card's")
	}
	return nil
}
