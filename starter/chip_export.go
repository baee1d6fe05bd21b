package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/tlv"
)

func newExportChip(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "export APPLICATION DIR", Short: "Write the chip's files, the signed security object and the CSCA certificates into a folder",
		Long: `Read the chip, and write its files as they are on the card (EF_SOD.bin, EF_DG1.bin ...), the
CMS of the security object (sod.der) and the CSCA certificates, for other programs:

  openssl cms -verify -inform DER -in sod.der -noverify -out lds.der`,
		Example: "  starter chip export 7QF3M-9T2XK-D /tmp/chip", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.finished(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			n, err := a.exportChip(cmd.Context(), card, args[1])
			if err != nil {
				return err
			}
			return a.print(cmd, map[string]int{"files": n}, func(w io.Writer) { fmt.Fprintf(w, "%d files in %s\n", n, args[1]) })
		},
	}
}

// exportChip reads the chip in the encoder and writes its files, and counts them.
func (a *app) exportChip(ctx context.Context, card registry.CardRecord, dir string) (int, error) {
	image, err := a.opened.ChipImage(ctx, card.Application, card.Attempt)
	if err != nil {
		return 0, err
	}
	read, err := a.opened.InspectChip(ctx, card)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("export chip: %w", err)
	}
	authority, err := a.opened.Authority()
	if err != nil {
		return 0, err
	}
	trust, err := authority.TrustStore()
	if err != nil {
		return 0, err
	}
	files := map[string][]byte{
		"access.txt": []byte("mrz-information " + image.MRZInformation + "\ncan " + image.CAN + "\nsod " + hex.EncodeToString(card.DigestSOD) + "\n"),
	}
	for ef, content := range read.Files {
		files[strings.NewReplacer(".", "_", "/", "_").Replace(string(ef))+".bin"] = content
	}
	if cms, err := contentOf(read.Files[lds.SOD]); err == nil {
		files["sod.der"] = cms
	}
	for i, csca := range trust.CSCAs() {
		files[fmt.Sprintf("csca-%d.pem", i+1)] = csca.PEM()
	}
	n := 0
	for name, b := range files {
		if len(b) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return n, fmt.Errorf("export chip: %w", err)
		}
		n++
	}
	return n, nil
}

// contentOf removes the outer tag of a file.
func contentOf(file []byte) ([]byte, error) {
	node, _, err := tlv.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	return node.Value, nil
}
