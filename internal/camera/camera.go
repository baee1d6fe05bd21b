// Package camera takes pictures of printed cards. A camera is told which job printed the
// card before it, and never what should be on it: what it sees proves what was printed.
//
// Start at Camera. Folder, HTTP and Command are drivers of real cameras; Simulated sees
// what a simulated printer was given.
package camera

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // pictures that cameras send
	_ "image/png"
	"io"
	"strings"

	_ "golang.org/x/image/bmp" // likewise

	"example.org/cancuoc/internal/identity"
)

// Job is a card that was printed.
type Job struct {
	Name  string // of the print job
	Blank string // the serial number of the blank
}

// Camera takes pictures.
type Camera interface {
	// Look takes a picture of both sides of the card that a job printed. The card's
	// edges, or what lies around them, are in the pictures; it lies upright, and may be
	// turned a little. Every error is a fault, after which it may be asked again.
	Look(ctx context.Context, job Job) (front, back image.Image, err error)
	// Prove reports what would keep Look from working.
	Prove(ctx context.Context) error
}

// The sides of a card, as files and requests name them.
const (
	front = "front"
	back  = "back"
)

// Limits of a picture: a card at 1200 dpi has 10 million dots.
const (
	maxBytes = 64 << 20
	maxDots  = 16 << 20
)

// read reads a picture, PNG, JPEG or BMP, as it arrives.
func read(r io.Reader) (image.Image, error) {
	rest := &io.LimitedReader{R: r, N: maxBytes + 1}
	var head bytes.Buffer
	size, _, err := image.DecodeConfig(io.TeeReader(rest, &head))
	if err != nil {
		return nil, fmt.Errorf("the picture is not PNG, JPEG or BMP: %w", err)
	}
	if size.Width <= 0 || size.Height <= 0 || size.Width > maxDots/size.Height {
		return nil, fmt.Errorf("the picture has %d by %d dots; accepted are %d million: %w", size.Width, size.Height, maxDots>>20, errLarge)
	}
	lies := orientation(head.Bytes())
	picture, _, err := image.Decode(bufio.NewReaderSize(io.MultiReader(&head, rest), 64<<10))
	if err == nil {
		_, err = io.Copy(io.Discard, rest)
	}
	switch {
	case rest.N == 0:
		return nil, fmt.Errorf("the picture has more than %d bytes: %w", maxBytes, errLarge)
	case err != nil:
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return turned(picture, lies), nil
}

// errLarge tells that a picture is larger than any of a card.
var errLarge = errors.New("it is too large")

// checkJob refuses a job name that cannot name a file.
func checkJob(job Job) error {
	if job.Name == "" || strings.ContainsAny(job.Name, `/\`) || job.Name[0] == '.' || job.Name[0] == '-' {
		return identity.RefuseField(identity.Invalid, "job", "cannot name a picture: it is empty, begins with a dot or a dash, or holds a slash")
	}
	return nil
}
