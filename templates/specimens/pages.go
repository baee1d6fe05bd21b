// Package specimens shows what the forms look like: pages with specimen cards of every
// form, filled with what is hardest to draw, and a preview of one form while it is
// being designed.
package specimens

import (
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"example.org/cancuoc/templates/render"
)

// finished draws a card as it leaves the line: marked, with round corners and the chip's
// contacts.
var finished = render.Options{Specimen: true, Body: true}

// Write draws every specimen of every form into a folder, which it makes if it is missing:
// two PNG files each, and index.html to look at them.
func Write(renderer *render.Renderer, compose Compose, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("draw specimens: %w", err)
	}
	var page []section
	for _, id := range renderer.IDs() {
		form, err := renderer.Form(id)
		if err != nil {
			return fmt.Errorf("draw specimens: %w", err)
		}
		s, err := writeForm(form, compose, dir)
		if err != nil {
			return fmt.Errorf("draw specimens: form %s: %w", id, err)
		}
		page = append(page, s)
	}
	return writeFile(filepath.Join(dir, "index.html"), func(w io.Writer) error { return pageTemplate.Execute(w, page) })
}

// section is one form on the page.
type section struct {
	Form  *render.Form
	Cards []figure
}

// figure is one card on the page; Front and Back are file names.
type figure struct{ Note, Front, Back string }

func writeForm(form *render.Form, compose Compose, dir string) (section, error) {
	s := section{Form: form}
	cards, err := Of(form, compose)
	if err != nil {
		return s, err
	}
	for _, card := range cards {
		x, err := writeCard(form, card.Name, card.Note, card.Content, finished, dir)
		if err != nil {
			return s, fmt.Errorf("specimen %s: %w", card.Name, err)
		}
		s.Cards = append(s.Cards, x)
	}
	layered := finished
	layered.Layers = true
	x, err := writeCard(form, "layers", "what card printers do not print: ultraviolet in green, changing ink in magenta, relief in orange", cards[0].Content, layered, dir)
	if err != nil {
		return s, fmt.Errorf("layers: %w", err)
	}
	s.Cards = append(s.Cards, x)
	return s, nil
}

// writeCard draws both sides of a card into a folder.
func writeCard(form *render.Form, name, note string, content render.Content, o render.Options, dir string) (figure, error) {
	x := figure{Note: note, Front: fmt.Sprintf("%s-%s-front.png", form.ID, name), Back: fmt.Sprintf("%s-%s-back.png", form.ID, name)}
	front, back, err := form.Bitmaps(content, dpi, o)
	if err != nil {
		return x, err
	}
	for file, img := range map[string]image.Image{x.Front: front, x.Back: back} {
		if err := writeFile(filepath.Join(dir, file), func(w io.Writer) error { return encode(w, img) }); err != nil {
			return x, err
		}
	}
	return x, nil
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

var pageTemplate = template.Must(template.New("specimens").Parse(`<!doctype html>
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
<p>Every form, filled with what is hardest to draw. Nobody shown here exists.</p>
{{range .}}<h2>{{.Form.Title}}</h2>
<p>{{.Form.ID}}, {{.Form.Source}}, drawing {{.Form.Version}}</p>
{{range .Cards}}<figure><figcaption>{{.Note}}</figcaption><img src="{{.Front}}" alt="front"><img src="{{.Back}}" alt="back"></figure>
{{end}}{{end}}</html>
`))
