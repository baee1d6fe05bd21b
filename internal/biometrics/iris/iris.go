// Package iris reads and measures the image of an eye: PNG, or a record of ISO/IEC 19794-6:2011
// with one image in it. Nothing here recognizes anybody: images are kept for an ABIS that can.
package iris

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"example.org/cancuoc/internal/identity"
)

// Eye says which eye it is, as packets do.
type Eye string

// The eyes.
const (
	Left  Eye = "left"
	Right Eye = "right"
)

// Check refuses what is no eye.
func (e Eye) Check() error {
	if e != Left && e != Right {
		return identity.Refuse(identity.Invalid, "is not an eye; %s and %s are accepted", Left, Right)
	}
	return nil
}

// The sizes of images that are accepted: from half of VGA, which is what the standard has
// cameras deliver, to four times as much.
const (
	minWidth, minHeight = 320, 240
	maxWidth, maxHeight = 1280, 1024
)

// Read reads the image of that eye, or refuses what is wrong with it.
func Read(b []byte, eye Eye) (*image.Gray, error) {
	if bytes.HasPrefix(b, []byte(recordMagic)) {
		return readRecord(b, eye)
	}
	return readPNG(b)
}

func readPNG(b []byte) (*image.Gray, error) {
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "is neither PNG nor a record of ISO/IEC 19794-6:2011")
	}
	if c.ColorModel != color.GrayModel {
		return nil, identity.Refuse(identity.Invalid, "has colors, or more than 8 bits to a dot; a gray PNG of 8 bits is accepted")
	}
	if err := checkSize(c.Width, c.Height); err != nil {
		return nil, err
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, identity.Refuse(identity.Invalid, "is damaged or truncated")
	}
	gray, ok := picture.(*image.Gray)
	if !ok {
		return nil, identity.Refuse(identity.Invalid, "has colors, or more than 8 bits to a dot; a gray PNG of 8 bits is accepted")
	}
	return gray, nil
}

func checkSize(w, h int) error {
	if w < minWidth || h < minHeight || w > maxWidth || h > maxHeight {
		return identity.Refuse(identity.Invalid, "has %d x %d pixels; %d x %d to %d x %d are accepted", w, h, minWidth, minHeight, maxWidth, maxHeight)
	}
	return nil
}

// A record: its header, then one representation. The layout is that of public
// implementations of the standard, which was not at hand itself.
const (
	recordMagic   = "IIR\x00"
	recordVersion = "020\x00"
	recordHeader  = 16

	formatRaw = 2
	formatPNG = 14

	labelRight, labelLeft = 1, 2
)

var errShort = errors.New("the record ends within a field")

// reader takes fields from the front of a record.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) next(n int) []byte {
	if r.err != nil || n > len(r.rest) {
		r.err = errShort
		return make([]byte, min(n, 16)) // zeros for fields; whoever reads more looks at err first
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

func (r *reader) number(n int) int {
	var wide [8]byte
	copy(wide[8-n:], r.next(n))
	return int(binary.BigEndian.Uint64(wide[:]) & 0xffff_ffff)
}

// readRecord reads a record with one image.
func readRecord(b []byte, eye Eye) (*image.Gray, error) {
	r := &reader{rest: b}
	r.next(len(recordMagic))
	version := string(r.next(len(recordVersion)))
	length, count, certified := r.number(4), r.number(2), r.number(1)
	r.next(1) // number of eyes, of one image one
	switch {
	case r.err != nil:
		return nil, identity.Refuse(identity.Invalid, "is not a record of ISO/IEC 19794-6:2011: %s", r.err)
	case version != recordVersion:
		return nil, identity.Refuse(identity.Invalid, "is a record of another edition of ISO/IEC 19794-6; that of 2011 is accepted")
	case length != len(b):
		return nil, identity.Refuse(identity.Invalid, "says that it has %d bytes, and has %d", length, len(b))
	case count != 1:
		return nil, identity.Refuse(identity.Invalid, "has %d images; a record of one is accepted", count)
	case certified != 0:
		return nil, identity.Refuse(identity.Invalid, "has blocks of certification, which are not accepted")
	}
	return readImage(r, length-recordHeader, eye)
}

// readImage reads the one representation of a record, which takes the rest of it.
func readImage(r *reader, size int, eye Eye) (*image.Gray, error) {
	length := r.number(4)
	r.next(9 + 1 + 2 + 2)   // date and time, technology, vendor and type of the camera
	r.next(5 * r.number(1)) // quality, by algorithms of others
	r.next(2)               // its number
	label := r.number(1)    // which eye
	r.next(1)               // how it is cropped
	format := r.number(1)   // of the image
	r.next(1)               // how it was turned
	w, h := r.number(2), r.number(2)
	depth := r.number(1)
	r.next(2 + 2 + 2 + 8 + 4) // range, roll, and where the iris is
	data := r.number(4)
	switch {
	case r.err != nil || length != size || data != len(r.rest):
		return nil, identity.Refuse(identity.Invalid, "is not a record of ISO/IEC 19794-6:2011: its lengths do not fit")
	case label != 0 && (label == labelLeft) != (eye == Left) || label > labelLeft:
		return nil, identity.Refuse(identity.Invalid, "is a record of another eye")
	case depth != 8:
		return nil, identity.Refuse(identity.Invalid, "has %d bits to a dot; 8 are accepted", depth)
	}
	if err := checkSize(w, h); err != nil {
		return nil, err
	}
	switch format {
	case formatRaw:
		if w*h != len(r.rest) {
			return nil, identity.Refuse(identity.Invalid, "has %d bytes of dots; %d x %d pixels take %d", len(r.rest), w, h, w*h)
		}
		return &image.Gray{Pix: r.rest, Stride: w, Rect: image.Rect(0, 0, w, h)}, nil
	case formatPNG:
		picture, err := readPNG(r.rest)
		if err == nil && picture.Rect.Size() != (image.Point{w, h}) {
			return nil, identity.Refuse(identity.Invalid, "is a record of another size than its image")
		}
		return picture, err
	}
	return nil, identity.Refuse(identity.Invalid, "has an image of format %d; %d (raw) and %d (PNG) are accepted", format, formatRaw, formatPNG)
}

// Measures are what can be told of an image without knowing an iris.
type Measures struct {
	Contrast float64 // between the darkest and the brightest twentieth of the dots, of 255
	Focus    float64 // how much neighboring dots differ where the image has edges: standard deviation of the Laplacian
}

// What a usable image has at least. These are this project's, from drawn eyes: no population
// was measured.
const (
	leastContrast = 60
	leastFocus    = 4
)

// Measure measures an image.
func Measure(g *image.Gray) Measures {
	var counts [256]int
	w, h := g.Rect.Dx(), g.Rect.Dy()
	var n, sum, squares float64
	for y := range h {
		row := g.Pix[y*g.Stride:][:w]
		for _, v := range row {
			counts[v]++
		}
		if y == 0 || y == h-1 {
			continue
		}
		above, below := g.Pix[(y-1)*g.Stride:][:w], g.Pix[(y+1)*g.Stride:][:w]
		for x := 1; x < w-1; x++ {
			l := 4*float64(row[x]) - float64(row[x-1]) - float64(row[x+1]) - float64(above[x]) - float64(below[x])
			n, sum, squares = n+1, sum+l, squares+l*l
		}
	}
	mean := sum / max(n, 1)
	return Measures{
		Contrast: float64(rank(counts, w*h*19/20) - rank(counts, w*h/20)),
		Focus:    math.Sqrt(squares/max(n, 1) - mean*mean),
	}
}

// rank is the brightness that so many dots do not pass.
func rank(counts [256]int, dots int) int {
	for v, n := range counts {
		if dots -= n; dots <= 0 {
			return v
		}
	}
	return len(counts) - 1
}

// Advice says what is poor about an image; empty where nothing is.
func (m Measures) Advice() string {
	switch {
	case m.Contrast < leastContrast:
		return fmt.Sprintf("has little contrast: %.0f of 255; at least %d is advised", m.Contrast, leastContrast)
	case m.Focus < leastFocus:
		return fmt.Sprintf("is not sharp: %.1f; at least %d is advised", m.Focus, leastFocus)
	}
	return ""
}
