package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"strconv"

	"github.com/jung-kurt/gofpdf"
	"golang.org/x/image/draw"
)

// pictures draws images, clipped to their boxes where their proportions differ.
func (p *document) pictures(f *Form, list []picture) error {
	for _, image := range list {
		if image.finger {
			// gofpdf writes images by ascending width, and those of the same width in
			// random order. So no two on a card have the same width.
			wider := 0
			for p.widths[int(math.Round(image.box.W/25.4*fingerDPI))+wider] {
				wider++
			}
			small, err := image.thumb(wider)
			if err != nil {
				return err
			}
			image = small
		}
		if err := p.register(&f.renderer.masks, image); err != nil {
			return err
		}
		p.widths[image.width] = true
		if image.ghost {
			p.pdf.SetAlpha(ghostAlpha, "Luminosity")
		}
		p.picture(image)
		if image.ghost {
			p.pdf.SetAlpha(1, "Normal")
		}
	}
	return nil
}

// register adds a picture to the document, with its soft mask. A ghost is the portrait that
// is there already.
func (p *document) register(masks *softMasks, i picture) error {
	name, options := strconv.Itoa(i.width), gofpdf.ImageOptions{ImageType: "jpg"}
	if i.ghost && p.widths[i.width] {
		return nil
	}
	if i.feather == 0 {
		p.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(i.bytes))
		return nil
	}
	mask, err := masks.of(i)
	if err != nil {
		return err
	}
	space := "DeviceRGB"
	switch i.colors {
	case color.GrayModel:
		space = "DeviceGray"
	case color.CMYKModel:
		space = "DeviceCMYK"
	}
	info := p.pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(mask)) // it has the same size
	if info == nil {
		return fmt.Errorf("mask picture: %w", p.pdf.Error())
	}
	return withMask(info, i.bytes, mask, i.width, i.height, space)
}

// picture places a picture that is registered.
func (p *document) picture(i picture) {
	name, options := strconv.Itoa(i.width), gofpdf.ImageOptions{ImageType: "jpg"}
	b, cut := i.box, i.cover()
	if cut == image.Rect(0, 0, i.width, i.height) {
		p.pdf.ImageOptions(name, b.X, b.Y, b.W, b.H, false, options, 0, "")
		return
	}
	scaleX, scaleY := b.W/float64(cut.Dx()), b.H/float64(cut.Dy())
	p.pdf.ClipRect(b.X, b.Y, b.W, b.H, false)
	p.pdf.ImageOptions(name, b.X-float64(cut.Min.X)*scaleX, b.Y-float64(cut.Min.Y)*scaleY,
		float64(i.width)*scaleX, float64(i.height)*scaleY, false, options, 0, "")
	p.pdf.ClipEnd()
}

// fingerDPI is the resolution at which a fingerprint is printed. It arrives with 500 dpi
// at the size of a finger, which is larger than the box.
const fingerDPI = 300

// thumb scales a fingerprint to fingerDPI at the size of its box. It is wider dots wider
// than that.
func (p picture) thumb(wider int) (picture, error) {
	src, _, err := image.Decode(bytes.NewReader(p.bytes))
	if err != nil {
		return picture{}, fmt.Errorf("read fingerprint: %w", err)
	}
	w, h := int(math.Round(p.box.W/25.4*fingerDPI))+wider, int(math.Round(p.box.H/25.4*fingerDPI))
	small := image.NewGray(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(small, small.Rect, src, p.cover().Add(src.Bounds().Min), draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 80}); err != nil {
		return picture{}, fmt.Errorf("write fingerprint: %w", err)
	}
	return picture{box: p.box, bytes: out.Bytes(), width: w, height: h, colors: color.GrayModel}, nil
}
