package station

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.org/cancuoc/internal/durable"
)

// State is how far the personalization of a blank has got.
type State string

// The states of a blank. The strings are those in the journal.
const (
	Begun    State = "begun"
	Finished State = "finished"
	Spoiled  State = "spoiled"
)

// Entry is what the journal keeps of one blank. It holds no personal data: the reference is
// a digest that includes the portrait and the card's serial, which nobody can guess.
type Entry struct {
	Blank      string `json:"blank"`
	Reference  string `json:"reference"` // of the card that it was begun for, hexadecimal
	ChipSerial string `json:"chip_serial,omitempty"`
	State      State  `json:"state"`
	Clean      bool   `json:"clean,omitempty"` // nothing was written to the chip yet
	Step       string `json:"step,omitempty"`  // the last step that was begun
	Failures   int    `json:"failures,omitempty"`
	Reason     string `json:"reason,omitempty"` // why it is spoiled
}

// Journal is a station's memory of what it was doing. Save and Claim are durable
// when they return.
type Journal interface {
	// Load finds the entry of a blank.
	Load(blank string) (e Entry, found bool, err error)
	// Save replaces the entry of a blank.
	Save(e Entry) error
	// Of finds the blank that was written to last for the card of a reference; "" when none was.
	Of(reference string) (blank string, err error)
	// Owner is the blank that has a chip; "" when none has. A blank that is clean, as far as
	// its entry says, has none.
	Owner(chipSerial string) (blank string, err error)
	// Claim gives a chip to a blank unless another blank has it, and returns the
	// blank that has it now. No chip is claimed twice at once.
	Claim(chipSerial, blank string) (owner string, err error)
	// Prove reports what would keep an entry from being saved.
	Prove() error
}

// FileJournal is a journal in a folder: a file for each blank, to which every
// entry is appended as one line of JSON, and symbolic links from each chip to the blank
// that has it, and from each card's reference to the blank that was written to for it. The last whole line of a blank's file counts; a line that was
// cut short is ignored.
type FileJournal struct {
	dir  string
	sync bool
}

// OpenJournal opens or makes the journal in a folder. With sync each step waits for
// the disk and the journal survives the loss of power; without it, only the end of
// the program.
func OpenJournal(dir string, sync bool) (*FileJournal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("station journal: %w", err)
	}
	return &FileJournal{dir: dir, sync: sync}, nil
}

// plain matches a serial that can be part of a file name.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// fileName makes the name of a blank's or chip's file.
func fileName(dir, kind, serial string) (string, error) {
	if !plain.MatchString(serial) || strings.Contains(serial, "..") {
		return "", fmt.Errorf("%q is not a serial", serial)
	}
	return filepath.Join(dir, kind+"-"+serial+".json"), nil
}

// Load reads the last whole line of a blank's file.
func (j *FileJournal) Load(blank string) (Entry, bool, error) {
	name, err := fileName(j.dir, "blank", blank)
	if err != nil {
		return Entry{}, false, err
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, err
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1]
	line := bytes.TrimSpace(b[bytes.LastIndexByte(bytes.TrimSpace(b), '\n')+1:])
	if len(line) == 0 {
		return Entry{}, false, nil
	}
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, false, fmt.Errorf("entry of blank %s: %w", blank, err)
	}
	return e, true, nil
}

// Save appends a line to a blank's file. It begins with a line break, which ends a
// line that an earlier crash has cut short.
func (j *FileJournal) Save(e Entry) error {
	name, err := fileName(j.dir, "blank", e.Blank)
	if err != nil {
		return err
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(slices.Concat([]byte{'\n'}, line, []byte{'\n'}))
	if err == nil && j.sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if !e.Clean && e.State != Spoiled {
		if err := j.index(e.Reference, filepath.Base(name)); err != nil {
			return err
		}
	}
	return syncFolder(j.dir, j.sync)
}

// index makes the reference's name point to the blank's file.
func (j *FileJournal) index(reference, file string) error {
	name, err := fileName(j.dir, "card", reference)
	if err != nil {
		return err
	}
	return link(file, name)
}

// link makes a name point to a blank's file.
func link(file, name string) error {
	if at, err := os.Readlink(name); err == nil && at == file {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(file, name)
}

// Of follows the reference's name to the blank's file.
func (j *FileJournal) Of(reference string) (string, error) {
	name, err := fileName(j.dir, "card", reference)
	if err != nil {
		return "", err
	}
	file, err := os.Readlink(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return blankIn(file), err
}

// blankIn is the blank of a file that a link leads to.
func blankIn(file string) string {
	return strings.TrimSuffix(strings.TrimPrefix(file, "blank-"), ".json")
}

// Prove writes a file as large as a card's entries, and removes it.
func (j *FileJournal) Prove() error { return durable.Prove(j.dir, 16<<10, j.sync) }

// Owner follows the chip's name to the blank's file.
func (j *FileJournal) Owner(chipSerial string) (string, error) {
	name, err := fileName(j.dir, "chip", chipSerial)
	if err != nil {
		return "", err
	}
	file, err := os.Readlink(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	blank := blankIn(file)
	e, found, err := j.Load(blank)
	if err != nil || found && e.Clean { // the program ended before it wrote to the chip
		return "", err
	}
	return blank, nil
}

// Claim makes the chip's name point to the blank's file.
func (j *FileJournal) Claim(chipSerial, blank string) (string, error) {
	owner, err := j.Owner(chipSerial)
	if err != nil || owner != "" {
		return owner, err
	}
	name, err := fileName(j.dir, "chip", chipSerial)
	if err != nil {
		return "", err
	}
	of, err := fileName(j.dir, "blank", blank)
	if err != nil {
		return "", err
	}
	if err := link(filepath.Base(of), name); err != nil {
		return "", err
	}
	return blank, syncFolder(j.dir, j.sync)
}

// syncFolder makes a new name in a folder durable.
func syncFolder(dir string, sync bool) error {
	if !sync {
		return nil
	}
	return durable.SyncFolder(dir)
}
