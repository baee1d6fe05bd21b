// Package print inspects pictures of a printed card as an officer would: it finds the
// print in them, compares every field, the portrait and the art with what should be there,
// reads the QR code and the MRZ, and says in an officer's words what is missing or wrong.
// Start at Inspect.
package print

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// Inspect compares the pictures of both sides with what should be on them. A picture
// shows the card upright, turned by up to two degrees, with or without what it lies on.
// A good card has no findings; a finding names the field and the measure, and holds no
// personal data. The error is a fault of the pictures, by which nothing can be judged.
func Inspect(form *render.Form, front, back image.Image, want render.Content, drawn render.Options) ([]string, error) {
	drawn.Body = false
	expected, err := form.Draw(want, drawnDPI, drawn)
	if err != nil {
		return nil, fmt.Errorf("draw what is expected: %w", err)
	}
	defer render.Discard(expected.Front, expected.Back)
	var findings []string
	for _, s := range []struct {
		side     forms.Side
		picture  image.Image
		expected *image.RGBA
	}{{forms.Front, front, expected.Front}, {forms.Back, back, expected.Back}} {
		i := inspection{form: form, placed: expected.Placed, side: s.side, want: want, overlay: drawn.Mode == render.Overlay, specimen: drawn.Specimen, expected: s.expected}
		found, err := i.inspect(s.picture)
		if err != nil {
			return nil, fmt.Errorf("picture of the %s: %w", s.side, err)
		}
		for _, finding := range found {
			findings = append(findings, fmt.Sprintf("%s: %s", s.side, finding))
		}
	}
	return findings, nil
}

// inspection is that of one side.
type inspection struct {
	form     *render.Form
	placed   forms.Form // as it is drawn for this card
	side     forms.Side
	want     render.Content
	overlay  bool // the art is not ours, and not what is expected
	specimen bool // it is marked as one
	expected *image.RGBA

	*located
	*comparison
}

// Errors of pictures that show nothing.
var (
	errDark   = errors.New("it is too dark to judge; look after the lamp")
	errBright = errors.New("it is too bright to judge; look after the lamp")
	errGray   = errors.New("it has no colors, by which a print is judged; look after the camera")
)

func (i *inspection) inspect(picture image.Image) ([]string, error) {
	reduced, err := reduce(picture, i.form.Page)
	if err != nil {
		return nil, err
	}
	half, sharp := halved(reduced).rounded(), halved(i.expected)
	softened := sharp.softened()
	i.located = locate(reduced, half, softened, i.form.Page, nil)
	if 2*i.agree < i.of || i.coarse(picture) {
		half = i.lookCloser(picture, half, softened)
	}
	i.comparison = compare(sharp, softened, half, i.place)
	done(half, sharp)
	defer done(i.comparison.want, i.comparison.seen)
	switch {
	case slices.Max(i.gain[:]) < darkGain:
		return nil, errDark
	case !i.found() && picture.Bounds().Dx() < picture.Bounds().Dy() != (i.form.Page.W < i.form.Page.H):
		return nil, errShape(picture.Bounds(), i.form.Page) // perhaps it lies the other way
	case i.found() && !i.overlay && colorless(i.picture):
		return nil, errGray
	case !i.found():
		return []string{fmt.Sprintf("the print of this card is not on it: %d of %d places were found", i.agree, i.of)}, nil
	}
	if err := i.whole(i.form.Page); err != nil {
		return nil, err
	}
	findings := i.misplaced()
	if pale := i.pale(); pale != nil { // nothing else tells more
		return told(append(findings, pale...)), nil
	}
	if slices.Min(i.gain[:]) > brightGain {
		return nil, errBright
	}
	findings = append(findings, i.checkFields()...)
	return told(append(findings, i.checkArt()...)), nil
}

// coarse reports whether the print was found in a picture that was reduced as if the card
// filled it, so that few dots of the card are left.
func (i *inspection) coarse(picture image.Image) bool {
	const enough = reducedDPI * 0.85 / 25.4
	return i.found() && i.picture.Rect.Dx() < picture.Bounds().Dx() && i.place.scale() < enough
}

// lookCloser looks where a print was found coarsely, or hardly, in a larger picture, and
// gives the half of the part of the picture in which the print is, if that shows it better.
func (i *inspection) lookCloser(picture image.Image, half, softened *raster) *raster {
	var card image.Rectangle
	coarse := i.coarse(picture) && 2*i.agree >= i.of
	switch {
	case coarse:
		card = i.bounds()
	case half.whiteAround(): // a small print on a white card would look the same
		return half
	default:
		var ok bool
		if card, ok = seek(half, softened, largestBed); !ok {
			return half
		}
	}
	part, place, ok := closer(picture, half, card, i.form.Page)
	if !ok {
		return half
	}
	reduced, err := reduce(part, i.form.Page)
	if err != nil { // it has too few dots: what was found before is all
		return half
	}
	near := halved(reduced).rounded()
	if l := locate(reduced, near, softened, i.form.Page, place); l.agree > i.agree || coarse && l.found() {
		done(half)
		i.located = l
		return near
	}
	done(near)
	return half
}

// largestBed is how many times as wide as the card a picture may be in which it is sought.
const largestBed = 3

// colorless reports whether all dots of a picture are gray.
func colorless(img *image.RGBA) bool {
	const every = 5 * 4
	for at := 0; at+2 < len(img.Pix); at += every {
		if p := img.Pix[at:][:3]; p[0] != p[1] || p[1] != p[2] {
			return false
		}
	}
	return true
}

// A picture beyond these gains shows too little.
const darkGain, brightGain = 0.45, 1.5

// checkFields compares the fields and, unless they are the blank's, the fixed texts.
func (i *inspection) checkFields() []finding {
	var findings []finding
	for _, field := range i.placed.Fields {
		if field.Side != i.side {
			continue
		}
		switch field.Kind {
		case forms.TextField:
			findings = append(findings, i.checkText(field.ID, field.Box, field.Size)...)
		case forms.QRField:
			findings = append(findings, i.checkQR(field, i.want.QR)...)
		case forms.MRZField:
			findings = append(findings, i.checkMRZ(i.form, field, i.want.MRZ)...)
		case forms.PortraitField:
			findings = append(findings, i.checkPortrait(field)...)
		case forms.FingerField:
			findings = append(findings, i.checkFinger(field)...)
		case forms.GhostField: // its colors are compared with the art's
		}
	}
	findings = append(findings, i.checkLetters()...)
	if i.overlay {
		return findings
	}
	for _, text := range i.placed.Texts {
		if text.Side == i.side {
			findings = append(findings, i.checkText(textName(text), text.Box, text.Size)...)
		}
	}
	return findings
}

// The least likeness of letters: the larger they are, the more of them is to be seen. Those of
// fields are compared once more, at twice as many dots: see letters.go.
const (
	largeLetters, largeLike = 10.0, 0.91 // points
	smallLetters, smallLike = 7.5, 0.82
	tinyLetters, tinyLike   = 6.0, 0.6
	leastInk                = 20 // standard deviation of a square with letters
	markDots                = 8  // side of a square in which a tone mark is not lost beside its letter
)

// checkText compares the letters in a box, in squares of about their height, and in small ones.
func (i *inspection) checkText(name string, box forms.Box, size float64) []finding {
	const point = 25.4 / 72
	least := leastLike(size)
	squares := []struct {
		dots int
		like float64
	}{{max(markDots, int(math.Round(0.8*size*point*workScale))), least}, {markDots, tinyLike}}
	if squares[0].dots == markDots {
		squares = squares[:1]
	}
	for _, s := range squares {
		if worst := i.likeness(box, s.dots, leastInk, s.like, nil).worst(0); worst < s.like {
			return []finding{{name, fmt.Sprintf("its letters are %.2f like what was sent where they are least; %.2f is needed", worst, s.like)}}
		}
	}
	return nil
}

// leastLike is the least likeness of letters of a size in points.
func leastLike(size float64) float64 {
	switch {
	case size >= largeLetters:
		return largeLike
	case size >= smallLetters:
		return smallLike
	default:
		return tinyLike + (smallLike-tinyLike)*max(0, (size-tinyLetters)/(smallLetters-tinyLetters))
	}
}

// The portrait is compared in squares of 1.4 mm, in an oval about the face. Of another
// person, also one with the same hair, a tenth of the squares is hardly like it.
const (
	portraitDots     = 8
	portraitContrast = 10
	portraitShare    = 0.1
	portraitLike     = 0.88
)

// inFace is an oval in the unit square of a portrait.
func inFace(x, y float64) bool {
	x, y = (x-0.5)/0.36, (y-0.5)/0.40
	return x*x+y*y < 1
}

func (i *inspection) checkPortrait(field forms.Field) []finding {
	if i.want.Portrait == nil {
		return nil
	}
	face := i.likeness(field.Box, portraitDots, portraitContrast, 0, inFace)
	if like := face.worst(portraitShare); like < portraitLike {
		return []finding{{field.ID, fmt.Sprintf("the face is %.2f like the one that was sent where it is least; %.2f is needed", like, portraitLike)}}
	}
	return nil
}

// fingerLike is the least mean likeness of a printed finger.
const fingerLike = 0.6

func (i *inspection) checkFinger(field forms.Field) []finding {
	ridges := i.likeness(field.Box, portraitDots, leastInk, 0, nil)
	if like := ridges.mean(); like < fingerLike {
		return []finding{{field.ID, fmt.Sprintf("it is %.2f like the one that was sent; %.2f is needed", like, fingerLike)}}
	}
	return nil
}

// checkArt compares the colors of everything but what is read, and the chip's contacts.
func (i *inspection) checkArt() []finding {
	if i.overlay {
		return nil
	}
	var except []forms.Box
	for _, f := range i.form.Fields {
		if f.Side == i.side && f.Kind == forms.QRField {
			except = append(except, f.Box)
		}
	}
	for _, z := range i.form.Zones {
		if z.Side == i.side && z.Name == forms.ChipZone {
			const around = 1.0
			except = append(except, forms.Box{X: z.X - around, Y: z.Y - around, W: z.W + 2*around, H: z.H + 2*around})
		}
	}
	findings := i.checkMark(except)
	findings = append(findings, i.checkCells(i.form.Page, areasOf(i.placed, i.side), except, i.shows)...)
	findings = append(findings, i.checkStreaks(except)...)
	return append(findings, i.checkGrain(except)...)
}

// ReadQR reads the form's QR code from pictures of both sides that are cut at the card's
// edges; it is empty if the form has none.
func ReadQR(form *render.Form, front, back image.Image) (string, error) {
	for _, field := range form.Fields {
		if field.Kind != forms.QRField {
			continue
		}
		side := front
		if field.Side == forms.Back {
			side = back
		}
		picture, err := reduce(side, form.Page)
		if err != nil {
			return "", err
		}
		l := &located{picture: picture, place: upright(picture.Rect.Dx(), picture.Rect.Dy(), form.Page)}
		code, err := readQR(l.crop(field.Box, 0, l.place.scale(), 1))
		return code.text, err
	}
	return "", nil
}
