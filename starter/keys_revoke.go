package main

import (
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/pki"
)

// revocationReasons are those of RFC 5280, 5.3.1, that apply to a document signer.
var revocationReasons = map[string]int{"unspecified": 0, "key-compromise": 1, "superseded": 4, "cessation": 5}

func newRevokeKey(a *app) *cobra.Command {
	var officer, witness, reason string
	c := &cobra.Command{
		Use: "revoke SERIAL", Short: "Revoke a document signer: every card signed with it is refused at borders from then on",
		Long: `Revoke a document signer by its serial number, in hexadecimal as starter keys
shows it, and sign a new revocation list. This cannot be undone.`,
		Example: "  starter keys revoke 5f3a9c017b22e4d08841 --reason key-compromise --officer KH-C06-0001 --witness KH-C06-0002\n  starter keys crl crl.der",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			code, known := revocationReasons[reason]
			if !known {
				return identity.RefuseField(identity.Invalid, "reason", "must be unspecified, key-compromise, superseded or cessation")
			}
			serial, ok := new(big.Int).SetString(strings.ReplaceAll(args[0], ":", ""), 16)
			if !ok {
				return identity.RefuseField(identity.Invalid, "serial", "is not a hexadecimal number")
			}
			authority, list, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(list.Signers, func(s pki.ListedSigner) bool { return s.Certificate.Serial.Cmp(serial) == 0 }) {
				return identity.RefuseField(identity.NotFound, "serial", "belongs to no document signer (see starter keys)")
			}
			act := identity.RevokeSigner{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Serial: serial.Text(16), Reason: reason}
			if err := a.onOffice(cmd, act); err != nil {
				return err
			}
			if err := authority.Revoke(serial, code, a.opened.Now()); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"serial": serial.Text(16), "state": "revoked"}, func(w io.Writer) {
				fmt.Fprintf(w, "%s revoked; publish the new revocation list (starter keys crl FILE)\n", serial.Text(16))
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "unspecified", "unspecified, key-compromise, superseded or cessation")
	twoOnKeys(c, &officer, &witness)
	return c
}
