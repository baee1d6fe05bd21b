package camera

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is a camera whose program puts its pictures into a folder: JOB-front and
// JOB-back, with the extension of their format. A picture should appear whole, by
// renaming it; one that does not is read again while it grows.
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
		if sides[i], err = f.await(ctx, job.Name, side); err != nil {
			return nil, nil, fmt.Errorf("%s of job %s: %w", side, job.Name, err)
		}
	}
	return sides[0], sides[1], nil
}

// lookEvery is how often a folder is looked at.
const lookEvery = 100 * time.Millisecond

// await reads a picture when it is there. One that cannot be read may still be written, and is
// read again when it has changed; so is whatever else has a picture's name.
func (f *Folder) await(ctx context.Context, name, side string) (image.Image, error) {
	unread := make(map[string]fs.FileInfo)
	var wrong error
	for {
		for _, file := range names(name, side) {
			path := filepath.Join(f.Dir, file)
			picture, info, err := readFile(ctx, path, unread[path])
			switch {
			case err == nil && picture != nil:
				return picture, nil
			case errors.Is(err, errLarge):
				return nil, err
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				wrong, unread[path] = err, info
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no picture appeared: %w", cmp.Or(wrong, ctx.Err()))
		case <-time.After(lookEvery):
		}
	}
}

// names are those that a picture may have: in capitals too, as programs on Windows write them.
func names(job, side string) (list []string) {
	for _, extension := range extensions {
		for _, s := range []string{side, strings.ToUpper(side)} {
			list = append(list, job+"-"+s+extension, job+"-"+s+strings.ToUpper(extension))
		}
	}
	return list
}

// extensions of pictures.
var extensions = []string{".png", ".jpg", ".jpeg", ".bmp"}

// readFile reads a picture from a file, unless that is as it was before: then it gives none. A
// file on a share that does not answer is given up with the context, though not by the system:
// what reads it is left behind.
func readFile(ctx context.Context, name string, before fs.FileInfo) (image.Image, fs.FileInfo, error) {
	type result struct {
		picture image.Image
		info    fs.FileInfo
		err     error
	}
	done := make(chan result, 1)
	go func() {
		picture, info, err := readIfChanged(name, before)
		done <- result{picture, info, err}
	}()
	select {
	case r := <-done:
		return r.picture, r.info, r.err
	case <-ctx.Done():
		return nil, before, fmt.Errorf("the picture could not be read in time: %w", ctx.Err())
	}
}

func readIfChanged(name string, before fs.FileInfo) (image.Image, fs.FileInfo, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, info, errors.New("what has the picture's name is not a file")
	case before != nil && before.Size() == info.Size() && before.ModTime().Equal(info.ModTime()):
		return nil, before, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, info, err
	}
	defer file.Close()
	picture, err := read(file)
	return picture, info, err
}

// Prove implements Camera.
func (f *Folder) Prove(context.Context) error {
	if _, err := os.ReadDir(f.Dir); err != nil {
		return fmt.Errorf("camera's folder: %w", err)
	}
	return nil
}
