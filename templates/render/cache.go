package render

import (
	"image"
	"sync"
)

// cache keeps what is drawn once and used by many cards.
type cache struct {
	mu      sync.Mutex
	bitmaps map[bitmapKey]*image.RGBA
	objects map[objectKey][]byte

	glyphs sync.Map // glyphKey to *mask
	count  int      // of glyphs, under mu

	letters sync.Map // lettersKey to map[byte][]uint8
}

// background is what of a form's unchanging part is drawn.
type background struct {
	art      bool // and labels, in bitmaps
	specimen bool
	body     bool // bitmaps only
}

// bitmapKey names a side's background at a resolution.
type bitmapKey struct {
	form *Form
	side int
	dpi  int
	background
}

// lettersKey names the letters of a form's MRZ, drawn to a raster.
type lettersKey struct {
	form     *Form
	field    string
	alphabet string
	w, h     int
}

// objectKey names a form's background in PDF.
type objectKey struct {
	form *Form
	background
}

// maxBitmaps bounds the bitmaps that are kept: at 600 dpi one is 10 MB.
const maxBitmaps = 12

// bitmap gives a background, drawn if it is new. It is not to be changed.
func (c *cache) bitmap(key bitmapKey, paint func() *image.RGBA) *image.RGBA {
	c.mu.Lock()
	defer c.mu.Unlock()
	if img, ok := c.bitmaps[key]; ok {
		return img
	}
	if c.bitmaps == nil || len(c.bitmaps) >= maxBitmaps {
		c.bitmaps = make(map[bitmapKey]*image.RGBA)
	}
	img := paint()
	c.bitmaps[key] = img
	return img
}

// object gives a form's background for PDF, made if it is new. It is not to be
// changed.
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

// maxGlyphs bounds the letters that are kept, some 200 bytes each at 300 dpi.
const maxGlyphs = 20_000

// glyph gives a letter's picture, drawn if it is new.
func (c *cache) glyph(key glyphKey, paint func() *mask) *mask {
	if m, ok := c.glyphs.Load(key); ok {
		return m.(*mask)
	}
	m := paint()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count++; c.count > maxGlyphs {
		c.count = 0
		c.glyphs.Clear()
	}
	c.glyphs.Store(key, m)
	return m
}
