//go:build !pkcs11

package keys

// OpenPKCS11 refuses with ErrNoPKCS11: this build has no cgo.
func OpenPKCS11(HSM) (Store, error) { return nil, ErrNoPKCS11 }
