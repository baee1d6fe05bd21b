package main

import (
	"encoding/hex"
	"errors"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/keys"
)

// transportFile is what a maker sends of a master key.
type transportFile struct {
	Version         string                   `json:"key_version"` // hexadecimal
	Bits            int                      `json:"bits"`
	Diversification identity.Diversification `json:"diversification"`
	Wrapped         string                   `json:"wrapped"`   // by AES key wrap, hexadecimal; or
	Block           string                   `json:"key_block"` // of ANSI X9.143 (TR-31), version D
	Check           string                   `json:"kcv"`       // hexadecimal
}

// componentFile is what a maker sends one custodian.
type componentFile struct {
	Component string `json:"component"` // hexadecimal
	Check     string `json:"kcv"`       // hexadecimal
}

func newImportKey(a *app) *cobra.Command {
	var officer, witness string
	var components []string
	c := &cobra.Command{
		Use: "import FILE", Short: "Bring a maker's master key of blank chips into the key store",
		Long: `Bring in the master key under which a maker delivers chips: two officers sign for it, and each
custodian brings a component of the key under which it is wrapped. Only then are boxes with blanks of
its key version number taken in. Given again, nothing changes. FILE is the maker's:

  {"key_version": "30", "bits": 128, "diversification": "emv-cps", "wrapped": "…", "kcv": "…"}

wrapped is the master key by AES key wrap (RFC 3394); in its place there may be key_block, a key block
of ANSI X9.143 (TR-31) of version D. kcv is its key check value, three bytes: of 3DES, or of AES as
GlobalPlatform has it or by AES-CMAC; diversification is sp800-108, emv-cps or none. A component, on
its custodian's own medium:

  {"component": "…", "kcv": "…"}`,
		Example: "  starter keys import maker.json --component /media/a/component.json --component /media/b/component.json --officer KH-C06-0001 --witness KH-C06-0002",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, wrapped, err := readTransportKey(args[0], components)
			if err != nil {
				return err
			}
			act := identity.ImportTransportKey{Officer: identity.OfficerID(officer), Witness: identity.OfficerID(witness), Key: key}
			if err := act.Check(); err != nil {
				return err
			}
			authority, _, err := a.certificates(cmd)
			if err != nil {
				return err
			}
			if err := a.onOffice(cmd, act, func() error {
				return imported(authority.Store().Import(key.Label(), key.Diversification, wrapped))
			}); err != nil {
				return err
			}
			return a.printChipKeys(cmd, authority.Store(), key)
		},
	}
	c.Flags().StringArrayVar(&components, "component", nil, "a custodian's component of the key-encryption key; once for each (required)")
	required(c, "component")
	twoOnKeys(c, &officer, &witness)
	return c
}

// readTransportKey reads a maker's master key, and what it is wrapped under.
func readTransportKey(file string, components []string) (identity.ChipKey, keys.Wrapped, error) {
	var said transportFile
	if err := readCeremony(file, &said); err != nil {
		return identity.ChipKey{}, keys.Wrapped{}, err
	}
	k := identity.ChipKey{Use: identity.TransportUse, Bits: said.Bits, Diversification: said.Diversification}
	version, wrong := keyVersion("key_version", said.Version)
	var w keys.Wrapped
	problems := []error{wrong, readHex("kcv", said.Check, &w.Check)}
	switch {
	case said.Block == "":
		problems = append(problems, readHex("wrapped", said.Wrapped, &w.Key))
	case said.Wrapped != "":
		problems = append(problems, identity.RefuseField(identity.Invalid, "wrapped", "and key_block are two keys; the file has one of them"))
	}
	k.Version, k.Check = version, w.Check
	parts := make([]keys.Component, len(components))
	for i, name := range components {
		var c componentFile
		if err := readCeremony(name, &c); err != nil {
			problems = append(problems, err)
			continue
		}
		problems = append(problems, readHex("component", c.Component, &parts[i].Value), readHex("component.kcv", c.Check, &parts[i].Check))
	}
	if err := errors.Join(problems...); err != nil {
		return k, w, err
	}
	under, err := keys.Combine(parts...)
	if err != nil {
		return k, w, identity.RefuseField(identity.Invalid, "component", "%v", err)
	}
	w.Under = under
	if said.Block == "" {
		return k, w, nil
	}
	w, err = keys.OpenBlock(said.Block, k.Diversification, under, w.Check)
	if errors.Is(err, keys.ErrBlock) || errors.Is(err, keys.ErrWrapped) || errors.Is(err, keys.ErrCheckValue) || errors.Is(err, keys.ErrWeak) {
		err = identity.RefuseField(identity.Invalid, "key_block", "%v", err)
	}
	return k, w, err
}

// imported says what is wrong with a key that a store does not take in.
func imported(err error) error {
	for _, wrong := range []error{keys.ErrWrapped, keys.ErrCheckValue, keys.ErrWeak} {
		if errors.Is(err, wrong) {
			return identity.RefuseField(identity.Invalid, "wrapped", "%v", wrong)
		}
	}
	if errors.Is(err, keys.ErrExists) {
		return identity.RefuseField(identity.Duplicate, "key_version", "is that of another key in the key store")
	}
	return err
}

// readCeremony reads a file of a ceremony, whose content no error tells.
func readCeremony(file string, into any) error {
	const most = 4096
	b, err := os.ReadFile(file)
	if err != nil {
		return identity.RefuseField(identity.Invalid, "file", "%v", err)
	}
	if len(b) > most || json.Unmarshal(b, into, json.RejectUnknownMembers(true)) != nil {
		return identity.RefuseField(identity.Invalid, "file", "%s is not as starter help keys import shows it", file)
	}
	return nil
}

// readHex reads hexadecimal digits.
func readHex(field, text string, into *[]byte) error {
	var err error
	if *into, err = hex.DecodeString(text); err != nil || text == "" {
		return identity.RefuseField(identity.Invalid, field, "is not hexadecimal")
	}
	return nil
}
