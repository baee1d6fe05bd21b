package office

import (
	"context"
	"image"

	"example.org/cancuoc/templates/render"
)

// camera is that of the simulated station: it sees what the printer was given, drawn as
// dots.
type camera struct {
	dpi   int
	print render.Options
}

// Look implements the camera of activities.Station.
func (c *camera) Look(_ context.Context, form *render.Form, printed render.Content) (front, back image.Image, err error) {
	return form.Bitmaps(printed, c.dpi, c.print)
}
