package profile

import (
	"bytes"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"gopkg.in/yaml.v3"

	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/securechannel"
)

// Action is one step in the personalization of a chip, as card profiles name it.
type Action string

// The actions.
const (
	SelectSecurityDomain Action = "select-security-domain" // the issuer security domain
	SelectApplication    Action = "select-application"
	OpenChannel          Action = "open-channel"
	DeleteApplications   Action = "delete-applications"
	Install              Action = "install"
	BeginPersonalization Action = "begin-personalization"
	GenerateKey          Action = "generate-key"
	StoreFiles           Action = "store-files"
	StoreSecrets         Action = "store-secrets"
	CreateFiles          Action = "create-files"
	SetPersonalized      Action = "set-personalized"
	StoreReference       Action = "store-reference"
	PutKeys              Action = "put-keys"
	CheckContent         Action = "check-content" // nothing is on the chip but what was written to it
	CheckKeys            Action = "check-keys"    // it has one key set, the one that it was given
	SetInitialized       Action = "set-initialized"
	SetSecured           Action = "set-secured"
)

// Writes reports whether the step changes what is on the chip.
func (a Action) Writes() bool {
	return a != SelectSecurityDomain && a != SelectApplication && a != OpenChannel && a != CheckContent && a != CheckKeys
}

// Profile is a card profile: how one kind of chip is personalized.
type Profile struct {
	Name      string   `yaml:"name"`
	Level     Hex      `yaml:"level"`      // security level of the secure channel, one byte
	Block     int      `yaml:"block"`      // most data of one command, in bytes
	MakesKeys bool     `yaml:"makes_keys"` // the chip makes its keys; otherwise they are made while it is written
	Before    []Action `yaml:"before"`
	Each      []Action `yaml:"each"` // once for each application
	After     []Action `yaml:"after"`
}

// Application is one row of the table of card applications.
type Application struct {
	Name        string `yaml:"name"`
	Title       string `yaml:"title"` // in Vietnamese, for people
	Package     Hex    `yaml:"package"`
	Module      Hex    `yaml:"module"`
	Instance    Hex    `yaml:"instance"`
	Privileges  Hex    `yaml:"privileges"`   // one byte
	OnChip      bool   `yaml:"on_chip"`      // the default chips have the module
	GenerateKey bool   `yaml:"generate_key"` // the card makes its key; the certificate is its first file
	LDS         bool   `yaml:"lds"`          // its files are the elementary files of package lds
	Files       []Item `yaml:"files"`
	Keys        []Item `yaml:"keys"` // private keys that the chip makes, where there is no content for them
	Secrets     []Item `yaml:"secrets"`
}

// elementaryFiles are the files of the eMRTD application, by the table of
// package lds.
func elementaryFiles() []Item {
	var items []Item
	for _, row := range lds.Table() {
		tag := binary.BigEndian.AppendUint16(nil, row.FID)
		items = append(items, Item{Tag: tag, Content: string(row.EF), Optional: !row.Required})
	}
	return items
}

// Item is one file or secret of an application.
type Item struct {
	Tag      Hex    `yaml:"tag"`      // two bytes: file identifier, or identifier of a data grouping
	Content  string `yaml:"content"`  // its name in Content
	Optional bool   `yaml:"optional"` // left out where there is no content with that name
}

// tag is the item's tag as a number.
func (i Item) tag() uint16 { return binary.BigEndian.Uint16(i.Tag) }

// Hex is bytes, written in hexadecimal.
type Hex []byte

// UnmarshalYAML reads hexadecimal digits, also those that YAML takes for a number,
// such as 04.
func (h *Hex) UnmarshalYAML(node *yaml.Node) error {
	b, err := hex.DecodeString(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	*h = b
	return nil
}

// Catalog is the card profiles and card applications of one installation.
type Catalog struct {
	Profiles     []Profile
	Applications []Application
}

//go:embed *.yaml
var embedded embed.FS

// tableName is the file with the table of card applications; every other YAML file
// beside it is a card profile.
const tableName = "applications.yaml"

// Load reads the catalog that comes with the engine.
func Load() (*Catalog, error) { return LoadFrom(embedded) }

// LoadFrom reads a catalog from the YAML files in a folder: applications.yaml
// and one file for each card profile. The error lists everything that is wrong.
func LoadFrom(folder fs.FS) (*Catalog, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, err
	}
	c := &Catalog{}
	for _, name := range names {
		b, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("card profiles: %w", err)
		}
		if err := c.add(name, b); err != nil {
			return nil, fmt.Errorf("card profiles: %s: %w", name, err)
		}
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("card profiles: %w", err)
	}
	return c, nil
}

func (c *Catalog) add(name string, b []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if path.Base(name) == tableName {
		var table struct {
			Applications []Application `yaml:"applications"`
		}
		err := d.Decode(&table)
		c.Applications = table.Applications
		for i := range c.Applications {
			if a := &c.Applications[i]; a.LDS {
				a.Files = append(elementaryFiles(), a.Files...)
			}
		}
		return err
	}
	var p Profile
	err := d.Decode(&p)
	c.Profiles = append(c.Profiles, p)
	return err
}

func (c *Catalog) check() error {
	var errs []error
	for _, p := range c.Profiles {
		if err := p.check(); err != nil {
			errs = append(errs, fmt.Errorf("profile %q: %w", p.Name, err))
		}
	}
	for _, a := range c.Applications {
		if err := a.check(); err != nil {
			errs = append(errs, fmt.Errorf("application %q: %w", a.Name, err))
		}
	}
	if _, err := c.Application(EMRTD); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (p Profile) check() error {
	switch {
	case p.Name == "":
		return errors.New("it has no name")
	case len(p.Level) != 1 || !securechannel.Level(p.Level[0]).Allowed():
		return fmt.Errorf("level %X is not a security level of SCP03", []byte(p.Level))
	case p.Block < 64 || p.Block > 32767:
		return fmt.Errorf("a block of %d bytes is not between 64 and 32767", p.Block)
	case len(p.After) == 0 || p.After[len(p.After)-1] != SetSecured:
		return fmt.Errorf("the last step is not %s: the card would stay open", SetSecured)
	}
	for _, a := range slices.Concat(p.Before, p.Each, p.After) {
		if !a.known() {
			return fmt.Errorf("there is no step %q", a)
		}
	}
	return nil
}

func (a Action) known() bool {
	switch a {
	case SelectSecurityDomain, SelectApplication, OpenChannel, DeleteApplications, Install, BeginPersonalization, GenerateKey,
		StoreFiles, StoreSecrets, CreateFiles, SetPersonalized, StoreReference, PutKeys, CheckContent, CheckKeys, SetInitialized, SetSecured:
		return true
	}
	return false
}

func (a Application) check() error {
	for _, aid := range []Hex{a.Package, a.Module, a.Instance} {
		if len(aid) < 5 || len(aid) > 16 {
			return fmt.Errorf("application identifier %X does not have 5 to 16 bytes", []byte(aid))
		}
	}
	if len(a.Privileges) != 1 {
		return errors.New("privileges must be one byte")
	}
	for _, i := range slices.Concat(a.Files, a.Keys, a.Secrets) {
		if len(i.Tag) != 2 || i.Content == "" {
			return fmt.Errorf("tag %X of %q must be two bytes, with a content", []byte(i.Tag), i.Content)
		}
	}
	return nil
}

// The names of applications in the table.
const (
	EMRTD            = "emrtd" // which every card has
	DigitalSignature = "digital-signature"
)

// Profile finds a card profile by name; the empty name is the first one,
// store-data.
func (c *Catalog) Profile(name string) (*Profile, error) {
	for i := range c.Profiles {
		if name == "" || c.Profiles[i].Name == name {
			return &c.Profiles[i], nil
		}
	}
	return nil, fmt.Errorf("there is no card profile %q", name)
}

// Application finds a card application by name.
func (c *Catalog) Application(name string) (*Application, error) {
	for i := range c.Applications {
		if c.Applications[i].Name == name {
			return &c.Applications[i], nil
		}
	}
	return nil, fmt.Errorf("there is no card application %q", name)
}
