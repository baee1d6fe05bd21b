package identity

import (
	"errors"
	"fmt"
	"slices"
)

// Diversification is how the key set of a chip comes from a master key. The values are wire
// format: they stand in the registry.
type Diversification string

// The diversifications.
const (
	BySP800108 Diversification = "sp800-108" // NIST SP 800-108 over AES-CMAC, as GlobalPlatform Amendment D has it
	ByEMV      Diversification = "emv-cps"   // EMV Card Personalization Specification, of a 3DES master key
	Undivided  Diversification = "none"      // every chip has the master key itself
)

// Diversifications lists them.
var Diversifications = []Diversification{BySP800108, ByEMV, Undivided}

// KeyUse is which key sets come from a master key of chips.
type KeyUse string

// The uses.
const (
	TransportUse KeyUse = "transport" // those with which a maker delivers chips
	CardUse      KeyUse = "card"      // those that cards are given
)

// The key version numbers of the master keys that an office has from its beginning.
const (
	FirstTransportVersion = 0x7F
	FirstCardVersion      = 0x01
)

// ChipKey describes a master key of chips, which is in the key store.
type ChipKey struct {
	Use             KeyUse
	Version         int // key version number of its key sets, 1 to 127; no two master keys have the same
	Bits            int // of each key of a key set
	Diversification Diversification
	Check           []byte // key check value, three bytes
	From            Date   `json:",omitzero"` // of cards: the first day on which they are given key sets of it
}

// ImportTransportKey says that two officers brought a maker's master key into the key store.
type ImportTransportKey struct {
	Officer, Witness OfficerID
	Key              ChipKey
}

// MakeChipMaster says that two officers made a master key of cards in the key store.
type MakeChipMaster struct {
	Officer, Witness OfficerID
	Key              ChipKey
}

// ActName implements Act.
func (ImportTransportKey) ActName() string { return "import-transport-key" }

// ActName implements Act.
func (MakeChipMaster) ActName() string { return "make-chip-master" }

// By implements Act.
func (a ImportTransportKey) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// By implements Act.
func (a MakeChipMaster) By() []OfficerID { return []OfficerID{a.Officer, a.Witness} }

// Check implements Act.
func (a ImportTransportKey) Check() error {
	problems := []error{TwoOfficers("witness", a.Officer, a.Witness), a.Key.checkFor(TransportUse)}
	if a.Key.Version == FirstCardVersion {
		problems = append(problems, RefuseField(Invalid, "key_version", "is that of cards; have the maker deliver another"))
	}
	if a.Key.From != (Date{}) {
		problems = append(problems, RefuseField(Invalid, "from", "is for master keys of cards alone"))
	}
	return errors.Join(problems...)
}

// Check implements Act.
func (a MakeChipMaster) Check() error {
	problems := []error{TwoOfficers("witness", a.Officer, a.Witness), a.Key.checkFor(CardUse)}
	if a.Key.Diversification != BySP800108 {
		problems = append(problems, RefuseField(Invalid, "diversification", "of cards must be %s", BySP800108))
	}
	if a.Key.Version == FirstTransportVersion {
		problems = append(problems, RefuseField(Invalid, "key_version", "is that of makers"))
	}
	if !a.Key.From.Complete() {
		problems = append(problems, RefuseField(Invalid, "from", "is missing; the first day on which cards are given its keys"))
	}
	return errors.Join(problems...)
}

// checkFor refuses what describes no master key of that use.
func (k ChipKey) checkFor(use KeyUse) error {
	var problems []error
	if k.Use != use {
		problems = append(problems, RefuseField(Invalid, "use", "must be %s", use))
	}
	if k.Version < 1 || k.Version > 0x7F {
		problems = append(problems, RefuseField(Invalid, "key_version", "is not a key version number from 01 to 7F"))
	}
	if !slices.Contains(Diversifications, k.Diversification) {
		problems = append(problems, RefuseField(Invalid, "diversification", "must be one of %s", join(Diversifications)))
	}
	if k.Bits != 128 && (k.Bits != 256 || k.Diversification == ByEMV) {
		problems = append(problems, RefuseField(Invalid, "bits", "must be 128 or 256; %s gives 128", ByEMV))
	}
	if len(k.Check) != 3 {
		problems = append(problems, RefuseField(Invalid, "kcv", "is not a key check value of three bytes"))
	}
	return errors.Join(problems...)
}

// Label is where the master key is in the key store.
func (k ChipKey) Label() string {
	switch {
	case k.Use == CardUse && k.Version == FirstCardVersion:
		return "card-master"
	case k.Use == CardUse:
		return fmt.Sprintf("card-master-%02x", k.Version)
	case len(k.Check) == 0:
		return "card-transport" // brought in by the store's own tools
	}
	return fmt.Sprintf("card-transport-%02x", k.Version)
}
