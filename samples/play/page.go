package play

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"example.org/cancuoc/internal/identity"
	chipinspection "example.org/cancuoc/internal/inspection/chip"
	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/templates/render"
)

//go:embed cards.html
var cardsHTML string

// pageFile is the page's name in its folder, which holds its pictures too.
const pageFile = "index.html"

// shown is one sample on the page of finished cards.
type shown struct {
	Sample      samples.Sample
	Application identity.ApplicationNumber
	End         identity.Stage
	Front, Back string // files
	MRZ         [3]string
	QR          string // as it was read from the picture
	Chip        chipinspection.Result
	Card        registry.CardRecord
	Spoiled     []registry.CardRecord
}

// shown gathers what the page shows of one sample.
func (p *Player) shown(ctx context.Context, s samples.Sample, dir string) (shown, error) {
	number := p.number[s.Name]
	record, err := p.office.Registry.Application(ctx, number)
	if err != nil {
		return shown{}, err
	}
	v := shown{Sample: s, Application: number, End: record.Stage}
	cards, err := p.office.Registry.Cards(ctx, number)
	if err != nil {
		return shown{}, err
	}
	for _, card := range cards {
		if card.State == identity.CardSpoiled || card.State == identity.CardLost {
			v.Spoiled = append(v.Spoiled, card)
			continue
		}
		v.Card = card
	}
	if v.Card.Application == "" {
		return v, nil
	}
	return v, p.readBack(ctx, &v, dir)
}

// readBack draws both sides of a card, reads the QR code from the pictures, and
// inspects the chip, if there is one.
func (p *Player) readBack(ctx context.Context, v *shown, dir string) error {
	form, err := p.office.Forms.Form(v.Card.Card.Form)
	if err != nil {
		return err
	}
	portrait, err := p.office.Registry.Evidence(ctx, v.Card.Application, identity.EvidencePrintPortrait, v.Card.Attempt)
	if err != nil && !identity.Refused(err, identity.NotFound) {
		return err
	}
	content, err := personalization.Compose(form, v.Card.Card, render.Pictures{Portrait: portrait})
	if err != nil {
		return err
	}
	v.MRZ = content.MRZ
	front, back, err := form.Bitmaps(content, 300, render.Options{Specimen: true})
	if err != nil {
		return err
	}
	if v.QR, err = printinspection.ReadQR(form, front, back); err != nil {
		return err
	}
	v.Front, v.Back = v.Sample.Name+"-front.png", v.Sample.Name+"-back.png"
	if err := writePNG(filepath.Join(dir, v.Front), front); err != nil {
		return err
	}
	if err := writePNG(filepath.Join(dir, v.Back), back); err != nil {
		return err
	}
	if form.HasChip() {
		v.Chip, err = p.office.InspectChip(ctx, v.Card)
	}
	return err
}

func writePNG(name string, img image.Image) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, img); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return f.Close()
}

func writePage(name string, page []shown) error {
	t, err := template.New("cards").Parse(cardsHTML)
	if err != nil {
		return fmt.Errorf("write page of cards: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write page of cards: %w", err)
	}
	if err := t.Execute(f, page); err != nil {
		return fmt.Errorf("write page of cards: %w", err)
	}
	return f.Close()
}
