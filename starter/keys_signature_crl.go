package main

import (
	"fmt"
	"math/big"

	"github.com/spf13/cobra"

	"example.org/cancuoc/personalization/chip/pki"
)

func newSignatureCRL(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "signature-crl FILE", Short: "Write the revocation list of the certificates of digital signatures, for publishing, DER",
		Long: `Have the CA for digital signatures sign its revocation list anew, and write it. It names the
certificates whose cards are not valid: superseded, spoiled, lost, replaced, withdrawn or destroyed;
and, on hold, those of cards that are reported lost or kept. It is current for a week: write it
every day.`,
		Example: "  starter keys signature-crl signature-crl.der", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			ca, err := authority.SignatureCA()
			if err != nil {
				return err
			}
			list, err := a.opened.Registry.RevokedCertificates(cmd.Context())
			if err != nil {
				return err
			}
			revoked := make([]pki.Revocation, len(list))
			for i, c := range list {
				serial, ok := new(big.Int).SetString(c.Serial, 16)
				if !ok {
					return fmt.Errorf("the registry has a certificate with the serial number %q", c.Serial)
				}
				revoked[i] = pki.Revocation{Serial: serial, At: c.At, Reason: c.Reason}
			}
			crl, err := ca.RevocationList(revoked, a.opened.Now())
			if err != nil {
				return err
			}
			return a.write(cmd, args[0], public, crl)
		},
	}
}
