// Package gallery shows what the forms look like: a page with every form, filled
// with what is hardest to draw, and a preview of one form while it is made.
package gallery

import (
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/draw"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/render"
)

// dpi of the gallery's pictures: sharp on a screen, and as printers print.
const dpi = 300

// shown is a finished card: a specimen, with round corners and the chip's contacts.
var shown = render.Options{Specimen: true, Body: true}

// Write draws every form with every example into a folder, made if it is not
// there: two PNG files each, and index.html to look at them.
func Write(catalog *render.Catalog, compose Compose, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make gallery: %w", err)
	}
	var page []shelf
	for _, id := range catalog.IDs() {
		form, err := catalog.Form(id)
		if err != nil {
			return fmt.Errorf("make gallery: %w", err)
		}
		s, err := writeForm(form, compose, dir)
		if err != nil {
			return fmt.Errorf("make gallery: form %s: %w", id, err)
		}
		page = append(page, s)
	}
	return writeFile(filepath.Join(dir, "index.html"), func(w io.Writer) error { return pageTemplate.Execute(w, page) })
}

// shelf is one form on the page.
type shelf struct {
	Form  *render.Form
	Cards []exhibit
}

type exhibit struct{ Note, Front, Back string }

func writeForm(form *render.Form, compose Compose, dir string) (shelf, error) {
	s := shelf{Form: form}
	examples, err := Examples(form, compose)
	if err != nil {
		return s, err
	}
	for _, e := range examples {
		front, back, err := form.Bitmaps(e.Content, dpi, shown)
		if err != nil {
			return s, fmt.Errorf("example %s: %w", e.Name, err)
		}
		x := exhibit{Note: e.Note, Front: fmt.Sprintf("%s-%s-front.png", form.ID, e.Name), Back: fmt.Sprintf("%s-%s-back.png", form.ID, e.Name)}
		for name, img := range map[string]image.Image{x.Front: front, x.Back: back} {
			if err := writeFile(filepath.Join(dir, name), func(w io.Writer) error { return encode(w, img) }); err != nil {
				return s, err
			}
		}
		s.Cards = append(s.Cards, x)
	}
	return s, nil
}

// Format is what a preview is written as.
type Format string

// The formats of previews.
const (
	PDF Format = "pdf" // as it goes to the printer
	PNG Format = "png" // both sides, one above the other
)

// Kind is what of a card a preview shows.
type Kind string

// The kinds of previews.
const (
	Card    Kind = "card"    // all of it, as it is printed on white
	Overlay Kind = "overlay" // what is printed on a blank that has the rest
	Blank   Kind = "blank"   // that blank, with bleed, for a print house; PDF alone
)

// Preview draws a form with its ordinary example.
func Preview(w io.Writer, form *render.Form, compose Compose, kind Kind, format Format) error {
	options := render.Options{Specimen: true}
	switch kind {
	case Card:
	case Overlay:
		options.Mode = render.Overlay
	case Blank:
		return previewBlank(w, form, format)
	default:
		return identity.Refuse(identity.Invalid, "a preview shows card, overlay or blank, not %q", kind)
	}
	examples, err := Examples(form, compose)
	if err != nil {
		return fmt.Errorf("preview form %s: %w", form.ID, err)
	}
	content := examples[0].Content
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
	return identity.Refuse(identity.Invalid, "a preview is written as pdf or png, not as %q", format)
}

func previewBlank(w io.Writer, form *render.Form, format Format) error {
	if format != PDF {
		return identity.Refuse(identity.Invalid, "a blank is written as pdf, not as %q", format)
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

func encode(w io.Writer, img image.Image) error {
	return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, img)
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	return nil
}

var pageTemplate = template.Must(template.New("gallery").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Forms</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; padding: 0 1rem; background: #f3f3f1; color: #222 }
h2 { margin-top: 3rem }
figure { margin: 1.5rem 0; display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
figcaption { grid-column: 1 / 3 }
img { width: 100%; filter: drop-shadow(0 2px 6px #0004) }
</style>
<h1>Forms</h1>
<p>Every form with what is hardest to draw. Nobody shown here exists.</p>
{{range .}}<h2>{{.Form.Title}}</h2>
<p>{{.Form.ID}}, {{.Form.Source}}, drawing {{.Form.Version}}</p>
{{range .Cards}}<figure><figcaption>{{.Note}}</figcaption><img src="{{.Front}}" alt="front"><img src="{{.Back}}" alt="back"></figure>
{{end}}{{end}}</html>
`))
