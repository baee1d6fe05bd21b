// Package kit makes the reader's kit: cards of the sample persons as files, signed by a
// country that does not exist, with what a reader is to find in them. Whoever writes an app
// that reads identity cards tests it with these, and needs nobody for it.
package kit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/templates/forms"
	"example.org/cancuoc/templates/render"
)

// Input is what a kit is made of.
type Input struct {
	Samples fs.FS            // the folder of the sample applications
	Forms   *render.Renderer // the forms of cards
	Profile lds.Profile      // of the chips
	At      time.Time        // when the cards are issued
}

// Card is expected.json: what a reader finds in a card, and how it opens it.
type Card struct {
	Name          string          `json:"name"`  // its folder
	Shows         string          `json:"shows"` // what is special about it
	Form          identity.FormID `json:"form"`
	MRZ           [3]string       `json:"mrz"`
	Access        Access          `json:"access"`
	Details       []Detail        `json:"dg13"`
	Overlong      []string        `json:"dg13_overlong,omitempty"` // fields whose length takes two bytes, which some readers do not know
	Portrait      *Portrait       `json:"portrait,omitempty"`
	Files         []File          `json:"files"`
	DataGroups    []int           `json:"data_groups"`
	Authenticates Authenticates   `json:"authentication"`
}

// Access is what BAC and PACE take.
type Access struct {
	MRZInformation string `json:"mrz_information"` // number, birth and expiry, each with its check digit
	CAN            string `json:"can"`             // card access number
}

// Detail is a field of EF.DG13. A field without a value is there, and empty.
type Detail struct {
	Number int    `json:"number"`
	Field  string `json:"field"`
	Value  string `json:"value"`
}

// Portrait says where in EF.DG2 the image is.
type Portrait struct {
	Offset int    `json:"offset"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// File is an elementary file.
type File struct {
	EF     lds.EF `json:"ef"`
	Name   string `json:"name"` // in the card's folder
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Authenticates names the specimen keys, with which a card can be made that passes.
type Authenticates struct {
	Chip   string `json:"chip_authentication_key"`   // DER
	Active string `json:"active_authentication_key"` // DER
}

// The files that a kit has beside the folders of its cards.
const (
	index      = "cards.json"
	csca       = "csca.der"
	cscaPEM    = "csca.pem"
	signer     = "document-signer.der"
	crl        = "crl.der"
	masterList = "master-list.der"
	directory  = "pkd.ldif"
	expected   = "expected.json"
)

// Write makes the kit in a folder, and gives the images of its cards by their names. The keys of
// its country are drawn for it, and thrown away.
func Write(dir string, in Input) (map[string]*chip.Image, error) {
	secret, err := os.MkdirTemp("", "kit")
	if err != nil {
		return nil, fmt.Errorf("reader's kit: %w", err)
	}
	defer os.RemoveAll(secret)
	authority, err := pki.OpenDev(secret, pki.Options{
		CSCACurve: in.Profile.SODCurve, SignerCurve: in.Profile.SODCurve, NamedCurves: in.Profile.NamedCurves,
		Clock: func() time.Time { return in.At },
	})
	if err != nil {
		return nil, fmt.Errorf("reader's kit: %w", err)
	}
	script, err := samples.ReadScript(in.Samples)
	if err != nil {
		return nil, fmt.Errorf("reader's kit: %w", err)
	}
	images := make(map[string]*chip.Image)
	var cards []Card
	for _, s := range append(script.Samples, hard...) {
		card, err := in.card(s)
		if err != nil {
			return nil, fmt.Errorf("reader's kit: %s: %w", s.Name, err)
		}
		if card == nil {
			continue
		}
		image, err := personalization.PrepareChip(personalization.ChipInput{
			Card: card.card, MRZ: card.mrz, Portrait: card.portrait, Profile: in.Profile, Signer: authority.Signers(), At: in.At,
		})
		if err != nil {
			return nil, fmt.Errorf("reader's kit: %s: %w", s.Name, err)
		}
		said, err := writeCard(filepath.Join(dir, s.Name), s, card, image, in.Profile)
		if err != nil {
			return nil, fmt.Errorf("reader's kit: %s: %w", s.Name, err)
		}
		images[s.Name] = image
		cards = append(cards, said)
	}
	return images, errors.Join(writeJSON(filepath.Join(dir, index), cards), writeCertificates(dir, authority))
}

// made is a card of the kit before its chip is.
type made struct {
	card     identity.Card
	mrz      [3]string
	portrait []byte
}

// hard are cards that no sample application is for: of the person of the first one, of whom
// nothing more is known than every card says, whose mother alone is known, and whose words are as
// long as they may be.
var hard = []samples.Sample{
	{Name: "nothing-more", Shows: "every field of EF.DG13 that may be empty is"},
	{Name: "mother-alone", Shows: "the father is not known"},
	{Name: "long-values", Shows: "names and addresses of more than 127 bytes"},
}

// ofHard gives the person of a hard card.
func ofHard(name string, p identity.Person) identity.Person {
	switch name {
	case "nothing-more":
		return identity.Person{Number: p.Number, Name: p.Name, Birth: p.Birth, Sex: p.Sex}
	case "mother-alone":
		p.Father = identity.Name{}
		return p
	}
	long := "Căn hộ 1205, Tầng 12, Tòa nhà B, Khu nhà ở Mẫu, Số 168/24/7 (lối sau), Đường Mẫu, Phường Bến Thành, Thành phố Hồ Chí Minh"
	p.Residence.Text, p.Origin.Text, p.Marks = long, long, "Sẹo chấm C: 2cm; "+long
	p.Father = identity.Name{Text: "Lương Hoàng Thị Thanh Thảo Nguyên Phương Trâm Anh Công Tằng Tôn Nữ Huyền Trân Bích Ngọc Khánh Quỳnh Diễm Phượng Hồng"}
	p.Spouse, p.OldNumber = p.Father, "123456789"
	return p
}

// card composes the card of a sample; nil where the document has no chip.
func (in Input) card(s samples.Sample) (*made, error) {
	folder := s.Name
	if slices.ContainsFunc(hard, func(h samples.Sample) bool { return h.Name == s.Name }) {
		folder = "01-first-issue-at-14"
	}
	const most = 8 << 20
	submission, err := packet.ReadSubmission(in.Samples, path.Join(folder, "application.json"), packet.Sizes{Document: most, Portrait: most, Finger: most, Packet: most})
	if err != nil {
		return nil, err
	}
	today := identity.DateOf(in.At)
	application, err := submission.Application(today)
	if err != nil {
		return nil, err
	}
	form, err := in.Forms.For(application)
	if err != nil || !form.HasChip() {
		return nil, err
	}
	person := application.Person
	if folder != s.Name {
		person = ofHard(s.Name, person)
	}
	serial := sha256.Sum256([]byte(s.Name))
	m := &made{card: identity.Card{
		Form: form.ID, Serial: identity.CardSerial(strings.ToUpper(hex.EncodeToString(serial[:8]))), Person: person, Issued: today,
		Expiry: application.Type.Document().Validity(form.Issued.Law, person.Birth, today),
	}}
	if form.Shows(forms.PortraitField) {
		if _, m.portrait, err = portrait.Normalize(in.portrait(submission, s)); err != nil {
			return nil, err
		}
	}
	content, err := personalization.Compose(form, m.card, render.Pictures{})
	m.mrz = content.MRZ
	return m, err
}

// portrait is the last one that was taken of a sample's person.
func (in Input) portrait(submission packet.Submission, s samples.Sample) []byte {
	taken := submission.Portrait.Data
	for _, step := range s.Steps {
		if b, err := fs.ReadFile(in.Samples, path.Join(s.Name, step.Portrait)); step.Portrait != "" && err == nil {
			taken = b
		}
	}
	return taken
}

// writeCard writes the files of one card, and what a reader is to find in them.
func writeCard(dir string, s samples.Sample, m *made, image *chip.Image, profile lds.Profile) (Card, error) {
	c := Card{
		Name: s.Name, Shows: s.Shows, Form: m.card.Form, MRZ: m.mrz,
		Access:   Access{MRZInformation: image.MRZInformation, CAN: image.CAN},
		Details:  details(m.card),
		Overlong: profile.Overlong(m.card), DataGroups: slices.Sorted(maps.Keys(image.Files.DataGroups())),
		Authenticates: Authenticates{Chip: "chip-authentication-key.der", Active: "active-authentication-key.der"},
	}
	content := map[string][]byte{c.Authenticates.Chip: image.CAPrivate, c.Authenticates.Active: image.AAPrivate}
	for _, ef := range slices.Sorted(maps.Keys(image.Files)) {
		name := strings.NewReplacer(".", "_", "/", "_").Replace(string(ef)) + ".bin"
		content[name] = image.Files[ef]
		c.Files = append(c.Files, File{EF: ef, Name: name, Bytes: len(content[name]), SHA256: digest(content[name])})
	}
	if dg2 := image.Files[lds.DG2]; m.portrait != nil {
		at := bytes.Index(dg2, []byte{0xFF, 0xD8, 0xFF})
		c.Portrait = &Portrait{Offset: at, Bytes: len(dg2) - at, SHA256: digest(dg2[at:])}
	}
	wrong := []error{os.MkdirAll(dir, 0o755), writeJSON(filepath.Join(dir, expected), c)}
	for name, b := range content {
		wrong = append(wrong, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	return c, errors.Join(wrong...)
}

// details are what every reader is to show of a card.
func details(card identity.Card) []Detail {
	p := card.Person
	sex := map[identity.Sex]string{identity.Male: "Nam", identity.Female: "Nữ"}[p.Sex]
	return []Detail{
		{1, "number", string(p.Number)},
		{2, "name", p.Name.Title()},
		{3, "birth", p.Birth.Display()},
		{4, "sex", sex},
		{5, "nationality", identity.Nationality},
		{6, "ethnicity", p.Ethnicity},
		{7, "religion", p.Religion},
		{8, "origin", p.Origin.Text},
		{9, "residence", p.Residence.Text},
		{10, "marks", p.Marks},
		{11, "issued", card.Issued.Display()},
		{12, "expiry", card.Expiry.String()},
		{13, "father", p.Father.Title()},
		{13, "mother", p.Mother.Title()},
		{14, "spouse", p.Spouse.Title()},
		{15, "old_number", string(p.OldNumber)},
		{16, "serial", string(card.Serial)},
	}
}

// writeCertificates writes what the cards are checked with.
func writeCertificates(dir string, authority *pki.Authority) error {
	list, err := authority.List()
	if err != nil {
		return err
	}
	ldif, err := list.LDIF()
	if err != nil {
		return err
	}
	root := list.CSCAs[len(list.CSCAs)-1].Certificate
	var wrong []error
	for name, b := range map[string][]byte{
		csca: root.Raw, cscaPEM: root.PEM(), signer: list.Signers[len(list.Signers)-1].Certificate.Raw,
		crl: list.CRL.Raw, masterList: list.MasterList, directory: ldif,
	} {
		wrong = append(wrong, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	return errors.Join(wrong...)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func writeJSON(file string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
