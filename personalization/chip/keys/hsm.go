package keys

import (
	"errors"
	"log/slog"
)

// ErrNoPKCS11 means a program that was built without PKCS#11.
var ErrNoPKCS11 = errors.New("this program was built without PKCS#11; build it with -tags pkcs11")

// HSM says which token of which PKCS#11 module keeps the keys.
type HSM struct {
	Module   string // path of the module: a shared library
	Token    string // label of the token
	PIN      string // of the user; from the environment or a file, never from a command line
	Sessions int    // how many requests are in flight at once; default 16
}

// LogValue hides the PIN.
func (h HSM) LogValue() slog.Value { return slog.StringValue(h.String()) }

// String hides the PIN.
func (h HSM) String() string { return "[token " + h.Token + " of " + h.Module + "]" }

// GoString hides the PIN.
func (h HSM) GoString() string { return h.String() }
