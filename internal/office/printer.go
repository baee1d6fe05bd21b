package office

import (
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/templates/render"
)

// print is how cards are drawn.
func (o *Office) print() render.Options {
	return render.Options{Mode: render.Mode(o.config.Forms.Mode), Specimen: o.config.Forms.Specimen}
}

// printer is the card printer of a station.
func (o *Office) printer() (printing.Printer, error) {
	p, takes := o.config.Printing, o.config.Station.PrintTime
	switch p.Driver {
	case "ipp":
		password, err := p.Password()
		if err != nil {
			return nil, err
		}
		return printing.OpenIPP(printing.IPPOptions{
			URI: p.URI, CAFile: p.CAFile, User: p.User, Password: string(password), Media: p.Media, Sides: p.Sides, Ledger: p.Ledger,
		})
	case "bitmaps":
		return &printing.Bitmaps{Dir: p.Spool, DPI: p.DPI, Time: takes, Answers: p.Answers, Silence: p.Silence}, nil
	}
	return &printing.Spool{Dir: p.Spool, Time: takes, Answers: p.Answers, Silence: p.Silence}, nil
}
