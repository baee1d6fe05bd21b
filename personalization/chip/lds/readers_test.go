package lds_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

// The readers of these cards that are in use know no specification: each was written to
// read the cards that its author had. The parsers below do as public ones do, with their
// weaknesses.

// shown is what a reader shows of EF.DG13, by number; father and mother are 13 and 113.
type shown map[int]string

// scanned is EF.DG13 by a parser of mobile apps for both systems. It looks for the bytes
// 30 xx 02 01 n, n from 1 upwards, and cuts the headers of fields off by their usual length.
func scanned(b []byte) shown {
	var starts []int
	for i := range len(b) - 5 {
		if b[i] == 0x30 && b[i+2] == 2 && b[i+3] == 1 && int(b[i+4]) == len(starts)+1 {
			starts = append(starts, i)
		}
	}
	starts = append(starts, len(b))
	found := make(shown)
	for i := range len(starts) - 1 {
		field := b[starts[i]:starts[i+1]]
		switch n := int(field[4]); n {
		case 13:
			if names := namesIn(field[5:]); len(names) == 2 { // otherwise "bad format"
				found[13], found[113] = names[0], names[1]
			}
		case 14:
			if names := namesIn(field[5:]); len(names) > 0 {
				found[14] = names[0]
			}
		default:
			found[n] = string(field[min(7, len(field)):])
		}
	}
	return found
}

// namesIn splits what follows the number of parents and spouse at the bytes 30 xx 0C.
func namesIn(b []byte) []string {
	var starts []int
	for i := range max(len(b)-3, 0) {
		if b[i] == 0x30 && b[i+2] == 0x0C {
			starts = append(starts, i)
		}
	}
	var names []string
	for i, start := range starts {
		end := len(b)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		names = append(names, string(b[start+4:end]))
	}
	return names
}

// positional is EF.DG13 by parsers that take the sequences of the set one after the other,
// without looking at their numbers. One that is not there moves the others.
func positional(t *testing.T, b []byte) shown {
	t.Helper()
	found := make(shown)
	for i, field := range fieldsOf(t, b) {
		parts, err := field.Children()
		require.NoError(t, err)
		for j, part := range parts[1:] {
			if part.Tag == 0x30 {
				inner, err := part.Children()
				require.NoError(t, err)
				part = inner[0]
			}
			found[i+1+100*j] = string(part.Value)
		}
	}
	return found
}

// numbered is EF.DG13 by parsers that look at the numbers, and take texts of two types.
func numbered(t *testing.T, b []byte) shown {
	t.Helper()
	found := make(shown)
	for _, field := range fieldsOf(t, b) {
		parts, err := field.Children()
		require.NoError(t, err)
		for j, part := range parts[1:] {
			if part.Tag == 0x30 {
				inner, err := part.Children()
				require.NoError(t, err)
				part = inner[0]
			}
			require.Contains(t, []uint32{0x0C, 0x13}, part.Tag)
			found[int(parts[0].Value[0])+100*j] = string(part.Value)
		}
	}
	return found
}

// fieldsOf are the sequences of the set.
func fieldsOf(t *testing.T, b []byte) []tlv.Node {
	t.Helper()
	set, err := tlv.Find(b, 0x6D, 0x30, 0x31)
	require.NoError(t, err)
	fields, err := set.Children()
	require.NoError(t, err)
	return fields
}

// holders are from one of whom everything is known to one of whom nothing more is known
// than every card says.
func holders() map[string]identity.Card {
	cards := make(map[string]identity.Card)
	for name, change := range map[string]func(*identity.Person){
		"unmarried": func(*identity.Person) {},
		"everything": func(p *identity.Person) {
			p.Spouse = identity.Name{Text: "Lê Văn C"}
		},
		"no old number":          func(p *identity.Person) { p.OldNumber = "" },
		"no parents":             func(p *identity.Person) { p.Father, p.Mother = identity.Name{}, identity.Name{} },
		"mother alone":           func(p *identity.Person) { p.Father = identity.Name{} },
		"father alone":           func(p *identity.Person) { p.Mother = identity.Name{} },
		"no marks":               func(p *identity.Person) { p.Marks = "" },
		"no religion, no origin": func(p *identity.Person) { p.Religion, p.Origin = "", identity.Place{} },
		"nothing more": func(p *identity.Person) {
			*p = identity.Person{Number: p.Number, Name: p.Name, Birth: p.Birth, Sex: p.Sex}
		},
	} {
		card := holder()
		change(&card.Person)
		cards[name] = card
	}
	return cards
}

// written is what a reader should show of a card.
func written(c identity.Card) shown {
	p := c.Person
	sex := map[identity.Sex]string{identity.Male: "Nam", identity.Female: "Nữ"}[p.Sex]
	return shown{
		1: string(p.Number), 2: p.Name.Title(), 3: p.Birth.Display(), 4: sex, 5: identity.Nationality, 6: p.Ethnicity, 7: p.Religion,
		8: p.Origin.Text, 9: p.Residence.Text, 10: p.Marks, 11: c.Issued.Display(), 12: c.Expiry.String(),
		13: p.Father.Title(), 113: p.Mother.Title(), 14: p.Spouse.Title(), 15: string(p.OldNumber), 16: string(c.Serial),
	}
}

func TestEncodeDG13_DeployedReadersShowTheWholeCard(t *testing.T) {
	t.Parallel()
	for name, card := range holders() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := profile(t, lds.ProfileAsObserved).EncodeDG13(card)
			require.NoError(t, err)

			for reader, found := range map[string]shown{"scanned": scanned(b), "positional": positional(t, b), "numbered": numbered(t, b)} {
				for n, want := range written(card) {
					require.Equal(t, want, found[n], "field %d, %s", n, reader)
				}
			}
			d, err := lds.ParseDG13(b)
			require.NoError(t, err)
			require.Equal(t, []string{card.Person.Father.Title(), card.Person.Mother.Title(), string(card.Serial)}, []string{d.Father, d.Mother, d.Serial})
		})
	}
}

func TestEncodeDG13_WhatIsUnknownIsWrittenEmptyOrLeftOut(t *testing.T) {
	t.Parallel()
	card := holders()["nothing more"]
	p := profile(t, lds.ProfileAsObserved)

	b, err := p.EncodeDG13(card)

	require.NoError(t, err)
	written := hex.EncodeToString(b)
	for _, field := range []string{
		"30050201060c00", "30050201070c00", "30050201080c00", "30050201090c00", "300502010a0c00", // empty strings of their type
		"300b02010d30020c0030020c00", "300302010e", "300302010f", // parents, spouse, old number
	} {
		require.Contains(t, written, field)
	}
	p.LeaveOutUnknown = true
	b, err = p.EncodeDG13(card)
	require.NoError(t, err)
	var numbers []byte
	for _, field := range fieldsOf(t, b) {
		numbers = append(numbers, field.Value[2])
	}
	require.Equal(t, []byte{1, 2, 3, 4, 5, 11, 12, 14, 16}, numbers)
	mother := holders()["mother alone"]
	b, err = p.EncodeDG13(mother)
	require.NoError(t, err)
	d, err := lds.ParseDG13(b)
	require.NoError(t, err)
	require.Empty(t, d.Father)
	require.Equal(t, mother.Person.Mother.Title(), d.Mother)
}

func TestEncodeDG13_FurtherContentsAreOfTheProfile(t *testing.T) {
	t.Parallel()
	card := holder()
	card.Person.BloodGroup = "O+"
	p := profile(t, lds.ProfileAsObserved)
	p.Further = []lds.Further{{Number: 17, Content: "blood_group"}, {Number: 20, Content: "cancelled_number"}}
	require.NoError(t, p.Check())

	b, err := p.EncodeDG13(card)

	require.NoError(t, err)
	found := numbered(t, b)
	require.Equal(t, "O+", found[17])
	require.Contains(t, found, 20)
	d, err := lds.ParseDG13(b)
	require.NoError(t, err)
	require.Equal(t, []int{17, 20}, d.Unknown)
	for _, further := range [][]lds.Further{
		{{Number: 16, Content: "blood_group"}},
		{{Number: 128, Content: "blood_group"}},
		{{Number: 17, Content: "shoe_size"}},
		{{Number: 18, Content: "blood_group"}, {Number: 17, Content: "cancelled_number"}},
	} {
		p.Further = further
		require.ErrorIs(t, p.Check(), lds.ErrProfile)
	}
}

// What is reported is what the scanning readers lose, to the byte.
func TestOverlong_IsWhatDeployedReadersLose(t *testing.T) {
	t.Parallel()
	p := profile(t, lds.ProfileAsObserved)
	name := func(n int) identity.Name { return identity.Name{Text: strings.Repeat("x", n)} }
	for field, change := range map[string]func(p *identity.Person, n int){
		"residence.text": func(p *identity.Person, n int) { p.Residence.Text = name(n).Text },
		"marks":          func(p *identity.Person, n int) { p.Marks = name(n).Text },
		"mother":         func(p *identity.Person, n int) { p.Father, p.Mother = identity.Name{}, name(n) },
		"spouse":         func(p *identity.Person, n int) { p.Spouse = name(n) },
	} {
		for n := 100; n < 140; n++ {
			card := holder()
			change(&card.Person, n)
			b, err := p.EncodeDG13(card)
			require.NoError(t, err)

			_, found := scanned(b)[16] // the scan ends at the first field that it does not find

			require.NotEqual(t, found, slices.Contains(p.Overlong(card), field), "%s of %d bytes", field, n)
		}
	}
	require.Empty(t, p.Overlong(holder()))
}

// Apps cut the portrait out of EF.DG2 at byte 84, or look for the beginning of JFIF.
func TestBuild_DeployedReadersFindThePortrait(t *testing.T) {
	t.Parallel()
	whole := portrait(t)
	for name, portrait := range map[string][]byte{"plain": whole, "JFIF": slices.Concat(whole[:2], []byte(jfif), whole[2:])} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, lds.ProfileAsObserved)
			in.Portrait = portrait

			files, err := lds.Build(in)

			require.NoError(t, err)
			dg2 := files[lds.DG2]
			require.Equal(t, 84, bytes.Index(dg2, []byte{0xFF, 0xD8, 0xFF, 0xE0}))
			require.Equal(t, "JFIF\x00", string(dg2[90:95]))
			require.Equal(t, 1, bytes.Count(dg2, []byte("JFIF")))
			require.True(t, bytes.HasSuffix(dg2, whole[2:]))
		})
	}
}
