package personalization_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/personalization"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/apdu"
	"example.org/cancuoc/personalization/chip/cms"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/chip/tlv"
)

// readers are the parsers of data from chips and strangers.
func readers() map[string]func(b []byte) {
	return map[string]func(b []byte){
		"apdu":          func(b []byte) { _, _ = apdu.Parse(b) },
		"response":      func(b []byte) { _, _ = apdu.ParseResponse(b) },
		"tlv":           func(b []byte) { _, _ = tlv.ParseAll(b) },
		"EF.COM":        func(b []byte) { _, _ = lds.ParseCOM(b) },
		"EF.CardAccess": func(b []byte) { _, _ = lds.ParseCardAccess(b) },
		"EF.DG1":        func(b []byte) { _, _ = lds.ParseDG1(b) },
		"EF.DG2":        func(b []byte) { _, _ = lds.ParseDG2(b) },
		"EF.DG3":        func(b []byte) { _, _ = lds.ParseDG3(b) },
		"EF.DG13":       func(b []byte) { _, _ = lds.ParseDG13(b) },
		"EF.DG14":       func(b []byte) { _, _ = lds.ParseDG14(b) },
		"EF.DG15":       func(b []byte) { _, _ = lds.ParseDG15(b) },
		"portrait":      func(b []byte) { _, _ = lds.CheckPortrait(b) },
		"cms":           func(b []byte) { _, _ = cms.Parse(b) },
		"EF.SOD":        func(b []byte) { _, _ = sod.Parse(b) },
		"certificate":   func(b []byte) { _, _ = pki.ParseCertificate(b) },
		"crl":           func(b []byte) { _, _ = pki.ParseCRL(b) },
		"master list":   func(b []byte) { _, _ = pki.ParseMasterList(b) },
		"image":         func(b []byte) { var i chip.Image; _ = i.UnmarshalBinary(b) },
	}
}

// hostile are inputs whose lengths are wrong, and inputs of 1 MB, ten times as much
// as a chip has.
func hostile(t *testing.T) map[string][]byte {
	t.Helper()
	const size = 1 << 20
	p := lds.Profiles()[0]
	made, err := personalization.PrepareChip(input(t, p, authority(t, p).Signers()))
	require.NoError(t, err)
	inputs := map[string][]byte{"nothing": nil}
	for _, row := range lds.Table() {
		content := made.Files[row.EF]
		if content == nil {
			continue
		}
		name := string(row.EF)
		// The file with a wrong length, and a megabyte in its place.
		inputs[name+" that says 16 MB"] = append([]byte{content[0], 0x83, 0xFF, 0xFF, 0xFF}, content...)
		inputs[name+" of small objects"] = tlv.Encode(max(row.Tag, 0x31), bytes.Repeat([]byte{0x30, 0x00}, size/2))
		inputs[name+" of itself"] = tlv.Encode(max(row.Tag, 0x31), bytes.Repeat(content, size/len(content)))
		inputs[name+" many times"] = bytes.Repeat(content, size/len(content))
	}
	nested := []byte{}
	for len(nested) < 1<<16 {
		nested = tlv.Encode(0x30, nested)
	}
	inputs["nested"] = nested
	noise := make([]byte, size)
	_, err = rand.NewChaCha8([32]byte{}).Read(noise) // the same each time
	require.NoError(t, err)
	inputs["noise"] = noise
	image, err := made.MarshalBinary()
	require.NoError(t, err)
	inputs["image"] = image
	return inputs
}

// Not parallel, because it measures what the process allocates.
func TestReaders_AllocateLittleOnAnyInput(t *testing.T) {
	inputs := hostile(t)
	for name, read := range readers() {
		for what, b := range inputs {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			read(b)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "%s reads %s", name, what)
		}
	}
}
