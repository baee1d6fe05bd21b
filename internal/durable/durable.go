// Package durable writes files that outlive a crash: a file is on disk whole, under
// its name, when the function returns, or it is not there at all.
package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Create writes a new file that its owner alone may read. A file that exists stays,
// and the error is [io/fs.ErrExist].
func Create(name string, content []byte) error { return write(name, content, os.Link) }

// Replace writes a file that its owner alone may read, in the place of one that
// exists.
func Replace(name string, content []byte) error { return write(name, content, os.Rename) }

// write writes a temporary file beside name, and gives it its name when it is whole.
func write(name string, content []byte, give func(from, to string) error) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // unless it was renamed
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := give(temporary.Name(), name); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(name))
}

// Prove reports what would keep a file of some size from being written into a folder: it
// makes one, has room set aside for it, waiting for the disk if sync is set, and removes
// it.
func Prove(dir string, size int, sync bool) error {
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	defer os.Remove(probe.Name())
	err = syscall.Fallocate(int(probe.Fd()), 0, 0, int64(size))
	if errors.Is(err, syscall.EOPNOTSUPP) { // some file systems set no room aside
		_, err = probe.Write(make([]byte, size))
	}
	if err == nil && sync {
		err = probe.Sync()
	}
	if err != nil {
		err = &os.PathError{Op: "write", Path: dir, Err: err}
	}
	return errors.Join(err, probe.Close())
}

// SyncFolder brings the names in a folder to disk.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
