package main

import (
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/pki"
)

func newKeys(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "Show, roll over, revoke and publish the certificates that cards are signed with", GroupID: "set-up",
		Long: `Show the CSCAs and document signers, with the time in which each signs and how
many signatures it has made. In development everything is made at the first start;
a document signer rolls over by itself when its usage period or its count of
signatures ends.`,
		Example: "  starter keys\n  starter keys roll-over\n  starter keys crl crl.der",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			shown := keysOf(list)
			return a.print(cmd, shown, func(w io.Writer) { printKeys(w, shown) })
		},
	}
	c.AddCommand(newRollOver(a), newRevokeKey(a), newCRL(a), newMasterList(a))
	return c
}

// authority opens the certificates.
func (a *app) authority(cmd *cobra.Command) (*pki.Authority, error) {
	office, err := a.office(cmd.Context())
	if err != nil {
		return nil, err
	}
	return office.Authority()
}

// certificates lists what the authority has made.
func (a *app) certificates(cmd *cobra.Command) (pki.Listing, error) {
	authority, err := a.authority(cmd)
	if err != nil {
		return pki.Listing{}, err
	}
	return authority.List()
}

// shownKey is one certificate, as keys prints it.
type shownKey struct {
	Role       string    `json:"role"` // csca or document-signer
	Number     int       `json:"number"`
	Serial     string    `json:"serial"` // hexadecimal
	SignsFrom  time.Time `json:"signs_from"`
	SignsUntil time.Time `json:"signs_until"`
	ValidUntil time.Time `json:"valid_until"` // of the certificate: until the last card it vouches for ends
	Linked     bool      `json:"linked,omitzero"`
	Signatures int       `json:"signatures,omitzero"`
	State      string    `json:"state"` // in use, retired or revoked
}

// keysOf lists CSCAs, then document signers, oldest first.
func keysOf(l pki.Listing) []shownKey {
	list := make([]shownKey, 0, len(l.CSCAs)+len(l.Signers))
	for _, c := range l.CSCAs {
		k := shownKeyOf("csca", c.Number, c.Certificate, c.Retired, false)
		k.Linked = c.Link != nil
		list = append(list, k)
	}
	for _, d := range l.Signers {
		k := shownKeyOf("document-signer", d.Number, d.Certificate, d.Retired, d.Revoked)
		k.Signatures = d.Signatures
		list = append(list, k)
	}
	return list
}

func shownKeyOf(role string, number int, c *pki.Certificate, retired, revoked bool) shownKey {
	state := "in use"
	switch {
	case revoked:
		state = "revoked"
	case retired:
		state = "retired"
	}
	return shownKey{
		Role: role, Number: number, Serial: c.Serial.Text(16),
		SignsFrom: c.PrivateKeyUsage.From.UTC(), SignsUntil: c.PrivateKeyUsage.To.UTC(), ValidUntil: c.Valid.To.UTC(), State: state,
	}
}

func printKeys(w io.Writer, list []shownKey) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tSERIAL\tSIGNS FROM\tUNTIL\tVALID UNTIL\tSIGNATURES\tSTATE")
	for _, k := range list {
		signatures := "-"
		if k.Role == "document-signer" {
			signatures = strconv.Itoa(k.Signatures)
		}
		fmt.Fprintf(t, "%s %d\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Role, k.Number, k.Serial,
			k.SignsFrom.Format(time.DateOnly), k.SignsUntil.Format(time.DateOnly), k.ValidUntil.Format(time.DateOnly), signatures, k.State)
	}
	_ = t.Flush() // the writer below reports its own errors
}

func newRollOver(a *app) *cobra.Command {
	var csca bool
	c := &cobra.Command{
		Use: "roll-over", Short: "Make a new document signer (or CSCA) and sign with it from now on",
		Example: "  starter keys roll-over\n  starter keys roll-over --csca",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			authority, err := a.authority(cmd)
			if err != nil {
				return err
			}
			if csca {
				err = authority.RollOverCSCA(time.Now())
			} else {
				err = authority.RollOver(time.Now())
			}
			if err != nil {
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
	c.Flags().BoolVar(&csca, "csca", false, "the CSCA, with a link certificate")
	return c
}

// revocationReasons are those of RFC 5280, 5.3.1, that befall a document signer.
var revocationReasons = map[string]int{"unspecified": 0, "key-compromise": 1, "superseded": 4, "cessation": 5}

func newRevokeKey(a *app) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "revoke SERIAL", Short: "Revoke a document signer: every card that it signed is refused at borders from then on",
		Long: `Revoke a document signer by its serial number, in hexadecimal as starter keys
shows it, and sign a new revocation list. This cannot be undone.`,
		Example: "  starter keys revoke 5f3a9c017b22e4d08841 --reason key-compromise\n  starter keys crl crl.der",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			code, known := revocationReasons[reason]
			if !known {
				return identity.RefuseField(identity.Invalid, "reason", "must be unspecified, key-compromise, superseded or cessation")
			}
			serial, ok := new(big.Int).SetString(strings.ReplaceAll(args[0], ":", ""), 16)
			if !ok {
				return identity.RefuseField(identity.Invalid, "serial", "is no hexadecimal number")
			}
			authority, err := a.authority(cmd)
			if err != nil {
				return err
			}
			list, err := authority.List()
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(list.Signers, func(s pki.ListedSigner) bool { return s.Certificate.Serial.Cmp(serial) == 0 }) {
				return identity.RefuseField(identity.NotFound, "serial", "is that of no document signer (see starter keys)")
			}
			if err := authority.Revoke(serial, code, time.Now()); err != nil {
				return err
			}
			return a.print(cmd, map[string]string{"serial": serial.Text(16), "state": "revoked"}, func(w io.Writer) {
				fmt.Fprintf(w, "%s revoked; publish the new revocation list (starter keys crl FILE)\n", serial.Text(16))
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "unspecified", "unspecified, key-compromise, superseded or cessation")
	return c
}

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

// publish writes what everybody may read.
func (a *app) publish(cmd *cobra.Command, file string, content []byte) error {
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return a.print(cmd, map[string]any{"file": file, "bytes": len(content)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %d bytes\n", file, len(content))
	})
}
