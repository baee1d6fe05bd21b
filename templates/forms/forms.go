// Package forms holds the card forms as data, a file each.
package forms

import "embed"

// Files are the forms, *.yaml.
//
//go:embed *.yaml
var Files embed.FS
