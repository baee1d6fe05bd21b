package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/keys"
	"example.org/cancuoc/personalization/station"
)

func newChipMaster(a *app) *cobra.Command {
	var officer, witness, version, from string
	c := &cobra.Command{
		Use: "chip-master", Short: "Make a master key of cards in the key store, for cards of a day and after",
		Long: `Make the master key with that key version number in the key store, from which the keys of
every card are derived that is made on that day or after. Two officers sign for it; production
makes none by the way. The first has number 01. Cards of before stay under the number
that they were made under; starter cards rotate gives one the keys of now. Given again, nothing changes.`,
		Example: "  starter keys chip-master --version 02 --from 2027-01-01 --officer KH-C06-0001 --witness KH-C06-0002", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			number, err := keyVersion("version", version)
			if err != nil {
				return err
			}
			day, err := identity.ParseDate(from)
			if err != nil || !day.Complete() {
				return identity.RefuseField(identity.Invalid, "from", "is not a date such as 2027-01-01")
			}
			act := identity.MakeChipMaster{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness)}
			act.Key = identity.ChipKey{Use: identity.CardUse, Version: number, Bits: 128, Diversification: identity.BySP800108, Check: make([]byte, 3), From: day}
			asked, err := a.signOnOffice(act) // there is no key yet whose check value could be signed
			if err != nil {
				return err
			}
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			if err := a.mayAct(cmd, asked); err != nil {
				return err
			}
			if act.Key, err = station.MakeMaster(authority.Store(), number, day); err != nil {
				return err
			}
			if err := a.onOffice(cmd, act); err != nil {
				return err
			}
			return a.printChipKeys(cmd, authority.Store(), act.Key)
		},
	}
	c.Flags().StringVar(&version, "version", "", "key version number, two hexadecimal digits (required)")
	c.Flags().StringVar(&from, "from", "", "first day on which cards are given its keys, yyyy-mm-dd (required)")
	required(c, "version", "from")
	twoOnKeys(c, &officer, &witness)
	return c
}

// keyVersion reads a key version number.
func keyVersion(field, text string) (int, error) {
	n, err := strconv.ParseUint(text, 16, 8)
	if err != nil {
		return 0, identity.RefuseField(identity.Invalid, field, "is not a key version number from 01 to 7F")
	}
	return int(n), nil
}

func newChipKeys(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "chips", Short: "Show the master keys of chips that officers brought in or made",
		Example: "  starter keys chips", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			list, err := a.opened.Registry.ChipKeys(cmd.Context())
			if err != nil {
				return err
			}
			return a.printChipKeys(cmd, authority.Store(), list...)
		},
	}
}

// shownChipKey is one master key of chips, as keys chips prints it.
type shownChipKey struct {
	Use             identity.KeyUse          `json:"use"`
	Version         string                   `json:"key_version"`
	Bits            int                      `json:"bits"`
	Diversification identity.Diversification `json:"diversification"`
	Check           string                   `json:"kcv"`
	From            identity.Date            `json:"from,omitzero"`
	Here            bool                     `json:"here"` // the key store of this machine has it
}

// printChipKeys shows master keys of chips, and whether the key store has them.
func (a *app) printChipKeys(cmd *cobra.Command, store keys.Store, list ...identity.ChipKey) error {
	shown := make([]shownChipKey, len(list))
	for i, k := range list {
		_, err := store.CardKeys(k.Label(), k, make([]byte, 10))
		shown[i] = shownChipKey{k.Use, fmt.Sprintf("%02X", k.Version), k.Bits, k.Diversification, hex.EncodeToString(k.Check), k.From, err == nil}
	}
	return a.print(cmd, shown, func(w io.Writer) {
		rows := make([][]string, len(shown))
		for i, k := range shown {
			from, here := "-", "yes"
			if !k.From.IsZero() {
				from = k.From.Display()
			}
			if !k.Here {
				here = "no"
			}
			rows[i] = []string{string(k.Use), k.Version, strconv.Itoa(k.Bits), string(k.Diversification), k.Check, from, here}
		}
		printTable(w, []string{"USE", "VERSION", "BITS", "DIVERSIFICATION", "KCV", "FROM", "HERE"}, rows)
	})
}
