package print

import (
	"fmt"
	"math"
)

// tone is how bright a picture is against what is expected.
type tone struct {
	gain  [3]float64 // by color
	noise float64    // standard deviation in the softened picture
}

// Limits of a picture in which a print can be judged.
const (
	leastGain, mostGain = 0.35, 1.55
	balance             = 0.08 // how far a color's gain may be from the mean: the white balance
)

// toneOf finds the gain by which most dots of all colors together are what is expected
// of them, overexposed ones too, and then each color's, which is near it. A color that is
// missing in the print changes neither.
func toneOf(expected, seen colors) tone {
	const every = 9 // dots
	var pairs [3][][2]float32
	for c := range pairs {
		e, q := expected[c], seen[c]
		pairs[c] = make([][2]float32, 0, (e.w/every+1)*(e.h/every+1))
		for y := 2; y < e.h-2; y += every {
			for x := 2 + y%7; x < e.w-2; x += every {
				at := y*e.w + x
				pairs[c] = append(pairs[c], [2]float32{e.pix[at], q.pix[at]})
			}
		}
	}
	g := leastMisfit(leastGain, mostGain, 0.1, pairs[:]...)
	g = leastMisfit(g-0.08, g+0.08, 0.02, pairs[:]...)
	t := tone{}
	for c := range t.gain {
		t.gain[c] = leastMisfit(g*(1-balance), g*(1+balance), g*balance/4, pairs[c])
	}
	return t
}

// mostDot is the most levels that a dot counts: it may be damaged.
const mostDot = 40

// leastMisfit is the gain, of those between two in steps, by which dots are what is
// expected of them. Where much is overexposed, many fit about as well: the least of them
// is taken.
func leastMisfit(from, to, step float64, list ...[][2]float32) float64 {
	best, at := float32(math.Inf(1)), from
	for g := from; g <= to+1e-9; g += step {
		var sum float32
		for _, pairs := range list {
			for _, p := range pairs {
				sum += min(absolute(min(p[0]*float32(g), 255)-p[1]), mostDot)
			}
		}
		if sum < best*0.98 {
			best, at = sum, g
		}
	}
	return at
}

// predicted is what a picture in that tone shows of what is expected: soft is it
// softened, and sharp not. Where the picture is overexposed, it was either sharp before
// that or blurred, whichever is nearer to what is seen.
func (t tone) predicted(sharp, soft, seen colors) colors {
	for c := range soft {
		g := float32(t.gain[c])
		if g <= 1 {
			for i, v := range soft[c].pix {
				soft[c].pix[i] = v * g
			}
			continue
		}
		blurred := overexposed(soft[c], g)
		done(soft[c])
		soft[c] = overexposed(sharp[c], g)
		if distance(blurred, seen[c]) < distance(soft[c], seen[c]) {
			soft[c], blurred = blurred, soft[c]
		}
		done(blurred)
	}
	return soft
}

// overexposed is a plane with more light than it can show, softened after that.
func overexposed(p *plane, gain float32) *plane {
	out := newPlane(p.w, p.h)
	for i, v := range p.pix {
		out.pix[i] = min(v*gain, 255)
	}
	out.soften()
	return out
}

// distance is how far two planes are from each other, by some of their dots.
func distance(a, b *plane) float32 {
	const every = 7
	var sum float32
	for i := 0; i < len(a.pix); i += every {
		sum += min(absolute(a.pix[i]-b.pix[i]), mostDot)
	}
	return sum
}

// noiseOf estimates the noise of a picture from what differs from the expected print
// between dots that the softening did not mix, and that are neither dark nor overexposed.
func noiseOf(expected, seen *plane) float64 {
	const darkest, lightest = 30, 235
	var counts [512]int // of differences, in quarters
	n := 0
	for y := 2; y < expected.h-2; y += 3 {
		for x := 2; x < expected.w-8; x += 5 {
			at := y*expected.w + x
			if v, w := expected.pix[at], expected.pix[at+4]; v < darkest || w < darkest || v > lightest || w > lightest {
				continue
			}
			d := absolute((seen.pix[at] - expected.pix[at]) - (seen.pix[at+4] - expected.pix[at+4]))
			counts[min(int(4*d), len(counts)-1)]++
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

func absolute(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// pale finds a color that has much less contrast than the others: it is not on the card.
func (c *comparison) pale() []finding {
	const (
		every  = 3 // dots
		little = 25
		least  = 0.5 // of the most
	)
	var slopes [3]float64
	most := 0.0
	for i := range c.want {
		e, q := c.want[i], c.seen[i]
		var n, se, sq, see, seq float64
		for at := 0; at < len(e.pix); at += every {
			v, w := float64(e.pix[at]), float64(q.pix[at])
			n, se, sq, see, seq = n+1, se+v, sq+w, see+v*v, seq+v*w
		}
		slopes[i] = 1
		if variance := see/n - se/n*se/n; variance > little {
			slopes[i] = (seq/n - se/n*sq/n) / variance
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
