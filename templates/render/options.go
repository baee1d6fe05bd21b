package render

// Mode says what a printer puts on a card.
type Mode string

// The modes.
const (
	Full    Mode = "full"    // everything, on white cards
	Overlay Mode = "overlay" // what differs from card to card, on preprinted blanks
)

// Options of drawing.
type Options struct {
	Mode     Mode // Full when empty
	Specimen bool // mark each side MẪU / SPECIMEN

	// Body draws what the blank itself has, the chip's contacts and the round corners,
	// for pictures of a finished card. For bitmaps only.
	Body bool

	// Layers adds, in false colors, what is not for card printers: what shines in
	// ultraviolet light (green), changes its color (magenta), or is felt (orange). For
	// bitmaps only.
	Layers bool
}

// background says what the options draw of what is the same on every card.
func (o Options) background() background {
	return background{art: o.Mode != Overlay, specimen: o.Specimen, body: o.Body, layers: o.Layers}
}
