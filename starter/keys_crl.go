package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

func newCRL(a *app) *cobra.Command {
	var renew bool
	c := &cobra.Command{
		Use: "crl FILE", Short: "Write the revocation list, to be published; as PEM where FILE ends in .pem",
		Example: "  starter keys crl crl.der\n  starter keys crl crl.pem --renew",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			authority, err := a.authority(cmd)
			if err != nil {
				return err
			}
			list, err := authority.List()
			if err != nil {
				return err
			}
			if renew || list.CRL == nil {
				if list.CRL, err = authority.IssueCRL(time.Now()); err != nil {
					return err
				}
			}
			content := list.CRL.Raw
			if filepath.Ext(args[0]) == ".pem" {
				content = list.CRL.PEM()
			}
			return a.publish(cmd, args[0], content)
		},
	}
	c.Flags().BoolVar(&renew, "renew", false, "sign a new one first")
	return c
}
