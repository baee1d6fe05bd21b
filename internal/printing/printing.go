// Package printing is the port to card printers. A printer takes a card's two
// sides under a job name, and prints each job once.
//
// Start at Printer. IPP is a printer that speaks the Internet Printing Protocol
// (RFC 8010, RFC 8011); Spool and Bitmaps print into a folder.
package printing

import (
	"context"
	"image"
)

// Sides are the two sides of a card, in the two ways that printers take them.
type Sides struct {
	PDF []byte // two pages of the card's size, front and back
	// Draw gives both sides as pictures of so many dots to the inch.
	Draw func(dpi int) (front, back image.Image, err error)
}

// Printer prints cards.
type Printer interface {
	// Print prints a card under that job name, and returns when it is out. A job
	// that was printed before is not printed again. What the printer wants of a
	// person meanwhile is told, each time that changes.
	//
	// A job whose card may have been printed, and may not, is refused with Spoiled:
	// the card in the printer is no good any more, whichever it is.
	Print(ctx context.Context, job string, card Sides, tell func(wanted string)) error
}
