package print

import (
	"fmt"
	"image"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// Letters are compared at 300 dpi, each with what was sent in its place: what the picture shows
// has to be what is expected, lighter or darker, as blurred as the picture is, and a little
// beside its place. What is left then is a fault of the print, or of the picture: how much a
// picture leaves of letters that are right, most of its letters tell.
const (
	letterScale  = float64(drawnDPI) / 25.4 // dots per mm
	letterBlock  = 6                        // dots: a window has two by two of them, and a letter of 6 points is as wide
	letterInk    = 25                       // standard deviation of a window with letters
	letterAround = 9                        // dots around what is written
	mostBlurs    = 6                        // as many as make what is expected as blurred as a picture by 1.5 dots
	mostUnlike   = 0.34                     // of the ink of a letter that is as it was sent,
	usualShare   = 0.9                      // and so many times as much as this share of the windows has
	mostUsual    = 2.8
)

// checkLetters compares the letters of all fields.
func (i *inspection) checkLetters() []finding {
	var lines []*writing
	defer func() {
		for _, t := range lines {
			usedShades.Put(t.want)
			usedShades.Put(t.seen)
		}
	}()
	var usual []float64
	for _, field := range i.placed.Fields {
		if field.Side != i.side || field.Kind != forms.TextField {
			continue
		}
		if t, ok := i.writing(field); ok {
			t.compare(i.overlay)
			lines = append(lines, t)
			for _, w := range t.windows {
				if w.inked {
					usual = append(usual, w.unlike)
				}
			}
		}
	}
	if len(usual) == 0 {
		return nil
	}
	slices.Sort(usual)
	most := max(mostUnlike, mostUsual*usual[int(usualShare*float64(len(usual)-1))])
	var findings []finding
	for _, t := range lines {
		if worst := t.worst(most); worst > most {
			findings = append(findings, finding{t.id, fmt.Sprintf("its letters differ from what was sent by %.2f of their ink where they differ most; %.2f is the most", worst, most)})
		}
	}
	return findings
}

// writing is what is written in a field: what is expected, and what is seen, in green, in which
// what is written is dark, as blurred as each other, dot by dot at 300 dpi.
type writing struct {
	id         string
	want, seen *shades
	noise      float64 // variance
	windows    []window
}

// window is a part of a writing that is about as large as a letter.
type window struct {
	x, y   int // of its corner
	inked  bool
	unlike float64 // the share of the ink that is not as it should be
}

// writing cuts a field out of what is expected and of the picture; ok is false where nothing is
// written.
func (i *inspection) writing(field forms.Field) (t *writing, ok bool) {
	b := field.Box
	box := image.Rect(int(b.X*letterScale), int(b.Y*letterScale), int(math.Ceil((b.X+b.W)*letterScale)), int(math.Ceil((b.Y+b.H)*letterScale)))
	box = inked(i.expected, box.Intersect(i.expected.Rect)).Inset(-letterAround).Intersect(i.expected.Rect)
	if box.Dx() < 2*letterAround || box.Dy() < 2*letterAround {
		return nil, false
	}
	mm := func(dots int) float64 { return (float64(dots) - 0.5) / letterScale }
	seen := i.crop(forms.Box{X: float64(box.Min.X) / letterScale, Y: float64(box.Min.Y) / letterScale, W: mm(box.Dx()), H: mm(box.Dy())}, 0, letterScale, i.gain[1])
	t = &writing{id: field.ID}
	want, shown := newShades(box.Dx(), box.Dy()), newShades(box.Dx(), box.Dy())
	most := int(sixteenth * 255 / max(i.gain[1], 1)) // what is brighter is overexposed
	for y := range want.h {
		from, row := i.expected.Pix[i.expected.PixOffset(box.Min.X, box.Min.Y+y):], seen.Pix[y*seen.Stride:]
		sent, got := want.row(y), shown.row(y)
		for x := range want.w {
			put(sent, x, min(sixteenth*int(from[4*x+1]), most))
			put(got, x, sixteenth*int(row[x]))
		}
	}
	const left = 0.14 // of the noise, after the blur
	noise := i.noise / i.gain[1]
	t.noise = left * noise * noise
	t.blur(want, shown)
	usedShades.Put(shown)
	return t, true
}

// blur has what is expected as blurred as what is shown, which is blurred a little.
func (t *writing) blur(want, shown *shades) {
	t.want, t.seen = newShades(want.w, want.h), newShades(want.w, want.h)
	across := make([]uint64, want.numbers()*want.h)
	want.blurred(t.want, across)
	shown.blurred(t.seen, across)
	again := want
	apart := t.want.misses(t.seen)
	for range mostBlurs {
		t.want.blurred(again, across)
		nearer := again.misses(t.seen)
		if nearer >= apart {
			break
		}
		t.want, again, apart = again, t.want, nearer
	}
	usedShades.Put(again)
}

// inked is the part of a box with something dark in it.
func inked(img *image.RGBA, box image.Rectangle) (part image.Rectangle) {
	const dark = 110
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := img.Pix[img.PixOffset(0, y):][:4*img.Rect.Dx()]
		from, to := -1, 0
		for x := box.Min.X; x < box.Max.X; x++ {
			if row[4*x+1] < dark {
				if from < 0 {
					from = x
				}
				to = x + 1
			}
		}
		if from >= 0 {
			part = part.Union(image.Rect(from, y, to, y+1))
		}
	}
	return part
}

// explained are the sums over some dots by which what is seen is explained: products of 1, what
// is expected, how it rises to the right and down, and what is seen, each with each, in
// sixteenths of a level.
type explained [15]int

const explaining = 4

// add adds some dots of a writing, which are seen a whole number of dots beside their place.
// Two products come of one multiplication: over a window, no sum of them has more than 31 bits
// and a sign.
func (s *explained) add(t *writing, x, y, size, beside int) {
	const middle = 128 * sixteenth // whose squares are small
	var ex, yq, eex, eyq, xxy, yyq, qqx int
	for j := y; j < y+size; j++ {
		above, mid, below, seen := t.want.row(j-1), t.want.row(j), t.want.row(j+1), t.seen.row(j)
		before, here := dotAt(mid, x-1), dotAt(mid, x)
		for i := x; i < x+size; i++ {
			after := dotAt(mid, i+1)
			e, dx, dy, q := here-middle, after-before, dotAt(below, i)-dotAt(above, i), dotAt(seen, i+beside)-middle
			before, here = here, after
			ex, yq = ex+e+dx<<32, yq+dy+q<<32
			eex, eyq = eex+e*(e+dx<<32), eyq+e*(dy+q<<32)
			xxy, yyq = xxy+dx*(dx+dy<<32), yyq+dy*(dy+q<<32)
			qqx += q * (q + dx<<32)
		}
	}
	s[0] += size * size
	for _, p := range [...]struct{ sums, low, high int }{
		{ex, 1, 2}, {yq, 3, 4}, {eex, 5, 6}, {eyq, 7, 8}, {xxy, 9, 10}, {yyq, 12, 13}, {qqx, 14, 11},
	} {
		low := int(int32(p.sums & 0xffff_ffff))
		s[p.low] += low
		s[p.high] += (p.sums - low) >> 32
	}
}

// rest is what remains unexplained of what is seen, by least squares, and how much ink is
// expected: squares of levels, added up.
func (s *explained) rest() (rest, ink float64) {
	var m [explaining + 1][explaining + 1]float64
	at := 0
	for i := range m {
		for j := i; j < len(m); j++ {
			v := float64(s[at])
			if i > 0 {
				v /= sixteenth
			}
			if j > 0 {
				v /= sixteenth
			}
			m[i][j], m[j][i] = v, v
			at++
		}
	}
	for i := range explaining {
		if i == 1 {
			ink = m[1][1]
		}
		if m[i][i] < 1 { // nothing that the others do not explain
			continue
		}
		for j := i + 1; j < len(m); j++ {
			k := m[j][i] / m[i][i]
			for c := i; c < len(m); c++ {
				m[j][c] -= k * m[i][c]
			}
		}
	}
	return m[explaining][explaining], ink
}

// unlike is the share of a window's ink that is not as it should be.
func (s *explained) unlike(noise float64) (share float64, inked bool) {
	rest, ink := s.rest()
	const little = letterInk * letterInk
	n := float64(s[0])
	return math.Sqrt(max(rest-n*noise, 0) / max(ink, n*2*little)), ink >= n*little
}

// compare looks at each window of a writing, of which each covers half of the next one, and,
// unless it lies over another's art, at what is beside the letters too.
func (t *writing) compare(overArt bool) {
	across, down := (t.want.w-4)/letterBlock, (t.want.h-4)/letterBlock
	blocks := make([]explained, max(across*down, 0))
	for y := range down {
		for x := range across {
			blocks[y*across+x].add(t, 2+x*letterBlock, 2+y*letterBlock, letterBlock, 0)
		}
	}
	for y := range down - 1 {
		for x := range across - 1 {
			at := y*across + x
			s := blocks[at]
			for _, b := range [...]*explained{&blocks[at+1], &blocks[at+across], &blocks[at+across+1]} {
				for k, v := range b {
					s[k] += v
				}
			}
			unlike, inked := s.unlike(t.noise)
			if inked || !overArt {
				t.windows = append(t.windows, window{2 + x*letterBlock, 2 + y*letterBlock, inked, unlike})
			}
		}
	}
}

// worst is the window that is least as it should be. One that is less so than most is looked for
// beside its place as well: engines round the advance of a letter.
func (t *writing) worst(most float64) (worst float64) {
	for _, w := range t.windows {
		if w.unlike > most {
			for _, beside := range [...]int{-1, 1} {
				var s explained
				s.add(t, w.x, w.y, 2*letterBlock, beside)
				if unlike, _ := s.unlike(t.noise); unlike < w.unlike {
					w.unlike = unlike
				}
			}
		}
		worst = max(worst, w.unlike)
	}
	return worst
}
