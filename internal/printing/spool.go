// Package printing is the port to card printers. A printer takes a card's two
// sides as one PDF under a job name, and prints each job once.
package printing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
)

// Printer prints cards.
type Printer interface {
	// Print prints a PDF of two pages, front and back, under that job name, and
	// returns when the card is out. A job that was printed before is not printed
	// again.
	Print(ctx context.Context, job string, pdf []byte) error
}

// Spool prints into a folder: one file for each job.
type Spool struct {
	Dir  string
	Time time.Duration // how long a print takes
}

// Print implements Printer. The file appears whole or not at all.
func (s *Spool) Print(ctx context.Context, job string, pdf []byte) error {
	if job == "" || strings.ContainsAny(job, `/\`) || job[0] == '.' {
		return identity.RefuseField(identity.Invalid, "job", "is no name for a file")
	}
	name := filepath.Join(s.Dir, job+".pdf")
	printed, err := os.ReadFile(name) //nolint:gosec // a name of ours
	switch {
	case err == nil && bytes.Equal(printed, pdf):
		return nil
	case err == nil:
		return identity.Refuse(identity.Conflict, "job %s was printed before with another content", job)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for job %s: %w", job, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("print job %s: %w", job, ctx.Err())
	case <-time.After(s.Time):
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("print job %s: %w", job, err)
	}
	temporary, err := os.CreateTemp(s.Dir, ".print-*")
	if err != nil {
		return fmt.Errorf("print job %s: %w", job, err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // it is gone when the print went well
	_, err = temporary.Write(pdf)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("print job %s: %w", job, err)
	}
	return nil
}
