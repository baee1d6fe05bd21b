package main

import (
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/pki"
)

func newRollOver(a *app) *cobra.Command {
	var csca bool
	var officer, witness string
	c := &cobra.Command{
		Use: "roll-over", Short: "Make a new document signer (or CSCA) and sign with it from now on",
		Example: "  starter keys roll-over --officer KH-C06-0001 --witness KH-C06-0002\n  starter keys roll-over --csca --officer KH-C06-0001 --witness KH-C06-0002",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			rollOver := authority.RollOver
			if csca {
				rollOver = authority.RollOverCSCA
			}
			if err := a.onOffice(cmd, identity.RollOverSigner{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), CSCA: csca}); err != nil {
				return err
			}
			if err := rollOver(a.opened.Now()); err != nil {
				return err
			}
			list, err := authority.List()
			if err != nil {
				return err
			}
			made := keysOf(pki.Listing{Signers: list.Signers[len(list.Signers)-1:]})
			if csca {
				made = keysOf(pki.Listing{CSCAs: list.CSCAs[len(list.CSCAs)-1:]})
			}
			return a.print(cmd, made, func(w io.Writer) { printKeys(w, made) })
		},
	}
	c.Flags().BoolVar(&csca, "csca", false, "roll over the CSCA, with a link certificate")
	twoOnKeys(c, &officer, &witness)
	return c
}
