package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/personalization/chip/pki"
)

func newKeys(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "Show, roll over, revoke and publish the certificates that cards are signed with", GroupID: "set-up",
		Long: `Show the CSCAs and document signers, when each signs and how many signatures it
has made. In development they are made at the first start. A document signer is
replaced by a new one when its usage period ends or its number of signatures is
reached.`,
		Example: "  starter keys\n  starter keys roll-over\n  starter keys crl crl.der\n  starter keys pkd pkd.ldif",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, list, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			shown := keysOf(list)
			return a.print(cmd, shown, func(w io.Writer) { printKeys(w, shown) })
		},
	}
	c.AddCommand(newRollOver(a), newRevokeKey(a), newCRL(a), newMasterList(a), newPKD(a), newImportKey(a), newChipMaster(a), newChipKeys(a), newSignatureCA(a), newSignatureCRL(a), newStatusKey(a), newReissue(a))
	return c
}

// certificates opens the certification authority, and lists what it has made.
func (a *app) certificates(cmd *cobra.Command) (*pki.Authority, pki.Listing, error) {
	office, err := a.office(cmd.Context())
	if err != nil {
		return nil, pki.Listing{}, err
	}
	authority, err := office.OpenAuthority()
	if err != nil {
		return nil, pki.Listing{}, err
	}
	list, err := authority.List()
	return authority, list, err
}

// onOffice has officers sign what is done on this machine to what belongs to the office. What is
// to be done first is done when they may do it.
func (a *app) onOffice(cmd *cobra.Command, act identity.Act, first ...func() error) error {
	signed, err := a.signOnOffice(act)
	if err != nil {
		return err
	}
	if len(first) > 0 {
		if err := a.mayAct(cmd, signed); err != nil {
			return err
		}
	}
	for _, do := range first {
		if err := do(); err != nil {
			return err
		}
	}
	return a.opened.Registry.OnOffice(cmd.Context(), act, signed)
}

// signOnOffice has officers sign an act on what belongs to the office.
func (a *app) signOnOffice(act identity.Act) (statement.Signed, error) {
	if err := act.Check(); err != nil {
		return statement.Signed{}, err
	}
	g, err := a.client()
	if err != nil {
		return statement.Signed{}, err
	}
	return g.keys.sign(act, statement.Office, statement.NewID())
}

// mayAct refuses what its officers may not do, and keeps for auditors that it was refused.
func (a *app) mayAct(cmd *cobra.Command, signed statement.Signed) error {
	err := a.opened.Registry.MayAct(cmd.Context(), signed)
	if err != nil && isRefusal(err) {
		return errors.Join(err, a.opened.Registry.RefusedAct(cmd.Context(), signed, err))
	}
	return err
}

// twoOnKeys adds the flags of an act that two officers do to the office's keys.
func twoOnKeys(c *cobra.Command, officer, witness *string) {
	c.Flags().StringVar(officer, "officer", "", "badge of the officer who does it (required)")
	c.Flags().StringVar(witness, "witness", "", "badge of another officer, who does it with them (required)")
	required(c, "officer", "witness")
}

// shownKey is one certificate, as keys prints it.
type shownKey struct {
	Role       string    `json:"role"` // csca or document-signer
	Number     int       `json:"number"`
	Serial     string    `json:"serial"` // hexadecimal
	SignsFrom  time.Time `json:"signs_from"`
	SignsUntil time.Time `json:"signs_until"`
	ValidUntil time.Time `json:"valid_until"` // the certificate: until the last card signed with it expires
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
	rows := make([][]string, len(list))
	for i, k := range list {
		signatures := "-"
		if k.Role == "document-signer" {
			signatures = strconv.Itoa(k.Signatures)
		}
		rows[i] = []string{
			fmt.Sprintf("%s %d", k.Role, k.Number), k.Serial,
			k.SignsFrom.Format(time.DateOnly), k.SignsUntil.Format(time.DateOnly), k.ValidUntil.Format(time.DateOnly), signatures, k.State,
		}
	}
	printTable(w, []string{"KEY", "SERIAL", "SIGNS FROM", "UNTIL", "VALID UNTIL", "SIGNATURES", "STATE"}, rows)
}
