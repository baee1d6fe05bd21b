// Package fonts holds the typefaces that cards and papers are set in.
package fonts

import "embed"

// Files are the typefaces, *.ttf.
//
//go:embed *.ttf
var Files embed.FS
