package main

import (
	"github.com/spf13/cobra"
)

func newPKD(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "pkd FILE", Short: "Write what other States need to check our cards, for the ICAO PKD (LDIF)",
		Long: `Write the certificates of all document signers, the revocation list and the master list as
LDIF, at their places in the ICAO Public Key Directory. A list that was not signed yet is
signed first; starter keys crl FILE --renew signs a new one.`,
		Example: "  starter keys pkd pkd.ldif", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			authority, list, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			if list.CRL == nil {
				if _, err := authority.IssueCRL(a.opened.Now()); err != nil {
					return err
				}
			}
			if len(list.MasterList) == 0 {
				if _, err := authority.IssueMasterList(a.opened.Now()); err != nil {
					return err
				}
			}
			if list, err = authority.List(); err != nil {
				return err
			}
			content, err := list.LDIF()
			if err != nil {
				return err
			}
			return a.write(cmd, args[0], public, content)
		},
	}
}
