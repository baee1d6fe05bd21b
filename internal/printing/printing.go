// Package printing drives card printers. A printer takes both sides of a card under
// a job name, and prints each job once.
//
// Start at Printer. IPP drives a printer that speaks the Internet Printing Protocol
// (RFC 8010, RFC 8011); Spool and Bitmaps print into a folder.
package printing

import (
	"context"
	"image"
)

// Sides are both sides of a card, in the two formats that printers take.
type Sides struct {
	PDF []byte // two pages of the card's size, front and back
	// Draw gives both sides as images at a resolution.
	Draw func(dpi int) (front, back image.Image, err error)
}

// Printer prints cards.
type Printer interface {
	// Print prints a card under a job name, and returns when the card is out. A job
	// that was printed before is not printed again. Meanwhile, tell is called with
	// what the printer needs a person to do, each time that changes; "" is nothing.
	//
	// A job of which nobody knows whether it was printed, and that will not be printed any
	// more, is a Doubt: whoever looks at the card, sees. It stays one, however often it is
	// asked for. A job is refused with Spoiled if the card is lost: the printer failed at
	// it, or different content was printed under its name; and with Invalid if the name
	// cannot be a file's. Every other error is a fault, and the job may be printed again.
	Print(ctx context.Context, job string, card Sides, tell func(attention string)) error
	// Prove reports what would keep Print from working: a folder that cannot be written,
	// a printer that does not answer or does not take such a job.
	Prove(ctx context.Context) error
}

// Doubt says why nobody knows whether a job was printed.
type Doubt struct{ Why string }

func (d *Doubt) Error() string { return d.Why + ": its card may have been printed" }
