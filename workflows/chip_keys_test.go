package workflows_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/personalization/chip"
	"example.org/cancuoc/personalization/chip/curve"
)

// Who has everything that the office keeps, and its keys, cannot make a copy of an issued
// card: the private keys of its chip are in the chip.
func TestCardApplication_NothingKeptLetsACopyOfTheCardPass(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.when(identity.ToApprove, approves)
	o.when(identity.ToHandOver, handsOver)
	require.Equal(t, identity.Issued, o.process().End)

	keys := o.keysOfChips()
	require.Len(t, keys, 2, "of Chip and Active Authentication")
	kept := append(o.vault(), registrytest.Dump(t, o.url))
	for _, dir := range []string{o.journal, o.spool} {
		kept = append(kept, filesIn(t, dir)...)
	}
	require.Greater(t, len(kept), 10)

	for _, key := range keys {
		for _, form := range []string{string(key), hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key)} {
			for _, b := range kept {
				require.NotContains(t, string(b), form)
			}
		}
	}
	b, err := o.Evidence(t.Context(), o.number, identity.EvidenceChipImage, 1)
	require.NoError(t, err)
	var image chip.Image
	require.NoError(t, image.UnmarshalBinary(b))
	require.True(t, image.Open())
	card, err := o.Card(t.Context(), o.number, 1)
	require.NoError(t, err)
	require.Len(t, card.DigestSOD, 32, "what was signed is on record all the same")
}

// keysOfChips are the private keys in the chips that were made.
func (o *testOffice) keysOfChips() [][]byte {
	o.t.Helper()
	var keys [][]byte
	for _, memory := range filesIn(o.t, o.chips) {
		for at := range memory {
			// A private key of a named curve has fewer than 256 bytes.
			for _, header := range []int{2, 3} {
				end := at + header
				if end > len(memory) || memory[at] != 0x30 || header == 3 && memory[at+1] != 0x81 {
					continue
				}
				if end += int(memory[at+header-1]); end > len(memory) {
					continue
				}
				if _, err := curve.ParsePrivateKey(memory[at:end]); err == nil {
					_, scalar, _ := bytes.Cut(memory[at:end], []byte{0x02, 0x01, 0x01, 0x04, 0x20}) // RFC 5915
					keys = append(keys, scalar[:32])
				}
			}
		}
	}
	// A card's file has two snapshots of it.
	unique := make(map[string]bool)
	var list [][]byte
	for _, key := range keys {
		if !unique[string(key)] {
			unique[string(key)], list = true, append(list, key)
		}
	}
	return list
}

// vault is all evidence, in plain.
func (o *testOffice) vault() [][]byte {
	o.t.Helper()
	conn, err := pgx.Connect(o.t.Context(), registrytest.Behind(o.t, o.url))
	require.NoError(o.t, err)
	defer conn.Close(o.t.Context())
	rows, err := conn.Query(o.t.Context(), `SELECT application, kind, attempt FROM vault_blobs`)
	require.NoError(o.t, err)
	var all [][]byte
	var number identity.ApplicationNumber
	var kind identity.EvidenceKind
	var attempt int
	_, err = pgx.ForEachRow(rows, []any{&number, &kind, &attempt}, func() error {
		b, err := o.Evidence(o.t.Context(), number, kind, attempt)
		all = append(all, b)
		return err
	})
	require.NoError(o.t, err)
	return all
}

// filesIn are the files of a folder.
func filesIn(t *testing.T, dir string) [][]byte {
	t.Helper()
	var all [][]byte
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		all = append(all, b)
		return err
	}))
	return all
}
