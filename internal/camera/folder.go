package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Folder is a camera whose program puts its pictures into a folder: JOB-front and
// JOB-back, with the extension of their format. A picture has to appear whole, by
// renaming it.
type Folder struct {
	Dir  string
	Wait time.Duration // how long a picture may take to appear
}

// Look implements Camera: it waits for both pictures.
func (f *Folder) Look(ctx context.Context, job Job) (image.Image, image.Image, error) {
	if err := checkJob(job); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.Wait)
	defer cancel()
	var sides [2]image.Image
	for i, side := range []string{front, back} {
		var err error
		if sides[i], err = f.await(ctx, job.Name+"-"+side); err != nil {
			return nil, nil, fmt.Errorf("%s of job %s: %w", side, job.Name, err)
		}
	}
	return sides[0], sides[1], nil
}

// lookEvery is how often a folder is looked at.
const lookEvery = 100 * time.Millisecond

// await reads a picture when it is there.
func (f *Folder) await(ctx context.Context, name string) (image.Image, error) {
	for {
		for _, extension := range extensions {
			picture, err := readFile(filepath.Join(f.Dir, name+extension))
			if !errors.Is(err, fs.ErrNotExist) {
				return picture, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no picture appeared: %w", ctx.Err())
		case <-time.After(lookEvery):
		}
	}
}

// extensions of pictures.
var extensions = []string{".png", ".jpg", ".jpeg", ".bmp"}

// readFile reads a picture from a file.
func readFile(name string) (image.Image, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file)
}

// Prove implements Camera.
func (f *Folder) Prove(context.Context) error {
	if _, err := os.ReadDir(f.Dir); err != nil {
		return fmt.Errorf("camera's folder: %w", err)
	}
	return nil
}
