package config

import (
	"cmp"
	"runtime/debug"
)

// release is the version that an image was built as, which holds no repository
// (-ldflags "-X example.org/cancuoc/config.release=v1.2.3"); empty elsewhere.
var release string

// Version is that of the programs: the release, or the module's as it was built, which tells the
// commit and whether something was changed since; "(devel)" where neither is known.
func Version() string {
	var module string
	if built, ok := debug.ReadBuildInfo(); ok {
		module = built.Main.Version
	}
	return cmp.Or(release, module, "(devel)")
}
