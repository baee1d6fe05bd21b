package templates

import (
	"image"
	"sync"
)

// backgroundKey names a background that was drawn.
type backgroundKey struct {
	form     *Form
	side     int
	scale    float64
	specimen bool
}

// cache keeps what is drawn once for a form.
type cache struct {
	mu          sync.Mutex
	backgrounds map[backgroundKey]*image.RGBA
	objects     map[objectKey][]byte
}

type objectKey struct {
	form     *Form
	specimen bool
}

// maxBackgrounds bounds the bitmaps that are kept: at 600 dpi one is 10 MB.
const maxBackgrounds = 12

// background gives a background, drawn if it is new. It is not to be changed.
func (c *Catalog) background(key backgroundKey, paint func() *image.RGBA) *image.RGBA {
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	if img, ok := c.cache.backgrounds[key]; ok {
		return img
	}
	if c.cache.backgrounds == nil || len(c.cache.backgrounds) >= maxBackgrounds {
		c.cache.backgrounds = make(map[backgroundKey]*image.RGBA)
	}
	img := paint()
	c.cache.backgrounds[key] = img
	return img
}

// xobject gives the form's background for PDF, made if it is new. It is not to
// be changed.
func (f *Form) xobject(specimen bool) ([]byte, error) {
	cache := &f.catalog.cache
	cache.mu.Lock()
	defer cache.mu.Unlock()
	key := objectKey{f, specimen}
	if object, ok := cache.objects[key]; ok {
		return object, nil
	}
	object, err := xobject(f.art, specimen)
	if err != nil {
		return nil, err
	}
	if cache.objects == nil {
		cache.objects = make(map[objectKey][]byte)
	}
	cache.objects[key] = object
	return object, nil
}
