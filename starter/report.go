package main

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

//go:embed gallery.html
var galleryHTML string

// shown is one sample on the gallery page.
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

// report writes the gallery page and says how it all ended.
func (p *play) report(ctx context.Context, ui string) error {
	c, err := p.app.config()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.DataDir, "out", "gallery")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make gallery: %w", err)
	}
	p.board.say("\nReading the cards back for the gallery ...")
	var page []shown
	unexpected := 0
	for _, s := range p.script.Samples {
		v, err := p.shown(ctx, s, dir)
		if err != nil {
			return fmt.Errorf("show %s: %w", s.Name, err)
		}
		mark := "as expected"
		if v.End != s.End {
			mark, unexpected = "EXPECTED "+string(s.End), unexpected+1
		}
		p.board.say("%s  %-28s %-10s %s", v.Application, s.Name, v.End, mark)
		page = append(page, v)
	}
	if err := writePage(filepath.Join(dir, "index.html"), page); err != nil {
		return err
	}
	if err := p.summary(ctx, ui, c.Gateway.PublicURL, dir); err != nil {
		return err
	}
	if unexpected > 0 {
		return fmt.Errorf("%d sample(s) did not come to their expected end", unexpected)
	}
	return nil
}

// summary says where to look.
func (p *play) summary(ctx context.Context, ui, status, gallery string) error {
	office, err := p.app.office(ctx)
	if err != nil {
		return err
	}
	stock, err := office.Registry.Stock(ctx)
	if err != nil {
		return err
	}
	audit, err := office.Registry.VerifyAllAudit(ctx)
	if err != nil {
		return err
	}
	balance := "balances"
	if !stock.Balanced {
		balance = "DOES NOT BALANCE"
	}
	p.board.say("\nBlanks: %d received = %d in stock + %d in production + %d spoiled + %d issued + %d destroyed: the stock %s.",
		stock.Received, stock.InStock, stock.InProduction, stock.Spoiled, stock.Issued, stock.Destroyed, balance)
	p.board.say("Audit trail: %d entries of %d applications, chains intact.", audit.Entries, audit.Applications)
	if ui != "" {
		p.board.say("\nTemporal UI   %s", ui)
	}
	p.board.say("Status page   %s", status)
	p.board.say("Gallery       file://%s", filepath.Join(gallery, "index.html"))
	return nil
}

// shown gathers what the page shows of one sample.
func (p *play) shown(ctx context.Context, s samples.Sample, dir string) (shown, error) {
	office := p.app.opened
	number := p.number[s.Name]
	record, err := office.Registry.Application(ctx, number)
	if err != nil {
		return shown{}, err
	}
	v := shown{Sample: s, Application: number, End: record.Stage}
	cards, err := office.Registry.Cards(ctx, number)
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
	return v, p.picture(ctx, &v, dir)
}

// picture draws both sides, reads QR code and MRZ from them, and the chip.
func (p *play) picture(ctx context.Context, v *shown, dir string) error {
	office := p.app.opened
	card := v.Card
	form, err := office.Forms.Form(card.Card.Form)
	if err != nil {
		return err
	}
	portrait, err := office.Registry.Evidence(ctx, card.Application, identity.EvidencePrintPortrait, card.Attempt)
	if err != nil && !identity.Refused(err, identity.NotFound) {
		return err
	}
	content, err := personalization.Compose(form, card.Card, render.Pictures{Portrait: portrait})
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
	v.Chip, err = office.InspectChip(ctx, card)
	return err
}

func writePNG(name string, img image.Image) (err error) {
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
	t, err := template.New("gallery").Parse(galleryHTML)
	if err != nil {
		return fmt.Errorf("write gallery: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write gallery: %w", err)
	}
	if err := t.Execute(f, page); err != nil {
		return fmt.Errorf("write gallery: %w", err)
	}
	return f.Close()
}
