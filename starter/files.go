package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
)

// readFinger reads the image of a finger.
func readFinger(file string, sizes packet.Sizes) ([]byte, error) {
	return inFolder(file, func(folder fs.FS, name string) ([]byte, error) { return packet.ReadFinger(folder, name, sizes) })
}

// inFolder reads a file, and the files beside it that it names. Nothing outside its
// folder is read, whatever names or links say; only the file itself may be a link.
func inFolder[T any](file string, read func(folder fs.FS, name string) (T, error)) (T, error) {
	var none T
	if _, err := os.Stat(file); err != nil {
		return none, refusePath("there is no such file", err)
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return none, fmt.Errorf("find file: %w", err)
	}
	folder, err := os.OpenRoot(filepath.Dir(target))
	if err != nil {
		return none, fmt.Errorf("open folder: %w", err)
	}
	defer folder.Close()
	return read(folder.FS(), filepath.Base(target))
}

// refusePath refuses a path under which there is nothing, or nothing that may be read:
// links that lead in a circle are no fault that passes.
func refusePath(missing string, err error) error {
	errno, _ := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), errno == syscall.ENOTDIR, errno == syscall.ELOOP, errno == syscall.EINVAL, errno == syscall.ENAMETOOLONG:
		return identity.Refuse(identity.Invalid, "%s", missing)
	case errors.Is(err, fs.ErrPermission):
		return identity.Refuse(identity.Invalid, "this user may not read it")
	}
	return fmt.Errorf("look for it: %w", err)
}

// Modes of files that commands write.
const (
	public  = 0o644 // everybody may read it
	private = 0o600 // it holds personal data
)

// write writes a file that a command names; - is standard output.
func (a *app) write(cmd *cobra.Command, file string, mode fs.FileMode, content []byte) error {
	if file == "-" {
		if _, err := cmd.OutOrStdout().Write(content); err != nil {
			return fmt.Errorf("write to standard output: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(file, content, mode); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return a.print(cmd, map[string]any{"file": file, "bytes": len(content)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %d bytes\n", file, len(content))
	})
}
