package print_test

import (
	"image"
	"testing"

	printinspection "example.org/cancuoc/internal/inspection/print"
	"example.org/cancuoc/templates/forms/formstest"
	"example.org/cancuoc/templates/render"
)

// A picture of any size and shape is judged, or refused as the camera's fault: the
// inspection's station must never be left by a panic.
func FuzzInspect_PicturesOfAnyShape(f *testing.F) {
	form, front, back, content := printed(f, formstest.CanCuoc2024, 300)
	for _, size := range [][2]uint16{{60000, 270}, {40000, 400}, {1011, 1}, {1, 638}, {1011, 638}, {2476, 3472}, {674, 383}, {5400, 674}, {0, 0}} {
		f.Add(size[0], size[1], uint8(200), uint8(0))
	}
	f.Fuzz(func(t *testing.T, w, h uint16, level, x uint8) {
		if int(w)*int(h) > 16<<20 {
			t.Skip("a camera's driver refuses it")
		}
		picture := image.NewGray(image.Rect(0, 0, int(w), int(h)))
		for i := range picture.Pix {
			picture.Pix[i] = level + x*uint8(i%7)
		}
		if found, err := printinspection.Inspect(form, picture, back, content, render.Options{Specimen: true}); err == nil && len(found) == 0 {
			t.Fatalf("a picture of %d by %d dots without a print passes", w, h)
		}
		if found, err := printinspection.Inspect(form, front, picture, content, render.Options{Specimen: true}); err == nil && len(found) == 0 {
			t.Fatalf("a picture of %d by %d dots without a print passes", w, h)
		}
	})
}
