package intake

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"example.org/cancuoc/internal/identity"
)

// Sizes bound what a submission may bring, in bytes.
type Sizes struct {
	Document int64 // the JSON without images
	Portrait int64
	Finger   int64
	Packet   int64 // all together, signed
}

// ReadFile reads a submission from a file, with the images that it names beside
// it. Nothing larger than its bound is read into memory.
func ReadFile(fsys fs.FS, name string, sizes Sizes) (Submission, error) {
	document, err := readBounded(fsys, name, sizes.Document)
	if err != nil {
		return Submission{}, err
	}
	s, err := ParseSubmission(document)
	if err != nil {
		return Submission{}, err
	}
	var faults faults
	beside := func(field, file string, limit int64) []byte {
		if !fs.ValidPath(file) {
			faults.add(field, identity.Refuse(identity.Invalid, "must name a file in the folder of the submission"))
			return nil
		}
		b, err := readBounded(fsys, path.Join(path.Dir(name), file), limit)
		if err != nil {
			faults.add(field, err)
		}
		return b
	}
	if s.Portrait != nil && s.Portrait.File != "" {
		s.Portrait = &Image{Data: beside("portrait", s.Portrait.File, sizes.Portrait)}
	}
	for i := range s.Fingerprints {
		f := &s.Fingerprints[i]
		field := fmt.Sprintf("fingerprints.%d", i)
		if f.File != "" {
			f.Data, f.File = beside(field, f.File, sizes.Finger), ""
		}
		if f.Template != "" {
			f.TemplateData, f.Template = beside(field, f.Template, sizes.Finger), ""
		}
	}
	return s, faults.err()
}

// readBounded reads a file of at most limit bytes.
func readBounded(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, identity.Refuse(identity.Invalid, "there is no file %s", path.Base(name))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path.Base(name), err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Base(name), err)
	}
	if int64(len(b)) > limit {
		return nil, identity.Refuse(identity.Invalid, "%s is larger than the %d bytes that are accepted", path.Base(name), limit)
	}
	return b, nil
}

// ReadPacket reads a signed packet from a file.
func ReadPacket(fsys fs.FS, name string, sizes Sizes) ([]byte, error) {
	return readBounded(fsys, name, sizes.Packet)
}

// ReadPortrait reads and checks a portrait from a file.
func ReadPortrait(fsys fs.FS, name string, sizes Sizes) ([]byte, error) {
	b, err := readBounded(fsys, name, sizes.Portrait)
	if err == nil {
		err = checkPortrait(&Image{Data: b})
	}
	var faults faults
	if err != nil {
		faults.add("portrait", err)
	}
	return b, faults.err()
}

// ReadFinger reads a finger image from a file.
func ReadFinger(fsys fs.FS, name string, sizes Sizes) ([]byte, error) {
	return readBounded(fsys, name, sizes.Finger)
}
