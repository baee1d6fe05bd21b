package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"golang.org/x/image/draw"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/templates/forms"
)

// Bitmaps draws both sides at 72 to 1200 dpi, from the same layout as PDF: for printers
// that take bitmaps, and for what a camera would see. The modules of QR codes are whole
// dots. It refuses what PDF refuses. Safe for concurrent use. Whoever draws many gives them
// back to [Discard].
func (f *Form) Bitmaps(c Content, dpi int, o Options) (front, back *image.RGBA, err error) {
	drawn, err := f.Draw(c, dpi, o)
	return drawn.Front, drawn.Back, err
}

// Drawn is a card in bitmaps, and the form as it is drawn for it: its texts and fields are
// where they stand there.
type Drawn struct {
	Front, Back *image.RGBA
	Placed      forms.Form
}

// Draw draws what Bitmaps does.
func (f *Form) Draw(c Content, dpi int, o Options) (Drawn, error) {
	if dpi < 72 || dpi > 1200 {
		return Drawn{}, identity.Refuse(identity.Invalid, "a card is drawn at 72 to 1200 dpi, not at %d dpi", dpi)
	}
	if err := f.complete(c); err != nil {
		return Drawn{}, err
	}
	l, err := f.layout(c, o.Mode)
	if err != nil {
		return Drawn{}, err
	}
	front, back, err := f.bitmaps(l, dpi, o)
	return Drawn{front, back, f.placed(l)}, err
}

// bitmaps draws what was laid out.
func (f *Form) bitmaps(l *layout, dpi int, o Options) (front, back *image.RGBA, err error) {
	var drawn [2]*image.RGBA
	for i := range sides {
		b := f.drawing(dpi)
		b.img = sheet(b.page)
		b.ground(f, i, o)
		if o.background().art {
			for _, t := range f.moving(i, l.labels[i]) {
				b.text(t)
			}
		}
		for _, p := range l.pictures[i] {
			if err := b.picture(p); err != nil {
				return nil, nil, err
			}
		}
		b.above(f, i, o)
		for _, t := range l.micro[i] {
			b.text(t)
		}
		for _, q := range l.codes[i] {
			b.code(q)
		}
		for _, t := range l.pieces[i] {
			b.text(t)
		}
		if o.Body {
			b.corners(f.Page)
		}
		drawn[i] = b.img
	}
	return drawn[0], drawn[1], nil
}

// bitmap is one side while it is drawn.
type bitmap struct {
	img   *image.RGBA
	cache *cache
	dpi   int
	scale float64 // dots per mm
	page  image.Rectangle
	ink   vector.Rasterizer
	buf   sfnt.Buffer

	encoded []byte // the picture that was read last
	read    image.Image
}

func (f *Form) canvas(dpi int) *bitmap {
	b := f.drawing(dpi)
	b.img = image.NewRGBA(b.page)
	return b
}

// drawing is a side of which nothing is drawn.
func (f *Form) drawing(dpi int) *bitmap {
	scale := float64(dpi) / 25.4
	return &bitmap{cache: &f.renderer.cache, dpi: dpi, scale: scale, page: image.Rect(0, 0, int(math.Round(f.Page.W*scale)), int(math.Round(f.Page.H*scale)))}
}

// ground copies the background of a side, which is drawn once.
func (b *bitmap) ground(f *Form, side int, o Options) {
	what := o.background()
	what.specimen, what.layers = false, false
	if what == (background{}) {
		for i := range b.img.Pix {
			b.img.Pix[i] = 0xff
		}
		return
	}
	ready := b.cache.bitmap(bitmapKey{f, side, b.dpi, what}, func() []*image.RGBA {
		once := f.canvas(b.dpi)
		draw.Draw(once.img, once.img.Rect, image.White, image.Point{}, draw.Src)
		once.shapes(f.art[side].under(what))
		if what.body {
			once.shapes(f.art[side].body)
		}
		if what.art {
			// The cache is locked: letters are drawn, but not kept.
			for _, t := range slices.Concat(f.micro[side], f.still(side)) {
				once.fresh(t)
			}
		}
		return []*image.RGBA{once.img}
	})
	copy(b.img.Pix, ready[0].Pix)
}

// above adds what lies over the pictures of a side, which is drawn once.
func (b *bitmap) above(f *Form, side int, o Options) {
	what := o.background()
	what.body, what.over = false, true
	shapes := f.art[side].above(what)
	if len(shapes) == 0 {
		return
	}
	ready := b.cache.bitmap(bitmapKey{f, side, b.dpi, what}, func() []*image.RGBA {
		once := f.canvas(b.dpi)
		once.shapes(shapes)
		return inked(once.img)
	})
	for _, part := range ready {
		draw.Draw(b.img, part.Rect, part, part.Rect.Min, draw.Over)
	}
}

// inked are the parts of an image in which not everything is transparent: a few, where it
// has lines and little else.
func inked(img *image.RGBA) []*image.RGBA {
	const tile = 8 // dots
	var parts []*image.RGBA
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y += tile {
		var run image.Rectangle // of tiles with ink, side by side
		for x := img.Rect.Min.X; x < img.Rect.Max.X; x += tile {
			at := image.Rect(x, y, x+tile, y+tile).Intersect(img.Rect)
			if hasInk(img, at) {
				run = run.Union(at)
			} else if !run.Empty() {
				parts, run = append(parts, img.SubImage(run).(*image.RGBA)), image.Rectangle{}
			}
		}
		if !run.Empty() {
			parts = append(parts, img.SubImage(run).(*image.RGBA))
		}
	}
	return parts
}

// hasInk reports whether not everything in a part is transparent.
func hasInk(img *image.RGBA, part image.Rectangle) bool {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if img.RGBAAt(x, y).A > 0 {
				return true
			}
		}
	}
	return false
}

func (b *bitmap) shapes(shapes []shape) {
	for _, s := range shapes {
		b.shape(s)
	}
}

// shape fills an area, or draws a line as a quadrangle for each of its pieces.
func (b *bitmap) shape(s shape) {
	flat := make([][]dot, 0, len(s.contours))
	low, high := dot{math.Inf(1), math.Inf(1)}, dot{math.Inf(-1), math.Inf(-1)}
	for _, c := range s.contours {
		points := c.flat(b.scale)
		for _, p := range points {
			low.x, low.y = min(low.x, p.x), min(low.y, p.y)
			high.x, high.y = max(high.x, p.x), max(high.y, p.y)
		}
		flat = append(flat, points)
	}
	area := image.Rect(
		int(math.Floor((low.x-s.width)*b.scale)), int(math.Floor((low.y-s.width)*b.scale)),
		int(math.Ceil((high.x+s.width)*b.scale))+1, int(math.Ceil((high.y+s.width)*b.scale))+1).Intersect(b.img.Rect)
	if area.Empty() {
		return
	}
	b.ink.Reset(area.Dx(), area.Dy())
	for _, points := range flat {
		if s.width == 0 {
			b.area(points, area.Min)
		} else {
			b.line(points, s.width/2, area.Min)
		}
	}
	ink := s.color.rgba()
	if s.sheer > 0 {
		ink = color.RGBAModel.Convert(color.NRGBA{s.color.r, s.color.g, s.color.b, uint8(math.Round(2.55 * float64(100-s.sheer)))}).(color.RGBA)
	}
	b.ink.Draw(b.img, area, image.NewUniform(ink), image.Point{})
}

// line adds a chain's pieces, each lengthened a little so that bends are closed.
func (b *bitmap) line(points []dot, half float64, origin image.Point) {
	for i := 1; i < len(points); i++ {
		p, q := points[i-1], points[i]
		length := math.Hypot(q.x-p.x, q.y-p.y)
		if length == 0 {
			continue
		}
		dx, dy := (q.x-p.x)/length*half, (q.y-p.y)/length*half
		nx, ny := -dy, dx
		dx, dy = dx/2, dy/2
		b.area([]dot{{p.x - dx + nx, p.y - dy + ny}, {q.x + dx + nx, q.y + dy + ny}, {q.x + dx - nx, q.y + dy - ny}, {p.x - dx - nx, p.y - dy - ny}}, origin)
	}
}

// area adds an area; origin is the dot at which the rasterizer begins.
func (b *bitmap) area(points []dot, origin image.Point) {
	for i, p := range points {
		x, y := float32(p.x*b.scale-float64(origin.X)), float32(p.y*b.scale-float64(origin.Y))
		if i == 0 {
			b.ink.MoveTo(x, y)
		} else {
			b.ink.LineTo(x, y)
		}
	}
	b.ink.ClosePath()
}

// glyphKey identifies a letter's picture: its size is in 1/64 dots, its place within the
// first dot in quarters.
type glyphKey struct {
	face   *typeface
	letter rune
	size   int
	x, y   uint8
}

// mask is a letter's picture, and where it lies relative to the dot of its origin. It has
// no alpha where the letter has no ink.
type mask struct {
	alpha *image.Alpha
	at    image.Point
}

// text draws a line with letters from the cache.
func (b *bitmap) text(t piece) { b.letters(t, b.kept) }

// fresh draws a line without the cache.
func (b *bitmap) fresh(t piece) { b.letters(t, b.drawn) }

func (b *bitmap) kept(k glyphKey) *mask {
	return b.cache.glyph(k, func() *mask { return b.drawn(k) })
}

// letters draws a line, letter by letter, each on the nearest quarter of a dot.
func (b *bitmap) letters(t piece, paint func(glyphKey) *mask) {
	ink := image.NewUniform(t.color.rgba())
	em := t.size * point * b.scale // dots
	for _, r := range t.runs {
		x := t.x*b.scale + r.x*em
		var before glyph
		for _, letter := range r.text {
			g := r.face.glyphs[letter]
			if t.pitch == 0 {
				x += r.face.kern(before, g) * em
			}
			before = g
			left, fineX := split(x)
			top, fineY := split(t.y * b.scale)
			m := paint(glyphKey{r.face, letter, int(math.Round(em * 64)), fineX, fineY})
			if m.alpha != nil {
				place := m.alpha.Rect.Add(m.at).Add(image.Pt(left, top))
				draw.DrawMask(b.img, place, ink, image.Point{}, m.alpha, image.Point{}, draw.Over)
			}
			if t.pitch > 0 {
				x += t.pitch * b.scale
			} else {
				x += g.width * em
			}
		}
	}
}

// split gives the dot, and the nearest quarter in it.
func split(v float64) (whole int, quarter uint8) {
	quarters := int(math.Round(v * 4))
	return quarters >> 2, uint8(quarters & 3)
}

// drawn draws a letter's picture.
func (b *bitmap) drawn(k glyphKey) *mask {
	segments, err := k.face.font.LoadGlyph(&b.buf, k.face.glyphs[k.letter].index, fixed.Int26_6(k.size), nil)
	if err != nil || len(segments) == 0 {
		return &mask{} // a space; every letter was loaded once when the font was
	}
	x, y := float64(k.x)/4, float64(k.y)/4
	bounds := segments.Bounds()
	left, top := math.Floor(x+float64(bounds.Min.X)/64), math.Floor(y+float64(bounds.Min.Y)/64)
	w := int(math.Ceil(x+float64(bounds.Max.X)/64)-left) + 1
	h := int(math.Ceil(y+float64(bounds.Max.Y)/64)-top) + 1
	b.ink.Reset(w, h)
	at := func(p fixed.Point26_6) (float32, float32) {
		return float32(x - left + float64(p.X)/64), float32(y - top + float64(p.Y)/64)
	}
	for _, s := range segments {
		ax, ay := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			b.ink.ClosePath()
			b.ink.MoveTo(ax, ay)
		case sfnt.SegmentOpLineTo:
			b.ink.LineTo(ax, ay)
		case sfnt.SegmentOpQuadTo:
			bx, by := at(s.Args[1])
			b.ink.QuadTo(ax, ay, bx, by)
		case sfnt.SegmentOpCubeTo:
			bx, by := at(s.Args[1])
			cx, cy := at(s.Args[2])
			b.ink.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	b.ink.ClosePath()
	alpha := image.NewAlpha(image.Rect(0, 0, w, h))
	b.ink.Draw(alpha, alpha.Rect, image.Opaque, image.Point{})
	return &mask{alpha: alpha, at: image.Pt(int(left), int(top))}
}

// code draws a QR code with modules of whole dots, centered in its place.
func (b *bitmap) code(c code) {
	n := c.modules.Size()
	module := max(1, int(c.module*b.scale+1e-6))
	spare := c.module*b.scale*float64(n) - float64(module*n)
	left, top := int(math.Round(c.x*b.scale+spare/2)), int(math.Round(c.y*b.scale+spare/2))
	for y := range n {
		c.modules.Runs(y, func(from, to int) {
			draw.Draw(b.img, image.Rect(left+from*module, top+y*module, left+to*module, top+(y+1)*module), image.Black, image.Point{}, draw.Src)
		})
	}
}

// decode reads an image; the last one is kept, since a portrait and its ghost are one.
func (b *bitmap) decode(encoded []byte) (image.Image, error) {
	if b.read != nil && len(b.encoded) == len(encoded) && &b.encoded[0] == &encoded[0] {
		return b.read, nil
	}
	img, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	b.encoded, b.read = encoded, img
	return img, nil
}

// picture draws an image scaled to its box.
func (b *bitmap) picture(p picture) error {
	src, err := b.decode(p.bytes)
	if err != nil {
		return err
	}
	box := image.Rect(
		int(math.Round(p.box.X*b.scale)), int(math.Round(p.box.Y*b.scale)),
		int(math.Round((p.box.X+p.box.W)*b.scale)), int(math.Round((p.box.Y+p.box.H)*b.scale)))
	cut := p.cover().Add(src.Bounds().Min)
	if p.feather == 0 && !p.ghost {
		draw.ApproxBiLinear.Scale(b.img, box, src, cut, draw.Src, nil)
		return nil
	}
	scaled := sheet(image.Rectangle{Max: box.Size()})
	defer Discard(scaled)
	draw.ApproxBiLinear.Scale(scaled, scaled.Rect, src, cut, draw.Src, nil)
	shown := b.cache.fade(fading{box.Dx(), box.Dy(), b.dpi, p.box.W, p.box.H, p.feather})
	on := box.Intersect(b.img.Rect)
	for y := on.Min.Y; y < on.Max.Y; y++ {
		at := image.Pt(on.Min.X, y).Sub(box.Min)
		onto(b.img.Pix[b.img.PixOffset(on.Min.X, y):], scaled.Pix[scaled.PixOffset(at.X, at.Y):], shown[at.Y*box.Dx()+at.X:][:on.Dx()], p.ghost)
	}
	return nil
}

// onto lays a row of a picture on what is below it, as far as each of its dots shows.
func onto(below, above []uint8, shown []float64, ghost bool) {
	for i, alpha := range shown {
		to, dot := below[4*i:][:4:4], above[4*i:][:4:4]
		if alpha == 1 && !ghost {
			copy(to, dot)
			continue
		}
		under, over := color.RGBA{to[0], to[1], to[2], to[3]}, color.RGBA{dot[0], dot[1], dot[2], dot[3]}
		if ghost {
			over, alpha = luminosity(under, over), alpha*ghostAlpha
		}
		c := between(under, over, alpha)
		to[0], to[1], to[2], to[3] = c.R, c.G, c.B, c.A
	}
}

// between is a color between two, nearer to the second as t nears 1.
func between(a, b color.RGBA, t float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// corners makes what lies outside the card's round corners transparent.
func (b *bitmap) corners(p forms.Page) {
	if p.Corner == 0 {
		return
	}
	b.ink.Reset(b.img.Rect.Dx(), b.img.Rect.Dy())
	b.area(rounded(forms.Box{W: p.W, H: p.H}, p.Corner).flat(b.scale), image.Point{})
	card := image.NewAlpha(b.img.Rect)
	b.ink.Draw(card, card.Rect, image.Opaque, image.Point{})
	cut := image.NewRGBA(b.img.Rect)
	draw.DrawMask(cut, cut.Rect, b.img, image.Point{}, card, image.Point{}, draw.Src)
	b.img = cut
}
