package print

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// tone is how bright a picture is against what is expected, by color.
type tone struct{ gain [3]float64 }

// Limits of a picture in which a print can be judged.
const (
	leastGain, mostGain = 0.4, 1.6
	balance             = 0.08 // how far a color's gain may be from the mean: the white balance
)

// pair is what is expected of a dot in one color, and what is seen there.
type pair struct{ want, seen int32 }

// toneOf finds the gain by which most dots of all colors together are what is expected
// of them, overexposed ones too, and then each color's, which is near it. A color that is
// missing in the print changes neither. Both pictures are softened.
func toneOf(expected, seen *raster) tone {
	const every = 9 // dots
	var samples [3][]pair
	for c := range samples {
		samples[c] = make([]pair, 0, (expected.w/every+1)*(expected.h/every+1))
	}
	for y := 2; y < expected.h-2; y += every {
		for x := 2 + y%7; x < expected.w-2; x += every {
			e, q := expected.pix[y*expected.w+x], seen.pix[y*expected.w+x]
			for c, shift := range shifts {
				samples[c] = append(samples[c], pair{int32(lane(e, shift)), int32(lane(q, shift))})
			}
		}
	}
	g := leastMisfit(leastGain, mostGain, 0.1, samples[:]...)
	g = leastMisfit(g-0.08, g+0.08, 0.02, samples[:]...)
	t := tone{}
	for c := range t.gain {
		t.gain[c] = leastMisfit(g*(1-balance), g*(1+balance), g*balance/4, samples[c])
	}
	return t
}

// mostDot is the most levels that a dot counts: it may be damaged.
const mostDot = 40

// brightest is the most that a softened dot can show.
const brightest = 255 * soft

// leastMisfit is the gain, of those between two in steps, by which dots are what is
// expected of them. Where much is overexposed, many fit about as well: the least of them
// is taken.
func leastMisfit(from, to, step float64, list ...[]pair) float64 {
	best, at := math.Inf(1), from
	for i := range int((to-from)/step+0.5) + 1 {
		g := from + float64(i)*step
		gain, sum := fixed(g), 0
		for _, samples := range list {
			for _, s := range samples {
				sum += min(distance(min(int(s.want)*gain>>gainBits, brightest), int(s.seen)), mostDot*soft)
			}
		}
		if float64(sum) < best*0.98 {
			best, at = float64(sum), g
		}
	}
	return at
}

// A gain as a whole number has that many bits behind the point.
const gainBits = 16

func fixed(gain float64) int { return int(math.Round(gain * (1 << gainBits))) }

func distance(a, b int) int { return max(a-b, b-a) }

// fullGain is that of a picture that shows white as white; what is brighter is overexposed.
const fullGain = 1.001

// expect is what a picture in that tone shows of what is expected: softened is it
// softened, and sharp not. Where the picture is overexposed, it was either sharp before
// that or blurred, whichever is nearer to what is seen. A color that is not overexposed
// is left as bright as it was, and has its gain in shade.
func (t tone) expect(sharp, softened, seen *raster) (want *raster, shade [3]float64) {
	shade = t.gain
	if slices.Max(t.gain[:]) <= fullGain {
		return softened, shade
	}
	before, after := t.overexposed(softened, soft), t.overexposed(sharp, quarter)
	blurred, hard := before.softened(), after.softened()
	defer done(before, after, hard)
	for c, shift := range shifts {
		nearer, mask := softened, uint64(0xffff)<<shift
		if t.gain[c] > fullGain {
			nearer, shade[c] = hard, 1
			if apart(blurred, seen, shift) < apart(hard, seen, shift) {
				continue
			}
		}
		for i, v := range nearer.pix {
			blurred.pix[i] = blurred.pix[i]&^mask | v&mask
		}
	}
	done(softened)
	return blurred, shade
}

// overexposed is a raster, of so much to a level, with more light than it can show, in
// quarter levels: those colors that have more.
func (t tone) overexposed(r *raster, level int) *raster {
	out := newRaster(r.w, r.h)
	clear(out.pix)
	for c, shift := range shifts {
		if t.gain[c] <= fullGain {
			continue
		}
		gain := fixed(t.gain[c]) * quarter
		bits := gainBits + bits.TrailingZeros(uint(level))
		for i, v := range r.pix {
			out.pix[i] |= uint64(min(lane(v, shift)*gain>>bits, 255*quarter)) << shift
		}
	}
	return out
}

// apart is how far two softened rasters are from each other in a color, by some of their
// dots.
func apart(a, b *raster, shift uint) int {
	const every = 7
	sum := 0
	for i := 0; i < len(a.pix); i += every {
		sum += min(distance(lane(a.pix[i], shift), lane(b.pix[i], shift)), mostDot*soft)
	}
	return sum
}

// noiseOf estimates the noise of a picture, in levels, from what differs from the expected
// print in green between dots that the softening did not mix, and that are neither dark
// nor overexposed.
func noiseOf(c *comparison) float64 {
	const darkest, lightest = 30 * soft, 245 * soft
	const green = 1
	var counts [512]int // of differences, in quarters
	n, w, shift, shade := 0, c.want.w, shifts[green], fixed(c.shade[green])
	for y := 2; y < c.want.h-2; y += 3 {
		want, seen := c.want.pix[y*w:][:w], c.seen.pix[y*w:][:w]
		for x := 2; x < w-8; x += 5 {
			a, b := lane(want[x], shift)*shade>>gainBits, lane(want[x+4], shift)*shade>>gainBits
			if min(a, b) < darkest || max(a, b) > lightest {
				continue
			}
			d := distance(lane(seen[x], shift)-a, lane(seen[x+4], shift)-b)
			counts[min(d*4/soft, len(counts)-1)]++
			n++
		}
	}
	const ofMedian = 1.4826 / math.Sqrt2 // from a difference's median to the standard deviation
	for i, below := 0, 0; i < len(counts); i++ {
		if below += counts[i]; 2*below > n {
			return (float64(i) + 0.5) / 4 * ofMedian
		}
	}
	return 0
}

// pale finds a color that has much less contrast than the others: it is not on the card.
func (c *comparison) pale() []finding {
	const (
		every  = 3 // dots
		little = 25
		least  = 0.5 // of the most
	)
	var slopes [3]float64
	most := 0.0
	var s sums
	n := 0
	for at := 0; at < len(c.want.pix); at += every {
		want, seen := c.want.pix[at], c.seen.pix[at]
		n++
		for i, shift := range shifts {
			t, v, u := &s[i], lane(want, shift), lane(seen, shift)
			t.e, t.q, t.ee, t.eq = t.e+v, t.q+u, t.ee+v*v, t.eq+v*u
		}
	}
	for i, t := range s {
		mean, shade := float64(t.e)/float64(n), c.shade[i]
		slopes[i] = 1
		if variance := float64(t.ee)/float64(n) - mean*mean; variance*shade*shade > little*soft*soft {
			slopes[i] = (float64(t.eq)/float64(n) - mean*float64(t.q)/float64(n)) / (variance * shade)
		}
		most = max(most, slopes[i])
	}
	var findings []finding
	for i, slope := range slopes {
		if slope < least*most {
			findings = append(findings, finding{"", fmt.Sprintf("%s has %.0f%% of the contrast of the other colors; its ink is missing", colorNames[i], 100*max(0, slope/most))})
		}
	}
	return findings
}
