//go:build !pcsc

package station

import "errors"

// NewPCSC is the encoder for PC/SC readers. This build has none: it needs the
// build tag pcsc, cgo and libpcsclite.
func NewPCSC(string) (Encoder, error) {
	return nil, errors.New("station.driver is pcsc, and this program was built without it: build it with -tags pcsc")
}
