package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Command is a camera that a program drives. The program is called with the job's name,
// the blank's serial number and two file names, and writes the picture of the front into
// the first file and that of the back into the second.
type Command struct {
	Args []string      // the program, and arguments that come before those
	Wait time.Duration // how long it may take
}

// Look implements Camera.
func (c *Command) Look(ctx context.Context, job Job) (image.Image, image.Image, error) {
	if err := checkJob(job); err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "cancuoc-camera-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	files := [2]string{filepath.Join(dir, front), filepath.Join(dir, back)}
	args := slices.Concat(c.Args[1:], []string{job.Name, job.Blank}, files[:])
	cmd := exec.CommandContext(ctx, c.Args[0], args...) //nolint:gosec // the program that the settings name
	cmd.WaitDelay = time.Second                         // for what it has started itself
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) { // what it left behind may go on
		return nil, nil, fmt.Errorf("camera's program: %w: %.200q", errors.Join(err, ctx.Err()), said.Bytes())
	}
	var sides [2]image.Image
	for i, name := range files {
		if sides[i], _, err = readFile(ctx, name, nil); err != nil {
			return nil, nil, fmt.Errorf("camera's program: %w", err)
		}
	}
	return sides[0], sides[1], nil
}

// Prove implements Camera: the program can be found.
func (c *Command) Prove(context.Context) error {
	if len(c.Args) == 0 {
		return errors.New("camera's program: none is named")
	}
	if _, err := exec.LookPath(c.Args[0]); err != nil {
		return fmt.Errorf("camera's program: %w", err)
	}
	return nil
}
