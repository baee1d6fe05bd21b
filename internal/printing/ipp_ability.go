package printing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/OpenPrinting/goipp"
)

// Media types of documents.
const (
	formatPDF    = "application/pdf"
	formatRaster = "image/pwg-raster"
)

// The ways to print on both sides (RFC 8011, 5.2.8).
const (
	longEdge  = "two-sided-long-edge"
	shortEdge = "two-sided-short-edge"
)

// ability is how a printer can be given a card.
type ability struct {
	format   string
	raster   raster           // with formatRaster
	template goipp.Attributes // of the job (RFC 8011, 5.2): one copy, on both sides of one card
}

// waitsFor is how long, in seconds, a printer may need cards, ribbon or a person before it cancels
// a job (PWG 5100.11, job-cancel-after): a month. CUPS cancels one after three hours by itself.
const waitsFor = 30 * 24 * 60 * 60

// can asks a printer what it can do. That it cannot print a card is an error.
func (p *IPP) can(ctx context.Context) (ability, error) {
	printer, err := p.attributes(ctx, "operations-supported", "document-format-supported", "sides-supported", "media-supported",
		"print-scaling-supported", "job-cancel-after-supported", "pwg-raster-document-resolution-supported", "pwg-raster-document-type-supported", "pwg-raster-document-sheet-back")
	if err != nil {
		return ability{}, err
	}
	if operations := integers(printer, "operations-supported"); len(operations) > 0 && !slices.Contains(operations, int32(goipp.OpPrintJob)) {
		return ability{}, errors.New("the printer takes no jobs by Print-Job")
	}
	a := ability{format: formatPDF, template: goipp.Attributes{
		goipp.MakeAttr("copies", goipp.TagInteger, goipp.Integer(1)),
		goipp.MakeAttr("sides", goipp.TagKeyword, goipp.String(p.sides)),
	}}
	if formats := keywords(printer, "document-format-supported"); len(formats) > 0 && !slices.Contains(formats, formatPDF) {
		if !slices.Contains(formats, formatRaster) {
			return ability{}, errors.New("the printer takes neither PDF nor PWG raster: choose another driver (printing.driver)")
		}
		a.format = formatRaster
		if a.raster, err = rasterFor(printer, p.media, p.sides); err != nil {
			return ability{}, err
		}
	}
	if sides := keywords(printer, "sides-supported"); len(sides) > 0 && !slices.Contains(sides, p.sides) {
		return ability{}, fmt.Errorf("the printer does not print on both sides: it has to know %s (printing.sides)", p.sides)
	}
	if p.media != "" {
		if media := keywords(printer, "media-supported"); len(media) > 0 && !slices.Contains(media, p.media) {
			return ability{}, errors.New("the printer does not have the card's size (printing.media) among its media")
		}
		a.template.Add(goipp.MakeAttr("media", goipp.TagKeyword, goipp.String(p.media)))
	}
	if slices.Contains(keywords(printer, "print-scaling-supported"), "none") {
		a.template.Add(goipp.MakeAttr("print-scaling", goipp.TagKeyword, goipp.String("none")))
	}
	if most := longest(printer, "job-cancel-after-supported"); most > 0 {
		a.template.Add(goipp.MakeAttr("job-cancel-after", goipp.TagInteger, goipp.Integer(min(most, waitsFor))))
	}
	return a, nil
}

// attributes asks a printer for some of its attributes.
func (p *IPP) attributes(ctx context.Context, names ...string) (goipp.Attributes, error) {
	answer, err := p.line.ask(ctx, goipp.OpGetPrinterAttributes, goipp.Attributes{asked(names...)}, nil, nil)
	if err != nil {
		return nil, err
	}
	return answer.Printer, nil
}

// operation gives the operation attributes of a job. The printer has to refuse one that it
// would print otherwise than it is told.
func (a ability) operation(job string) goipp.Attributes {
	return goipp.Attributes{
		goipp.MakeAttr("job-name", goipp.TagName, goipp.String(job)),
		goipp.MakeAttr("ipp-attribute-fidelity", goipp.TagBoolean, goipp.Boolean(true)),
		goipp.MakeAttr("document-format", goipp.TagMimeType, goipp.String(a.format)),
	}
}

// changed lists what a printer that answered with success will nevertheless not do as told.
func (a ability) changed(answer *goipp.Message) []string {
	var list []string
	for _, told := range a.template {
		if values(answer.Unsupported, told.Name) != nil {
			list = append(list, told.Name)
		}
	}
	return list
}

// altered reports whether a printer that took a job will not do as told, or says so without
// saying in what.
func (a ability) altered(answer *goipp.Message) bool {
	return len(a.changed(answer)) > 0 || goipp.Status(answer.Code) != goipp.StatusOk && len(answer.Unsupported) == 0
}

// document gives both sides in the printer's format.
func (a ability) document(card Sides) ([]byte, error) {
	if a.format == formatPDF {
		return card.PDF, nil
	}
	front, back, err := card.Draw(a.raster.dpi)
	if err != nil {
		return nil, fmt.Errorf("draw both sides: %w", err)
	}
	return a.raster.encode(front, back), nil
}

// validate has the printer say whether it would take a card's job. One that has no such
// operation, or is busy, is believed.
func (p *IPP) validate(ctx context.Context, can ability) error {
	answer, err := p.line.ask(ctx, goipp.OpValidateJob, can.operation("proof"), can.template, nil)
	switch {
	case answeredWith(err, goipp.StatusErrorOperationNotSupported, goipp.StatusErrorBusy, goipp.StatusErrorTemporary, goipp.StatusErrorNotAcceptingJobs):
		return nil
	case err != nil:
		return err
	}
	if changed := can.changed(answer); len(changed) > 0 {
		return fmt.Errorf("the printer would print otherwise than it is told: it does not do as told in %s", strings.Join(changed, ", "))
	}
	return nil
}
