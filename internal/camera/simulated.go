package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"

	"example.org/cancuoc/internal/camera/fault"
)

// Simulated is a camera in software. It sees what the printer was really given, PDF or
// images in a folder, drawn by an engine that shares no code with ours (PDFium). A job
// of which there is nothing left its card white.
type Simulated struct {
	Dir    string // of the printer: JOB.pdf, as ippeveprinter names it, or JOB-front.png and JOB-back.png
	DPI    int
	Faults []fault.Fault
}

// Look implements Camera.
func (s *Simulated) Look(_ context.Context, job Job) (image.Image, image.Image, error) {
	if err := checkJob(job); err != nil {
		return nil, nil, err
	}
	sides, err := s.see(job.Name)
	if err != nil {
		return nil, nil, fmt.Errorf("job %s: %w", job.Name, err)
	}
	for _, f := range s.Faults {
		if !f.Strikes(job.Blank) {
			continue
		}
		if f.Kind == fault.Other {
			if sides, err = s.other(job.Name); err != nil {
				return nil, nil, err
			}
			continue
		}
		for i := range sides {
			sides[i] = apply(f, sides[i], i, float64(s.DPI)/25.4)
		}
	}
	return sides[0], sides[1], nil
}

// Prove implements Camera.
func (s *Simulated) Prove(context.Context) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("simulated camera: %w", err)
	}
	return nil
}

// The size of a card (ISO/IEC 7810, ID-1), mm.
const cardWidth, cardHeight = 85.60, 53.98

// white is a side without print.
func (s *Simulated) white() *image.RGBA {
	scale := float64(s.DPI) / 25.4
	img := image.NewRGBA(image.Rect(0, 0, int(cardWidth*scale+0.5), int(cardHeight*scale+0.5)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	return img
}

// see draws both sides of what was printed under a name.
func (s *Simulated) see(job string) (sides [2]*image.RGBA, err error) {
	pdf, err := s.find(job)
	if err != nil {
		return sides, err
	}
	if pdf != "" {
		b, err := os.ReadFile(pdf)
		if err != nil {
			return sides, err
		}
		return rasterize(b, s.DPI)
	}
	for i, side := range []string{front, back} {
		picture, _, err := readIfChanged(filepath.Join(s.Dir, job+"-"+side+".png"), nil)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			sides[i] = s.white()
		case err != nil:
			return sides, err
		default:
			sides[i] = s.white()
			draw.ApproxBiLinear.Scale(sides[i], sides[i].Rect, picture, picture.Bounds(), draw.Src, nil)
		}
	}
	return sides, nil
}

// find gives the PDF of a job: JOB.pdf, or with the printer's own number before it, in
// lower case; "" if there is none.
func (s *Simulated) find(job string) (string, error) {
	name := filepath.Join(s.Dir, job+".pdf")
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return name, err
	}
	numbered, err := filepath.Glob(filepath.Join(s.Dir, "*-"+strings.ToLower(job)+".pdf"))
	if err != nil || len(numbered) == 0 {
		return "", nil //nolint:nilerr // a name that is no pattern names no file
	}
	return numbered[len(numbered)-1], nil
}

// other sees the card of another job; without one, a white card.
func (s *Simulated) other(job string) (sides [2]*image.RGBA, err error) {
	files, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sides, err
	}
	for _, file := range files {
		name, isPDF := strings.CutSuffix(file.Name(), ".pdf")
		if !isPDF {
			name, isPDF = strings.CutSuffix(file.Name(), "-front.png")
		}
		if isPDF && name != job && !strings.HasSuffix(name, "-"+strings.ToLower(job)) {
			return s.see(name)
		}
	}
	return [2]*image.RGBA{s.white(), s.white()}, nil
}
