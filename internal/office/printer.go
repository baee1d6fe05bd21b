package office

import (
	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/printing"
	"example.org/cancuoc/templates/render"
)

// print is how cards are drawn.
func (o *Office) print() render.Options {
	return render.Options{Mode: render.Mode(o.config.Forms.Mode), Specimen: o.config.Forms.Specimen}
}

// printer is the card printer of a station, and its folder, from which goes what a card needs
// no more; nil, where nothing is to be removed.
func (o *Office) printer() (printing.Printer, activities.PrintFolder, error) {
	p, takes := o.config.Printing, o.config.Station.PrintTime
	switch p.Driver {
	case "ipp":
		password, err := p.Password()
		if err != nil {
			return nil, nil, err
		}
		printer, err := printing.OpenIPP(printing.IPPOptions{
			URI: p.URI, CAFile: p.CAFile, User: p.User, Password: string(password), Media: p.Media, Sides: p.Sides, Ledger: p.Ledger,
		})
		return printer, nil, err
	case "bitmaps":
		b := &printing.Bitmaps{Dir: p.Spool, DPI: p.DPI, Time: takes, Answers: p.Answers, Silence: p.Silence}
		return b, unless(p.Keep, b), nil
	}
	s := &printing.Spool{Dir: p.Spool, Time: takes, Answers: p.Answers, Silence: p.Silence}
	return s, unless(p.Keep, s), nil
}

func unless(kept bool, folder activities.PrintFolder) activities.PrintFolder {
	if kept {
		return nil
	}
	return folder
}
