package minutiae

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// Prepared is a record made ready for comparison: minutiae at 500 dpi, each with
// what its neighborhood looks like from its own direction. It does not change and
// may be shared.
type Prepared struct {
	points []point // by height, so that near ones are found quickly
	links  []Link  // of all points, the neighbors of each together, nearest first
	first  []int   // points[i] has links[first[i]:first[i+1]]
	box    box
}

// point is a minutia in pixels at 500 dpi, y upwards.
type point struct {
	x, y  float64
	angle uint8
}

// Link is one neighbor of a minutia as seen from there, so that turning or shifting
// the finger changes only Angle. Angles are in 360/256 degrees.
type Link struct {
	Distance float64 // pixels at 500 dpi
	Bearing  uint8   // of the neighbor, against the minutia's own angle
	Turn     uint8   // of the neighbor's angle, against the minutia's own
	Angle    uint8   // the minutia's own
}

// neighbors is how many neighbors describe a minutia.
const neighbors = 7

// Prepare makes a record ready for comparison.
func Prepare(r Record) *Prepared {
	scale := float64(DPI500) / float64(max(r.Resolution, 1))
	p := &Prepared{points: make([]point, len(r.Minutiae)), first: make([]int, 1, len(r.Minutiae)+1)}
	for i, m := range r.Minutiae {
		p.points[i] = point{x: float64(m.X) * scale, y: -float64(m.Y) * scale, angle: m.Angle}
	}
	slices.SortStableFunc(p.points, func(a, b point) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	p.box = boxOf(p.points)
	for i := range p.points {
		p.links = append(p.links, p.around(i)...)
		p.first = append(p.first, len(p.links))
	}
	return p
}

// around describes the nearest neighbors of point i, the nearest first and of those as near
// the first. Two minutiae on the same spot have no direction between them and do not count
// as neighbors.
func (p *Prepared) around(i int) []Link {
	from := p.points[i]
	var near [neighbors]struct {
		distance float64
		j        int
	}
	n, far := 0, math.Inf(1) // farther away than that is none of them
	for j, to := range p.points {
		dx, dy := to.x-from.x, to.y-from.y
		if i == j || max(math.Abs(dx), math.Abs(dy)) > far {
			continue
		}
		distance := math.Hypot(dx, dy)
		if distance < 1 || distance >= far {
			continue
		}
		at := min(n, neighbors-1)
		for ; at > 0 && near[at-1].distance > distance; at-- {
			near[at] = near[at-1]
		}
		near[at].distance, near[at].j = distance, j
		if n = min(n+1, neighbors); n == neighbors {
			far = near[neighbors-1].distance
		}
	}
	links := make([]Link, n)
	for k, to := range near[:n] {
		at := p.points[to.j]
		links[k] = Link{
			Distance: to.distance,
			Bearing:  units(math.Atan2(at.y-from.y, at.x-from.x)) - from.angle,
			Turn:     at.angle - from.angle,
			Angle:    from.angle,
		}
	}
	return links
}

// Links lists every minutia's neighbors; an index of many fingers is built on
// them. The caller must not change them.
func (p *Prepared) Links() []Link { return p.links }

// Tolerances within which two impressions of a finger agree; angles in 360/256
// degrees. Skin stretches, so the farther apart places are, the less they agree.
const (
	linkSlack     = 4.0 // pixels, and a tenth of the distance
	linkStretch   = 0.1
	bearingSlack  = 14 // 20 degrees
	turnSlack     = 16 // 22 degrees
	placeSlack    = 6.0
	placeStretch  = 0.045 // 10 pixels at 87, 16 at 220
	angleSlack    = 12
	maxRotation   = 43   // 60 degrees: nobody lays a finger on the glass upside down
	minLikeness   = 1.5  // of two neighborhoods, to propose an alignment; the best are 7
	alignments    = 40   // proposals tried
	smallOverlap  = 12.0 // minutiae, below which an overlap proves nothing more
	scorePerMatch = 10.0
)

// Match compares two fingers and gives a score: 0 for nothing in common, else about
// 10 m²/n, where n minutiae lie where both impressions overlap if one is turned and
// shifted onto the other, and m of them coincide. Match(a, b) and Match(b, a) may
// differ in the last digits; the same input always gives the same score.
func Match(a, b *Prepared) float64 {
	if len(a.points) == 0 || len(b.points) == 0 {
		return 0
	}
	var m matcher
	best := 0.0
	for _, p := range m.proposals(a, b) {
		best = max(best, m.score(a, b, p))
	}
	return best
}

// matcher holds the buffers of one comparison.
type matcher struct {
	hints []hints // of the second finger's minutiae
	moved []point
	taken []bool
}

// proposal says that minutia i of one finger is minutia j of the other.
type proposal struct {
	i, j     int
	likeness float64
}

// proposals finds the pairs of minutiae whose neighborhoods are most alike.
func (m *matcher) proposals(a, b *Prepared) []proposal {
	found := make([]proposal, 0, len(a.points))
	m.hints = m.hints[:0]
	for j := range b.points {
		m.hints = append(m.hints, hintsOf(b.links[b.first[j]:b.first[j+1]]))
	}
	for i := range a.points {
		for j := range b.points {
			if off(a.points[i].angle, b.points[j].angle) > maxRotation {
				continue
			}
			l := likeness(a.links[a.first[i]:a.first[i+1]], b.links[b.first[j]:b.first[j+1]], &m.hints[j])
			if l >= minLikeness {
				found = append(found, proposal{i, j, l})
			}
		}
	}
	slices.SortStableFunc(found, func(x, y proposal) int { return cmp.Compare(y.likeness, x.likeness) })
	return found[:min(len(found), alignments)]
}

// hints say which of a minutia's links may agree with a link of another, one bit
// each, by that link's bearing and turn. Few do, and only those are looked at.
type hints struct{ bearing, turn [256 / hintStep]uint8 }

const hintStep = 8 // in 360/256 degrees

func hintsOf(links []Link) hints {
	var h hints
	for k, l := range links {
		mark(&h.bearing, l.Bearing, bearingSlack, k)
		mark(&h.turn, l.Turn, turnSlack, k)
	}
	return h
}

// mark sets bit k for every value within slack of middle.
func mark(table *[256 / hintStep]uint8, middle uint8, slack, k int) {
	for off := -slack; off < slack+hintStep; off += hintStep {
		table[(int(middle)+min(off, slack))&255/hintStep] |= 1 << k
	}
}

// likeness pairs the neighbors of two minutiae, nearest first, and adds up how
// well they agree: 0 to 7.
func likeness(a, b []Link, h *hints) float64 {
	free := uint8(1<<neighbors - 1)
	sum := 0.0
	for _, x := range a {
		slack := linkSlack + linkStretch*x.Distance
		best, at := 0.0, -1
		for left := free & h.bearing[x.Bearing/hintStep] & h.turn[x.Turn/hintStep]; left != 0; left &= left - 1 {
			k := bits.TrailingZeros8(left)
			apart := math.Abs(b[k].Distance - x.Distance)
			bearing, turn := off(x.Bearing, b[k].Bearing), off(x.Turn, b[k].Turn)
			if apart > slack || bearing > bearingSlack || turn > turnSlack {
				continue
			}
			agreement := 1 - (apart/slack+float64(bearing)/bearingSlack+float64(turn)/turnSlack)/6
			if agreement > best {
				best, at = agreement, k
			}
		}
		if at >= 0 {
			free &^= 1 << at
			sum += best
		}
	}
	return sum
}

// score lays a onto b as the proposal says and counts what coincides.
func (m *matcher) score(a, b *Prepared, p proposal) float64 {
	anchor, target := a.points[p.i], b.points[p.j]
	turn := target.angle - anchor.angle
	sin, cos := math.Sincos(radians(turn))
	m.moved = m.moved[:0]
	for _, q := range a.points {
		dx, dy := q.x-anchor.x, q.y-anchor.y
		m.moved = append(m.moved, point{
			x: target.x + cos*dx - sin*dy, y: target.y + sin*dx + cos*dy, angle: q.angle + turn,
		})
	}
	m.taken = append(m.taken[:0], make([]bool, len(b.points))...)
	matched, inside := 0.0, 0
	for _, q := range m.moved {
		if b.box.holds(q) {
			inside++
		}
		matched += m.take(q, b.points, placeSlack+placeStretch*math.Hypot(q.x-target.x, q.y-target.y))
	}
	overlap := float64(min(inside, boxOf(m.moved).count(b.points)))
	return scorePerMatch * matched * matched / max(smallOverlap, overlap)
}

// take finds the free minutia nearest to q, and says how well they agree: up to 1,
// or 0 if there is none.
func (m *matcher) take(q point, among []point, slack float64) float64 {
	best, at := slack*slack, -1
	lowest, _ := slices.BinarySearchFunc(among, q.y-slack, func(r point, y float64) int { return cmp.Compare(r.y, y) })
	for k := lowest; k < len(among) && among[k].y < q.y+slack; k++ {
		r := among[k]
		dx, dy := r.x-q.x, r.y-q.y
		if d := dx*dx + dy*dy; d < best && !m.taken[k] && off(q.angle, r.angle) <= angleSlack {
			best, at = d, k
		}
	}
	if at < 0 {
		return 0
	}
	m.taken[at] = true
	turn := float64(off(q.angle, among[at].angle)) / angleSlack
	return 1 - 0.75*best/(slack*slack) - 0.25*turn
}

// box is the rectangle around some minutiae, with a margin.
type box struct{ left, right, low, high float64 }

// boxMargin is how far outside a minutia still counts as inside, in pixels.
const boxMargin = 8

func boxOf(points []point) box {
	b := box{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, p := range points {
		b.left, b.right = min(b.left, p.x-boxMargin), max(b.right, p.x+boxMargin)
		b.low, b.high = min(b.low, p.y-boxMargin), max(b.high, p.y+boxMargin)
	}
	return b
}

func (b box) holds(p point) bool {
	return p.x >= b.left && p.x <= b.right && p.y >= b.low && p.y <= b.high
}

func (b box) count(points []point) int {
	n := 0
	for _, p := range points {
		if b.holds(p) {
			n++
		}
	}
	return n
}

// off is the angle between two directions, 0 to 128.
func off(a, b uint8) int {
	d := int(a - b)
	return min(d, 256-d)
}

// units turns radians into 360/256 degrees.
func units(radians float64) uint8 {
	return uint8(int(math.Round(radians*128/math.Pi)) & 255)
}

func radians(u uint8) float64 { return float64(u) * math.Pi / 128 }
