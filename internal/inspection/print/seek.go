package print

import (
	"image"
	"math"
	"slices"

	"example.org/cancuoc/templates/forms"
)

// seek finds about where the card lies in a picture of more than that, in whole levels, by
// what the whole print looks like from afar: so what it lies on may have any pattern, and
// be large. The print is softened. ok is false where nothing is like it.
// The picture is at most so many times as wide as the card.
func seek(picture, expected *raster, largest float64) (card image.Rectangle, ok bool) {
	const (
		width = 40   // dots of the print, from afar
		step  = 1.02 // from one size to the next
		least = 0.6  // like the print
	)
	height := int(math.Round(float64(width*expected.h) / float64(expected.w)))
	want := expected.afar(width, height)
	unit(want)
	best := least
	for wide := float64(width); wide <= largest*width; wide *= step {
		w := int(wide)
		h := int(math.Round(float64(w*picture.h) / float64(picture.w)))
		if h < height {
			continue
		}
		seen := picture.afar(w, h)
		for y := range h - height + 1 {
			for x := range w - width + 1 {
				if like := likeAt(want, seen[y*w+x:], width, w); like > best {
					dot := float64(picture.w) / float64(w)
					at := func(v int) int { return int(math.Round(float64(v) * dot)) }
					best, card = like, image.Rect(at(x), at(y), at(x+width), at(y+height))
				}
			}
		}
	}
	return card, !card.Empty()
}

// byLook gives about where the expected print, which is softened, may lie in a picture in
// whole levels that is little more than the card, by what it looks like from afar.
func byLook(picture, expected *raster) (list []transform) {
	const (
		largest = 1.6                 // see seek
		turn    = 1.3 * math.Pi / 180 // what lies between is near enough
	)
	card, ok := seek(picture, expected, largest)
	if !ok {
		return nil
	}
	scale := float64(card.Dx()) / float64(expected.w)
	for _, turn := range []float64{0, turn, -turn} {
		sin, cos := math.Sincos(turn)
		t := transform{xx: scale * cos, xy: -scale * sin, yx: scale * sin, yy: scale * cos}
		x, y := t.at(float64(expected.w)/2, float64(expected.h)/2)
		t.x0, t.y0 = float64(card.Min.X+card.Max.X)/2-x, float64(card.Min.Y+card.Max.Y)/2-y
		list = append(list, t.after(transform{xx: workScale, yy: workScale}))
	}
	return list
}

// whiteAround reports whether what is at the edges of a picture is about as bright as the
// brightest in it.
func (r *raster) whiteAround() bool {
	const almost, brightest = 0.93, 0.99 // of the brightest; and of all dots
	var edge, all []int
	for y := range r.h {
		for x := y % 3; x < r.w; x += 3 {
			level := gray(r.pix[y*r.w+x])
			all = append(all, level)
			if x < 3 || y < 3 || x >= r.w-3 || y >= r.h-3 {
				edge = append(edge, level)
			}
		}
	}
	slices.Sort(edge)
	slices.Sort(all)
	return float64(edge[len(edge)/2]) >= almost*float64(all[int(brightest*float64(len(all)))])
}

// afar gives a raster's gray in few dots, each the mean of those that it stands for.
func (r *raster) afar(w, h int) []float64 {
	out := make([]float64, w*h)
	for y := range h {
		for x := range w {
			x0, x1, y0, y1 := x*r.w/w, (x+1)*r.w/w, y*r.h/h, (y+1)*r.h/h
			sum := 0
			for j := y0; j < y1; j++ {
				for _, dot := range r.pix[j*r.w+x0 : j*r.w+x1] {
					sum += gray(dot)
				}
			}
			out[y*w+x] = float64(sum) / float64(max((x1-x0)*(y1-y0), 1))
		}
	}
	return out
}

// unit gives values a mean of 0, and squares that add up to 1.
func unit(list []float64) {
	sum, squares := 0.0, 0.0
	for _, v := range list {
		sum += v
		squares += v * v
	}
	mean := sum / float64(len(list))
	deviation := math.Sqrt(max(squares-sum*mean, 1))
	for i := range list {
		list[i] = (list[i] - mean) / deviation
	}
}

// likeAt is how like a picture, in rows of so many dots, is to what unit gave.
func likeAt(want, seen []float64, width, stride int) float64 {
	sum, squares, product := 0.0, 0.0, 0.0
	for y := range len(want) / width {
		row := seen[y*stride:][:width]
		for x, v := range want[y*width:][:width] {
			u := row[x]
			sum, squares, product = sum+u, squares+u*u, product+u*v
		}
	}
	const flat = 1.0 // there is nothing
	variance := squares - sum*sum/float64(len(want))
	if variance < flat*float64(len(want)) {
		return 0
	}
	return product / math.Sqrt(variance)
}

// closer gives the part of a picture where the card was sought, with a little around it, and
// where the card is in that part, by how many dots it has then.
func closer(picture image.Image, half *raster, card image.Rectangle, page forms.Page) (part image.Image, place func(w, h int) transform, ok bool) {
	sub, ok := picture.(interface {
		SubImage(r image.Rectangle) image.Image
	})
	if !ok {
		return nil, nil, false
	}
	around := card.Dx() / 14
	b, dot := picture.Bounds(), float64(picture.Bounds().Dx())/float64(half.w)
	at := func(v int) int { return int(math.Round(float64(v) * dot)) }
	wide := image.Rect(at(card.Min.X-around), at(card.Min.Y-around), at(card.Max.X+around), at(card.Max.Y+around)).Add(b.Min).Intersect(b)
	left, top := float64(at(card.Min.X)+b.Min.X-wide.Min.X)/float64(wide.Dx()), float64(at(card.Min.Y)+b.Min.Y-wide.Min.Y)/float64(wide.Dy())
	share := float64(at(card.Dx())) / float64(wide.Dx())
	return sub.SubImage(wide), func(w, h int) transform {
		scale := share * float64(w) / page.W
		return transform{xx: scale, x0: left * float64(w), yy: scale, y0: top * float64(h)}
	}, true
}
