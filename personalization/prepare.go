// Package personalization composes a card and prepares what it is made of.
//
// [Prepare] composes it once and yields the printed content, both sides as a PDF,
// and the chip's [chip.Image], the only thing that a station writes. The image is open:
// the chip makes its keys when it is written, and the station's [Sealer] adds what depends
// on them, the security object among it. So no private key of a chip is ever anywhere but
// in the chip. Whoever needs the content alone, to check or to compare, asks [Compose].
//
// Below, package chip says what the standards say, profile how one kind of chip is
// personalized, and station does it.
package personalization

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/curve"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/profile"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// PrepareInput is what one card is made of.
type PrepareInput struct {
	Form         *render.Form
	Card         identity.Card
	Pictures     render.Pictures // as they are printed; those that are not on the form are left out
	ChipPortrait []byte          // the portrait for the chip, baseline JPEG; left out where the form has no photograph
	Print        render.Options
	Profile      lds.Profile // the chip profile
	Applications []string    // of the table of card applications, beside the eMRTD application
}

// Prepared is one card before it is made: what is printed, what is written to the
// chip, nil where it has none, and both sides as a PDF. The three belong together: a part must not be
// replaced by that of another call.
type Prepared struct {
	Content render.Content
	Chip    *chip.Image
	PDF     []byte
}

// Prepare composes one card once, and makes its chip image and its print. Where
// something is wrong with the card the error is an *identity.Refusal with its field;
// any other error is a fault and may pass.
func Prepare(in PrepareInput) (Prepared, error) {
	content, err := Compose(in.Form, in.Card, in.Pictures)
	if err != nil {
		return Prepared{}, err
	}
	var image *chip.Image
	if in.Form.HasChip() {
		if image, err = chipOf(in, content); err != nil {
			return Prepared{}, err
		}
	}
	pdf, err := in.Form.PDF(content, in.Print)
	if err != nil {
		return Prepared{}, fmt.Errorf("draw card: %w", err)
	}
	return Prepared{Content: content, Chip: image, PDF: pdf}, nil
}

// chipOf composes the chip of a card.
func chipOf(in PrepareInput, content render.Content) (*chip.Image, error) {
	forChip := ChipInput{Card: in.Card, MRZ: content.MRZ, Profile: in.Profile}
	if in.Form.Shows(forms.PortraitField) {
		if in.ChipPortrait == nil {
			return nil, identity.RefuseField(identity.Invalid, "portrait", "form %s has a photograph, but there is none for the chip", in.Form.ID)
		}
		forChip.Portrait = in.ChipPortrait
	}
	image, err := ComposeChip(forChip)
	if err != nil {
		return nil, fmt.Errorf("prepare chip: %w", err)
	}
	if slices.Contains(in.Applications, profile.DigitalSignature) {
		if image.TransportPIN, err = NewPIN(); err != nil {
			return nil, err
		}
	}
	image.Applications = in.Applications
	return image, nil
}

// NewPIN draws a PIN with which a digital signature is delivered, or unblocked: six digits.
func NewPIN() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("draw a PIN: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// ChipInput is what the chip of one card is made of.
type ChipInput struct {
	Card     identity.Card
	MRZ      [3]string          // the lines as they are printed (package mrz)
	Portrait []byte             // baseline JPEG; nil where the form has no photograph
	Fingers  []lds.Finger       // for EF.DG3, which needs Terminal Authentication; usually none
	Profile  lds.Profile        // the chip profile
	Signer   sod.DocumentSigner // signs EF.SOD, on the SODCurve of the profile
	Rand     io.Reader          // source of the chip's keys; nil means crypto/rand
	At       time.Time          // when EF.SOD is signed
}

// ComposeChip makes the open image of one chip: the files that do not depend on its keys. It
// reads everything back and compares it. Where something is wrong with the card the error is
// an *identity.Refusal with its field; any other error is a fault and may pass.
func ComposeChip(in ChipInput) (*chip.Image, error) {
	files, err := lds.Build(lds.Input{Card: in.Card, MRZ: in.MRZ, Portrait: in.Portrait, Fingers: in.Fingers, Profile: in.Profile})
	if err != nil {
		return nil, fmt.Errorf("build data groups: %w", err)
	}
	image := &chip.Image{
		Files:          files,
		MRZInformation: mrz.Information(in.MRZ),
		CAN:            accessNumber(in.Card.Person.Number),
		Profile:        in.Profile.Name,
		Serial:         in.Card.Serial,
	}
	return image, check(image, in)
}

// PrepareChip makes the image of one chip whose keys are made here, with the files that
// depend on them and the security object, for chips that cannot make their own. Nobody may
// keep it. Errors are those of ComposeChip.
//
// A second call makes other keys and so another image.
func PrepareChip(in ChipInput) (*chip.Image, error) {
	if in.Rand == nil {
		in.Rand = rand.Reader
	}
	image, err := ComposeChip(in)
	if err != nil {
		return nil, err
	}
	ca, err := newKey(in.Profile.CACurve, in.Rand)
	if err != nil {
		return nil, fmt.Errorf("make Chip Authentication key: %w", err)
	}
	aa, aaPrivate, err := newActiveKey(in.Profile.AACurve, in.Rand)
	if err != nil {
		return nil, fmt.Errorf("make Active Authentication key: %w", err)
	}
	sealer := Sealer{Profile: in.Profile, Signer: in.Signer, Now: func() time.Time { return in.At }}
	if image, err = sealer.Seal(image, &ca.PublicKey, aa); err != nil {
		return nil, err
	}
	if image.CAPrivate, err = curve.MarshalPrivateKey(ca, curve.Named); err != nil {
		return nil, fmt.Errorf("store Chip Authentication key: %w", err)
	}
	image.AAPrivate = aaPrivate
	return image, nil
}

// newActiveKey makes a key for Active Authentication, PKCS #8: on the named curve, or of RSA
// without one.
func newActiveKey(name string, random io.Reader) (crypto.PublicKey, []byte, error) {
	if name == "" {
		const bits = 2048
		key, err := rsa.GenerateKey(random, bits)
		if err != nil {
			return nil, nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return &key.PublicKey, der, err
	}
	key, err := newKey(name, random)
	if err != nil {
		return nil, nil, err
	}
	der, err := curve.MarshalPrivateKey(key, curve.Named)
	return &key.PublicKey, der, err
}

// newKey makes a key on the named curve.
func newKey(name string, random io.Reader) (*ecdsa.PrivateKey, error) {
	c, err := curve.ByName(name)
	if err != nil {
		return nil, err
	}
	return curve.GenerateKey(c, random)
}

// accessNumber is the CAN: as on real cards, the last six digits of the personal
// number.
func accessNumber(n identity.PersonalNumber) string { return string(n)[len(n)-6:] }

// check reads an open image as a reader will, and compares it with the input.
func check(i *chip.Image, in ChipInput) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("check chip image: "+format, args...)
	}
	others := maps.Clone(i.Files) // these two are read below
	delete(others, lds.DG1)
	delete(others, lds.DG13)
	if err := in.Profile.CheckFiles(others); err != nil {
		return fail("%w", err)
	}
	lines, err := lds.ParseDG1(i.Files[lds.DG1])
	if err != nil {
		return fail("%w", err)
	}
	if lines != in.MRZ {
		return fail("EF.DG1 is not the printed MRZ")
	}
	zone, err := mrz.Parse(lines)
	if err != nil {
		return fail("%w", err)
	}
	if zone.PersonalNumber != string(in.Card.Person.Number) {
		return fail("the MRZ is not the card's")
	}
	details, err := lds.ParseDG13(i.Files[lds.DG13])
	if err != nil {
		return fail("%w", err)
	}
	if details.Number != string(in.Card.Person.Number) || details.Serial != string(in.Card.Serial) {
		return fail("EF.DG13 is not the card's")
	}
	return nil
}
