package lds

import "example.org/cancuoc/internal/identity"

// title is a name as the chip stores it.
func title(n identity.Name) string { return n.Text }
