package forms

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"example.org/cancuoc/templates/svg"
)

// readDrawings reads the files of a form's art, which lie beside it, and lists all that is
// wrong with them.
func (f *Form) readDrawings(folder fs.FS) error {
	var faults []error
	for i := range f.Art {
		m := &f.Art[i]
		if m.File == "" {
			continue
		}
		data, err := readFile(folder, m.File)
		if err != nil {
			faults = append(faults, f.Fault(m.Line, "art "+m.File, "%v", err))
			continue
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.SHA256 {
			faults = append(faults, f.Fault(m.Line, "art "+m.File, "sha256 is %q; the file's is %x", m.SHA256, sum))
		}
		drawing, err := svg.Parse(data)
		if fault, ok := errors.AsType[*svg.Fault](err); ok {
			faults = append(faults, fmt.Errorf("form %s:%d: art %s:%d: %s", f.file, m.Line, m.File, fault.Line, fault.Detail))
		}
		m.Drawing = drawing
	}
	return errors.Join(faults...)
}

// readFile reads a drawing, but no more of it than a drawing may have.
func readFile(folder fs.FS, name string) ([]byte, error) {
	if !fs.ValidPath(name) || path.Ext(name) != ".svg" {
		return nil, errors.New("file must be an .svg in the form's folder or below, such as art/emblem.svg")
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, errors.New("there is no such file beside the form")
	}
	data, err := io.ReadAll(io.LimitReader(file, svg.MaxBytes+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	return data, nil
}

// art checks a motif, or the drawing that takes its place.
func (v *validation) art(m Motif) {
	what := "art " + m.Kind + m.File
	v.side(m.Line, what, m.Side)
	for _, name := range m.Colors {
		v.color(m.Line, what, name)
	}
	if m.File == "" {
		if m.SHA256 != "" || m.Layer != "" || m.Licence != "" {
			v.wrong(m.Line, what, "sha256, layer and licence belong to a drawing; file is missing")
		}
		return
	}
	if m.Kind != "" || m.Colors != nil || m.Count != 0 || m.Weight != 0 {
		v.wrong(m.Line, what, "a drawing from a file has no kind, colors, count or weight")
	}
	if !slices.Contains(Layers, m.Layer) {
		v.wrong(m.Line, what, "layer must be one of %s", list(Layers))
	}
	if m.Licence == "" {
		v.wrong(m.Line, what, "licence is needed: by which right the drawing is used")
	}
	if m.W <= 0 || m.H <= 0 {
		v.wrong(m.Line, what, "w and h are needed: the box that the drawing fills")
	}
}
