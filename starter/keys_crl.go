package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization/chip/pki"
)

func newCRL(a *app) *cobra.Command {
	return publication{
		use: "crl", short: "Write the certificate revocation list, for publishing: PEM where FILE ends in .pem, else DER",
		example: "  starter keys crl crl.der\n  starter keys crl crl.pem --renew",
		sign: func(a *pki.Authority, at time.Time) error {
			_, err := a.IssueCRL(at)
			return err
		},
		content: func(l pki.Listing, file string) []byte {
			switch {
			case l.CRL == nil:
				return nil
			case filepath.Ext(file) == ".pem":
				return l.CRL.PEM()
			}
			return l.CRL.Raw
		},
	}.command(a)
}
