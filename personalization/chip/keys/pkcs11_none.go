//go:build !pkcs11

package keys

// OpenPKCS11 gives ErrNoPKCS11: PKCS#11 needs cgo and the build tag pkcs11.
func OpenPKCS11(HSM) (Store, error) { return nil, ErrNoPKCS11 }
