package main

import (
	"time"

	"github.com/spf13/cobra"
)

func newMasterList(a *app) *cobra.Command {
	var renew bool
	c := &cobra.Command{
		Use: "master-list FILE", Short: "Write the signed list of all CSCAs and links (CMS, DER), for other States",
		Example: "  starter keys master-list master-list.der\n  openssl cms -verify -inform DER -in master-list.der -noverify -out cscas.der",
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
			if renew || len(list.MasterList) == 0 {
				if list.MasterList, err = authority.IssueMasterList(time.Now()); err != nil {
					return err
				}
			}
			return a.publish(cmd, args[0], list.MasterList)
		},
	}
	c.Flags().BoolVar(&renew, "renew", false, "sign a new one first")
	return c
}
