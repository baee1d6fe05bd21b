package station

import "os"

// ReadSimulated reads the memory of a simulated card from its file, for
// softcard.Restore. It is nil where the file holds none.
func ReadSimulated(name string) (snapshot []byte, err error) {
	if _, err := os.Stat(name); err != nil {
		return nil, err
	}
	c, snapshot, err := openCardFile(name, false)
	if err != nil {
		return nil, err
	}
	return snapshot, c.Close()
}
