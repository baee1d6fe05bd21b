package specimens

import (
	"fmt"
	"image"
	"image/draw"
	"io"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// dpi of all pictures: sharp on a screen, and as printers print.
const dpi = 300

// Format is the file format of a preview.
type Format string

// The formats.
const (
	PDF Format = "pdf" // as it goes to the printer
	PNG Format = "png" // both sides, one above the other
)

// Kind says what a preview shows of a card.
type Kind string

// The kinds.
const (
	Card    Kind = "card"    // everything, as it is printed on white
	Overlay Kind = "overlay" // what is printed on a preprinted blank
	Blank   Kind = "blank"   // that blank, with bleed, for the print shop; PDF only
	Layers  Kind = "layers"  // everything, with what is not for card printers in false colors; PNG only
)

// Preview draws a form with its ordinary specimen.
func Preview(w io.Writer, form *render.Form, compose Compose, kind Kind, format Format) error {
	options := render.Options{Specimen: true}
	switch kind {
	case Card:
	case Overlay:
		options.Mode = render.Overlay
	case Blank:
		return previewBlank(w, form, format)
	case Layers:
		if format != PNG {
			return identity.Refuse(identity.Invalid, "layers are a png file, not %q", format)
		}
		options.Layers = true
	default:
		return identity.Refuse(identity.Invalid, "a preview shows a card, an overlay, a blank or layers; %q is not one of card, overlay, blank, layers", kind)
	}
	cards, err := Of(form, compose)
	if err != nil {
		return fmt.Errorf("preview form %s: %w", form.ID, err)
	}
	content := cards[0].Content
	switch format {
	case PDF:
		b, err := form.PDF(content, options)
		if err != nil {
			return fmt.Errorf("preview form %s: %w", form.ID, err)
		}
		_, err = w.Write(b)
		return err
	case PNG:
		options.Body = true
		front, back, err := form.Bitmaps(content, dpi, options)
		if err != nil {
			return fmt.Errorf("preview form %s: %w", form.ID, err)
		}
		return encode(w, stack(front, back))
	}
	return identity.Refuse(identity.Invalid, "a preview is a pdf or png file, not %q", format)
}

func previewBlank(w io.Writer, form *render.Form, format Format) error {
	if format != PDF {
		return identity.Refuse(identity.Invalid, "a blank is a pdf file, not %q", format)
	}
	b, err := form.Blank(render.Options{Specimen: true})
	if err != nil {
		return fmt.Errorf("preview form %s: %w", form.ID, err)
	}
	_, err = w.Write(b)
	return err
}

// stack puts one side above the other.
func stack(front, back image.Image) image.Image {
	const gap = 40
	size := front.Bounds().Size()
	both := image.NewRGBA(image.Rect(0, 0, size.X+2*gap, 2*size.Y+3*gap))
	draw.Draw(both, both.Rect, image.White, image.Point{}, draw.Src)
	for i, side := range []image.Image{front, back} {
		at := image.Pt(gap, gap+i*(size.Y+gap))
		draw.Draw(both, image.Rectangle{Min: at, Max: at.Add(size)}, side, image.Point{}, draw.Over)
	}
	return both
}
