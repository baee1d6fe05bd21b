package office

import (
	"cmp"

	"example.org/cancuoc/internal/camera"
)

// camera is the camera of a station that looks at printed cards.
func (o *Office) camera() (camera.Camera, error) {
	c := o.config.Camera
	switch c.Driver {
	case "folder":
		return &camera.Folder{Dir: c.Dir, Wait: c.Wait}, nil
	case "http":
		return camera.NewHTTP(c.URL, c.Wait)
	case "command":
		return &camera.Command{Args: c.Command, Wait: c.Wait}, nil
	}
	return &camera.Simulated{Dir: cmp.Or(c.Dir, o.config.Printing.Spool), DPI: c.DPI, Faults: c.Faults}, nil
}
