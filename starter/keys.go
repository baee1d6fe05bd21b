package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

func newKeys(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "Show and roll over the certificates that cards are signed with", GroupID: "set-up",
		Long: `Show the CSCAs and document signers, and roll a document signer over. In
development everything is made at the first start; a document signer rolls over by
itself when its usage period or its count of signatures ends.`,
		Example: "  starter keys\n  starter keys roll-over\n  starter keys roll-over --csca",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			authority, err := office.Authority()
			if err != nil {
				return err
			}
			list, err := authority.List()
			if err != nil {
				return err
			}
			return a.print(cmd, list, func(w io.Writer) {
				fmt.Fprintf(w, "%d CSCA(s), %d document signer(s)\n", len(list.CSCAs), len(list.Signers))
			})
		},
	}
	var csca bool
	roll := &cobra.Command{
		Use: "roll-over", Short: "Make a new document signer (or CSCA) and sign with it from now on",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			office, err := a.office(cmd.Context())
			if err != nil {
				return err
			}
			authority, err := office.Authority()
			if err != nil {
				return err
			}
			if csca {
				return authority.RollOverCSCA(time.Now())
			}
			return authority.RollOver(time.Now())
		},
	}
	roll.Flags().BoolVar(&csca, "csca", false, "the CSCA, with a link certificate")
	c.AddCommand(roll)
	return c
}
