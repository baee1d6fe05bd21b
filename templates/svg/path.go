package svg

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// largest bounds every number of a drawing.
const largest = 1e6

// scanner reads commands and numbers.
type scanner struct{ rest string }

func (s *scanner) skip() { s.rest = strings.TrimLeft(s.rest, " \t\r\n,") }

// number reads a number; ok is false where none begins.
func (s *scanner) number() (v float64, ok bool, err error) {
	s.skip()
	end, digits, dot, exponent := 0, false, false, false
scan:
	for ; end < len(s.rest); end++ {
		switch c := s.rest[end]; {
		case c >= '0' && c <= '9':
			digits = true
		case (c == '-' || c == '+') && (end == 0 || s.rest[end-1]|0x20 == 'e'):
		case c == '.' && !dot && !exponent:
			dot = true
		case c|0x20 == 'e' && digits && !exponent:
			exponent = true
		default:
			break scan
		}
	}
	if end == 0 {
		return 0, false, nil
	}
	text := s.rest[:end]
	s.rest = s.rest[end:]
	v, err = strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(v) > largest {
		return 0, false, fmt.Errorf("%q is not a number from %g to %g", text, -largest, largest)
	}
	return v, true, nil
}

// numbers reads exactly n numbers.
func numbers(value string, n int) ([]float64, error) {
	s := scanner{value}
	list := make([]float64, 0, n)
	for {
		v, ok, err := s.number()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if list = append(list, v); len(list) > n {
			break
		}
	}
	if s.skip(); s.rest != "" || len(list) != n {
		return nil, fmt.Errorf("it takes %d number(s), and no units", n)
	}
	return list, nil
}

// takes is how many numbers each command of a path takes.
var takes = map[byte]int{'M': 2, 'L': 2, 'H': 1, 'V': 1, 'C': 6, 'S': 4, 'Q': 4, 'Z': 0}

// pen is a path while it is read.
type pen struct {
	paths      []Path
	at, start  Point
	bend       Point // the last control point of C or S
	bent, drew bool
	left       int // points that the drawing may still have
}

// pathsOf reads the d of a path.
func pathsOf(d string, left int) ([]Path, error) {
	s, p := scanner{d}, pen{left: left}
	for first := true; ; first = false {
		if s.skip(); s.rest == "" {
			return p.paths, nil
		}
		command := s.rest[0]
		upper := command &^ 0x20
		n, known := takes[upper]
		if !known || command < 'A' {
			return nil, fmt.Errorf("%q is not accepted; M L H V C S Q Z are, and in small letters", command)
		}
		if first && upper != 'M' {
			return nil, errors.New("a path begins with M")
		}
		s.rest = s.rest[1:]
		if err := p.command(&s, upper, n, command != upper); err != nil {
			return nil, err
		}
	}
}

// command reads the numbers of a command, as often as they are repeated.
func (p *pen) command(s *scanner, command byte, n int, relative bool) error {
	if n == 0 {
		p.close()
		return nil
	}
	for times := 0; ; times++ {
		var v [6]float64
		for i := range n {
			x, ok, err := s.number()
			switch {
			case err != nil:
				return err
			case !ok && i == 0 && times > 0:
				return nil
			case !ok:
				return fmt.Errorf("%c takes %d number(s)", command, n)
			}
			v[i] = x
		}
		if p.left -= 3; p.left < 0 {
			return fmt.Errorf("the drawing has more than %d points", maxPoints)
		}
		p.draw(command, v, relative)
		if command == 'M' {
			command = 'L'
		}
	}
}

// draw follows one command.
func (p *pen) draw(command byte, v [6]float64, relative bool) {
	origin := Point{}
	if relative {
		origin = p.at
	}
	to := func(i int) Point { return Point{origin.X + v[i], origin.Y + v[i+1]} }
	bend, bent := p.bend, p.bent
	p.bent = false
	switch command {
	case 'M':
		p.at = to(0)
		p.start, p.drew = p.at, false
	case 'L':
		p.line(to(0))
	case 'H':
		p.line(Point{origin.X + v[0], p.at.Y})
	case 'V':
		p.line(Point{p.at.X, origin.Y + v[0]})
	case 'C':
		p.curve(to(0), to(2), to(4))
		p.bent = true
	case 'S':
		from := p.at
		if bent {
			from = Point{2*p.at.X - bend.X, 2*p.at.Y - bend.Y}
		}
		p.curve(from, to(0), to(2))
		p.bent = true
	case 'Q':
		q, end := to(0), to(2)
		third := func(a Point) Point { return Point{a.X + (q.X-a.X)*2/3, a.Y + (q.Y-a.Y)*2/3} }
		p.curve(third(p.at), third(end), end)
	}
}

func (p *pen) line(to Point) {
	a := p.at
	p.curve(Point{a.X + (to.X-a.X)/3, a.Y + (to.Y-a.Y)/3}, Point{a.X + (to.X-a.X)*2/3, a.Y + (to.Y-a.Y)*2/3}, to)
}

func (p *pen) curve(q, r, to Point) {
	if !p.drew {
		p.paths = append(p.paths, Path{p.at})
		p.drew = true
	}
	last := len(p.paths) - 1
	p.paths[last] = append(p.paths[last], q, r, to)
	p.at, p.bend = to, r
}

func (p *pen) close() {
	if p.drew && p.at != p.start {
		p.line(p.start)
	}
	p.at, p.drew, p.bent = p.start, false, false
}

// matrix maps x to a*x + c*y + e, and y to b*x + d*y + f.
type matrix [6]float64

func (m matrix) of(p Point) Point {
	return Point{m[0]*p.X + m[2]*p.Y + m[4], m[1]*p.X + m[3]*p.Y + m[5]}
}

// times is what maps by o, then by m.
func (m matrix) times(o matrix) matrix {
	return matrix{
		m[0]*o[0] + m[2]*o[1], m[1]*o[0] + m[3]*o[1],
		m[0]*o[2] + m[2]*o[3], m[1]*o[2] + m[3]*o[3],
		m[0]*o[4] + m[2]*o[5] + m[4], m[1]*o[4] + m[3]*o[5] + m[5],
	}
}

// scale is by how much lines get wider.
func (m matrix) scale() float64 { return math.Sqrt(math.Abs(m[0]*m[3] - m[1]*m[2])) }

// transform reads a list of transformations.
func transform(value string) (matrix, error) {
	m := matrix{1, 0, 0, 1, 0, 0}
	for rest := strings.Trim(value, " \t\r\n,"); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n,") {
		name, after, ok := strings.Cut(rest, "(")
		arguments, tail, closed := strings.Cut(after, ")")
		one, err := transformation(strings.TrimSpace(name), arguments)
		if !ok || !closed || err != nil {
			return m, errors.New("matrix(a b c d e f), translate(x y), scale(s) and rotate(degrees) are accepted")
		}
		m, rest = m.times(one), tail
	}
	for _, v := range m {
		if math.IsNaN(v) || math.Abs(v) > largest {
			return m, errors.New("it goes beyond all bounds")
		}
	}
	return m, nil
}

func transformation(name, arguments string) (matrix, error) {
	counts := map[string]int{"matrix": 6, "translate": 2, "scale": 1, "rotate": 1}
	v, err := numbers(arguments, counts[name])
	if err != nil {
		return matrix{}, err
	}
	switch name {
	case "matrix":
		return matrix(v), nil
	case "translate":
		return matrix{1, 0, 0, 1, v[0], v[1]}, nil
	case "scale":
		return matrix{v[0], 0, 0, v[0], 0, 0}, nil
	case "rotate":
		sin, cos := math.Sincos(v[0] * math.Pi / 180)
		return matrix{cos, sin, -sin, cos, 0, 0}, nil
	}
	return matrix{}, errors.New("unknown")
}
