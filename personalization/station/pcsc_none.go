//go:build !pcsc

package station

import "errors"

// NewPCSC gives an error: PC/SC readers need the build tag pcsc, cgo and
// libpcsclite.
func NewPCSC(string) (Encoder, error) {
	return nil, errors.New("station.driver is pcsc, and this program was built without it; build it with -tags pcsc")
}
