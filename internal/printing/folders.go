package printing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/durable"
	"example.org/cancuoc/internal/identity"
)

// Spool prints into a folder: a PDF for each job.
type Spool struct {
	Dir  string
	Time time.Duration // how long printing takes, where nobody answers
	// Answers says that a program takes the jobs and answers each, in JOB.state: taken,
	// jammed, done, failed or refused. Otherwise a job is printed when its file is there.
	Answers bool
	Silence time.Duration // how long that program may say nothing before a person is told
}

// Print implements Printer. The file appears whole or not at all.
func (s *Spool) Print(ctx context.Context, job string, card Sides, tell func(string)) error {
	return submit(ctx, folder{s.Dir, s.Answers, s.Silence}, job, tell, func(takes time.Duration) error {
		return once(ctx, filepath.Join(s.Dir, job+".pdf"), card.PDF, takes)
	}, s.Time)
}

// Prove implements Printer.
func (s *Spool) Prove(context.Context) error { return prove(s.Dir) }

// Jobs lists the jobs of which the folder holds anything.
func (s *Spool) Jobs() ([]string, error) { return jobs(s.Dir, ".pdf") }

// Holds reports whether the folder holds anything of a job.
func (s *Spool) Holds(job string) (bool, error) { return holds(job, s.Dir, job+".pdf") }

// Forget removes what the folder still holds of a job. Jobs that are forgotten must not be
// printed again.
func (s *Spool) Forget(job string) error { return forget(job, s.Dir, job+".pdf") }

// Bitmaps prints into a folder, for a vendor's driver that takes images: for each
// job a PNG of the front, and then one of the back.
type Bitmaps struct {
	Dir     string
	DPI     int
	Time    time.Duration // likewise
	Answers bool          // likewise
	Silence time.Duration // likewise
}

// Print implements Printer. Each file appears whole or not at all.
func (b *Bitmaps) Print(ctx context.Context, job string, card Sides, tell func(string)) error {
	return submit(ctx, folder{b.Dir, b.Answers, b.Silence}, job, tell, func(takes time.Duration) error { return b.write(ctx, job, card, takes) }, b.Time)
}

// write writes both pictures.
func (b *Bitmaps) write(ctx context.Context, job string, card Sides, takes time.Duration) error {
	front, back, err := card.Draw(b.DPI)
	if err != nil {
		return fmt.Errorf("draw job %s: %w", job, err)
	}
	for _, side := range []struct {
		name    string
		picture image.Image
		takes   time.Duration
	}{{"front", front, 0}, {"back", back, takes}} {
		var out bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		if err := encoder.Encode(&out, side.picture); err != nil {
			return fmt.Errorf("write %s of job %s: %w", side.name, job, err)
		}
		if err := once(ctx, filepath.Join(b.Dir, job+"-"+side.name+".png"), out.Bytes(), side.takes); err != nil {
			return err
		}
	}
	return nil
}

// Prove implements Printer.
func (b *Bitmaps) Prove(context.Context) error { return prove(b.Dir) }

// Jobs is [Spool.Jobs].
func (b *Bitmaps) Jobs() ([]string, error) { return jobs(b.Dir, "-front.png", "-back.png") }

// Holds is [Spool.Holds].
func (b *Bitmaps) Holds(job string) (bool, error) {
	return holds(job, b.Dir, job+"-front.png", job+"-back.png")
}

// Forget is [Spool.Forget].
func (b *Bitmaps) Forget(job string) error {
	return forget(job, b.Dir, job+"-front.png", job+"-back.png")
}

// jobs lists the jobs of which a folder has a file that ends so.
func jobs(dir string, ends ...string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list printed jobs: %w", err)
	}
	var list []string
	for _, file := range files {
		for _, end := range ends {
			if job, is := strings.CutSuffix(file.Name(), end); is && !slices.Contains(list[max(0, len(list)-1):], job) {
				list = append(list, job) // both sides of a job stand together
			}
		}
	}
	return list, nil
}

// holds reports whether there is a file of a job.
func holds(job, dir string, names ...string) (bool, error) {
	if err := checkJob(job); err != nil {
		return false, err
	}
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// forget removes files of a job.
func forget(job, dir string, names ...string) error {
	if err := checkJob(job); err != nil {
		return err
	}
	var problems []error
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("remove print of job %s: %w", job, err))
		}
	}
	return errors.Join(problems...)
}

// folder is where a printer's program finds jobs.
type folder struct {
	dir     string
	answers bool
	silence time.Duration
}

// submit writes a job's files, and where a program answers, waits for its answer. A job
// that it took is not written again: it may have moved the files away.
func submit(ctx context.Context, f folder, job string, tell func(string), write func(time.Duration) error, takes time.Duration) error {
	if err := checkJob(job); err != nil {
		return err
	}
	if !f.answers {
		return write(takes)
	}
	a, err := readState(f.dir, job)
	if err != nil {
		return err
	}
	if a == (state{}) {
		if err := write(0); err != nil {
			return err
		}
	}
	return await(ctx, f.dir, job, f.silence, tell)
}

// cardBytes is more than both sides of a card take.
const cardBytes = 256 << 10

// prove reports whether a card's files can be written into a folder.
func prove(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = durable.Prove(dir, cardBytes, false)
	}
	if err != nil {
		return fmt.Errorf("printer's folder: %w", err)
	}
	return nil
}

// once writes a file, which takes some time. A file that is there already stays; if it
// has different content, the job is refused.
func once(ctx context.Context, name string, content []byte, takes time.Duration) error {
	job := filepath.Base(name)
	made, err := os.ReadFile(name)
	switch {
	case err == nil && bytes.Equal(made, content):
		return nil
	case err == nil:
		return identity.Refuse(identity.Spoiled, "job %s was printed before with different content: nobody knows what is on the card", job)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for job %s: %w", job, err)
	}
	if err := wait(ctx, takes); err != nil {
		return fmt.Errorf("print job %s: %w", job, err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("print job %s: %w", job, err)
	}
	if err := durable.Replace(name, content); err != nil {
		return fmt.Errorf("print job %s: %w", job, err)
	}
	return nil
}

// checkJob refuses a job name that cannot name a file.
func checkJob(job string) error {
	if job == "" || strings.ContainsAny(job, `/\`) || job[0] == '.' {
		return identity.RefuseField(identity.Invalid, "job", "cannot name a file: it is empty, begins with a dot or holds a slash")
	}
	return nil
}
