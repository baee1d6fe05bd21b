package packet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"unicode"

	"example.org/cancuoc/internal/identity"
)

// Sizes bound what is read of a submission, in bytes.
type Sizes struct {
	Document int64 // a JSON file that names its images
	Portrait int64
	Finger   int64 // each image, and each template
	Packet   int64 // all together, signed
}

// ReadSubmission reads a submission from a JSON file, and the images that it names from
// the same folder. Nothing larger than its bound is read into memory. Where its error is
// PartlyRead, the submission holds the rest.
func ReadSubmission(fsys fs.FS, name string, sizes Sizes) (Submission, error) {
	document, err := readBounded(fsys, name, sizes.Document)
	if err != nil {
		return Submission{}, err
	}
	s, err := ParseSubmission(document)
	if _, partly := errors.AsType[PartlyRead](err); err != nil && !partly {
		return Submission{}, err
	}
	wrong := []error{err}
	beside := func(field, file string, limit int64) []byte {
		if !fs.ValidPath(file) {
			wrong = append(wrong, identity.RefuseField(identity.Invalid, field, "must name a file in the folder of the submission"))
			return nil
		}
		b, err := readBounded(fsys, path.Join(path.Dir(name), file), limit)
		wrong = append(wrong, identity.InField(field, err))
		return b
	}
	if s.Portrait != nil && s.Portrait.File != "" {
		s.Portrait = &Image{Data: beside("portrait", s.Portrait.File, sizes.Portrait)}
	}
	for field, eye := range map[string]*Iris{"iris_left": s.IrisLeft, "iris_right": s.IrisRight} {
		if eye != nil && eye.File != "" {
			eye.Data, eye.File = beside(field, eye.File, sizes.Finger), ""
		}
	}
	for i := range s.Fingerprints {
		f := &s.Fingerprints[i]
		field := fmt.Sprintf("fingerprints.%d", i)
		if f.File != "" {
			f.Data, f.File = beside(field, f.File, sizes.Finger), ""
		}
		if f.Template != "" {
			f.TemplateData, f.Template = beside(field+".template", f.Template, sizes.Finger), ""
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return s, PartlyRead{err}
	}
	return s, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name) // before it is opened: a pipe would never open
	if err != nil {
		return nil, refuseOpen(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, identity.Refuse(identity.Invalid, "%s is not a regular file; a folder, a pipe or a device cannot be read", shown(path.Base(name)))
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, refuseOpen(name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", shown(path.Base(name)), err)
	}
	if int64(len(b)) > limit {
		return nil, identity.Refuse(identity.Invalid, "%s is larger than the %d bytes that are accepted", shown(path.Base(name)), limit)
	}
	return b, nil
}

// refuseOpen refuses a name under which there is no file. A fault of the machine
// stays a fault.
func refuseOpen(name string, err error) error {
	errno, system := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), errno == syscall.ENOTDIR, errno == syscall.EINVAL, errno == syscall.ELOOP, errno == syscall.ENAMETOOLONG:
		return identity.Refuse(identity.Invalid, "there is no file %s", shown(path.Base(name)))
	case !system && !errors.Is(err, fs.ErrPermission): // [os.Root] refused to leave its folder
		return identity.Refuse(identity.Invalid, "%s is not in the folder of the submission", shown(path.Base(name)))
	}
	if errors.Is(err, fs.ErrPermission) {
		return identity.Refuse(identity.Invalid, "%s may not be read by this user", shown(path.Base(name)))
	}
	return fmt.Errorf("open %s: %w", shown(path.Base(name)), err)
}

// shown makes a name that a stranger chose safe to show: short, and without control
// characters.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, name)
	if letters := []rune(name); len(letters) > maxShown {
		return string(letters[:maxShown]) + "..."
	}
	return name
}

// maxShown is how many letters of a name are shown.
const maxShown = 64

// Read reads a packet from a file.
func Read(fsys fs.FS, name string, sizes Sizes) ([]byte, error) {
	return readBounded(fsys, name, sizes.Packet)
}

// ReadPortrait reads a new portrait from a file.
func ReadPortrait(fsys fs.FS, name string, sizes Sizes) (*Image, error) {
	b, err := readBounded(fsys, name, sizes.Portrait)
	return &Image{Data: b}, identity.InField("portrait", err)
}

// ReadFinger reads a finger image from a file.
func ReadFinger(fsys fs.FS, name string, sizes Sizes) ([]byte, error) {
	b, err := readBounded(fsys, name, sizes.Finger)
	return b, identity.InField("finger", err)
}
