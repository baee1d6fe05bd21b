package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

func newReceiveBlanks(a *app) *cobra.Command {
	var box identity.ReceiveBlanks
	var first, last, received, counted, manifest, document string
	c := &cobra.Command{
		Use: "receive", Short: "Receive a box of blanks, counted by two officers",
		Long: `Receive a box of blanks, counted by two officers.

With --manifest, a file of the maker in CSV: the line blank,chip,key_version, then one for
each blank in the order of their serials, for example
PT00000001,479051630000000001ba,7F. Stations then write to these chips only, each in its
own blank, and leave another one as it is.`,
		Example: "  starter stock receive --box B-2026-001 --first PT00000001 --last PT00000500 --received-by TK-01 --counted-by TK-02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			box.Document = identity.Document(document)
			box.First, box.Last = identity.BlankSerial(first), identity.BlankSerial(last)
			box.ReceivedBy, box.CountedBy = identity.OfficerID(received), identity.OfficerID(counted)
			files, err := readManifest(manifest)
			if err != nil {
				return err
			}
			box.Manifest = statement.Digest(files)
			if _, err := a.act(cmd.Context(), box, statement.Box(box.Box), "", files); err != nil {
				return err
			}
			return a.print(cmd, map[string]any{"box": box.Box, "first": first, "last": last}, func(w io.Writer) { fmt.Fprintf(w, "%s received\n", box.Box) })
		},
	}
	c.Flags().StringVar(&box.Box, "box", "", "number of the box (required)")
	c.Flags().StringVar(&first, "first", "", "first serial number (required)")
	c.Flags().StringVar(&last, "last", "", "last serial number (required)")
	c.Flags().StringVar(&box.Location, "location", identity.LocationCenter, "where the box is kept: center, or a station")
	c.Flags().StringVar(&received, "received-by", "", "officer who received it (required)")
	c.Flags().StringVar(&counted, "counted-by", "", "another officer, who counted it (required)")
	c.Flags().StringVar(&document, "document", string(identity.CardDocument), "what they are blanks of: card, or certificate (kept at the center)")
	c.Flags().StringVar(&manifest, "manifest", "", "the maker's manifest of the box")
	required(c, "box", "first", "last", "received-by", "counted-by")
	return c
}

// readManifest reads a maker's manifest, as a file of the act; none where there is no file.
func readManifest(name string) (map[string][]byte, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, refusePath("the manifest cannot be read", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, identity.MaxManifest+1))
	if err == nil {
		_, err = identity.ParseManifest(bytes.NewReader(content))
	}
	return map[string][]byte{desk.FileManifest: content}, err
}
