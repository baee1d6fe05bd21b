package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
)

func newSignatureCA(a *app) *cobra.Command {
	var officer, witness string
	c := &cobra.Command{
		Use: "signature-ca", Short: "Make the CA for digital signatures, unless it is there",
		Long: `Make the CA that certifies the keys of digital signatures which cards make, unless it is
there. It is not the CSCA. Two officers sign for it; production never makes it by the way.`,
		Example: "  starter keys signature-ca --officer KH-C06-0001 --witness KH-C06-0002", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			act := identity.RollOverSigner{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), SignatureCA: true}
			if err := a.onOffice(cmd, act); err != nil {
				return err
			}
			if _, err := authority.MakeSignatureCA(a.opened.Now()); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"ca": "signature-ca"}, func(w io.Writer) { fmt.Fprintln(w, "the CA for digital signatures is in the key store") })
		},
	}
	twoOnKeys(c, &officer, &witness)
	return c
}
