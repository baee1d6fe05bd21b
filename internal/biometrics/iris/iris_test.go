package iris_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/biometrics/iris"
	"example.org/cancuoc/internal/identity"
)

// eye draws an eye: a dark pupil, a striped iris, white about it.
func eye(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			dx, dy := float64(x-w/2), float64(y-h/2)
			v := 220.0
			switch r := math.Hypot(dx, dy) / float64(h); {
			case r < 0.1:
				v = 20
			case r < 0.3:
				v = 110 + 40*math.Sin(60*math.Atan2(dy, dx))
			}
			g.SetGray(x, y, color.Gray{uint8(v)})
		}
	}
	return g
}

func asPNG(t testing.TB, g image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, g))
	return b.Bytes()
}

// record writes a record of ISO/IEC 19794-6:2011 with one image.
func record(label, format byte, w, h int, data []byte) []byte {
	var r []byte
	r = append(r, make([]byte, 4+9+1+2+2)...)
	r = append(r, 1, 90, 0, 1, 0, 1) // one quality
	r = append(r, 0, 1, label, 2, format, 0)
	r = binary.BigEndian.AppendUint16(r, uint16(w))
	r = binary.BigEndian.AppendUint16(r, uint16(h))
	r = append(r, 8)
	r = append(r, make([]byte, 2+2+2+8+4)...)
	r = binary.BigEndian.AppendUint32(r, uint32(len(data)))
	r = append(r, data...)
	binary.BigEndian.PutUint32(r, uint32(len(r)))
	b := append([]byte("IIR\x00020\x00"), 0, 0, 0, 0, 0, 1, 0, 1)
	b = append(b, r...)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	return b
}

func TestRead(t *testing.T) {
	t.Parallel()
	g := eye(640, 480)
	picture := asPNG(t, g)
	for name, b := range map[string][]byte{
		"PNG": picture, "record of PNG": record(2, 14, 640, 480, picture), "raw record": record(2, 2, 640, 480, g.Pix), "of an eye that is not named": record(0, 2, 640, 480, g.Pix),
	} {
		got, err := iris.Read(b, iris.Left)
		require.NoError(t, err, name)
		require.Equal(t, g.Pix, got.Pix, name)
	}
}

func TestRead_Refuses(t *testing.T) {
	t.Parallel()
	g := eye(640, 480)
	good := record(2, 2, 640, 480, g.Pix)
	edition := bytes.Clone(good)
	edition[5] = '1'
	two := bytes.Clone(good)
	two[13] = 2
	for told, b := range map[string][]byte{
		"is neither PNG nor":               []byte("GIF89a"),
		"has colors":                       asPNG(t, image.NewRGBA(image.Rect(0, 0, 640, 480))),
		"has 100 x 100 pixels":             asPNG(t, eye(100, 100)),
		"is damaged or truncated":          asPNG(t, g)[:2000],
		"another edition":                  edition,
		"has 2 images":                     two,
		"says that it has":                 good[:len(good)-1],
		"of another eye":                   record(1, 2, 640, 480, g.Pix),
		"has an image of format 10":        record(2, 10, 640, 480, g.Pix),
		"pixels take":                      record(2, 2, 640, 481, g.Pix),
		"of another size than its image":   record(2, 14, 640, 481, asPNG(t, g)),
		"its lengths do not fit":           record(2, 2, 640, 480, g.Pix)[:0:0],
		"the record ends within a field":   []byte("IIR\x00020"),
		"has 65535 x 65535 pixels; 320 x ": record(2, 2, 65535, 65535, g.Pix),
	} {
		if told == "its lengths do not fit" {
			b = bytes.Clone(good)
			b[16] = 9
		}
		_, err := iris.Read(b, iris.Left)
		require.ErrorIs(t, err, identity.Invalid, told)
		require.ErrorContains(t, err, told)
	}
}

func TestMeasure_TellsPoorImages(t *testing.T) {
	t.Parallel()
	sharp := eye(640, 480)
	require.Empty(t, iris.Measure(sharp).Advice())
	flat := image.NewGray(sharp.Rect)
	for i, v := range sharp.Pix {
		flat.Pix[i] = 120 + v/8
	}
	require.Contains(t, iris.Measure(flat).Advice(), "contrast")
	blurred := image.NewGray(sharp.Rect)
	const r = 12
	for y := r; y < 480-r; y++ {
		for x := r; x < 640-r; x++ {
			sum := 0
			for d := -r; d <= r; d++ {
				sum += int(sharp.Pix[y*640+x+d]) + int(sharp.Pix[(y+d)*640+x])
			}
			blurred.Pix[y*640+x] = uint8(sum / (2 * (2*r + 1)))
		}
	}
	inner, _ := blurred.SubImage(image.Rect(r, r, 640-r, 480-r)).(*image.Gray)
	require.Contains(t, iris.Measure(inner).Advice(), "sharp")
}

func FuzzRead(f *testing.F) {
	g := eye(320, 240)
	f.Add(record(2, 2, 320, 240, g.Pix))
	f.Add(asPNG(f, g))
	f.Add([]byte("IIR\x00020\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		picture, err := iris.Read(b, iris.Left)
		if err != nil {
			require.ErrorIs(t, err, identity.Invalid)
			return
		}
		iris.Measure(picture)
	})
}
