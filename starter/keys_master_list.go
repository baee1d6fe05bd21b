package main

import (
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization/chip/pki"
)

func newMasterList(a *app) *cobra.Command {
	return publication{
		use: "master-list", short: "Write the master list: all CSCA and link certificates, signed (CMS, DER), for other States",
		example: "  starter keys master-list master-list.der\n  openssl cms -verify -inform DER -in master-list.der -noverify -out cscas.der",
		sign: func(a *pki.Authority, at time.Time) error {
			_, err := a.IssueMasterList(at)
			return err
		},
		content: func(l pki.Listing, _ string) []byte { return l.MasterList },
	}.command(a)
}
