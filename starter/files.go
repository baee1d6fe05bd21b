package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
)

// readFinger reads the image of a finger.
func readFinger(file string, sizes packet.Sizes) ([]byte, error) {
	return inFolder(file, func(folder fs.FS, name string) ([]byte, error) { return packet.ReadFinger(folder, name, sizes) })
}

// inFolder reads a file, and what it names beside it, from its folder. What lies
// outside that folder is not read, whatever names or links say; only the file
// itself may be a link.
func inFolder[T any](file string, read func(folder fs.FS, name string) (T, error)) (T, error) {
	var none T
	target, err := filepath.EvalSymlinks(file)
	if errors.Is(err, fs.ErrNotExist) {
		return none, identity.Refuse(identity.Invalid, "there is no such file")
	}
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

// publish writes what everybody may read.
func (a *app) publish(cmd *cobra.Command, file string, content []byte) error {
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return a.print(cmd, map[string]any{"file": file, "bytes": len(content)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %d bytes\n", file, len(content))
	})
}
