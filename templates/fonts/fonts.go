// Package fonts holds the typefaces that cards and papers are set in.
package fonts

import "embed"

// Files are the font files, *.ttf.
//
//go:embed *.ttf
var Files embed.FS
