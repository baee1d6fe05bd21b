package render

import (
	"image"
	"sync"
)

// cache keeps what is drawn once and used by many cards.
type cache struct {
	mu      sync.Mutex
	bitmaps map[bitmapKey][]*image.RGBA
	dots    int // in them
	objects map[objectKey][]byte

	fading map[fading][]float64

	drawn   sync.RWMutex // of what is asked for at every letter
	glyphs  map[glyphKey]*mask
	letters map[lettersKey]map[byte][]uint8
}

// background says what is drawn of what is the same on every card of a form.
type background struct {
	art      bool // with fixed texts, in bitmaps
	specimen bool
	body     bool // bitmaps only
	layers   bool // those that are not for card printers; bitmaps only
	over     bool // what lies over the pictures, not what lies below them; bitmaps only
}

// bitmapKey identifies a side's background at a resolution.
type bitmapKey struct {
	form *Form
	side int
	dpi  int
	background
}

// lettersKey identifies the letters of a form's MRZ, drawn to a raster.
type lettersKey struct {
	form     *Form
	field    string
	alphabet string
	w, h     int
}

// objectKey identifies a form's background in PDF.
type objectKey struct {
	form *Form
	background
}

// maxDots bounds the bitmaps in the cache, of four bytes to a dot: those of all forms at
// 300 dpi, or of one at 1200.
const maxDots = 32 << 20

// bitmap gives the parts of a background, and paints them if they are new. Callers must not
// change them.
func (c *cache) bitmap(key bitmapKey, paint func() []*image.RGBA) []*image.RGBA {
	c.mu.Lock()
	defer c.mu.Unlock()
	if parts, ok := c.bitmaps[key]; ok {
		return parts
	}
	page := key.form.drawing(key.dpi).page
	if c.dots += page.Dx() * page.Dy(); c.bitmaps == nil || c.dots > maxDots {
		c.bitmaps, c.dots = make(map[bitmapKey][]*image.RGBA), page.Dx()*page.Dy()
	}
	parts := paint()
	c.bitmaps[key] = parts
	return parts
}

// object gives a form's background for PDF, and makes it if it is new. Callers must not
// change it.
func (c *cache) object(f *Form, what background) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := objectKey{f, what}
	if object, ok := c.objects[key]; ok {
		return object, nil
	}
	object, err := xobject(f, what)
	if err != nil {
		return nil, err
	}
	if c.objects == nil {
		c.objects = make(map[objectKey][]byte)
	}
	c.objects[key] = object
	return object, nil
}

// maxGlyphs bounds the letters in the cache, about 200 bytes each at 300 dpi.
const maxGlyphs = 20_000

// glyph gives a letter's picture, and paints it if it is new.
func (c *cache) glyph(key glyphKey, paint func() *mask) *mask {
	c.drawn.RLock()
	m := c.glyphs[key]
	c.drawn.RUnlock()
	if m != nil {
		return m
	}
	m = paint()
	c.drawn.Lock()
	defer c.drawn.Unlock()
	if c.glyphs == nil || len(c.glyphs) >= maxGlyphs {
		c.glyphs = make(map[glyphKey]*mask)
	}
	c.glyphs[key] = m
	return m
}

// letter gives the letters of an MRZ, and draws them if they are new.
func (c *cache) letter(key lettersKey, draw func() map[byte][]uint8) map[byte][]uint8 {
	c.drawn.RLock()
	letters := c.letters[key]
	c.drawn.RUnlock()
	if letters != nil {
		return letters
	}
	letters = draw()
	c.drawn.Lock()
	defer c.drawn.Unlock()
	if c.letters == nil {
		c.letters = make(map[lettersKey]map[byte][]uint8)
	}
	c.letters[key] = letters
	return letters
}

// fading identifies how pictures in boxes of one size fade at their edges.
type fading struct {
	w, h, dpi        int // dots
	boxW, boxH, edge float64
}

// maxFading bounds what is kept of that: at 300 dpi, a megabyte for a portrait.
const maxFading = 12

// fade gives how much of a picture shows at each dot of its box. Callers must not change it.
func (c *cache) fade(key fading) []float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if shown, ok := c.fading[key]; ok {
		return shown
	}
	if c.fading == nil || len(c.fading) >= maxFading {
		c.fading = make(map[fading][]float64)
	}
	shown, scale := make([]float64, key.w*key.h), float64(key.dpi)/25.4
	for i := range shown {
		x, y := float64(i%key.w), float64(i/key.w)
		shown[i] = feather((x+0.5)/scale, (y+0.5)/scale, key.boxW, key.boxH, key.edge)
	}
	c.fading[key] = shown
	return shown
}
